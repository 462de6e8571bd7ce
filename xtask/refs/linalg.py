"""Reference values of crates/linalg/testdata, from mpmath at 60 digits (SciPy
gives first guesses of quantiles only).

    python -m venv VENV && VENV/bin/pip install mpmath==1.4.1 scipy==1.17.1
    VENV/bin/python xtask/refs/linalg.py [scalars] [special] [kernels]

Every number is written so that it reads back as the same float64; each
expected value is the float64 nearest to the exact one.
"""

import json
import math
import random
import struct
import sys
from pathlib import Path

import mpmath
import scipy.special as sp
from mpmath import mp, mpf

mp.dps = 60
OUT = Path(__file__).resolve().parents[2] / "crates" / "linalg" / "testdata"


def nearest(x):
    """The float64 nearest to an mpf; JSON has no infinities, so a name."""
    if isinstance(x, str):
        return x
    if mpmath.isinf(x):
        return "inf" if x > 0 else "-inf"
    try:
        value = float(x)
    except OverflowError:
        return "inf" if x > 0 else "-inf"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return value


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def write(name, cases):
    data = {
        "tool": f"mpmath {mpmath.__version__}, {mp.dps} digits",
        "script": "xtask/refs/linalg.py",
        "cases": cases,
    }
    lines = json.dumps(data, indent=1, allow_nan=False)
    (OUT / name).write_text(compact(lines) + "\n")


def compact(text):
    """One case per line: joins the innermost lists that indent=1 spread out."""
    out, depth = [], 0
    for line in text.split("\n"):
        stripped = line.strip()
        if depth == 0:
            out.append(line)
        else:
            out[-1] += ("" if out[-1].endswith("[") or stripped.startswith("]") else " ") + stripped
        if stripped.endswith("[") and not stripped.endswith('": ['):
            depth += 1
        elif stripped.startswith("]") and depth:
            depth -= 1
    return "\n".join(out)


# ---------------------------------------------------------------- scalars


def erf_tail(x):
    return mp.erf(x)


def log1mexp(x):
    return mp.log(-mp.expm1(-x))


def softplus(x):
    return mp.log1p(mp.exp(x)) if x < 200 else x + mp.exp(-x)


SCALARS = {
    "exp": mp.exp,
    "exp_m1": mp.expm1,
    "ln": mp.log,
    "ln_1p": mp.log1p,
    "sin": mp.sin,
    "cos": mp.cos,
    "tanh": mp.tanh,
    "atan": mp.atan,
    "erf": erf_tail,
    "erfc": mp.erfc,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "logit": lambda p: mp.log(p) - mp.log1p(-p),
    "softplus": softplus,
    "log_sigmoid": lambda x: -softplus(-x),
    "log1mexp": log1mexp,
}


def grid(name):
    positive = name in ("ln", "log1mexp")
    unit = name == "logit"
    points = []
    for e in range(-300, 301, 12):
        points += [m * 10.0**e for m in (1.0, 2.7182818, 7.3)]
    points += [k / 16 for k in range(1, 17 * 16, 5)]
    points += [0.5, 1.0, 2.0, 3.0, math.log(2), 0.6931, 0.694, 17.3, 36.7, 36.8, 88.0, 104.0]
    points += [700.0, 708.5, 709.7, 745.0, 800.0, 5e-324, 1e-310, 2.2250738585072014e-308]
    points += [1 - 2**-k for k in range(2, 54, 3)] + [1 + 2**-k for k in range(2, 53, 3)]
    points += [math.pi * k / 2 for k in (1, 2, 3, 4, 11, 355, 1000003)]
    if unit:
        return sorted({p for p in points if 0 < p < 1})
    if positive:
        return sorted(set(points))
    if name == "ln_1p":
        return sorted(set(points) | {-p for p in points if p < 1})
    if name in ("sin", "cos"):
        points = [p for p in points if p < 1e18]
    return sorted(set(points) | {-p for p in points})


