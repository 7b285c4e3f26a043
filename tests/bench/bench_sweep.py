"""The sweep as a user starts it: beside the usual Python stack, with a second thread, and in memory. Ratios of runs that take turns.

usage: bench_sweep.py oracle   SPECTAIL RUN PROBE [--repeats 3] [--steps 0,512]   whole processes on the bundled run: sinks, rmt, topology
                                                  [--metrics sinks,...]            or other groups
       bench_sweep.py groups   SPECTAIL RUN PROBE [--repeats 3]                   CPU seconds with other groups beside sinks, rmt, topology
       bench_sweep.py threads  SPECTAIL MODEL PROBE_IDS [--repeats 5]             seconds of a checkpoint's analysis, read-ahead off, page cache warm
       bench_sweep.py emerge   SPECTAIL RUN PROBE [--repeats 3]                   seconds of `spectail emerge` on that run's store
       bench_sweep.py memory   SPECTAIL MODEL PROBE_IDS [--samples 100,500]       peak resident memory of the whole process
PROBE_IDS: probe_ids.py. oracle needs tests/peer/requirements.txt, the others nothing but Python.
"""
import argparse, json, os, resource, statistics, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
GROUPS = "sinks,rmt,topology"
OTHERS = "graph", "information", "values", "frames", "ablate", "weights"


def sweep(a, samples, *options):
    """One sweep into a store of its own: seconds of the process, seconds of the analysis, peak MiB."""
    with tempfile.TemporaryDirectory() as folder:
        db = os.path.join(folder, "bench.db")
        start = time.perf_counter()
        process = subprocess.Popen([a.spectail, "sweep", a.run, "--db", db, "--samples", str(samples), "--quiet", *options], stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        if status: sys.exit(f"spectail ended with {os.waitstatus_to_exitcode(status)}")
        ledger = json.loads(subprocess.run([a.spectail, "status", "--db", db, "--json"], check=True, capture_output=True, text=True).stdout)
    return seconds, sum(c["seconds"] for run in ledger for c in run["checkpoints"]), usage.ru_maxrss / 1024


def oracle(a):
    chosen = ["--steps", a.steps] if a.steps else []
    command = [sys.executable, os.path.join(HERE, "../peer/oracle.py"), a.run, a.probe, "--samples", "100", "--metrics", a.metrics, "--threads", "2", *chosen]
    ours, theirs = [], []
    for _ in range(a.repeats):
        ours.append(sweep(a, 100, "--probe", a.probe, "--metrics", a.metrics + ",loss", "--threads", "2")[0])
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        theirs.append(time.perf_counter() - start)
        print(f"  spectail {ours[-1]:8.2f} s   oracle.py {theirs[-1]:8.2f} s   ratio {theirs[-1] / ours[-1]:6.1f}", flush=True)
    print(f"  median of {a.repeats}: oracle.py takes {statistics.median(theirs) / statistics.median(ours):.1f} times as long")


def groups(a):
    """Turn by turn; processor time, so that what else runs weighs less."""
    everything = ",".join((GROUPS, *OTHERS))
    times = {GROUPS: [], **{f"{GROUPS},{group}": [] for group in OTHERS}, everything: []}
    for _ in range(a.repeats):
        for metrics in times:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            sweep(a, 100, "--probe", a.probe, "--metrics", metrics + ",loss")
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            times[metrics].append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    base = statistics.median(times[GROUPS])
    for metrics, seconds in times.items():
        print(f"  {'all groups' if metrics == everything else metrics:<32} {statistics.median(seconds):7.2f} s of processor time, {statistics.median(seconds) / base:.2f} times", flush=True)


def threads(a):
    times = {1: [], 2: []}
    sweep(a, 100, "--ids", a.probe)
    for _ in range(a.repeats):
        for n in times: times[n].append(sweep(a, 100, "--ids", a.probe, "--read-ahead", "false", "--threads", str(n))[1])
    one, two = statistics.median(times[1]), statistics.median(times[2])
    print(f"  analysis of a checkpoint, median of {a.repeats}: one thread {one:.2f} s, two {two:.2f} s: {one / two:.2f} times as fast")


def emerge(a):
    with tempfile.TemporaryDirectory() as folder:
        db = os.path.join(folder, "bench.db")
        subprocess.run([a.spectail, "sweep", a.run, "--probe", a.probe, "--db", db, "--samples", "100", "--quiet"], check=True, stdout=subprocess.DEVNULL)
        times, rows = [], 0
        for _ in range(a.repeats):
            start = time.perf_counter()
            found = subprocess.run([a.spectail, "emerge", "--db", db, "--json", "--threads", "2"], check=True, capture_output=True, text=True).stdout
            times.append(time.perf_counter() - start)
            rows = len(json.loads(found)["runs"])
    seconds = statistics.median(times)
    print(f"  {rows} series, median of {a.repeats}: {seconds:.2f} s, {1000 * seconds / rows:.1f} ms a series")


def memory(a):
    base = None
    for samples in map(int, a.samples.split(",")):
        seconds, analysis, peak = sweep(a, samples, "--ids", a.probe, "--threads", "2")
        base = base or peak
        print(f"  {samples:>4} samples: {peak:8.0f} MiB resident at most ({peak / base:.2f}), {analysis:.1f} s a checkpoint", flush=True)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=["oracle", "groups", "threads", "emerge", "memory"]); p.add_argument("spectail"); p.add_argument("run"); p.add_argument("probe")
    p.add_argument("--metrics", default=GROUPS); p.add_argument("--repeats", type=int, default=3); p.add_argument("--steps", default=""); p.add_argument("--samples", default="100,500")
    a = p.parse_args()
    {"oracle": oracle, "groups": groups, "threads": threads, "emerge": emerge, "memory": memory}[a.what](a)


if __name__ == "__main__":
    main()
