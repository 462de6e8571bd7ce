"""The tables of docs/RESULTS.md: our program beside scikit-learn and NumPy.

    python xtask/peers/results.py PROGRAM FOLDER [--tabular FOLDER] [--mnist FOLDER]

Prints a JSON object from the name of a table to its Markdown. FOLDER takes the
rows of each split, so that both sides fit and test on exactly the same. The
tabular folder holds california_housing.csv and adult.csv, numbers with a header
line and the target last; without it the tables have the built-in sets only. The
folder of MNIST holds its four IDX files, packed by gzip, under their own names.
"""

import argparse
import csv
import gzip
import json
import math
import subprocess
import sys
import time
import warnings
from pathlib import Path
from statistics import mean, median, stdev

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeCV
from sklearn.metrics import accuracy_score, log_loss, r2_score, root_mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(5)


def fit(program, *words):
    """What `wonderland fit … --json` prints."""
    done = subprocess.run(
        [program, "fit", *map(str, words), "--json", "--quiet"], capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"wonderland fit {' '.join(map(str, words))}: {done.stderr}")
    return json.loads(done.stdout)


def read(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))
    return rows[0], np.array(rows[1:], dtype=float)


def write(path, names, rows):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([repr(float(x)) for x in row] for row in rows)


def tabular(name):
    """The path of a larger set, in a list; empty where it was not given."""
    return [(name, options.tabular / f"{name}.csv")] if options.tabular else []


def accuracy(program, folder):
    """R² and RMSE on the test fifth, mean ± standard deviation over five splits."""
    peers = {
        "linear": lambda: LinearRegression(),
        "ridge": lambda: make_pipeline(StandardScaler(), RidgeCV(np.logspace(-3, 3, 25))),
    }
    lines = [
        "| set | model | R², wonderland | R², scikit-learn | RMSE, wonderland | RMSE, scikit-learn |",
        "|---|---|---|---|---|---|",
    ]
    sets = [("diabetes", ROOT / "crates/data/assets/uci/diabetes.csv")]
    for name, path in sets + tabular("california_housing"):
        names, rows = read(path)
        for model, make in peers.items():
            ours, theirs = [], []
            for seed in SEEDS:
                train, test = train_test_split(rows, test_size=0.2, random_state=seed)
                paths = [folder / f"{name}-{seed}-{part}.csv" for part in ("train", "test")]
                write(paths[0], names, train)
                write(paths[1], names, test)
                words = ["--target", names[-1], "--task", "regression", "--model", model]
                metrics = fit(program, paths[0], *words, "--test", paths[1])["metrics"]
                ours.append((metrics["r2"], metrics["rmse"]))
                found = make().fit(train[:, :-1], train[:, -1]).predict(test[:, :-1])
                theirs.append(
                    (r2_score(test[:, -1], found), root_mean_squared_error(test[:, -1], found))
                )
            cells = [
                f"{mean(side[k] for side in sides):.3f} ± {stdev(side[k] for side in sides):.3f}"
                for k in (0, 1)
                for sides in (ours, theirs)
            ]
            lines.append(f"| {name} | {model} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def classification(program, folder):
    """Accuracy and log loss of logistic regression on the test fifth, both sides
    at the optimum of one objective: l2 = 1/n on standardised columns, which is
    scikit-learn's C = 1, of two classes C = 2. Times are those of scaling and
    fitting data in memory, medians over the splits."""
    lines = [
        "| set | accuracy, wonderland | accuracy, scikit-learn | log loss, wonderland | log loss, scikit-learn | fit, wonderland | fit, scikit-learn |",
        "|---|---|---|---|---|---|---|",
    ]
    small = ("iris", "wine", "breast_cancer", "digits")
    sets = [(name, ROOT / f"crates/data/assets/uci/{name}.csv") for name in small]
    for name, path in sets + tabular("adult"):
        names, rows = read(path)
        ours, theirs = [], []
        for seed in SEEDS:
            train, test = train_test_split(
                rows, test_size=0.2, random_state=seed, stratify=rows[:, -1]
            )
            paths = [folder / f"{name}-{seed}-{part}.csv" for part in ("train", "test")]
            write(paths[0], names, train)
            write(paths[1], names, test)
            words = ["--target", "target", "--model", "logistic", "--test", paths[1]]
            report = fit(program, paths[0], *words, "--threads", 1)
            metrics = report["metrics"]
            ours.append((metrics["accuracy"], metrics["log_loss"], report["fit"]["seconds"]))
            C = 2.0 if len(set(rows[:, -1])) == 2 else 1.0
            start = time.perf_counter()
            model = make_pipeline(
                StandardScaler(), LogisticRegression(C=C, tol=1e-10, max_iter=10_000)
            ).fit(train[:, :-1], train[:, -1])
            seconds = time.perf_counter() - start
            proba = model.predict_proba(test[:, :-1])
            theirs.append(
                (
                    accuracy_score(test[:, -1], model.predict(test[:, :-1])),
                    log_loss(test[:, -1], proba),
                    seconds,
                )
            )
        cells = [
            f"{mean(side[k] for side in sides):.4f} ± {stdev(side[k] for side in sides):.4f}"
            for k in (0, 1)
            for sides in (ours, theirs)
        ]
        cells += [f"{1e3 * median(run[2] for run in side):.1f} ms" for side in (ours, theirs)]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


MNIST = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


def mnist(program, _folder):
    """Softmax regression on MNIST, tested on its test files: both sides minimise
    the mean cross-entropy + |W|^2/(2n) of pixels from 0 to 1, which is
    scikit-learn's C = 1, on one thread. Seconds are those of the fit, data in memory."""
    paths = [options.mnist / f"{name}-ubyte.gz" for name in MNIST]
    words = [paths[0], "--labels", paths[1], "--test", paths[2], "--test-labels", paths[3]]
    report = fit(program, *words, "--threads", 1)
    arrays = [np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8) for path in paths]
    X, X_test = (a[16:].reshape(-1, 784) / 255.0 for a in arrays[::2])
    y, y_test = (a[8:] for a in arrays[1::2])

    def row(who, accuracy, loss, objective, seconds):
        return f"| {who} | {accuracy:.4f} | {loss:.4f} | {objective:.7f} | {seconds:.1f} |"

    metrics, found = report["metrics"], report["fit"]
    lines = [
        "| | accuracy | log loss | objective | seconds |",
        "|---|---|---|---|---|",
        row(
            "wonderland (defaults)",
            metrics["accuracy"],
            metrics["log_loss"],
            found["minimum"],
            found["seconds"],
        ),
    ]
    for tol, most in ((1e-4, 100), (1e-6, 10_000)):
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LogisticRegression(C=1.0, tol=tol, max_iter=most).fit(X, y)
        seconds = time.perf_counter() - start
        n = len(y)
        objective = log_loss(y, model.predict_proba(X)) + (model.coef_**2).sum() / (2 * n)
        accuracy = accuracy_score(y_test, model.predict(X_test))
        loss = log_loss(y_test, model.predict_proba(X_test))
        who = f"scikit-learn (tol {tol:g}, {model.n_iter_[0]} iterations, at most {most})"
        lines.append(row(who, accuracy, loss, objective, seconds))
    return "\n".join(lines)


