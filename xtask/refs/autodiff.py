"""Reference values of the composites of wonderland-autodiff.

Writes crates/autodiff/testdata/composites.json: for each function of d numbers
with c results a list of rows [x, f(x), J, B], flattened: the Jacobian J ~ (c, d)
and B ~ (c, d), the sums of |x_k dJ/dx_k|. Computed with 300 digits by mpmath 1.4
and rounded to binary64; derivatives are differences of the 300-digit function.

    python xtask/refs/autodiff.py
"""

import json
import pathlib

import mpmath as mp

mp.mp.dps = 300
one = mp.mpf(1)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    # log1p keeps the digits where e^x is below 10^-300.
    return mp.log1p(mp.exp(x)) if x < 0 else x + mp.log1p(mp.exp(-x))


def elu(x, a=one):
    return x if x > 0 else a * mp.expm1(x)


def log1mexp(x):
    if x <= 0:
        return None
    return mp.log(-mp.expm1(-x)) if x < 1 else mp.log1p(-mp.exp(-x))


def huber(x):
    return x * x / 2 if abs(x) <= 1 else abs(x) - one / 2


def logsumexp(x):
    return mp.log(mp.fsum(mp.exp(v) for v in x))


def layer_norm(x):
    mean = mp.fsum(x) / len(x)
    variance = mp.fsum((v - mean) ** 2 for v in x) / len(x)
    return [(v - mean) / mp.sqrt(variance + mp.mpf(1e-5)) for v in x]


def norm(x):
    return mp.sqrt(mp.fsum(v * v for v in x))


def clamp(x, low, high):
    return min(max(x, low), high)


def hard_sigmoid(x):
    return clamp(x / 6 + one / 2, 0, 1)


def one_number(f):
    return 1, lambda x: f(*x)


# Arguments, and the function of a list of them; one result or a list.
FUNCTIONS = {
    "sigmoid": one_number(sigmoid),
    "tanh": one_number(mp.tanh),
    "softplus": one_number(softplus),
    "exp_m1": one_number(mp.expm1),
    "ln_1p": one_number(lambda x: mp.log1p(x) if x > -1 else None),
    "erf": one_number(mp.erf),
    "erfc": one_number(mp.erfc),
    "atan": one_number(mp.atan),
    "log_sigmoid": one_number(lambda x: -softplus(-x)),
    "log1mexp": one_number(log1mexp),
    "gelu": one_number(lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2),
    "gelu_tanh": one_number(
        lambda x: x * sigmoid(2 * mp.sqrt(2 / mp.pi) * (x + mp.mpf(0.044715) * x**3))
    ),
    "silu": one_number(lambda x: x * sigmoid(x)),
    "mish": one_number(lambda x: x * mp.tanh(softplus(x))),
    "elu": one_number(elu),
    "selu": one_number(
        lambda x: mp.mpf(1.0507009873554805) * elu(x, mp.mpf(1.6732632423543773))
    ),
    "leaky_relu": one_number(lambda x: x if x > 0 else mp.mpf(0.01) * x),
    "hard_tanh": one_number(lambda x: clamp(x, -1, 1)),
    "hard_sigmoid": one_number(hard_sigmoid),
    "hard_swish": one_number(lambda x: x * hard_sigmoid(x)),
    "softsign": one_number(lambda x: x / (1 + abs(x))),
    "huber": one_number(huber),
    "hinge": one_number(lambda x: max(mp.mpf(0), 1 + x)),
    "pinball": one_number(lambda x: max(mp.mpf(0.3) * x, (mp.mpf(0.3) - 1) * x)),
    "logistic_loss": one_number(softplus),
    "logaddexp": (2, logsumexp),
    "xlogy": (2, lambda x: x[0] * mp.log(x[1]) if x[1] > 0 else None),
    "safe_div": (2, lambda x: x[0] / x[1]),
    "safe_norm": (3, norm),
    "squared_distances": (4, lambda x: (x[0] - x[2]) ** 2 + (x[1] - x[3]) ** 2),
    "layer_norm": (3, layer_norm),
    "log_softmax": (3, lambda x: [v - logsumexp(x) for v in x]),
    "cross_entropy": (3, lambda x: logsumexp(x) - x[1]),
}

GRID = [s * m * 10.0**e for e in range(-12, 3) for m in (1.0, 3.7) for s in (1, -1)]


def points(d):
    """The grid itself, or as many points of which each coordinate is of it."""
    if d == 1:
        return [[x] for x in GRID]
    state, out = 12345, []
    for _ in range(len(GRID)):
        point = []
        for _ in range(d):
            state = (state * 1103515245 + 12345) % 2**31
            # The larger half more often: tiny numbers beside large ones vanish.
            k = state // 65536 % (2 * len(GRID))
            point.append(GRID[k] if k < len(GRID) else GRID[len(GRID) // 2 + k // 2 % (len(GRID) // 2)])
        out.append(point)
    return out


def rows(name, d, f):
    def values(x):
        y = f(x)
        return y if y is None or isinstance(y, list) else [y]

    def steps(x, k):
        # A step far below every scale of the functions, far above 10^-300.
        h = mp.mpf(10) ** -60 * abs(x[k])
        return h, x[:k] + [x[k] + h] + x[k + 1 :], x[:k] + [x[k] - h] + x[k + 1 :]

    def jacobian(x):
        out = []
        for k in range(d):
            h, up, down = steps(x, k)
            out.append([(a - b) / (2 * h) for a, b in zip(values(up), values(down))])
        return out

    out = []
    for point in points(d):
        x = [mp.mpf(v) for v in point]
        y = values(x)
        # Single precision runs on the same points: e^80 is finite there.
        if y is None or (name == "exp_m1" and x[0] > 80):
            continue
        J = jacobian(x)
        B = [[mp.mpf(0)] * len(y) for _ in range(d)]
        for k in range(d):
            h, up, down = steps(x, k)
            above, below = jacobian(up), jacobian(down)
            for j in range(d):
                for i in range(len(y)):
                    B[j][i] += abs(x[k] * (above[j][i] - below[j][i]) / (2 * h))
        # Differences leave noise of this size where the exact value is 0.
        noise = lambda i, j: mp.mpf(10) ** -175 * abs(y[i] / x[j])
        flat = lambda M: [
            M[j][i] if abs(M[j][i]) > noise(i, j) else mp.mpf(0) for i in range(len(y)) for j in range(d)
        ]
        out.append([float(v) for v in x + y + flat(J) + flat(B)])
    return out


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    target = root / "crates/autodiff/testdata/composites.json"
    table = {name: rows(name, *f) for name, f in FUNCTIONS.items()}
    lines = []
    for name, entries in table.items():
        body = ",\n".join("    " + json.dumps(row) for row in entries)
        lines.append(f'  "{name}": [\n{body}\n  ]')
    header = f'  "tool": "mpmath {mp.__version__}, {mp.mp.dps} digits, xtask/refs/autodiff.py",\n'
    target.write_text("{\n" + header + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
