"""Least squares and products in NumPy, SciPy, scikit-learn, JAX and PyTorch.

The data are what `benches/peers` wrote: row-major little-endian arrays. The
targets of a least squares problem are X w without noise, so that the error of
a solution is its distance from w, relative to the largest entry.
"""

from pathlib import Path

import numpy as np

from protocol import serve


def array(folder, name, dtype, shape):
    return np.fromfile(Path(folder) / name, dtype=dtype).reshape(shape)


def least_squares(workload, peer, folder):
    n, c = map(int, workload.rsplit("-", 1)[1].split("x"))
    X = array(folder, "X.f64", "<f8", (n, c))
    y = array(folder, "y.f64", "<f8", (n,))
    w = array(folder, "w.f64", "<f8", (c,))

    def error(found):
        return np.max(np.abs(np.asarray(found).ravel() - w)) / np.max(np.abs(w))

    if peer == "sklearn-LinearRegression":
        from sklearn.linear_model import LinearRegression

        return lambda: LinearRegression(fit_intercept=False).fit(X, y).coef_, error
    if peer == "numpy-lstsq":
        return lambda: np.linalg.lstsq(X, y, rcond=None)[0], error
    if peer == "scipy-gelsy":
        from scipy.linalg import lstsq

        return lambda: lstsq(X, y, lapack_driver="gelsy", check_finite=False)[0], error
    if peer == "numpy-normal-equations":
        from scipy.linalg import cho_factor, cho_solve

        return lambda: cho_solve(cho_factor(X.T @ X), X.T @ y), error
    if peer == "torch-gels":
        import torch

        torch.set_num_threads(1)
        A, b = torch.from_numpy(X), torch.from_numpy(y[:, None])
        return lambda: torch.linalg.lstsq(A, b, driver="gels").solution, error
    raise ValueError(f"no peer {peer}")


def product(workload, peer, folder):
    """C ~ (n, m) with an inner dimension of k; see benches/peers/products.rs."""
    kind, element, sizes = workload.rsplit("-", 2)
    n, k, m = map(int, sizes.split("x"))
    batch = 64
    dtype = np.float32 if element == "f32" else np.float64
    shapes = {
        "matmul": ((n, k), (k, m)),
        "matmul-tn": ((k, n), (k, m)),
        "matmul-nt": ((n, k), (m, k)),
        "gram": ((k, n), (k, n)),
        "batched": ((batch, n, k), (batch, k, m)),
    }[kind]
    A, B = (array(folder, f, "<f8", s).astype(dtype) for f, s in zip(("A.f64", "B.f64"), shapes))
    if kind == "gram":
        B = A
    first, second = kind in ("matmul-tn", "gram"), kind == "matmul-nt"
    oriented = (lambda a, b: (a.T if first else a, b.T if second else b))
    a, b = oriented(A, B)
    exact = np.matmul(a.astype(np.float64), b.astype(np.float64))
    scale = np.max(np.abs(exact))
    # A product takes a fraction of a millisecond: many of them are one run.
    repeats = range(max(1, (1 << 29) // (n * k * m * (batch if kind == "batched" else 1))))

    def error(found):
        return np.max(np.abs(np.asarray(found) - exact)) / scale

    if peer == "numpy-matmul":
        out = np.empty(exact.shape, dtype=dtype)

        def work():
            for _ in repeats:
                np.matmul(a, b, out=out)
            return out

        return work, error
    if peer == "jax-matmul":
        import jax

        jax.config.update("jax_enable_x64", True)

        @jax.jit
        def f(a, b):
            a, b = oriented(a, b)
            return a @ b

        u, v = jax.numpy.asarray(A), jax.numpy.asarray(B)

        def work():
            for _ in repeats:
                found = f(u, v).block_until_ready()
            return found

        return work, error
    if peer == "torch-matmul":
        import torch

        torch.set_num_threads(1)
        u, v = oriented(torch.from_numpy(A), torch.from_numpy(B))
        out = torch.empty(exact.shape, dtype=u.dtype)

        def work():
            for _ in repeats:
                torch.matmul(u, v, out=out)
            return out

        return work, error
    raise ValueError(f"no peer {peer}")


def prepare(workload, peer, folder):
    if workload.startswith("lstsq-"):
        return least_squares(workload, peer, folder)
    return product(workload, peer, folder)


if __name__ == "__main__":
    serve(prepare)
