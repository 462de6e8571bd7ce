"""The network of `examples/mnist.rs` in JAX: the same layers, batches and rate.

    python xtask/peers/mnist.py FOLDER [EPOCHS]

On one core, as that example; a step is value, gradient and descent in one
compiled function, its batch taken from the images beforehand.
"""

import gzip
import os
import sys
import time
from pathlib import Path

os.sched_setaffinity(0, {0})

import jax
import jax.numpy as jnp
import numpy as np

BATCH, RATE = 128, 0.1
folder, epochs = Path(sys.argv[1]), int((sys.argv[2:] + ["5"])[0])


def images(name):
    read = lambda kind, header: np.frombuffer(
        gzip.open(folder / f"{name}-{kind}-ubyte.gz").read()[header:], np.uint8
    )
    y = read("labels-idx1", 8).astype(np.int32)
    return read("images-idx3", 16).reshape(len(y), 784).astype(np.float32) / 255, y


def scores(params, X):
    W1, b1, W2, b2 = params
    return jax.nn.relu(X @ W1 + b1) @ W2 + b2


def loss(params, X, y):
    z = scores(params, X)
    picked = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(z, axis=1) - picked)


@jax.jit
def descend(params, X, y):
    value, grads = jax.value_and_grad(loss)(params, X, y)
    return value, [p - RATE * g for p, g in zip(params, grads)]


X, y = images("train")
X_test, y_test = images("t10k")
draws = np.random.default_rng(1)
params = []
for rows, columns in [(784, 256), (256, 10)]:
    bound = np.sqrt(6 / rows)
    params += [draws.uniform(-bound, bound, (rows, columns)).astype(np.float32)]
    params += [np.zeros(columns, np.float32)]
params = [jnp.asarray(p) for p in params]
# Both lengths of a batch are compiled before anything is timed.
for n in [BATCH, len(y) % BATCH]:
    jax.block_until_ready(descend(params, X[:n], y[:n]))
for epoch in range(1, epochs + 1):
    order, total, seconds = draws.permutation(len(y)), 0.0, 0.0
    for first in range(0, len(y), BATCH):
        rows = order[first : first + BATCH]
        batch, labels = jnp.asarray(X[rows]), jnp.asarray(y[rows])
        jax.block_until_ready(batch)
        start = time.perf_counter()
        value, params = jax.block_until_ready(descend(params, batch, labels))
        seconds += time.perf_counter() - start
        total += float(value) * len(rows)
    right = np.mean(np.argmax(scores(params, X_test), axis=1) == y_test)
    steps = -(-len(y) // BATCH)
    print(
        f"epoch {epoch}: loss {total / len(y):.4f}, test accuracy {right:.4f}, "
        f"{1e3 * seconds / steps:.3f} ms per step"
    )
