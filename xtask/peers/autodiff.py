"""Derivatives in JAX and PyTorch, and by hand in NumPy.

A workload `FUNCTION-SIZES-WHAT` has its arguments in `arg0`, `arg1`, … and what
a run should end with in `reference-WHAT`, by our interpreter in double
precision. The functions are those of `benches/peers/autodiff/programs.rs`,
formula by formula.
"""

from pathlib import Path

import numpy as np

from protocol import serve

RATE = 0.01
WIDTH = 14


def shapes(name, s):
    """Shapes of the parameters, then of the data; None for indices."""
    if name == "mlp":
        n, a, b, c, d = s
        return [(a, b), (b,), (b, c), (c,), (c, d), (d,)], [(n, a), None]
    if name == "net":
        n, a, b, c = s
        return [(a, b), (b,), (b, c), (c,)], [(n, a), None]
    if name == "softmax":
        n, a, b = s
        return [(a, b), (b,)], [(n, a), None]
    if name == "chain":
        return [(s[1],), (s[1],)], []
    if name == "gmm":
        d, k, n = s
        return [(k,), (k, d), (k, d), (k, d * (d - 1) // 2)], [(n, d), None]
    layers, c = s
    main, extra = (2 * layers, 4 * WIDTH), (3, WIDTH)
    return [main, extra], [(2 * layers, WIDTH), (c, WIDTH)]


def load(folder, name, sizes, what):
    """Parameters, data, and directions for Hessian-vector products."""
    dtype = "<f8" if name in ("gmm", "lstm") else "<f4"
    params, data = shapes(name, sizes)
    found = []
    for k, shape in enumerate(params + data + (params if what == "hvp" else [])):
        path = Path(folder) / f"arg{k}"
        if shape is None:
            found.append(np.fromfile(path, "<f8").astype(np.int32))
        else:
            found.append(np.fromfile(path, dtype).reshape(shape))
    p, d = len(params), len(data)
    return found[:p], found[p : p + d], found[p + d :]


def functions(name, sizes):
    """The function of parameters and data in JAX."""
    import jax
    import jax.numpy as jnp

    def cross_entropy(z, y):
        picked = jnp.take_along_axis(z, y[:, None], axis=1)[:, 0]
        return jnp.mean(jax.nn.logsumexp(z, axis=1) - picked)

    def dense(params, X, y):
        h = X
        for W, b in zip(params[:-2:2], params[1:-2:2]):
            h = jax.nn.relu(h @ W + b)
        return cross_entropy(h @ params[-2] + params[-1], y)

    def chain(params):
        h, w = params
        for _ in range(sizes[0]):
            h = jnp.tanh(h * w)
        return jnp.sum(h)

    def gmm(params, X, place):
        alpha, mu, q, l = params
        d, k, n = sizes
        diagonal = jnp.exp(q)
        rows = jnp.concatenate([l.T, diagonal.T, jnp.zeros((1, k))])
        Q = rows[place].reshape(d, d, k)
        y = X @ Q.reshape(d, d * k)
        y = (y - jnp.sum(Q * mu.T[:, None], axis=0).reshape(d * k)).reshape(n, d, k)
        sum_q = jnp.sum(q, axis=1)
        scores = alpha + sum_q - 0.5 * jnp.sum(y * y, axis=1)
        size = jnp.sum(diagonal * diagonal) + jnp.sum(l * l)
        total = jnp.sum(jax.nn.logsumexp(scores, axis=1))
        return total - n * jax.nn.logsumexp(alpha) - 0.5 * size

    def lstm(params, state, sequence):
        main, extra = params
        layers = sizes[0]
        gates = main.reshape(layers, 2, 4, WIDTH)

        def step(s, x):
            u, following = x * extra[0], []
            for k in range(layers):
                W, b = gates[k]
                h, cell = s[2 * k], s[2 * k + 1]
                forget = jax.nn.sigmoid(u * W[0] + b[0])
                ingate = jax.nn.sigmoid(h * W[1] + b[1])
                outgate = jax.nn.sigmoid(u * W[2] + b[2])
                change = jnp.tanh(h * W[3] + b[3])
                cell = cell * forget + ingate * change
                u = outgate * jnp.tanh(cell)
                following += [u, cell]
            return tuple(following), u * extra[1] + extra[2]

        _, y = jax.lax.scan(step, tuple(state), sequence[:-1])
        normaliser = jnp.log(jnp.sum(jnp.exp(y), axis=1) + 2)[:, None]
        return -jnp.sum(sequence[1:] * (y - normaliser)) / y.size

    return {"chain": chain, "gmm": gmm, "lstm": lstm}.get(name, dense)


def with_jax(name, sizes, what, repeats, arguments):
    import jax

    if name in ("gmm", "lstm"):
        jax.config.update("jax_enable_x64", True)
    params, data, directions = (list(map(jax.numpy.asarray, part)) for part in arguments)
    f = functions(name, sizes)
    both = jax.value_and_grad(f)
    if what == "hvp":
        hvp = lambda p, v, *d: jax.jvp(lambda p: jax.grad(f)(p, *d), (p,), (v,))[1]
        run = jax.jit(hvp)
        once = lambda: run(params, directions, *data)
    elif what == "step":

        def descend(p, *d):
            value, grads = both(p, *d)
            return value, [a - RATE * g for a, g in zip(p, grads)]

        run = jax.jit(descend, donate_argnums=0)

        def work():
            p = [jax.numpy.copy(a) for a in params]
            for _ in range(repeats):
                value, p = run(p, *data)
            return jax.block_until_ready([value, *p])

        return work
    else:
        run = jax.jit(both if what == "grad" else f)
        once = lambda: run(params, *data)

    def work():
        for _ in range(repeats):
            found = jax.block_until_ready(once())
        return jax.tree.leaves(found)

    return work


def with_torch(name, sizes, what, repeats, arguments):
    """Dense networks and the chain, by the tape of eager PyTorch."""
    import torch

    torch.set_num_threads(1)
    given, data, _ = arguments
    data = [torch.from_numpy(a if a.dtype.kind == "f" else a.astype(np.int64)) for a in data]

    def dense(params, X, y):
        h = X
        for W, b in zip(params[:-2:2], params[1:-2:2]):
            h = torch.relu(h @ W + b)
        return torch.nn.functional.cross_entropy(h @ params[-2] + params[-1], y)

    def chain(params):
        h, w = params
        for _ in range(sizes[0]):
            h = torch.tanh(h * w)
        return h.sum()

    f = chain if name == "chain" else dense

    def work():
        params = [torch.from_numpy(p).clone().requires_grad_() for p in given]
        for _ in range(repeats):
            value = f(params, *data)
            grads = torch.autograd.grad(value, params)
            if what == "step":
                with torch.no_grad():
                    for p, g in zip(params, grads):
                        p -= RATE * g
        return [a.detach().numpy() for a in (value, *(params if what == "step" else grads))]

    return work


def softmax_and_loss(z, y):
    """Mean cross-entropy and its gradient by the scores."""
    rows = np.arange(len(y))
    top = z.max(axis=1, keepdims=True)
    e = np.exp(z - top)
    total = e.sum(axis=1, keepdims=True)
    value = np.mean(np.log(total[:, 0]) + top[:, 0] - z[rows, y])
    e /= total
    e[rows, y] -= 1
    e /= len(y)
    return value, e


def dense_by_hand(params, X, y):
    hidden = [X]
    for W, b in zip(params[:-2:2], params[1:-2:2]):
        h = hidden[-1] @ W
        h += b
        hidden.append(np.maximum(h, 0, out=h))
    value, g = softmax_and_loss(hidden[-1] @ params[-2] + params[-1], y)
    grads = []
    for k in range(len(params) - 2, -1, -2):
        h = hidden.pop()
        grads[:0] = [h.T @ g, g.sum(axis=0)]
        if k > 0:
            g = g @ params[k].T
            g *= h > 0
    return value, grads


def chain_by_hand(steps):
    def run(params):
        x, w = params
        states = [x]
        for _ in range(steps):
            states.append(np.tanh(states[-1] * w))
        value, g, w_bar = states[-1].sum(), np.ones_like(x), np.zeros_like(w)
        for k in range(steps, 0, -1):
            g = g * (1 - states[k] ** 2)
            w_bar += g * states[k - 1]
            g *= w
        return value, [g, w_bar]

    return run


def gmm_by_hand(sizes):
    d, k, n = sizes

    def run(params, X, place):
        alpha, mu, q, l = params
        diagonal = np.exp(q)
        rows = np.concatenate([l.T, diagonal.T, np.zeros((1, k))])
        Q = rows[place].reshape(d, d, k)
        y = X @ Q.reshape(d, d * k)
        y -= (Q * mu.T[:, None]).sum(axis=0).reshape(d * k)
        y = y.reshape(n, d, k)
        sum_q = q.sum(axis=1)
        scores = alpha + sum_q - 0.5 * np.einsum("nik,nik->nk", y, y)
        top = scores.max(axis=1, keepdims=True)
        p = np.exp(scores - top)
        total = p.sum(axis=1, keepdims=True)
        value = np.sum(np.log(total) + top)
        p /= total
        a = np.exp(alpha - alpha.max())
        value -= n * (np.log(a.sum()) + alpha.max())
        value -= 0.5 * (np.sum(diagonal**2) + np.sum(l**2))
        mass = p.sum(axis=0)
        y *= p[:, None]
        Y_bar = y.reshape(n, d * k)
        center_bar = Y_bar.sum(axis=0).reshape(d, k)
        Q_bar = -(X.T @ Y_bar).reshape(d, d, k) + mu.T[:, None] * center_bar
        rows_bar = np.zeros_like(rows)
        np.add.at(rows_bar, place, Q_bar.reshape(d * d, k))
        below = d * (d - 1) // 2
        mu_bar = np.einsum("jik,ik->kj", Q, center_bar)
        q_bar = mass[:, None] + diagonal * (rows_bar[below : below + d].T - diagonal)
        return value, [mass - n * a / a.sum(), mu_bar, q_bar, rows_bar[:below].T - l]

    return run


def by_hand(name, sizes, what, repeats, arguments):
    params, data, _ = arguments
    f = {"chain": lambda: chain_by_hand(sizes[0]), "gmm": lambda: gmm_by_hand(sizes)}
    f = f.get(name, lambda: dense_by_hand)()

    def work():
        p = [a.copy() for a in params]
        for _ in range(repeats):
            value, grads = f(p, *data)
            if what == "step":
                for a, g in zip(p, grads):
                    a -= RATE * g
        return [value, *(p if what == "step" else grads)]

    return work


def distance(folder, what):
    """Of what a run ends with from the reference, relative to the largest entry."""
    reference = np.fromfile(Path(folder) / f"reference-{what}", "<f8")

    def error(found):
        worst, at = 0.0, 0
        for part in found:
            part = np.asarray(part, dtype=np.float64).ravel()
            expected = reference[at : at + part.size]
            at += part.size
            size = max(np.max(np.abs(expected), initial=0.0), 1e-30)
            worst = max(worst, np.max(np.abs(part - expected), initial=0.0) / size)
        return worst

    return error


def prepare(workload, peer, folder):
    name, sizes, what = workload.split("-")
    sizes = list(map(int, sizes.split("x")))
    arguments = load(folder, name, sizes, what)
    repeats = int(np.fromfile(Path(folder) / "repeats", "<f8")[0])
    side = {"jax": with_jax, "numpy": by_hand, "torch": with_torch}[peer]
    return side(name, sizes, what, repeats, arguments), distance(folder, what)


if __name__ == "__main__":
    serve(prepare)
