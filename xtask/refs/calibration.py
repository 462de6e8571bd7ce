"""Reference values of crates/calibration/testdata.

    python -m venv VENV && VENV/bin/pip install scikit-learn==1.9.1 scipy==1.17.1 \
        mpmath==1.4.1 numpy==2.4.6 crepes==0.9.1 venn-abers==1.5.4
    VENV/bin/python xtask/refs/calibration.py

tolerance: 1e-12

Where a library follows another convention than ours it is not asked, or an
exact rational or mpmath value stands instead; see the crate's README.
"""

import json
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np
from mpmath import mp

OUT = Path(__file__).resolve().parents[2] / "crates" / "calibration" / "testdata"
mp.dps = 30
rng = np.random.default_rng(20240229)


def write(name, tools, data):
    head = {"tools": {t: version(t) for t in tools}, "script": "xtask/refs/calibration.py"}
    lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in {**head, **data}.items()]
    (OUT / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


def binary():
    from sklearn.calibration import calibration_curve
    from sklearn.isotonic import IsotonicRegression
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import brier_score_loss, log_loss

    n = 300
    p = np.round(rng.uniform(0.003, 0.997, n), 3)
    p[p * 10 == np.round(p * 10)] += 0.0005  # no probability on an edge
    y = (rng.uniform(size=n) < p**1.5).astype(int)
    freq, mean_p = calibration_curve(y, p, n_bins=10)
    iso = IsotonicRegression(out_of_bounds="clip").fit(p, y)
    grid = np.linspace(0, 1, 41)
    z = np.log(p / (1 - p))
    cox = LogisticRegression(C=np.inf, tol=1e-14, max_iter=10000, solver="newton-cholesky")
    cox.fit(z[:, None], y)
    # Bins by exact fractions: no float decides an edge.
    gaps = {}
    for q, t in zip(p.tolist(), y.tolist()):
        gaps.setdefault(int(Fraction(q) * 10), []).append(Fraction(t) - Fraction(q))
    ece = sum(abs(sum(g)) for g in gaps.values()) / n
    mce = max(abs(sum(g)) / len(g) for g in gaps.values())
    write(
        "binary.json",
        ["scikit-learn", "numpy"],
        {
            "p": p.tolist(),
            "y": y.tolist(),
            "ece_10": float(ece),
            "mce_10": float(mce),
            "frequencies_10": freq.tolist(),
            "mean_p_10": mean_p.tolist(),
            "brier": float(brier_score_loss(y, p)),
            "log_loss": float(log_loss(y, p)),
            "grid": grid.tolist(),
            "isotonic": iso.predict(grid).tolist(),
            "cox_slope": float(cox.coef_[0, 0]),
            "cox_intercept": float(cox.intercept_[0]),
        },
    )


def on_edges():
    """Fifteen probabilities on multiples of 0.05, ten bins, by fractions."""
    p = [Fraction(k, 20) for k in (1, 2, 4, 6, 6, 8, 10, 12, 12, 14, 14, 16, 18, 19, 20)]
    y = [0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1]

    def ece(right):
        bins = {}
        for q, t in zip(p, y):
            x = q * 10
            m = int(x)
            m = (m - 1 if right and x == m and m > 0 else m)
            bins.setdefault(min(m, 9), []).append((q, t))
        return sum(abs(sum(t - q for q, t in b)) for b in bins.values()) / len(p)

    write(
        "edges.json",
        [],
        {"p": [float(q) for q in p], "y": y, "right": float(ece(True)), "left": float(ece(False))},
    )


def smooth():
    """s(sigma) = sigma by SciPy: roots by Brent, areas by the normal law."""
    from scipy.optimize import brentq
    from scipy.stats import norm

    def error(points, sigma):
        images = [(2 * m + s * q, r) for q, r in points for m in range(-4, 5) for s in (1, -1)]
        x, r = (np.array(c) for c in zip(*images))
        f = lambda t: float(np.sum(r * norm.pdf(t, x, sigma)))
        F = lambda t: float(np.sum(r * norm.cdf(t, x, sigma)))
        nodes = np.linspace(0, 1, 400)  # misses 1/2, a zero by symmetry
        values = [f(t) for t in nodes]
        ends = [0.0]
        for a, b, fa, fb in zip(nodes, nodes[1:], values, values[1:]):
            if fa * fb < 0:
                ends.append(brentq(f, a, b, xtol=1e-15))
        areas = [F(t) for t in [*ends, 1.0]]
        return sum(abs(v - u) for u, v in zip(areas, areas[1:]))

    cases = []
    for p, y in [
        ([0.0, 1.0], [1, 0]),
        ([0.25, 0.5, 0.75], [1, 0, 1]),
        ([0.1, 0.2, 0.6, 0.7, 1.0], [0, 1, 0, 1, 0]),
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], [1, 0, 0, 1, 0, 1, 1, 0]),
    ]:
        points = [(q, (t - q) / len(p)) for q, t in zip(p, y)]
        value = brentq(lambda s: error(points, s) - s, 0.05, 1.0, xtol=1e-14)
        cases.append({"p": p, "y": y, "value": value})
    write("smooth.json", ["scipy", "numpy"], {"cases": cases})


