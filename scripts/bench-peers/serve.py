"""What the peers have in common: one process a peer, which answers requests until its input ends.

The process prints one JSON line when it is ready (imported, compiled, warm) and then one a request,
so that the caller can alternate between programs without paying for start and compilation again.
"""

import json
import os
import resource
import sys
import time

# Before NumPy, PyTorch or JAX is imported: one thread each.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["TORCHINDUCTOR_COMPILE_THREADS"] = "1"
os.environ["XLA_FLAGS"] = (
    "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
)


def peak_bytes():
    """Peak resident memory of this process, interpreter and compiler included."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def timed(run):
    """What `run` returns, the wall seconds it took, and the CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = run()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def rates(run, work, seconds):
    """Units of work a second, of wall and of CPU time; `run()` does `work` of them."""

    def repeat():
        done, end = 0, time.perf_counter() + seconds
        while done == 0 or time.perf_counter() < end:
            run()
            done += work
        return done

    done, wall, cpu = timed(repeat)
    return {"rate": done / wall, "cpu_rate": done / cpu}


def serve(ready, answer):
    """Prints `ready`, then `answer(request)` for every JSON line on standard input."""
    print(json.dumps(ready), flush=True)
    for line in sys.stdin:
        reply = answer(json.loads(line))
        print(json.dumps({**reply, "peak_rss_bytes": peak_bytes()}), flush=True)


def serve_fastest(variants, work, seconds):
    """Serves the fastest of `variants`, a dictionary of names and functions that return `run`.

    Each is made and warmed, and if there are several, timed for `seconds`.
    """
    tried, runs = {}, {}
    for name, make in variants.items():
        runs[name] = make()
        runs[name]()
        tried[name] = rates(runs[name], work, seconds)["cpu_rate"] if len(variants) > 1 else None
    best = max(tried, key=lambda name: tried[name] or 0)
    serve(
        {"variant": best, "tried": tried},
        lambda request: rates(runs[best], work, request["seconds"]),
    )
