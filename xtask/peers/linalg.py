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
    n, k, m = map(int, workload.removeprefix("matmul-f32-").split("x"))
    A = array(folder, "A.f32", "<f4", (n, k))
    B = array(folder, "B.f32", "<f4", (k, m))
    exact = A.astype(np.float64) @ B.astype(np.float64)
    scale = np.max(np.abs(exact))
    # A product takes a fraction of a millisecond: many of them are one run.
    repeats = range(200)

    def error(found):
        return np.max(np.abs(np.asarray(found) - exact)) / scale

    if peer == "numpy-matmul":
        out = np.empty((n, m), dtype=np.float32)

        def work():
            for _ in repeats:
                np.matmul(A, B, out=out)
            return out

        return work, error
    if peer == "jax-matmul":
        import jax

        f = jax.jit(lambda a, b: a @ b)
        a, b = jax.numpy.asarray(A), jax.numpy.asarray(B)

        def work():
            for _ in repeats:
                found = f(a, b).block_until_ready()
            return found

        return work, error
    if peer == "torch-matmul":
        import torch

        torch.set_num_threads(1)
        a, b, out = torch.from_numpy(A), torch.from_numpy(B), torch.empty(n, m)

        def work():
            for _ in repeats:
                torch.mm(a, b, out=out)
            return out

        return work, error
    raise ValueError(f"no peer {peer}")


def prepare(workload, peer, folder):
    if workload.startswith("lstsq-"):
        return least_squares(workload, peer, folder)
    return product(workload, peer, folder)


if __name__ == "__main__":
    serve(prepare)
