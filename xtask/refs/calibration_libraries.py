"""What MAPIE, crepes, relplot and scikit-learn answer, for crates/calibration.

environment: peers
tolerance: 1e-12

Where a library is right its value is the reference. Where it is not, its
answer stands beside the exact one of fractions, under `exact`, and the test
holds us to that. The versions are those of xtask/python.
"""

import json
import warnings
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import crepes
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

OUT = Path(__file__).resolve().parents[2] / "crates" / "calibration" / "testdata"
rng = np.random.default_rng(20240301)


def write(name, tools, data):
    head = {
        "tools": {t: version(t) for t in tools},
        "script": "xtask/refs/calibration_libraries.py",
    }
    lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in {**head, **data}.items()]
    (OUT / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")


class Column(RegressorMixin, BaseEstimator):
    """A regressor whose predictions were made elsewhere: column k of X."""

    fitted_ = True

    def __init__(self, k=0):
        self.k = k

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.asarray(X)[:, self.k]


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose samples are probabilities already."""

    fitted_ = True

    def __init__(self, n_classes=2):
        self.n_classes = n_classes

    def fit(self, X, y):
        return self

    @property
    def classes_(self):
        return np.arange(self.n_classes)

    def predict_proba(self, X):
        return np.asarray(X)

    def predict(self, X):
        return np.asarray(X).argmax(axis=1)


def split_intervals():
    """Intervals of fixed predictions: MAPIE's, and crepes' with difficulties."""
    from mapie.regression import ConformalizedQuantileRegressor, SplitConformalRegressor

    n, new = 50, 8  # (n + 1)(1 − α) = 45.9: no rounding decides the rank
    y = rng.normal(size=n + new)
    y_hat = y + 0.5 * rng.normal(size=n + new)
    scale = rng.uniform(0.3, 2.0, n + new)
    lo, hi = y_hat - rng.uniform(0.1, 1.0, n + new), y_hat + rng.uniform(0.1, 1.0, n + new)
    X = np.c_[lo, hi, y_hat]
    split = SplitConformalRegressor(Column(2), confidence_level=0.9, prefit=True)
    split.conformalize(X[:n], y[:n])
    quantile = ConformalizedQuantileRegressor(
        [Column(0), Column(1), Column(2)], confidence_level=0.9, prefit=True
    )
    quantile.conformalize(X[:n], y[:n])
    cqr = lambda symmetric: quantile.predict_interval(X[n:], symmetric_correction=symmetric)[1]
    normalised = crepes.ConformalRegressor().fit((y - y_hat)[:n], sigmas=scale[:n])
    write(
        "intervals.json",
        ["MAPIE", "crepes", "numpy"],
        {
            "n": n,
            "y": y.tolist(),
            "y_hat": y_hat.tolist(),
            "scale": scale.tolist(),
            "lo": lo.tolist(),
            "hi": hi.tolist(),
            "split": split.predict_interval(X[n:])[1][:, :, 0].tolist(),
            "cqr_symmetric": cqr(True)[:, :, 0].tolist(),
            "cqr": cqr(False)[:, :, 0].tolist(),
            "normalised": normalised.predict_int(
                y_hat[n:], sigmas=scale[n:], confidence=0.9
            ).tolist(),
        },
    )


def cross_intervals():
    """MAPIE's jackknife+, CV+ and minmax around straight lines; the lines' own
    predictions are stored, so that only the intervals are compared."""
    from mapie.regression import CrossConformalRegressor
    from sklearn.base import clone
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import KFold, LeaveOneOut

    n, new = 30, 6
    X = rng.normal(size=(n + new, 1))
    y = 2.0 * X[:, 0] + rng.normal(size=n + new)
    cases = []
    for name, folds in [("jackknife", LeaveOneOut()), ("cv", KFold(5))]:
        fold, out_of_fold, columns = np.zeros(n, int), np.zeros(n), []
        for k, (train, held_out) in enumerate(folds.split(X[:n])):
            line = clone(LinearRegression()).fit(X[train], y[train])
            fold[held_out], out_of_fold[held_out] = k, line.predict(X[held_out])
            columns.append(line.predict(X[n:]))
        case = {
            "name": name,
            "fold": fold.tolist(),
            "out_of_fold": out_of_fold.tolist(),
            "predictions": np.column_stack(columns).tolist(),
        }
        for method in ("plus", "minmax"):
            model = CrossConformalRegressor(
                LinearRegression(), confidence_level=0.8, method=method, cv=folds
            )
            model.fit_conformalize(X[:n], y[:n])
            case[method] = model.predict_interval(X[n:])[1][:, :, 0].tolist()
        cases.append(case)
    write("cross.json", ["MAPIE", "scikit-learn"], {"y": y[:n].tolist(), "cases": cases})


def ranks():
    """Sizes and levels at which floats choose another rank than fractions do.

    The scores are 1, …, n, so that the half-width is the rank."""
    from mapie.regression import SplitConformalRegressor

    rows = []
    for n in range(2, 60):
        scores = np.arange(1.0, n + 1)
        X = np.zeros((n, 1))
        by_crepes = crepes.ConformalRegressor().fit(scores)
        for a, d in [(1, 10), (1, 20), (1, 5), (1, 3), (3, 10), (7, 20)]:
            exact = n + 1 - (n + 1) * a // d
            if exact > n:
                continue
            level = 1 - a / d
            mapie = SplitConformalRegressor(Column(), confidence_level=level, prefit=True)
            mapie.conformalize(X, scores)
            try:
                found = int(mapie.predict_interval(X[:1])[1][0, 1, 0])
            except ValueError:  # it takes the samples for too few
                found = None
            end = by_crepes.predict_int(np.zeros(1), confidence=level)[0, 1]
            theirs = None if np.isinf(end) else int(end)
            if (found, theirs) != (exact, exact):
                rows.append([a, d, n, exact, found, theirs])
    write(
        "ranks_in_floats.json",
        ["MAPIE", "crepes"],
        {"columns": ["a", "d", "n", "exact", "mapie", "crepes"], "rows": rows},
    )


def classes():
    """Multiclass errors and scores by fractions, and where libraries agree."""
    from mapie.classification import SplitConformalClassifier
    from mapie.metrics.calibration import expected_calibration_error, top_label_ece
    from scipy.special import softmax
    from sklearn.calibration import _TemperatureScaling
    from sklearn.metrics import brier_score_loss, log_loss

    n, m, n_bins = 240, 4, 10
    Z = np.round(2.0 * rng.normal(size=(n, m)), 2)
    P = softmax(Z, axis=1)
    labels = np.array([rng.choice(m, p=row) for row in softmax(0.6 * Z, axis=1)])
    top, confidence = P.argmax(axis=1), P.max(axis=1)

    def gaps(p, hits):
        bins = {}
        for q, hit in zip(p.tolist(), hits.tolist()):
            q = Fraction(q)
            edge = -int(-q * n_bins // 1) - 1  # ⌈10 q⌉ − 1: closed on the right
            bins.setdefault(max(edge, 0), []).append(int(hit) - q)
        return bins.values()

    ece = lambda p, hits: sum(abs(sum(g)) for g in gaps(p, hits)) / len(p)
    parts = [(top == k) for k in range(m) if (top == k).any()]
    of_class = [ece(confidence[rows], (labels == top)[rows]) for rows in parts]
    weighted = sum(int(rows.sum()) * e for rows, e in zip(parts, of_class)) / n
    spread = gaps(confidence, labels == top)
    cells = ((Fraction(q), int(k == y)) for row, y in zip(P.tolist(), labels) for k, q in enumerate(row))
    brier = sum((q - t) ** 2 for q, t in cells) / n

    half = n // 2
    lac = SplitConformalClassifier(
        Given(m), confidence_level=0.85, conformity_score="lac", prefit=True
    )
    lac.conformalize(P[:half], labels[:half])
    write(
        "classes.json",
        ["MAPIE", "scikit-learn", "scipy"],
        {
            "Z": Z.tolist(),
            "P": P.tolist(),
            "labels": labels.tolist(),
            "n_bins": n_bins,
            "exact": {
                "confidence_ece": float(ece(confidence, labels == top)),
                "confidence_mce": float(max(abs(sum(g)) / len(g) for g in spread)),
                "classwise_ece": float(sum(ece(P[:, k], labels == k) for k in range(m)) / m),
                "top_label_ece": float(weighted),
                "brier": float(brier),
            },
            # One bin more is asked for: MAPIE counts the edges.
            "mapie_confidence_ece": expected_calibration_error(
                (labels == top).astype(int), confidence, n_bins + 1, "uniform"
            ),
            "mapie_classwise_ece": expected_calibration_error(
                labels, P, n_bins + 1, "uniform", classwise=True, class_labels=labels
            ),
            "mapie_top_label_ece": top_label_ece(
                labels, P, num_bins=n_bins + 1, split_strategy="uniform"
            ),
            "unweighted_top_label_ece": float(sum(of_class) / len(of_class)),
            "sklearn_brier": brier_score_loss(labels, P, labels=range(m), scale_by_half=False),
            "sklearn_log_loss": log_loss(labels, P, labels=range(m)),
            "sklearn_beta": _TemperatureScaling().fit(Z, labels).beta_,
            "n": half,
            "mapie_lac": lac.predict_set(P[half:])[1][:, :, 0].astype(int).tolist(),
        },
    )


def tests_of_risk():
    """p-values of Spiegelhalter and of Hoeffding and Bentkus by MAPIE."""
    from mapie.metrics.calibration import spiegelhalter_p_value, spiegelhalter_statistic
    from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value

    spiegelhalter = []
    for power in (0.5, 1.0, 2.0):  # under-confident, calibrated, over-confident
        p = np.round(rng.uniform(0.02, 0.98, 80), 2)
        odds = (p / (1 - p)) ** (1 / power)
        y = (rng.uniform(size=80) < odds / (1 + odds)).astype(int)
        spiegelhalter.append(
            {
                "p": p.tolist(),
                "y": y.tolist(),
                "z": float(spiegelhalter_statistic(y, p)),
                "mapie_p": spiegelhalter_p_value(y, p),
            }
        )
    bentkus = []
    for n, alpha in [(64, 0.1), (128, 0.25), (32, 0.5)]:  # k/n · n is exact
        for k in (0, 1, n // 16, n // 8):
            value = compute_hoeffding_bentkus_p_value(np.array([k / n]), n, alpha)
            bentkus.append([n, alpha, k, float(value[0, 0])])
    write(
        "risk.json", ["MAPIE"], {"spiegelhalter": spiegelhalter, "hoeffding_bentkus": bentkus}
    )


def smooth():
    """relplot's smooth error: on its grid of 1/1000, with a kernel that is cut
    at a half and ends that count half."""
    import relplot

    p = rng.uniform(0.15, 0.85, 400)
    y = (rng.uniform(size=400) < 0.5).astype(float)  # gaps of both signs
    inside = [[s, relplot.smECE_sigma(p, y, s)] for s in (0.02, 0.05, 0.1)]
    ends = []
    for q, t in [([1, 1, 0.5, 0.5], [1, 1, 0, 0]), ([0, 1], [1, 0])]:
        q, t = np.array(q, float), np.array(t, float)
        ends.append({"p": q.tolist(), "y": t.tolist(), "relplot": relplot.smECE(q, t)})
    write(
        "relplot.json",
        ["relplot"],
        {
            "p": p.tolist(),
            "y": y.astype(int).tolist(),
            "binned_10": relplot.metrics.binnedECE(p, y, 10),
            "at_sigma": inside,
            "smooth": relplot.smECE(p, y),
            "ends": ends,
        },
    )


def no_optimum():
    """What is returned where the best temperature, or the log loss, is at an end."""
    from sklearn.calibration import _TemperatureScaling
    from sklearn.metrics import log_loss

    Z = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 0.0]])
    beta = lambda labels: float(_TemperatureScaling().fit(Z, np.array(labels)).beta_)
    write(
        "no_optimum.json",
        ["scikit-learn"],
        {
            "Z": Z.tolist(),
            "all_right": {"labels": [0, 1, 0], "sklearn_beta": beta([0, 1, 0])},
            "all_wrong": {"labels": [1, 0, 1], "sklearn_beta": beta([1, 0, 1])},
            "impossible": {"p": [0.0, 0.5], "y": [1, 0], "sklearn": log_loss([1, 0], [0.0, 0.5])},
        },
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # crepes switches them on
    split_intervals()
    cross_intervals()
    ranks()
    classes()
    tests_of_risk()
    smooth()
    no_optimum()
