"""Logistic regression in scikit-learn, SciPy with JAX, and PyTorch.

Mean cross-entropy + |W|^2/(2n) without intercept, until no entry of the gradient
is above 1e-6; of two classes one vector w is fitted. The error of a result is the
relative gap of its objective to the minimum, which `benches/peers` wrote.
"""

from pathlib import Path

import numpy as np

from protocol import serve

TOLERANCE = 1e-6


def array(folder, name):
    return np.fromfile(Path(folder) / name, dtype="<f8")


def prepare(workload, peer, folder):
    n, c, *classes = map(int, workload.removeprefix("logistic-").split("x"))
    m = classes[0] if classes else 2
    k = m if m > 2 else 1
    X = array(folder, "X.f64").reshape(n, c)
    y = array(folder, "y.f64").astype(np.int64)
    minimum = array(folder, "minimum.f64")[0]

    def objective(found):
        W = np.asarray(found, dtype=np.float64).reshape(c, k)
        Z = X @ W
        if k == 1:
            Z = np.hstack([np.zeros((n, 1)), Z])
        top = Z.max(axis=1)
        losses = top - Z[np.arange(n), y] + np.log(np.exp(Z - top[:, None]).sum(axis=1))
        return losses.mean() + (W**2).sum() / (2 * n)

    def error(found):
        return abs(objective(found) - minimum) / minimum

    if peer.startswith("sklearn-"):
        from sklearn.linear_model import LogisticRegression

        solver = peer.removeprefix("sklearn-")

        def work():
            model = LogisticRegression(
                C=1.0, fit_intercept=False, solver=solver, tol=TOLERANCE, max_iter=1000
            )
            return model.fit(X, y).coef_.T

        return work, error
    if peer == "scipy-jax":
        import jax
        from scipy.optimize import minimize

        jax.config.update("jax_enable_x64", True)
        A, labels = jax.numpy.asarray(X), jax.numpy.asarray(y)

        @jax.jit
        @jax.value_and_grad
        def value(w):
            if k == 1:
                z = A @ w
                losses = jax.nn.softplus(jax.numpy.where(labels == 1, -z, z))
            else:
                Z = A @ w.reshape(c, k)
                chosen = jax.numpy.take_along_axis(Z, labels[:, None], axis=1)[:, 0]
                losses = jax.nn.logsumexp(Z, axis=1) - chosen
            return losses.mean() + (w**2).sum() / (2 * n)

        def f(w):
            v, g = value(w)
            return float(v), np.asarray(g)

        def work():
            options = {"gtol": TOLERANCE, "ftol": 0.0, "maxiter": 1000}
            start = np.zeros(c * k)
            return minimize(f, start, jac=True, method="L-BFGS-B", options=options).x

        return work, error
    if peer == "torch-lbfgs":
        import torch

        torch.set_num_threads(1)
        A, labels = torch.from_numpy(X), torch.from_numpy(y)

        def work():
            W = torch.zeros(c, k, dtype=torch.float64, requires_grad=True)
            optimiser = torch.optim.LBFGS(
                [W],
                max_iter=1000,
                tolerance_grad=TOLERANCE,
                tolerance_change=0.0,
                line_search_fn="strong_wolfe",
            )

            def closure():
                optimiser.zero_grad()
                Z = A @ W
                if k == 1:
                    loss = torch.nn.functional.binary_cross_entropy_with_logits(
                        Z[:, 0], labels.double()
                    )
                else:
                    loss = torch.nn.functional.cross_entropy(Z, labels)
                loss = loss + (W**2).sum() / (2 * n)
                loss.backward()
                return loss

            optimiser.step(closure)
            return W.detach().numpy()

        return work, error
    raise ValueError(f"no peer {peer}")


if __name__ == "__main__":
    serve(prepare)
