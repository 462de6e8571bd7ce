"""The largest error of each elementary function on random arguments.

    random_arguments.py FOLDER

FOLDER holds a file per function, its arguments and behind them its values, as
`peers random FOLDER` writes them. Values are compared with mpmath's at 120 bits,
in units of the last place of the double nearest to the exact value.
"""

import math
import multiprocessing
import sys
from array import array
from pathlib import Path

from mpmath import mp, mpf

mp.prec = 120

EXACT = {
    "exp": mp.exp,
    "expm1": mp.expm1,
    "ln": mp.log,
    "ln1p": mp.log1p,
    "tanh": mp.tanh,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "erf": mp.erf,
    "erfc": mp.erfc,
    "sin": mp.sin,
    "cos": mp.cos,
    "atan": mp.atan,
}


def worst(path):
    """Name, number of arguments, largest error and where it is."""
    numbers = array("d")
    numbers.frombytes(path.read_bytes())
    n = len(numbers) // 2
    exact, found = EXACT[path.name], (0.0, 0.0)
    for x, y in zip(numbers[:n], numbers[n:]):
        truth = exact(mpf(x))
        off = float(abs(mpf(y) - truth)) / math.ulp(float(truth))
        if not off <= found[0]:
            found = (off, x)
    return path.name, n, *found


def main():
    files = sorted(Path(sys.argv[1]).iterdir())
    beyond = []
    with multiprocessing.Pool() as pool:
        for name, n, off, x in pool.imap(worst, files):
            print(f"{name:<10} {off:.3f} ulp at {x!r} of {n} arguments", flush=True)
            if not off <= 2.0:
                beyond.append(name)
    if beyond:
        sys.exit(f"more than 2 ulp off: {', '.join(beyond)}")


main()
