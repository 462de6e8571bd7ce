"""`jax.checkpoint` on the chain of `examples/checkpointing.rs`.

    python xtask/peers/checkpointing.py LAYERS WIDTH BATCH > others.csv

Lines are: name, temporary bytes by XLA's own account, seconds over those of the
gradient that keeps everything. PyTorch is not among the packages by default.
"""

import sys
import time

import jax
import jax.numpy as jnp
import numpy as np

layers, width, batch = map(int, sys.argv[1:4])
scale = 1.7 / np.sqrt(width)
entries = lambda k, n: (scale * np.sin(np.arange(n) * 37 + k * 11)).astype(np.float32)
W = jnp.stack([entries(k, width * width).reshape(width, width) for k in range(layers)])
X = jnp.asarray(entries(layers, batch * width).reshape(batch, width))


def chain(every):
    """The loss, with a checkpoint around every so many layers."""

    def some(h, Ws):
        for k in range(Ws.shape[0]):
            h = jnp.tanh(h @ Ws[k])
        return h

    def loss(W, X):
        h = X
        for first in range(0, layers, every):
            step = some if every == layers else jax.checkpoint(some)
            h = step(h, W[first : first + every])
        return jnp.mean(h * h)

    return jax.jit(jax.grad(loss))


def measure(every):
    compiled = chain(every).lower(W, X).compile()
    size = compiled.memory_analysis().temp_size_in_bytes
    best = np.inf
    for _ in range(4):
        start = time.perf_counter()
        compiled(W, X).block_until_ready()
        best = min(best, time.perf_counter() - start)
    return size, best


_, whole = measure(layers)
print(f"jax,{measure(layers)[0]},1.0")
root = int(np.sqrt(layers))
for every in sorted({1, 2, 4, root}):
    size, seconds = measure(every)
    print(f"jax: every {every},{size},{seconds / whole:.3f}")