def scalars():
    cases = {}
    mp.dps = 400  # 1 - tiny and large arguments of sin
    for name, f in SCALARS.items():
        rows = []
        for x in grid(name):
            big = abs(x) > 1e6 and name in ("exp", "exp_m1", "sigmoid", "log1mexp", "tanh", "erf", "erfc")
            if big:
                # Beyond any rounding; mpmath need not compute e^(1e300).
                limit = {
                    "exp": "inf" if x > 0 else 0.0,
                    "exp_m1": "inf" if x > 0 else -1.0,
                    "sigmoid": 1.0 if x > 0 else 0.0,
                    "log1mexp": 0.0,
                    "tanh": math.copysign(1.0, x),
                    "erf": math.copysign(1.0, x),
                    "erfc": 1.0 - math.copysign(1.0, x),
                }[name]
                rows.append([x, limit])
            elif abs(x) > 1e6 and name in ("softplus", "log_sigmoid"):
                rows.append([x, (max(x, 0.0) if name == "softplus" else min(x, 0.0))])
            else:
                rows.append([x, nearest(f(mpf(x)))])
        cases[name] = rows
    pairs = [-1e300, -800.0, -36.7, -3.0, -1.0, -1e-8, -1e-300, 0.0, 1e-300, 1e-8, 0.5, 1.0, 2.0, 36.7, 800.0, 1e300]
    cases["logaddexp"] = [
        [x, y, nearest(max(mpf(x), y) + mp.log1p(mp.exp(min(mpf(x), y) - max(mpf(x), y))))]
        if abs(x - y) < 1e6 else [x, y, max(x, y)]
        for x in pairs for y in pairs
    ]
    cases["xlogy"] = [
        [x, y, nearest(mpf(x) * mp.log(mpf(y))) if x else 0.0]
        for x in [0.0, 1e-300, 0.3, 1.0, 800.0] for y in [1e-300, 1e-8, 0.5, 0.999999, 1.0, 1.000001, 7.0, 1e300]
    ]
    mp.dps = 60
    write("scalars.json", cases)


# ---------------------------------------------------------------- special


def ln_beta(a, b):
    # mp.beta would multiply out the factorial of a large whole number.
    a, b = mpf(a), mpf(b)
    return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def lower_beta(a, b, x):
    """Iₓ(a, b) by Taylor's series about 0 with positive terms only."""
    a, b, x = mpf(a), mpf(b), mpf(x)
    term = mpf(1) / a
    total, n = term, 0
    smallest = mpf(10) ** (-mp.dps)
    while term > total * smallest:
        term *= (a + b + n) * x / (a + 1 + n)
        total += term
        n += 1
    return mp.exp(a * mp.log(x) + b * mp.log1p(-x) - ln_beta(a, b)) * total


def beta_tails(a, b, x):
    """Both tails; the series in x and in 1 − x both have positive terms."""
    x = mpf(x)
    if x <= 0.5:
        low = lower_beta(a, b, x)
        return (low, 1 - low) if low < 0.9 or b < 2 or x < 0.005 else (low, lower_beta(b, a, 1 - x))
    high = lower_beta(b, a, 1 - x)
    return (1 - high, high) if high < 0.9 or a < 2 or x > 0.995 else (lower_beta(a, b, x), high)


def quantile(cdf, p, guess):
    """The solution of ln cdf(x) = ln p by the secant method from a float guess."""
    guess = mpf(guess)
    near = guess * (1 + mpf(10) ** -9)
    return mp.findroot(lambda x: mp.log(cdf(x)) - mp.log(p), (guess, near), tol=mpf(10) ** -45, maxsteps=60)


def t_tail(t, nu):
    """P(T > |t|)."""
    t, nu = mpf(t), mpf(nu)
    return beta_tails(nu / 2, mpf(1) / 2, nu / (nu + t * t))[0] / 2


