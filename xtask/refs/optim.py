"""SciPy on the problems of Moré, Garbow and Hillstrom for `wonderland-optim`.

The 35 problems in the order and the sizes of `crates/optim/tests/it/problems.rs`,
with gradients by a complex step (exact but for rounding), from x0, 10 x0 and
100 x0, by L-BFGS-B without bounds (ten pairs, as ours), asked for a gradient of 1e-8
and nothing else. What is stored is where each run ended and how many evaluations
of value and gradient it took.

tolerance: 1e-3
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import scipy
from scipy.optimize import minimize

warnings.simplefilter("ignore")
np.seterr(all="ignore")


BARD = np.array(
    """
    0.14 0.18 0.22 0.25 0.29 0.32 0.35 0.39 0.37 0.58 0.73 0.96 1.34 2.10 4.39
    """.split(),
    dtype=float,
)
GAUSSIAN = np.array(
    """
    0.0009 0.0044 0.0175 0.0540 0.1295 0.2420 0.3521 0.3989 0.3521 0.2420 0.1295 0.0540
    0.0175 0.0044 0.0009
    """.split(),
    dtype=float,
)
MEYER = np.array(
    """
    34780.0 28610.0 23650.0 19630.0 16370.0 13720.0 11540.0 9744.0 8261.0 7030.0 6005.0
    5147.0 4427.0 3820.0 3307.0 2872.0
    """.split(),
    dtype=float,
)
KOWALIK = np.array(
    """
    0.1957 4.0 0.1947 2.0 0.1735 1.0 0.1600 0.5 0.0844 0.25 0.0627 0.167 0.0456 0.125 0.0342
    0.1 0.0323 0.0833 0.0235 0.0714 0.0246 0.0625
    """.split(),
    dtype=float,
)
OSBORNE_1 = np.array(
    """
    0.844 0.908 0.932 0.936 0.925 0.908 0.881 0.850 0.818 0.784 0.751 0.718 0.685 0.658
    0.628 0.603 0.580 0.558 0.538 0.522 0.506 0.490 0.478 0.467 0.457 0.448 0.438 0.431
    0.424 0.420 0.414 0.411 0.406
    """.split(),
    dtype=float,
)
OSBORNE_2 = np.array(
    """
    1.366 1.191 1.112 1.013 0.991 0.885 0.831 0.847 0.786 0.725 0.746 0.679 0.608 0.655
    0.616 0.606 0.602 0.626 0.651 0.724 0.649 0.649 0.694 0.644 0.624 0.661 0.612 0.558
    0.533 0.495 0.500 0.423 0.395 0.375 0.372 0.391 0.396 0.405 0.428 0.429 0.523 0.562
    0.607 0.653 0.672 0.708 0.633 0.668 0.645 0.632 0.591 0.559 0.597 0.625 0.739 0.710
    0.729 0.720 0.636 0.581 0.428 0.292 0.162 0.098 0.054
    """.split(),
    dtype=float,
)
KOWALIK = KOWALIK.reshape(-1, 2)


def steps(m, h):
    return h * np.arange(1, m + 1)


def rosenbrock(x):
    return np.concatenate([10.0 * (x[1::2] - x[::2] ** 2), 1.0 - x[::2]])


def freudenstein_roth(x):
    a, b = x
    return np.array(
        [a + ((5.0 - b) * b - 2.0) * b - 13.0, a + ((b + 1.0) * b - 14.0) * b - 29.0]
    )


def powell_badly_scaled(x):
    return np.array([1e4 * x[0] * x[1] - 1.0, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def brown_badly_scaled(x):
    return np.array([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0])


def beale(x):
    return np.array([y - x[0] * (1.0 - x[1] ** i) for i, y in enumerate([1.5, 2.25, 2.625], 1)])


def jennrich_sampson(x):
    i = steps(10, 1.0)
    return 2.0 + 2.0 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x):
    turn = np.arctan(x[1] / x[0]) * (0.5 / np.pi)
    theta = np.where(x[0].real > 0.0, turn, turn + 0.5)
    radius = np.sqrt(x[0] ** 2 + x[1] ** 2)
    return np.array([10.0 * (x[2] - 10.0 * theta), 10.0 * (radius - 1.0), x[2]])


def bard(x):
    u = steps(15, 1.0)
    v = 16.0 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


def gaussian(x):
    t = (7.0 - np.arange(15)) / 2.0 - x[2]
    return x[0] * np.exp(-0.5 * x[1] * t * t) - GAUSSIAN


def meyer(x):
    return x[0] * np.exp(x[1] / (x[2] + (50.0 + 5.0 * np.arange(16)))) - MEYER


def gulf(x):
    t = steps(99, 0.01)
    y = 25.0 + (-50.0 * np.log(t)) ** (2.0 / 3.0)
    return np.exp(-np.exp(x[2] * 0.5 * np.log((y - x[1]) ** 2)) / x[0]) - t


def box(x):
    t = steps(10, 0.1)
    c = np.exp(-t) - np.exp(-10.0 * t)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - c * x[2]


def powell_singular(x):
    a, b, c, d = x.reshape(-1, 4).T
    parts = [a + 10.0 * b, 5.0**0.5 * (c - d), (b - 2.0 * c) ** 2, 10.0**0.5 * (a - d) ** 2]
    return np.concatenate(parts)


def wood(x):
    n, t = 90.0**0.5, 10.0**0.5
    first = [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0], n * (x[3] - x[2] ** 2), 1.0 - x[2]]
    return np.array([*first, t * (x[1] + x[3] - 2.0), (x[1] - x[3]) / t])


def kowalik_osborne(x):
    y, u = KOWALIK.T
    return y - x[0] * (u * x[1] + u * u) / (u * x[2] + x[3] + u * u)


def brown_dennis(x):
    t = steps(20, 0.2)
    a = x[0] + t * x[1] - np.exp(t)
    b = x[2] + np.sin(t) * x[3] - np.cos(t)
    return a * a + b * b


def osborne_1(x):
    t = 10.0 * np.arange(33)
    return OSBORNE_1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs(x):
    t = steps(13, 0.1)
    y = np.exp(-t) - 5.0 * np.exp(-10.0 * t) + 3.0 * np.exp(-4.0 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def osborne_2(x):
    t = 0.1 * np.arange(65)
    bumps = sum(x[k] * np.exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3))
    return OSBORNE_2 - (x[0] * np.exp(-t * x[4]) + bumps)


def watson(x):
    t = steps(29, 1.0 / 29.0)
    slope = sum(x[j] * (j * t ** (j - 1)) for j in range(1, 6))
    value = sum(x[j] * t**j for j in range(6))
    return np.concatenate([slope - value**2 - 1.0, np.array([x[0], x[1] - x[0] ** 2 - 1.0])])


def penalty_1(x):
    return np.concatenate([(x - 1.0) * 1e-5**0.5, np.array([(x**2).sum() - 0.25])])


def penalty_2(x):
    n, a = 10, 1e-5**0.5
    e, i = np.exp(x * 0.1), steps(10, 1.0)[1:]
    y = np.exp(i / 10.0) + np.exp((i - 1.0) / 10.0)
    last = (x**2 * (n - np.arange(n))).sum() - 1.0
    parts = [x[:1] - 0.2, a * (e[1:] + e[:-1] - y), a * (e[1:] - np.exp(-0.1)), last[None]]
    return np.concatenate(parts)


def variably_dimensioned(x):
    s = ((x - 1.0) * steps(10, 1.0)).sum()
    return np.concatenate([x - 1.0, np.array([s, s * s])])


def trigonometric(x):
    return 10.0 - np.cos(x).sum() + steps(10, 1.0) * (1.0 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    return np.concatenate([x[:-1] + x.sum() - 11.0, np.array([x.prod() - 1.0])])


def boundary_value(x):
    h = 1.0 / 11.0
    padded = np.pad(x, 1)
    cubed = (x + steps(10, h) + 1.0) ** 3
    return 2.0 * x - padded[:-2] - padded[2:] + 0.5 * h * h * cubed


def integral(x):
    h = 1.0 / 11.0
    t = steps(10, h)
    cubed = (x + t + 1.0) ** 3
    low, high = np.cumsum(t * cubed), np.cumsum(((1.0 - t) * cubed)[::-1])[::-1] - (1.0 - t) * cubed
    return x + 0.5 * h * ((1.0 - t) * low + t * high)


def broyden_tridiagonal(x):
    padded = np.pad(x, 1)
    return (3.0 - 2.0 * x) * x - padded[:-2] - 2.0 * padded[2:] + 1.0


def broyden_banded(x):
    i, j = np.indices((10, 10))
    band = ((j >= i - 5) & (j <= i + 1) & (j != i)).astype(float)
    return x * (5.0 * x**2 + 2.0) + 1.0 - band @ (x * (x + 1.0))


def linear_full(x):
    return np.concatenate([x, np.zeros(10)]) - 0.1 * x.sum() - 1.0


def linear_rank_1(x):
    return steps(20, 1.0) * (steps(10, 1.0) * x).sum() - 1.0


def linear_rank_1_zeros(x):
    inner = steps(18, 1.0) * (np.arange(2.0, 10.0) * x[1:-1]).sum() - 1.0
    return np.concatenate([-np.ones(2), inner])


def chebyquad(x):
    before, now, means = np.ones(8), 2.0 * x - 1.0, []
    z = now
    for i in range(1, 9):
        exact = -1.0 / (i * i - 1.0) if i % 2 == 0 else 0.0
        means.append(now.mean() - exact)
        before, now = now, 2.0 * z * now - before
    return np.array(means)


GRID = steps(10, 1.0 / 11.0)
PROBLEMS = [
    ("rosenbrock", [-1.2, 1.0], rosenbrock),
    ("freudenstein and roth", [0.5, -2.0], freudenstein_roth),
    ("powell badly scaled", [0.0, 1.0], powell_badly_scaled),
    ("brown badly scaled", [1.0, 1.0], brown_badly_scaled),
    ("beale", [1.0, 1.0], beale),
    ("jennrich and sampson", [0.3, 0.4], jennrich_sampson),
    ("helical valley", [-1.0, 0.0, 0.0], helical_valley),
    ("bard", [1.0] * 3, bard),
    ("gaussian", [0.4, 1.0, 0.0], gaussian),
    ("meyer", [0.02, 4000.0, 250.0], meyer),
    ("gulf research", [5.0, 2.5, 0.15], gulf),
    ("box", [0.0, 10.0, 20.0], box),
    ("powell singular", [3.0, -1.0, 0.0, 1.0], powell_singular),
    ("wood", [-3.0, -1.0, -3.0, -1.0], wood),
    ("kowalik and osborne", [0.25, 0.39, 0.415, 0.39], kowalik_osborne),
    ("brown and dennis", [25.0, 5.0, -5.0, -1.0], brown_dennis),
    ("osborne 1", [0.5, 1.5, -1.0, 0.01, 0.02], osborne_1),
    ("biggs exp6", [1.0, 2.0, 1.0, 1.0, 1.0, 1.0], biggs),
    ("osborne 2", [1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5], osborne_2),
    ("watson", [0.0] * 6, watson),
    ("extended rosenbrock", [-1.2, 1.0] * 5, rosenbrock),
    ("extended powell", [3.0, -1.0, 0.0, 1.0] * 3, powell_singular),
    ("penalty 1", steps(10, 1.0), penalty_1),
    ("penalty 2", [0.5] * 10, penalty_2),
    ("variably dimensioned", 1.0 - steps(10, 0.1), variably_dimensioned),
    ("trigonometric", [0.1] * 10, trigonometric),
    ("brown almost linear", [0.5] * 10, brown_almost_linear),
    ("discrete boundary value", GRID * (GRID - 1.0), boundary_value),
    ("discrete integral", GRID * (GRID - 1.0), integral),
    ("broyden tridiagonal", [-1.0] * 10, broyden_tridiagonal),
    ("broyden banded", [-1.0] * 10, broyden_banded),
    ("linear, full rank", [1.0] * 10, linear_full),
    ("linear, rank 1", [1.0] * 10, linear_rank_1),
    ("linear, rank 1 with zeros", [1.0] * 10, linear_rank_1_zeros),
    ("chebyquad", steps(8, 1.0 / 9.0), chebyquad),
]


def run(residuals, start):
    def value(x):
        return (residuals(x) ** 2).sum()

    def value_and_gradient(x):
        step = 1e-30
        gradient = [value(x + 1j * step * unit).imag / step for unit in np.eye(len(x))]
        return value(x), np.array(gradient)

    options = {"maxcor": 10, "gtol": 1e-8, "ftol": 0.0, "maxiter": 5000, "maxfun": 10_000}
    return minimize(value_and_gradient, start, jac=True, method="L-BFGS-B", options=options)


def finite(x):
    return float(x) if np.isfinite(x) else None


def main(path):
    runs = []
    for factor in (1.0, 10.0, 100.0):
        for name, start, residuals in PROBLEMS:
            point = factor * np.asarray(start, dtype=float)
            found = run(residuals, point)
            entry = {"problem": name, "start": factor, "value": finite(found.fun)}
            entry["gradient_norm"] = finite(np.abs(found.jac).max())
            entry["evaluations"] = int(found.nfev)
            runs.append(entry)
    source = f"xtask/refs/optim.py with NumPy {np.__version__}, SciPy {scipy.__version__}"
    out = {"source": source, "runs": runs}
    pathlib.Path(path).write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "crates/optim/testdata/mgh_scipy.json")