PAIRS = 15


def whole_times(program, folder):
    """Seconds from a file to a fitted linear model, interleaved: our whole
    program beside NumPy's reader and scikit-learn's fit in a running Python."""
    lines = [
        "| set | wonderland, whole process | NumPy `loadtxt` + scikit-learn, imports not counted | ratio, median of pairs |",
        "|---|---|---|---|",
    ]
    sets = [("diabetes", ROOT / "crates/data/assets/uci/diabetes.csv")]
    for name, path in sets + tabular("california_housing"):
        target = read(path)[0][-1]
        words = [program, "fit", str(path), "--target", target, "--task", "regression"]
        words += ["--model", "linear", "--test", "none", "--quiet"]
        ours, theirs = [], []
        for _ in range(PAIRS):
            start = time.perf_counter()
            subprocess.run(words, capture_output=True, check=True)
            middle = time.perf_counter()
            rows = np.loadtxt(path, delimiter=",", skiprows=1)
            LinearRegression().fit(rows[:, :-1], rows[:, -1])
            ours.append(middle - start)
            theirs.append(time.perf_counter() - middle)
        ratio = median(b / a for a, b in zip(ours, theirs, strict=True))
        cells = [f"{1e3 * median(side):.1f} ms" for side in (ours, theirs)]
        lines.append(f"| {name} | {cells[0]} | {cells[1]} | {ratio:.2f} |")
    return "\n".join(lines)


def digits(found, certified):
    """Correct digits of the worst coefficient, at most 15."""
    worst = 15.0
    for x, c in zip(found, certified, strict=True):
        error = abs(x - c) / (abs(c) or 1.0)
        worst = min(worst, 15.0 if error == 0 else max(0.0, -math.log10(error)))
    return worst


def strd(program, _folder):
    """Digits of the worst coefficient on NIST's linear regression sets."""
    lines = [
        "| set | level | wonderland | NumPy `lstsq` | scikit-learn `LinearRegression` |",
        "|---|---|---|---|---|",
    ]
    data = ROOT / "crates/linalg/testdata/strd"
    for path in sorted(data.glob("*.csv")):
        facts = json.loads(path.with_suffix(".json").read_text())
        certified = [float(c["estimate"]) for c in facts["certified"]["coefficients"]]
        degree = facts.get("polynomial_degree") or 1
        names, rows = read(path)
        at = names.index(facts["target"])
        y, X = rows[:, at], np.delete(rows, at, axis=1)
        words = [path, "--target", facts["target"], "--task", "regression"]
        words += ["--model", "linear", "--test", "none"]
        if degree > 1:
            words += ["--polynomial", f"{facts['predictors'][0]}:{degree}"]
            X = X ** np.arange(1, degree + 1)
        if not facts["intercept"]:
            words += ["--no-intercept"]
        report = fit(program, *words)
        ours = list(report["coefficients"].values())
        if facts["intercept"]:
            ours = [report["intercept"], *ours]
        design = np.column_stack([np.ones(len(y)), X]) if facts["intercept"] else X
        numpy = np.linalg.lstsq(design, y, rcond=None)[0]
        model = LinearRegression(fit_intercept=facts["intercept"]).fit(X, y)
        sklearn = [model.intercept_, *model.coef_] if facts["intercept"] else model.coef_
        cells = [f"{digits(side, certified):.1f}" for side in (ours, numpy, sklearn)]
        lines.append(f"| {facts['name']} | {facts['level']} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tabular", type=Path)
    parser.add_argument("--mnist", type=Path)
    options = parser.parse_args()
    program, folder = options.program, options.folder
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"accuracy": accuracy, "classification": classification, "strd": strd}
    tables["whole"] = whole_times
    if options.mnist:
        tables["mnist"] = mnist
    print(json.dumps({name: table(program, folder) for name, table in tables.items()}))
