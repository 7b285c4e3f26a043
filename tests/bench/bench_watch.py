"""What a watch costs a training process on the same machine: steps a second of a trainer on all cores, alone and beside a watch that has
checkpoints enough to be at work all the time. Ways that take turns, round after round; ratios within a round.

usage: bench_watch.py SPECTAIL TRAINER MODEL PROBE_IDS [--rounds 3] [--seconds 20] [--every 10] [--samples 20] [--metrics sinks,rmt,loss]
A watch is at work as long as a checkpoint takes, of the time between two of them: what it costs a real training is that share of the figure.
Needs nothing but Python. TRAINER: tests/bench/trainer.c; PROBE_IDS: probe_ids.py.
"""
import argparse, json, os, signal, statistics, subprocess, sys, tempfile, time

WAYS = [
    ("alone", None),
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


def measure(a, model, folder, options):
    """Steps a second of the trainer; checkpoints the watch got through in that time."""
    run = os.path.join(folder, "run")
    make_run(model, run)
    process = beat = None
    if options is not None: process, beat = start(a, run, folder, options)
    before = sum(r["done"] for r in beat_of(beat)["runs"]) if beat else 0
    trained = json.loads(subprocess.run([a.trainer, model, run, str(a.seconds), str(a.every)], check=True, capture_output=True, text=True).stdout)
    done = 0
    if process:
        after = beat_of(beat)
        done = sum(r["done"] for r in after["runs"]) - before
        if after["state"] != "analysing" and not any(r["lag_checkpoints"] for r in after["runs"]): sys.exit("the watch ran out of checkpoints")
        process.send_signal(signal.SIGTERM); time.sleep(0.2); process.send_signal(signal.SIGTERM)
        process.wait()
    return trained["steps_per_second"], done / trained["seconds"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("spectail"); p.add_argument("trainer"); p.add_argument("model"); p.add_argument("probe")
    p.add_argument("--rounds", type=int, default=3); p.add_argument("--seconds", type=float, default=20); p.add_argument("--every", type=float, default=10)
    p.add_argument("--samples", type=int, default=20); p.add_argument("--metrics", default="sinks,rmt,loss")
    a = p.parse_args()
    a.spectail, a.trainer, a.probe = map(os.path.abspath, (a.spectail, a.trainer, a.probe))
    steps, rates = {w: [] for w, _ in WAYS}, {w: [] for w, _ in WAYS}
    for _ in range(a.rounds):
        for way, options in WAYS:
            with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(a.model))) as folder: # links need one file system
                speed, rate = measure(a, os.path.abspath(a.model), folder, options)
            steps[way].append(speed); rates[way].append(rate)
        print("  steps/s  " + "   ".join(f"{way}: {steps[way][-1]:.1f}" for way, _ in WAYS), flush=True)
    print(f"  median ratio of {a.rounds} rounds, trainer on all {os.cpu_count()} cores, the watch always at work:")
    for way, _ in WAYS:
        ratio = statistics.median(s / alone for s, alone in zip(steps[way], steps["alone"]))
        print(f"    {way:<34} {100 * ratio:6.1f} % of the steps/s alone" + (f"   {60 * statistics.median(rates[way]):7.1f} checkpoints a minute" if way != "alone" else ""))


if __name__ == "__main__":
    main()
