"""Times Kramers against NumPy, PyTorch and JAX and prints Markdown tables; run by scripts/bench.

    python3 compare.py BINARIES PYTHON [small] [cpu] [CASE ...]

BINARIES is the folder of `kramers` and `kramers-bench`, PYTHON an interpreter that has the peers;
without it, or without one of them, the table shows a dash. All programs of a comparison are alive
at the same time and take turns on one core, one thread each; a ratio is the median over the rounds.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
PEERS = {"numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}
PRECISIONS = ("double", "single")

# name: what kramers-bench calls it, replicas, description
STEP_CASES = {
    "a": ("a", 256, "linear 5-5-5-5, B 4"),
    "b": ("b", 256, "linear 10-10-10-10, B 8"),
    "c": ("c", 256, "linear 32-32-32-32, B 16"),
    "d1": ("d", 1, "tanh 64-128-128-10, B 32, R 1"),
    "d8": ("d", 8, "tanh 64-128-128-10, B 32, R 8"),
}

EXPERIMENTS = {
    "chain": (
        "experiment{data=data.population{singular={1}}, depth=3, width=1, init='zero',"
        " l2=.3, lr=.2} emit(measure_escape{temperature=.01389806/4, replicas=%d, seed=%d})"
    ),
    "trap": (
        "experiment{data=data.population{singular={.9,.8}}, depth=3, width=10, lr=.08, l2=.1}"
        " trap{rank=1, release=.1, exact=true}"
        " emit(measure_escape{temperature=2e-4, replicas=%d, seed=%d})"
    ),
}
CASES = (*STEP_CASES, "looks", "normals", "threads", *EXPERIMENTS)


class Peer:
    """A program of this folder that waits for requests; `ready` is None if it did not start."""

    def __init__(self, python, arguments):
        self.ready = None
        errors = tempfile.TemporaryFile("w+")
        start = time.perf_counter()
        try:
            self.process = subprocess.Popen(
                [python, HERE / arguments[0], *arguments[1:]],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                preexec_fn=pin,
            )
        except OSError:
            return
        line = self.process.stdout.readline()
        self.start_seconds = time.perf_counter() - start
        if line:
            self.ready = json.loads(line)
            return
        self.close()
        errors.seek(0)
        last = (errors.read().strip() or "no answer").splitlines()[-1]
        print(f"bench: {' '.join(arguments)}: {last}", file=sys.stderr)

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.communicate()


class Bench:
    def __init__(self, binaries, python, is_small, is_cpu):
        self.binaries, self.python, self.is_small = Path(binaries), python, is_small
        self.rounds, self.seconds = (1, 0.2) if is_small else (5, 1.0)
        self.rate, self.time = ("cpu_rate", "cpu_seconds") if is_cpu else ("rate", "seconds")

    def ours(self, *arguments, is_pinned=True):
        """The JSON line of `kramers-bench`."""
        command = [self.binaries / "kramers-bench", *map(str, arguments)]
        output = subprocess.run(
            command, check=True, stdout=subprocess.PIPE, preexec_fn=pin if is_pinned else None)
        return json.loads(output.stdout)

    def peers(self, *arguments):
        started = {}
        for library in PEERS:
            peer = Peer(self.python, [arguments[0], library, *arguments[1:]])
            if peer.ready:
                started[library] = peer
        return started

    def alternate(self, ours, peers):
        """Lists of answers: ours, and one a peer."""
        lists = {name: [] for name in ("ours", *peers)}
        for _ in range(self.rounds):
            lists["ours"].append(ours())
            for name, peer in peers.items():
                lists[name].append(peer.ask(seconds=self.seconds))
        for peer in peers.values():
            peer.close()
        return lists

    def steps(self, names):
        rows, notes = [], []
        for name in names:
            case, replicas, text = STEP_CASES[name]
            # Beyond lanes ours computes in double precision only.
            is_double = self.is_small or case == "d"
            for precision in PRECISIONS[:1] if is_double else PRECISIONS:
                peers = self.peers("steps.py", name, precision, *["small"][: self.is_small])
                lists = self.alternate(
                    lambda: self.ours("case", case, precision, self.seconds, replicas), peers)
                columns = {n: [answer[self.rate] for answer in a] for n, a in lists.items()}
                best, ratio = fastest(columns)
                ours = lists["ours"]
                rows.append([
                    f"{name}: {text}", precision, quantity(statistics.median(columns["ours"])),
                    *(quantity(median_or_none(columns.get(p))) for p in PEERS),
                    f"{ratio:.2f} ({PEERS[best]})" if best else "–",
                    f"{100 * statistics.median(a['share'] for a in ours):.0f} %",
                    f"{max(a['weights_bytes'] for a in ours) / 1e6:.2f}",
                    *(megabytes(lists.get(n)) for n in ("ours", *PEERS)),
                ])
                notes += [describe(f"{name} {precision}", PEERS[p], peer.ready)
                          for p, peer in peers.items()]
        table(
            "Replica-steps a second. A step of a replica draws B samples with replacement, "
            "gathers them, goes forward and backward and updates with L2. Ours also has a random "
            "stream for every replica and looks at the order parameter every ten steps: the "
            "singular value of linear networks, the norm of tanh ones. The peers have one stream "
            "and, for linear networks, a projection every hundred steps.",
            ["case", "precision", "Kramers", *PEERS.values(), "ratio to fastest",
             "share of FMA peak", "weights MB", "peak MB: Kramers", *PEERS.values()],
            rows)
        print("\n".join(notes), flush=True)

    def normals(self):
        rows = []
        for precision in PRECISIONS:
            peers = self.peers("normals.py", precision)
            lists = self.alternate(lambda: self.ours("normals", precision, self.seconds), peers)
            ours = [answer["ns"] for answer in lists.pop("ours")]
            each = {n: [1e9 / answer[self.rate] for answer in a] for n, a in lists.items()}
            best, ratio = fastest({"ours": [1 / ns for ns in ours],
                                   **{n: [1 / ns for ns in a] for n, a in each.items()}})
            jax = peers["jax"].ready["tried"] if "jax" in peers else {}
            rows.append([
                precision, f"{statistics.median(ours):.2f}",
                *(f"{statistics.median(each[p]):.2f}" if p in each else "–" for p in PEERS),
                ", ".join(f"{name} {1e9 / value:.2f}" for name, value in jax.items()) or "–",
                f"{ratio:.1f} ({PEERS[best]})" if best else "–",
            ])
        table(
            "Nanoseconds a standard normal number.",
            ["precision", "Kramers", *PEERS.values(), "JAX tried", "ratio to fastest"], rows)

    def looks(self):
        rows = []
        for name in ("a", "b", "c", "d1"):
            case, replicas, text = STEP_CASES[name]
            shares = []
            for _ in range(self.rounds):
                often, rarely = (
                    1 / self.ours("case", case, "double", self.seconds, replicas, 1, every)[self.rate]
                    for every in (10, 100))
                # Nine looks of ten are left out.
                shares.append(10 / 9 * (1 - rarely / often))
            rows.append([f"{name}: {text}", f"{100 * statistics.median(shares):.1f} %"])
        table(
            "What looking at the order parameter every ten steps takes of the time, from runs that "
            "look every ten and every hundred steps, double precision.", ["case", "share"], rows)

    def threads(self):
        rows = []
        for name in ("a", "c"):
            one, two = [], []
            for _ in range(self.rounds):
                for threads, rates in ((1, one), (2, two)):
                    answer = self.ours(
                        "case", name, "double", self.seconds, 256, threads, is_pinned=False)
                    rates.append(answer["rate"])
            ratio = statistics.median(b / a for a, b in zip(one, two))
            rows.append([name, quantity(statistics.median(one)), quantity(statistics.median(two)),
                         f"{ratio:.2f}"])
        table("Replica-steps a second of wall time on one and two threads, double precision.",
              ["case", "one thread", "two threads", "ratio"], rows)

    def experiment(self, name):
        replicas = 64 if self.is_small else 1024
        peers = {}
        for manner in ("together", "refilled"):
            peer = Peer(self.python, ["escape.py", name, manner, str(replicas)])
            if peer.ready:
                peers[manner] = peer
        lists = {n: [] for n in ("Kramers", *peers)}
        for seed in range(1, self.rounds + 1):
            ours = self.escape(EXPERIMENTS[name] % (replicas, seed))
            lists["Kramers"].append(ours)
            for manner, peer in peers.items():
                answer = peer.ask(seed=seed, threshold=ours["threshold"])
                answer["whole_seconds"] = peer.start_seconds + answer["seconds"]
                lists[manner].append(answer)
        for peer in peers.values():
            peer.close()

        rows, disagreements = [], []
        ours = lists["Kramers"]
        our_tau, our_error = pooled(ours)
        for who, answers in lists.items():
            tau, error = pooled(answers)
            if abs(tau - our_tau) > 3 * (error**2 + our_error**2) ** 0.5:
                disagreements.append(
                    f"**DISAGREEMENT** in {name}: tau {tau:.1f} +- {error:.1f} ({who}) against "
                    f"{our_tau:.1f} +- {our_error:.1f} (Kramers), more than 3 standard errors.")
            rows.append([
                who if who == "Kramers" else f"JAX, {peers[who].ready['variant']}",
                f"{statistics.median(a[self.time] for a in answers):.3f}",
                f"{statistics.median(a['whole_seconds'] for a in answers):.2f}",
                quantity(statistics.median(a["steps"] / a[self.time] for a in answers)),
                f"{tau:.1f} ± {error:.1f}",
                *(["", ""] if who == "Kramers" else [
                    f"{median_ratio(answers, ours, key):.1f}"
                    for key in (self.time, "whole_seconds")]),
                megabytes(answers),
            ])
        table(
            f"Experiment `{name}`, {replicas} replicas, threshold {ours[0]['threshold']:.6g}: "
            f"`kramers --threads 1 --timings -e \"{EXPERIMENTS[name] % (replicas, 1)}\"`. "
            "Seconds of the ensemble alone, and of the whole process with its start and, for JAX, "
            "compilation; ratios to ours. Useful steps: those up to each replica's escape.",
            ["program", "seconds", "whole process", "useful steps/s", "tau, steps",
             "ratio", "ratio of whole", "peak MB"], rows)
        agreement = "The escape times agree within 3 standard errors." if peers else ""
        print("\n".join(disagreements) or agreement, flush=True)
        return not disagreements

    def escape(self, code):
        """Runs an experiment through the shipped binary."""
        command = [self.binaries / "kramers", "--threads", "1", "--timings", "-e", code]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, preexec_fn=pin)
        record = json.loads(process.stdout.read().splitlines()[-1])
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        whole = time.perf_counter() - start
        if process.returncode:
            sys.exit(f"bench: {' '.join(map(str, command))} failed")
        times, escapes = record["times"], record["escapes"]
        spread = statistics.stdev(times) if escapes == len(times) else record["tau"]
        return {
            "seconds": record["seconds"],
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "whole_seconds": whole,
            "steps": record["steps_total"],
            "threshold": record["threshold"],
            "tau": record["tau"],
            "tau_error": spread / escapes**0.5,
            "peak_rss_bytes": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        }


def pin():
    """Confines a child to one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def median_ratio(numerators, denominators, key):
    return statistics.median(a[key] / b[key] for a, b in zip(numerators, denominators))