def temperature():
    """The root of the slope in beta, by mpmath."""
    Z = np.round(rng.normal(size=(40, 4)) * 3, 2)
    soft = np.exp(0.5 * Z) / np.exp(0.5 * Z).sum(1, keepdims=True)
    labels = np.array([rng.choice(4, p=row) for row in soft])
    rows = [[mp.mpf(float(z)) for z in row] for row in Z]

    def slope(beta):
        total = mp.mpf(0)
        for row, y in zip(rows, labels):
            e = [mp.exp(beta * z) for z in row]
            total += sum(a * z for a, z in zip(e, row)) / sum(e) - row[y]
        return total

    beta = mp.findroot(slope, (mp.mpf("0.1"), mp.mpf(2)), solver="anderson", tol=1e-24)
    write(
        "temperature.json",
        ["mpmath"],
        {"Z": Z.tolist(), "labels": labels.tolist(), "beta": float(beta)},
    )


def venn_abers():
    from venn_abers import VennAbers

    n = 60
    s = np.round(rng.uniform(0, 1, n), 2)
    y = (rng.uniform(size=n) < s).astype(int)
    test = np.round(np.linspace(0, 1, 31), 3)
    va = VennAbers()
    va.fit(np.c_[1 - s, s], y)
    merged, pairs = va.predict_proba(np.c_[1 - test, test])
    write(
        "venn_abers.json",
        ["venn-abers"],
        {
            "scores": s.tolist(),
            "y": y.tolist(),
            "test": test.tolist(),
            "p0": pairs[:, 0].tolist(),
            "p1": pairs[:, 1].tolist(),
            "merged": merged[:, 1].tolist(),
        },
    )


def venn_abers_pairs_of_classes():
    from venn_abers.venn_abers import predict_proba_prefitted_va

    n, m = 80, 3
    P = rng.dirichlet(np.ones(m), n + 10)
    labels = np.array([rng.choice(m, p=row / row.sum()) for row in P])
    coupled, _ = predict_proba_prefitted_va(P[:n], labels[:n], P[n:], va_tpe="one_vs_one")
    write(
        "venn_abers_classes.json",
        ["venn-abers"],
        {"P": P.tolist(), "labels": labels.tolist(), "n": n, "coupled": coupled.tolist()},
    )


def conformal():
    """crepes' LAC and margin p-values; MAPIE's CQR and jackknife+ formulas are
    checked by the exact ranks of Python fractions instead."""
    from crepes.extras import hinge, margin

    n, m = 50, 4
    P = rng.dirichlet(np.ones(m), n + 5)
    P = P / P.sum(1, keepdims=True)
    labels = np.array([rng.choice(m, p=row) for row in P])
    cal, new = P[:n], P[n:]
    classes = np.arange(m)

    def p_values(score):
        alphas = score(cal, classes, labels[:n])
        tests = score(new)
        return ((tests[:, :, None] <= alphas[None, None, :]).sum(2) + 1) / (n + 1)

    ranks = []
    for d in (3, 4, 5, 10, 20, 100):
        for k in range(1, d):
            for size in (1, 2, 9, 10, 19, 20, 99, 100, 199):
                product = (size + 1) * (1 - Fraction(k, d))
                ranks.append([k, d, size, -(-product.numerator // product.denominator)])
    write(
        "conformal.json",
        ["crepes", "numpy"],
        {
            "P": P.tolist(),
            "labels": labels.tolist(),
            "n": n,
            "lac": p_values(hinge).tolist(),
            "margin": p_values(margin).tolist(),
            "ranks": ranks,
        },
    )


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    binary()
    on_edges()
    smooth()
    temperature()
    venn_abers()
    conformal()
    venn_abers_pairs_of_classes()
