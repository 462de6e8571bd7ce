"""What netcal answers on the samples of crates/calibration/testdata.

environment: peers-torch
tolerance: 1e-6

netcal needs PyTorch, so this runs with `cargo xtask refs --with torch` only;
without, the stored values stay. Its scalings stop at about seven digits.
"""

import json
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
from netcal.binning import HistogramBinning
from netcal.metrics import ACE, ECE, MCE
from netcal.scaling import LogisticCalibration, TemperatureScaling

OUT = Path(__file__).resolve().parents[2] / "crates" / "calibration" / "testdata"
BINS = 10


def read(name):
    return json.loads((OUT / name).read_text())


def errors(p, y):
    measures = {"ece": ECE, "mce": MCE, "mean_gap": ACE}
    return {key: float(measure(BINS).measure(p, y)) for key, measure in measures.items()}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    classes, binary, edges = read("classes.json"), read("binary.json"), read("edges.json")
    P, labels = np.array(classes["P"]), np.array(classes["labels"])
    p, y = np.array(binary["p"]), np.array(binary["y"])
    temperature, platt = TemperatureScaling(), LogisticCalibration()
    temperature.fit(P, labels)
    platt.fit(p, y)
    histogram, queries = HistogramBinning(BINS).fit(p, y), np.linspace(0.05, 0.95, 10)
    sparse = HistogramBinning(BINS).fit(np.array([0.05, 0.95]), np.array([0, 1]))
    data = {
        "tools": {t: version(t) for t in ("netcal", "torch")},
        "script": "xtask/refs/calibration_netcal.py",
        "n_bins": BINS,
        "classes": errors(P, labels),
        "binary": errors(p, y),
        "edges": errors(np.array(edges["p"]), np.array(edges["y"])),
        "beta": float(np.ravel(temperature.temperature)[0]),
        "platt_slope": float(platt.weights[0]),
        "platt_intercept": float(np.ravel(platt.intercept)[0]),
        "queries": queries.tolist(),
        "histogram": histogram.transform(queries).tolist(),
        "empty_bins": sparse.transform(queries).tolist(),
    }
    lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in data.items()]
    (OUT / "netcal.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