def special():
    mp.dps = 60
    c = {}
    xs = [1e-300, 1e-10, 0.01, 0.3, 0.5, 0.9999999, 1.0, 1.0000001, 1.5, 1.9999999, 2.0, 2.5, 3.3, 9.99, 10.0, 50.5, 171.6, 1e4, 1e10, 1e300]
    c["ln_gamma"] = [[x, nearest(mp.loggamma(mpf(x)))] for x in xs]
    shapes = [1e-5, 0.3, 0.5, 1.0, 1.7, 5.0, 20.5, 300.0, 4321.5]
    c["ln_beta"] = [[a, b, nearest(ln_beta(a, b))] for a in shapes for b in shapes + [1e8]]
    xs = [1e-300, 1e-20, 1e-5, 0.01, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97]
    rows = []
    for a in shapes[::2]:
        for b in shapes[::2]:
            mode = a / (a + b)
            near = [mode * (1 + d) for d in (-0.01, 0.0, 0.01)] if a > 100 and b > 100 else []
            for x in xs + near:
                if 0 < x < 0.98:  # the series gains too little per term beside 1
                    low, high = beta_tails(a, b, x)
                    rows.append([x, a, b, nearest(low), nearest(high)])
    c["beta"] = [r for r in rows if all(v == 0 or 1e-290 < v for v in r[3:])]
    rows = []
    for a, x in [(a, f * max(a, 1.0)) for a in [1e-5, 0.01, 0.5, 0.99, 1.0, 2.5, 9.5, 40.0, 700.0] for f in [1e-10, 0.01, 0.3, 0.8, 0.99, 1.0, 1.01, 1.2, 2.0, 5.0]]:
        low = mp.gammainc(mpf(a), 0, mpf(x), regularized=True)
        high = mp.gammainc(mpf(a), mpf(x), mp.inf, regularized=True)
        if low > 1e-290 and high > 1e-290:
            assert abs(low + high - 1) < 1e-40, (a, x, low, high)
            rows.append([a, x, nearest(low), nearest(high)])
    c["gamma"] = rows
    xs = [0.0, 1e-300, 1e-9, 0.1, 0.5, 0.67, 1.0, 1.5, 2.0, 3.0, 5.0, 8.3, 10.0, 14.2, 20.0, 26.6, 30.0, 37.0, 37.5]
    xs += [-x for x in xs if x]
    half = mpf(1) / 2
    c["normal"] = [[x, nearest(mp.erfc(-mpf(x) / mp.sqrt(2)) * half), nearest(mp.erfc(mpf(x) / mp.sqrt(2)) * half), nearest(mp.npdf(mpf(x)))] for x in xs]
    c["ln_normal_cdf"] = [[x, nearest(mp.log(mp.erfc(-mpf(x) / mp.sqrt(2)) * half) if x < 0 else mp.log1p(-mp.erfc(mpf(x) / mp.sqrt(2)) * half))] for x in xs + [-100.0, -1e4, -9.99, -10.01]]
    ps = [5e-324, 1e-310, 1e-300, 1e-100, 1e-20, 1e-9, 1e-4, 0.001, 0.0243, 0.025, 0.1, 0.2499, 0.2501, 0.3, 0.4, 0.49, 0.4999999, 0.5, 0.500001, 0.6, 0.75, 0.9, 0.975, 0.999, 0.999999999]
    c["normal_quantile"] = [[p, nearest(quantile(lambda x: mp.erfc(-x / mp.sqrt(2)) * half, mpf(p), sp.ndtri(p)) if p != 0.5 else mpf(0))] for p in ps]
    rows = []
    for nu in [0.1, 0.5, 1.0, 2.0, 3.7, 10.0, 30.0, 200.0, 5000.0]:
        for t in [1e-3, 0.01, 0.5, 1.0, 2.0, 5.0, 40.0, 1e5]:
            tail = t_tail(t, nu)
            pdf = mp.exp(-(mpf(nu) + 1) / 2 * mp.log1p(mpf(t) ** 2 / nu) - ln_beta(mpf(nu) / 2, half)) / mp.sqrt(nu)
            if tail > 1e-290:
                rows.append([t, nu, nearest(1 - tail), nearest(tail), nearest(pdf)])
    c["student_t"] = rows
    mp.dps = 50
    rows = []
    for nu in [0.5, 1.0, 2.0, 3.7, 10.0, 30.0, 200.0]:
        for p in [1e-30, 1e-6, 0.005, 0.025, 0.1, 0.3, 0.49]:
            t = quantile(lambda t: t_tail(t, nu), mpf(p), -sp.stdtrit(nu, p))
            rows.append([p, nu, nearest(-t)])
    c["student_t_quantile"] = rows
    rows = []
    for a, b in [(0.01, 0.3), (0.5, 0.5), (1.0, 1.0), (1.0, 30.0), (2.5, 1.5), (10.0, 90.0), (91.0, 10.0), (500.0, 501.0), (5000.0, 20.0)]:
        for p in [1e-20, 1e-6, 0.025, 0.1, 0.5, 0.9, 0.975, 0.99999]:
            guess = sp.betaincinv(a, b, p)
            if 1e-290 < guess < 0.995:
                x = quantile(lambda x: beta_tails(a, b, x)[0], mpf(p), guess)
                rows.append([p, a, b, nearest(x)])
    c["beta_quantile"] = rows
    rows = []
    for k in [0.1, 1.0, 2.0, 5.0, 31.0, 250.0]:
        for p in [1e-20, 1e-6, 0.025, 0.5, 0.9, 0.95, 0.999999]:
            guess = sp.gammaincinv(k / 2, p)
            if guess > 1e-290:
                x = quantile(lambda x: mp.gammainc(mpf(k) / 2, 0, x, regularized=True), mpf(p), guess)
                rows.append([p, k, nearest(2 * x)])
    c["chi_squared_quantile"] = rows
    mp.dps = 60
    rows = []
    for x, d1, d2 in [(0.1, 1, 1), (1.0, 2, 5), (2.5, 3, 40), (4.0, 10, 10), (0.3, 25, 7), (9.0, 1, 1000), (1e-8, 4, 4), (1e6, 4, 4)]:
        low, high = beta_tails(mpf(d1) / 2, mpf(d2) / 2, mpf(x) * d1 / (mpf(x) * d1 + d2))
        rows.append([x, float(d1), float(d2), nearest(low), nearest(high)])
    c["f"] = rows
    rows = []
    for k, n, p in [(0, 1, 0.5), (3, 10, 0.3), (9, 10, 0.9), (50, 100, 0.5), (5, 1000, 0.01), (950, 1000, 0.9), (100, 1000, 0.5), (90210, 100000, 0.9), (2, 1000000, 1e-6)]:
        mass = lambda j: mp.binomial(n, j) * mpf(p) ** j * (1 - mpf(p)) ** (n - j)
        low, high = beta_tails(mpf(k) + 1, mpf(n - k), mpf(p))[::-1] if k < n else (mpf(1), mpf(0))
        rows.append([k, n, p, nearest(mass(k)), nearest(low), nearest(high)])
    c["binomial"] = rows
    rows = []
    for k, n, a, b in [(0, 1, 1.0, 1.0), (3, 10, 0.5, 0.5), (10, 10, 2.0, 3.0), (90, 100, 91.0, 10.0), (80, 100, 91.0, 10.0), (99, 100, 91.0, 10.0), (880, 1000, 451.0, 50.0), (4400, 5000, 901.0, 100.0), (2, 50, 1e-3, 5.0), (450, 1000, 4321.5, 4321.5)]:
        base = ln_beta(a, b)
        mass = lambda j: mp.binomial(n, j) * mp.exp(ln_beta(j + mpf(a), n - j + mpf(b)) - base)
        low = mp.fsum(mass(j) for j in range(k + 1))
        high = mp.fsum(mass(j) for j in range(k + 1, n + 1))
        rows.append([k, n, a, b, nearest(mass(k)), nearest(low), nearest(high)])
    c["beta_binomial"] = rows
    write("special.json", c)


if __name__ == "__main__":
    wanted = sys.argv[1:] or ["scalars", "special"]
    for name in wanted:
        globals()[name]()
