"""How a peer is measured: load the data, say so, then run once for each line read.

A script calls `serve(workloads)`, where workloads maps (workload, peer) to a
function that takes the data folder and returns (work, error): `work()` is what
is timed, `error(result)` is a number that is 0 for a perfect result.
"""

import json
import sys
import time


def answer(**fields):
    print(json.dumps(fields), flush=True)


def serve(prepare):
    """`prepare(workload, peer, folder)` returns (work, error)."""
    workload, peer, folder = sys.argv[1:4]
    try:
        work, error = prepare(workload, peer, folder)
    except ImportError as missing:
        answer(missing=str(missing))
        return
    answer(ready=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - start
        answer(seconds=seconds, error=float(error(result)))
