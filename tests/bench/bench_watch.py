"""What a watch costs a training process on the same machine: steps a second of a trainer on all cores beside a watch that has checkpoints
enough to be at work all the time, over those while the same watch is stopped (SIGSTOP). The two take turns every few seconds, so that what
else the machine does weighs on both.

usage: bench_watch.py SPECTAIL TRAINER MODEL PROBE_IDS [--pairs 8] [--seconds 5] [--every 2.5] [--samples 20] [--metrics sinks,rmt,loss]
A watch is at work as long as a checkpoint takes, of the time between two of them: what it costs a real training is that share of the figure.
Needs nothing but Python. TRAINER: tests/bench/trainer.c; PROBE_IDS: probe_ids.py.
"""
import argparse, json, os, signal, statistics, subprocess, sys, tempfile, time

WAYS = [
    ("watch", []),
    ("watch --priority low", ["--priority", "low"]),
    ("watch --priority low --threads 1", ["--priority", "low", "--threads", "1"]),
]
BACKLOG = 2000


def make_run(model, run):
    """A backlog of checkpoints that take no room: links to one."""
    for step in range(1, BACKLOG + 1):
        folder = os.path.join(run, f"step{step}")
        os.makedirs(folder)
        for name in os.listdir(model): os.link(os.path.join(model, name), os.path.join(folder, name))


def beat_of(path):
    try:
        with open(path) as file: return json.load(file)
    except FileNotFoundError:
        return {"state": "none", "runs": []}


def start(a, run, folder, options):
    beat = os.path.join(folder, "beat.json")
    process = subprocess.Popen([a.spectail, "watch", run, "--db", os.path.join(folder, "bench.db"), "--ids", a.probe, "--samples", str(a.samples),
                                "--metrics", a.metrics, "--quiet", "--quiet-period", "0", "--interval", "2", "--heartbeat", beat, *options],
                               stdout=subprocess.DEVNULL)
    for _ in range(3000):
        if any(r["done"] for r in beat_of(beat)["runs"]): return process, beat
        if process.poll() is not None: sys.exit(f"spectail watch ended with {process.returncode}")
        time.sleep(0.1)
    sys.exit("spectail watch analysed nothing in 300 s")


def train(a, model, run, first):
    out = subprocess.run([a.trainer, model, run, str(a.seconds), str(a.every), str(first)], check=True, capture_output=True, text=True).stdout
    return json.loads(out)["steps_per_second"]


def done_by(beat):
    return sum(r["done"] for r in beat_of(beat)["runs"])


def measure(a, model, folder, options):
    """Pairs of steps a second, (watch stopped, watch at work), and the checkpoints a minute it got through while it was."""
    run = os.path.join(folder, "run")
    make_run(model, run)
    process, beat = start(a, run, folder, options)
    pairs, done, seconds = [], 0, 0.0
    for pair in range(a.pairs):
        first = 1000000 * (2 * pair + 1)
        process.send_signal(signal.SIGSTOP)
        alone = train(a, model, run, first)
        before, began = done_by(beat), time.perf_counter()
        process.send_signal(signal.SIGCONT)
        pairs.append((alone, train(a, model, run, first + 1000000)))
        done += done_by(beat) - before
        seconds += time.perf_counter() - began
    if not any(r["lag_checkpoints"] for r in beat_of(beat)["runs"]): sys.exit("the watch ran out of checkpoints")
    process.send_signal(signal.SIGTERM); time.sleep(0.2); process.send_signal(signal.SIGTERM)
    process.wait()
    return pairs, 60 * done / seconds


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("spectail"); p.add_argument("trainer"); p.add_argument("model"); p.add_argument("probe")
    p.add_argument("--pairs", type=int, default=8); p.add_argument("--seconds", type=float, default=5); p.add_argument("--every", type=float, default=2.5)
    p.add_argument("--samples", type=int, default=20); p.add_argument("--metrics", default="sinks,rmt,loss")
    a = p.parse_args()
    a.spectail, a.trainer, a.model, a.probe = map(os.path.abspath, (a.spectail, a.trainer, a.model, a.probe))
    print(f"  steps/s of a trainer on all {os.cpu_count()} cores, medians of {a.pairs} pairs, the watch always at work:")
    for way, options in WAYS:
        with tempfile.TemporaryDirectory(dir=os.path.dirname(a.model)) as folder: # links need one file system
            pairs, rate = measure(a, a.model, folder, options)
        alone, beside = (statistics.median(p[i] for p in pairs) for i in range(2))
        ratio = statistics.median(p[1] / p[0] for p in pairs)
        print(f"    {way:<34} {beside:7.1f} of {alone:.1f} alone: {100 * ratio:5.1f} %, at {rate:.1f} checkpoints a minute", flush=True)


if __name__ == "__main__":
    main()
