"""Reference values of the composites of wonderland-autodiff.

Writes crates/autodiff/testdata/composites.json: for each function a list of
[x, f(x), f'(x), x f''(x)], computed with 60 digits by mpmath 1.4 and rounded
to binary64. Derivatives are numerical ones of the 60-digit function.

    python xtask/refs/autodiff.py
"""

import json
import pathlib

import mpmath as mp

mp.mp.dps = 60
one = mp.mpf(1)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    # log1p keeps the digits where e^x is below 10^-60.
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


def elu(x, a=one):
    return x if x > 0 else a * mp.expm1(x)


def log1mexp(x):
    if x <= 0:
        return None
    return mp.log(-mp.expm1(-x)) if x < 1 else mp.log1p(-mp.exp(-x))


def huber(x):
    return x * x / 2 if abs(x) <= 1 else abs(x) - one / 2


FUNCTIONS = {
    "sigmoid": sigmoid,
    "softplus": softplus,
    "log_sigmoid": lambda x: -softplus(-x),
    "tanh": mp.tanh,
    "exp_m1": mp.expm1,
    "ln_1p": lambda x: mp.log1p(x) if x > -1 else None,
    "log1mexp": log1mexp,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "atan": mp.atan,
    "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
    "gelu_tanh": lambda x: x
    * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3)),
    "silu": lambda x: x * sigmoid(x),
    "mish": lambda x: x * mp.tanh(softplus(x)),
    "elu": elu,
    "softsign": lambda x: x / (1 + abs(x)),
    "huber": huber,
}

GRID = [s * m * 10.0**e for e in range(-12, 3) for m in (1.0, 3.7) for s in (1, -1)]


def rows(name, f):
    out = []
    for x in GRID:
        x = mp.mpf(x)
        # Single precision runs on the same points: e^80 is finite there.
        if f(x) is None or (name == "exp_m1" and x > 80):
            continue
        # A step far below every scale of the functions, far above 10^-60.
        h = mp.mpf(10) ** -18 * abs(x)
        slope = (f(x + h) - f(x - h)) / (2 * h)
        bend = (f(x + h) - 2 * f(x) + f(x - h)) / (h * h)
        out.append([float(x), float(f(x)), float(slope), float(x * bend)])
    return out


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    target = root / "crates/autodiff/testdata/composites.json"
    table = {name: rows(name, f) for name, f in FUNCTIONS.items()}
    lines = []
    for name, entries in table.items():
        body = ",\n".join("    " + json.dumps(row) for row in entries)
        lines.append(f'  "{name}": [\n{body}\n  ]')
    header = f'  "tool": "mpmath {mp.__version__}, 60 digits, xtask/refs/autodiff.py",\n'
    target.write_text("{\n" + header + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
