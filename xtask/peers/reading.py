"""Reading a table of numbers: pandas with its two parsers, and polars."""

import os

import numpy as np

from protocol import serve


def prepare(workload, peer, folder):
    n, c = map(int, workload.split("-")[1].split("x"))
    path = os.path.join(folder, "table.csv")
    truth = np.fromfile(os.path.join(folder, "truth.f64")).reshape(n, c)
    if peer == "polars":
        os.environ["POLARS_MAX_THREADS"] = "1"
        import polars

        return lambda: polars.read_csv(path), lambda table: distance(table.to_numpy(), truth)
    import pandas

    parser = {"pandas": None, "pandas-round-trip": "round_trip"}[peer]

    def work():
        return pandas.read_csv(path, float_precision=parser)

    return work, lambda table: distance(table.to_numpy(), truth)


def distance(found, truth):
    """Largest relative error."""
    return np.max(np.abs(found - truth) / np.abs(truth))


if __name__ == "__main__":
    serve(prepare)
