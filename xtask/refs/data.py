"""Reference values of wonderland-data: powers rounded once, from exact rationals.

Only the standard library is used: `Fraction` is exact, and its conversion to a
float is one correct rounding, whatever the version of Python.
"""

import json
import pathlib
import random
import struct
from fractions import Fraction


def rounded(q):
    """The binary64 nearest to an exact rational, ties to even, as Python's float() of a Fraction."""
    try:
        return float(q)
    except OverflowError:
        return float("inf") if q > 0 else float("-inf")


def bits(x):
    return "%016x" % struct.unpack(">Q", struct.pack(">d", x))[0]


def main(path):
    rng = random.Random(20)
    points = [-6.860120914, -4.324130045, 0.1, 3.0, 1 + 2**-52, 1 - 2**-53, 2.0**-30,
              5e-324, -5e-324, 1e-160, 1.5e-162, 1e154, -1.3407807929942596e154, 1.7e308,
              2.0**-537, 3 * 2.0**-538, 2.0**-358, 7.4109846876186981e-17 * 1e-91, 134217729.0,
              94906265.62425156, 2.0**512, 2.0**511 * (2 - 2**-52), 9007199254740991.0]
    points += [rng.uniform(-10, 10) for _ in range(40)]
    points += [rng.uniform(0.5, 2) * 2.0 ** rng.randrange(-400, 400) for _ in range(40)]
    points += [float(rng.randrange(1, 2**18)) for _ in range(10)]
    degree = 12
    cases = [{"x": bits(x), "powers": [bits(x if k == 1 else rounded(Fraction(x) ** k)) for k in range(1, degree + 1)]}
             for x in points]
    text = json.dumps({"source": "xtask/refs/data.py with Python's fractions", "cases": cases}, indent=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


main(pathlib.Path("crates/data/testdata/powers.json"))
