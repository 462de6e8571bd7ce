"""Reference values for `wonderland-models`: quantiles of Student's t distribution.

mpmath solves for the quantile with 40 digits; SciPy (printed as a check on the
script itself) agrees to about 1e-14.
"""

import json
import pathlib
import sys

import mpmath
import scipy
from scipy import stats

mpmath.mp.dps = 40


def quantile(confidence, df):
    tail = (1 - mpmath.mpf(confidence)) / 2
    df = mpmath.mpf(df)

    def upper_tail(t):
        x = df / (df + t * t)
        return mpmath.betainc(df / 2, mpmath.mpf(1) / 2, 0, x, regularized=True) / 2

    start = mpmath.mpf(float(stats.t.isf(float(tail), float(df))))
    return mpmath.findroot(lambda t: mpmath.log(upper_tail(t)) - mpmath.log(tail), start)


def main(path):
    rows = []
    for df in [1, 1.5, 2, 3, 5, 10, 29, 30.25, 100, 353, 1000, 20432, 1e6]:
        for confidence in [0.5, 0.9, 0.95, 0.99, 0.999999]:
            t = quantile(confidence, df)
            assert abs(float(t) / float(stats.t.isf((1 - confidence) / 2, df)) - 1) < 1e-8
            rows.append({"confidence": confidence, "df": df, "t": mpmath.nstr(t, 20)})
    text = json.dumps(
        {
            "source": f"xtask/refs/models.py with mpmath {mpmath.__version__}, SciPy {scipy.__version__}",
            "student_t": rows,
        },
        indent=1,
    )
    pathlib.Path(path).write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "crates/models/testdata/student_t.json")
