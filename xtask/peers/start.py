"""Whole Python processes: importing scikit-learn, and fitting iris with it."""

import subprocess
import sys

from protocol import serve

VERSION = "import sklearn; print(sklearn.__version__)"
FIT_IRIS = """
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_iris(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=0)
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
print(model.score(X_test, y_test))
"""


def prepare(workload, peer, folder):
    import sklearn  # noqa: F401  a missing library is said before anything is timed

    code = {"start-version": VERSION, "start-fit-iris": FIT_IRIS}[workload]

    def work():
        return subprocess.run([sys.executable, "-c", code], capture_output=True).returncode

    return work, lambda code: 0.0 if code == 0 else float("inf")


if __name__ == "__main__":
    serve(prepare)
