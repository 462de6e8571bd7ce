"""The chain of `examples/checkpointing.rs` in `jax.checkpoint` and PyTorch's
`torch.utils.checkpoint`, whichever is installed, on one core.

    python xtask/peers/checkpointing.py LAYERS WIDTH BATCH > others.csv

Lines are: name, bytes beyond arguments and gradients, seconds over those of the
gradient that keeps everything. JAX's bytes are the temporary memory of XLA's
own account; PyTorch's are what the process grows by at most, with every tensor
mapped for itself so that what is freed is gone.
"""

import os
import subprocess
import sys
import time

import numpy as np

os.sched_setaffinity(0, {0})
layers, width, batch = map(int, sys.argv[1:4])
scale = 1.7 / np.sqrt(width)
entries = lambda k, n: (scale * np.sin(np.arange(n) * 37 + k * 11)).astype(np.float32)
weights = [entries(k, width * width).reshape(width, width) for k in range(layers)]
rows = entries(layers, batch * width).reshape(batch, width)


def best(run):
    seconds = np.inf
    for _ in range(4):
        start = time.perf_counter()
        run()
        seconds = min(seconds, time.perf_counter() - start)
    return seconds


class Jax:
    name = "jax"

    def gradient(self, every):
        """The compiled gradient, with a checkpoint around every so many layers."""
        import jax
        import jax.numpy as jnp

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

        W, X = jnp.stack([jnp.asarray(w) for w in weights]), jnp.asarray(rows)
        compiled = jax.jit(jax.grad(loss)).lower(W, X).compile()
        return compiled, lambda: compiled(W, X).block_until_ready()

    def measure(self, every):
        compiled, run = self.gradient(every)
        return compiled.memory_analysis().temp_size_in_bytes, best(run)


class Torch:
    name = "torch"

    def gradient(self, every):
        """What makes the gradient, with a checkpoint around every so many layers."""
        import torch
        from torch.utils.checkpoint import checkpoint

        torch.set_num_threads(1)
        W = [torch.tensor(w, requires_grad=True) for w in weights]
        X = torch.tensor(rows)
        # Gradients are added to memory of the caller's.
        for w in W:
            w.grad = torch.zeros_like(w)

        def some(h, *Ws):
            for w in Ws:
                h = torch.tanh(h @ w)
            return h

        def run():
            h = X
            for first in range(0, layers, every):
                Ws = W[first : first + every]
                kept = every == layers
                h = some(h, *Ws) if kept else checkpoint(some, h, *Ws, use_reentrant=False)
            (h * h).mean().backward()

        return run

    def measure(self, every):
        own = [sys.executable, __file__, *sys.argv[1:4], "--grows", str(every)]
        mapped = dict(os.environ, MALLOC_MMAP_THRESHOLD_="65536")
        grown = subprocess.run(own, env=mapped, stdout=subprocess.PIPE, check=True)
        return int(grown.stdout), best(self.gradient(every))

    def grows(self, every):
        """The most bytes the process grows by in one gradient."""
        run = self.gradient(every)
        run()
        before = resident("VmRSS")
        with open("/proc/self/clear_refs", "w") as reset:
            reset.write("5")
        run()
        return resident("VmHWM") - before


def resident(field):
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith(field))
    return 1024 * int(line.split()[1])


if sys.argv[4:5] == ["--grows"]:
    print(Torch().grows(int(sys.argv[5])))
    sys.exit()
for side in [Jax(), Torch()]:
    try:
        size, whole = side.measure(layers)
    except ImportError as missing:
        print(missing, file=sys.stderr)
        continue
    print(f"{side.name},{size},1.0")
    for every in sorted({1, 2, 4, int(np.sqrt(layers))}):
        size, seconds = side.measure(every)
        print(f"{side.name}: every {every},{size},{seconds / whole:.3f}")
