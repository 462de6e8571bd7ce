"""Calibration errors, recalibration and conformal sets in Python libraries.

Peers are called as their documentation does, without copies of ours; what has
no library stands here as the vectorised NumPy that one would write.
"""

import sys
from pathlib import Path
from unittest.mock import MagicMock

import numpy as np

from protocol import serve

CLASSES = 10
HELD_OUT = 100_000
ALPHA = 0.1


def classes(folder, head, n):
    scores = np.fromfile(folder / f"{head}scores.f64", dtype="<f8").reshape(n, CLASSES)
    return scores, np.fromfile(folder / f"{head}labels.f64", dtype="<f8").astype(np.int64)


def confidence_ece(P, labels, truth):
    edges = np.arange(16) / 15

    def work():
        confidence = P.max(axis=1)
        hit = P.argmax(axis=1) == labels
        bins = np.searchsorted(edges[1:-1], confidence)
        gaps = np.bincount(bins, hit, 15) - np.bincount(bins, confidence, 15)
        return np.abs(gaps).sum() / len(labels)

    return work, lambda found: abs(found - truth[0]) / truth[0]


def temperature(Z, labels, truth):
    from sklearn.calibration import _TemperatureScaling

    # What CalibratedClassifierCV(method="temperature") fits on the scores.
    def work():
        return _TemperatureScaling().fit(Z, labels).beta_

    return work, lambda found: abs(found - truth[0]) / truth[0]


def smooth_ece(p, y, truth):
    import relplot

    return lambda: relplot.smECE(p, y), lambda found: abs(found - truth[0])


def isotonic(peer, y, truth):
    if peer == "sklearn-isotonic_regression":
        from sklearn.isotonic import isotonic_regression

        work = lambda: isotonic_regression(y)
    else:
        from scipy.optimize import isotonic_regression

        work = lambda: isotonic_regression(y).x
    return work, lambda found: np.max(np.abs(found - truth))


def venn_abers(p, y, queries, truth):
    from venn_abers import VennAbers

    calibration, test = np.column_stack([1 - p, p]), np.column_stack([1 - queries, queries])

    def work():
        model = VennAbers()
        model.fit(calibration, y)
        return model.predict_proba(test)[0][:, 1]

    return work, lambda found: np.max(np.abs(found[: len(truth)] - truth))


def coverage_error(labels):
    def error(sets):
        inside = np.asarray(sets)[np.arange(len(labels)), np.asarray(labels)]
        return abs(inside.mean() - (1 - ALPHA))

    return error


def sets_by_numpy(score, held_out, new):
    rng = np.random.default_rng(0)

    def scores(P):
        if score == "lac":
            return 1 - P
        order = np.argsort(-P, axis=1, kind="stable")
        ranked = np.take_along_axis(P, order, axis=1)
        mass = np.cumsum(ranked, axis=1) - rng.random((len(P), 1)) * ranked
        found = np.empty_like(mass)
        np.put_along_axis(found, order, mass, axis=1)
        return found

    def work():
        P, labels = held_out
        own = scores(P)[np.arange(len(P)), labels]
        rank = len(own) + 1 - int((len(own) + 1) // round(1 / ALPHA))
        return scores(new[0]) <= np.partition(own, rank - 1)[rank - 1]

    return work, coverage_error(new[1])


def sets_by_mapie(score, held_out, new):
    from mapie.classification import SplitConformalClassifier
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Given(ClassifierMixin, BaseEstimator):
        """Its samples are probabilities already."""

        classes_ = np.arange(CLASSES)

        def fit(self, X, y):
            return self

        def __sklearn_is_fitted__(self):
            return True

        def predict_proba(self, X):
            return X

        def predict(self, X):
            return X.argmax(axis=1)

    def work():
        model = SplitConformalClassifier(
            Given(), confidence_level=1 - ALPHA, conformity_score=score, prefit=True, random_state=0
        )
        model.conformalize(*held_out)
        arguments = {"include_last_label": "randomized"} if score == "aps" else {}
        return model.predict_set(new[0], conformity_score_params=arguments)[1][:, :, 0]

    return work, coverage_error(new[1])


def sets_by_torchcp(score, held_out, new):
    import torch

    # Installed without what its losses, graphs and language models need, which
    # it imports all the same.
    others = ["torchsort", "transformers", "torch_geometric", "torch_geometric.nn"]
    others += ["torch_geometric.loader", "torch_geometric.utils", "torch_geometric.utils.convert"]
    for name in others:
        sys.modules.setdefault(name, MagicMock())
    from torchcp.classification.predictor import SplitPredictor
    from torchcp.classification.score import APS, LAC

    (P, labels), (new_P, new_labels) = [tuple(map(torch.from_numpy, part)) for part in (held_out, new)]

    def work():
        kind = APS if score == "aps" else LAC
        model = SplitPredictor(kind(score_type="identity"), alpha=ALPHA)
        model.calculate_threshold(P, labels)
        return model.predict_with_logits(new_P)

    return work, coverage_error(new_labels)


def prepare(workload, peer, folder):
    folder = Path(folder)
    task, size = workload.rsplit("-", 1)
    n = int(size)
    if task in ("aps", "lac"):
        held_out, new = classes(folder, "held_out_", HELD_OUT), classes(folder, "", n)
        by = {"numpy": sets_by_numpy, "mapie": sets_by_mapie, "torchcp": sets_by_torchcp}[peer]
        return by(task, held_out, new)
    truth = np.fromfile(folder / "truth.f64", dtype="<f8")
    if task in ("ece", "temperature"):
        return (confidence_ece if task == "ece" else temperature)(*classes(folder, "", n), truth)
    p = np.fromfile(folder / "p.f64", dtype="<f8")
    y = np.fromfile(folder / "y.f64", dtype="<f8")
    if task == "smooth-ece":
        return smooth_ece(p, y, truth)
    if task == "pav":
        return isotonic(peer, y, truth)
    return venn_abers(p, y.astype(int), np.fromfile(folder / "queries.f64", dtype="<f8"), truth)


if __name__ == "__main__":
    serve(prepare)
