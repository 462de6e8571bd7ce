"""Optima of logistic regression for `wonderland-models`.

Newton's method on the objective of the library, mean cross-entropy +
(l2/2) |W|^2 with a free intercept, on standardised columns, until the gradient
is at rounding level; the objective is then summed exactly by `math.fsum`.
scikit-learn's optimum is computed beside it, as a check on the script.

tolerance: 1e-13
"""

import json
import math
import pathlib
import sys

import numpy as np
import scipy
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression


def softmax(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def objective(theta, Z, y, c, l2):
    """Exactly summed, up to the rounding of its terms."""
    logits = Z @ theta
    top = logits.max(axis=1, keepdims=True)
    losses = (top[:, 0] - logits[np.arange(len(y)), y]) + np.log(np.exp(logits - top).sum(axis=1))
    squares = [float(w) ** 2 for w in theta[:c].ravel()]
    return math.fsum(losses.tolist()) / len(y) + 0.5 * l2 * math.fsum(squares)


def newton(Z, y, c, m, l2):
    n, rows = Z.shape
    theta = np.zeros((rows, m))
    one_hot = np.eye(m)[y]
    penalty = np.repeat(np.r_[np.full(c, l2), 0.0], m)
    for _ in range(100):
        p = softmax(Z @ theta)
        gradient = Z.T @ (p - one_hot) / n
        gradient[:c] += l2 * theta[:c]
        H = np.zeros((rows, m, rows, m))
        for a in range(m):
            for b in range(m):
                s = p[:, a] * ((a == b) - p[:, b]) / n
                H[:, a, :, b] = Z.T @ (Z * s[:, None])
        # The shift of all classes is flat: any curvature keeps it at zero.
        for j in range(rows):
            H[j, :, j, :] += 1.0 / m
        H = H.reshape(rows * m, rows * m) + np.diag(penalty)
        step = np.linalg.solve(H, gradient.ravel()).reshape(rows, m)
        t, before = 1.0, objective(theta, Z, y, c, l2)
        while objective(theta - t * step, Z, y, c, l2) > before + 1e-15 and t > 1e-10:
            t /= 2
        theta = theta - t * step
        if np.abs(gradient).max() < 1e-15:
            break
    return theta, np.abs(gradient).max()


def main(path):
    rows = []
    for name, load in [
        ("iris", load_iris),
        ("wine", load_wine),
        ("breast_cancer", load_breast_cancer),
        ("digits", load_digits),
    ]:
        X, y = load(return_X_y=True)
        n, c = X.shape
        m = int(y.max()) + 1
        spread = X.std(axis=0)
        X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
        Z = np.c_[X, np.ones(n)]
        for l2 in [1.0 / n, 0.1]:
            theta, gradient = newton(Z, y, c, m, l2)
            best = objective(theta, Z, y, c, l2)
            # Two classes: scikit-learn penalises w1 - w0.
            C = (2.0 if m == 2 else 1.0) / (n * l2)
            peer = LogisticRegression(C=C, tol=1e-10, max_iter=10000).fit(X, y)
            if m == 2:
                w = np.c_[np.r_[-peer.coef_[0], -peer.intercept_] / 2, np.r_[peer.coef_[0], peer.intercept_] / 2]
            else:
                w = np.r_[peer.coef_.T, peer.intercept_[None, :]]
            theirs = objective(w, Z, y, c, l2)
            print(name, l2, best, gradient, (theirs - best) / best)
            assert -1e-14 < (theirs - best) / best < 1e-6
            right = int((np.argmax(Z @ theta, axis=1) == y).sum())
            rows.append({"name": name, "l2": l2, "n": n, "objective": best, "right": right})
    source = (
        f"xtask/refs/models_logistic.py with NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}"
    )
    pathlib.Path(path).write_text(json.dumps({"source": source, "logistic": rows}, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "crates/models/testdata/logistic.json")