def fastest(rates):
    """The peer with the lowest median of ours/peer over the rounds, and that ratio."""
    ratios = {
        name: statistics.median(a / b for a, b in zip(rates["ours"], column))
        for name, column in rates.items() if name != "ours"
    }
    best = min(ratios, key=ratios.get, default=None)
    return best, ratios.get(best)


def pooled(answers):
    """Mean tau over the rounds, and its standard error."""
    tau = statistics.mean(a["tau"] for a in answers)
    return tau, sum(a["tau_error"] ** 2 for a in answers) ** 0.5 / len(answers)


def median_or_none(values):
    return statistics.median(values) if values else None


def quantity(value):
    if value is None:
        return "–"
    for factor, unit in ((1e6, " M"), (1e3, " k")):
        if value >= factor:
            return f"{value / factor:.3g}{unit}"
    return f"{value:.3g}"


def megabytes(answers):
    return f"{max(a['peak_rss_bytes'] for a in answers) / 1e6:.0f}" if answers else "–"


def describe(cell, library, ready):
    tried = "; ".join(
        name if value is None else f"{name} {quantity(value)}"
        for name, value in ready["tried"].items())
    return f"{cell}: {library} ran \"{ready['variant']}\" (tried: {tried})"


def table(caption, header, rows):
    print(f"\n{caption}\n")
    for row in (header, ["---"] * len(header), *rows):
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def processor():
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def main():
    binaries, python, *words = sys.argv[1:]
    is_small, is_cpu = "small" in words, "cpu" in words
    names = [word for word in words if word not in ("small", "cpu")]
    names = sum((["d1", "d8"] if name == "d" else [name] for name in names), [])
    for name in names:
        if name not in CASES:
            sys.exit(f"bench: no case '{name}'; there are {', '.join(CASES)}")
    names = names or [c for c in CASES if not is_small or c not in ("b", "c", "d8", "looks", "threads")]

    bench = Bench(binaries, python, is_small, is_cpu)
    peaks = [f"{bench.ours('peak', p)['gflops']:.1f} GFLOP/s in {p} precision" for p in PRECISIONS]
    print(f"`scripts/bench {' '.join(words)}`".replace(" `", "`"), "on", processor())
    print(f"\nOne core, one thread each, in turns, median of {bench.rounds}, "
          f"{'CPU' if is_cpu else 'wall'} time. Measured FMA peak: {', '.join(peaks)}.")
    bench_steps = [name for name in names if name in STEP_CASES]
    if bench_steps:
        bench.steps(bench_steps)
    if "looks" in names:
        bench.looks()
    if "normals" in names:
        bench.normals()
    if "threads" in names:
        bench.threads()
    agree = [bench.experiment(name) for name in names if name in EXPERIMENTS]
    sys.exit(0 if all(agree) else 1)


if __name__ == "__main__":
    main()
