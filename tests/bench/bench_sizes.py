"""Memory and time of a sweep on the shapes of public models: for each, a checkpoint with made-up random weights, in the format it is published in,
is written, taken out of the page cache, swept with all groups of metrics in a process of its own, and removed. Ends with 1 where a process had
more than 3 GiB resident.

usage: bench_sizes.py BUILD [--shapes NAME,..] [--layers N] [--samples 100] [--threads 2] [--work DIR] [--probe FILE]

BUILD holds the targets timed, make_model and bench_sgemm. Shapes are tests/bench/shapes/NAME.json, config.json as published; default: all of
them, smallest first. --layers: no more than N layers of each, which leaves the peak as it is and takes less disk: the largest shape has 29 GB.

  model      GB of weights          layer, peak, rest   MiB of a layer's weights as they are stored; resident at most; peak less two layers (one
                                                         computed with, one read ahead), which is activations, tables and the program. A layer
                                                         expanded to float32 would show there.
  seconds    of the checkpoint      GB/s, of disk       weights over seconds, of each pass (the ablated one reads them again); that
                                                         over a plain read of the disk
  waiting, measuring                shares of seconds: for weights; in metrics
  GFLOP/s, of sgemm                 products over the rest of the time; that over OpenBLAS's sgemm, the mean of just before and just after
"""
import argparse, json, os, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import probe_ids

LIMIT = 3 << 30
PIECE = 16 << 20
COLUMNS = "{:18} {:>6} {:>6} {:>6} {:>6} {:>8} {:>6} {:>8} {:>8} {:>10} {:>8} {:>9}"


def forget(path):
    """Out of the page cache, once it is on the disk."""
    fd = os.open(path, os.O_RDONLY)
    os.fsync(fd)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)


def disk_rate(path):
    """GB/s of reading at most 1 GB of a file that is not in the page cache."""
    left, start = 1 << 30, time.perf_counter()
    with open(path, "rb", buffering=0) as file:
        while left > 0 and (n := len(file.read(PIECE))): left -= n
    rate = ((1 << 30) - left) / (time.perf_counter() - start) / 1e9
    forget(path)
    return rate


def run(command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def sgemm_rate(a):
    return float(run([a.bench_sgemm, str(a.threads)]))


def sweep(a, model, folder):
    """Seconds of the checkpoint, what timed has to say, peak in bytes."""
    config = json.load(open(os.path.join(model, "config.json")))
    ids, times, db = (os.path.join(folder, name) for name in ("ids.json", "times.jsonl", "bench.db"))
    with open(ids, "w") as file: json.dump(list(probe_ids.samples(a.probe, config["vocab_size"])), file)
    command = [a.timed, "sweep", model, "--db", db, "--ids", ids, "--samples", str(a.samples), "--threads", str(a.threads), "--quiet"]
    with open(os.path.join(folder, "said"), "w+") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=os.environ | {"SPECTAIL_TIMES": times})
        _, status, usage = os.wait4(process.pid, 0)
        said.seek(0)
        if status: sys.exit(f"spectail ended with {os.waitstatus_to_exitcode(status)}: {said.read()}")
    runs = json.loads(run([a.timed, "status", "--db", db, "--json"]))
    passes = [json.loads(line) for line in open(times)]
    return sum(c["seconds"] for r in runs for c in r["checkpoints"]), {k: sum(p[k] for p in passes) for k in passes[0]} | {"passes": len(passes)}, usage.ru_maxrss * 1024


def measure(a, shape):
    with tempfile.TemporaryDirectory(dir=a.work) as folder:
        model = os.path.join(folder, "model")
        config = os.path.join(HERE, "shapes", shape + ".json")
        made = run([a.make_model, config, model, "5", str(min(a.layers, json.load(open(config))["num_hidden_layers"]))]).split()
        weights, layer = int(made[0]), int(made[2])
        files = [os.path.join(model, f) for f in sorted(os.listdir(model)) if f.endswith(".safetensors")]
        for file in files: forget(file)
        disk = disk_rate(files[0])
        before = sgemm_rate(a)
        seconds, times, peak = sweep(a, model, folder)
        sgemm = (before + sgemm_rate(a)) / 2
    computing = max(times["seconds"] - times["measuring"] - times["waiting"], 1e-9)
    gflops = times["flops"] / computing / 1e9
    read = times["passes"] * weights / seconds / 1e9
    print(COLUMNS.format(shape, f"{weights / 1e9:.1f}", f"{layer / 2**20:.0f}", f"{peak / 2**20:.0f}", f"{(peak - 2 * layer) / 2**20:.0f}",
                         f"{seconds:.1f}", f"{read:.2f}", f"{100 * read / disk:.0f} %",
                         f"{100 * times['waiting'] / seconds:.0f} %", f"{100 * times['measuring'] / seconds:.0f} %",
                         f"{gflops:.0f}", f"{100 * gflops / sgemm:.0f} %"), flush=True)
    return peak


def size_of(shape):
    """A measure of it, to sort by."""
    c = json.load(open(os.path.join(HERE, "shapes", shape + ".json")))
    return c["num_hidden_layers"] * c["hidden_size"] * c["intermediate_size"]


def main():
    shapes = sorted((f[:-5] for f in os.listdir(os.path.join(HERE, "shapes"))), key=size_of)
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("build"); p.add_argument("--shapes", default=",".join(shapes)); p.add_argument("--layers", type=int, default=1000)
    p.add_argument("--samples", type=int, default=100); p.add_argument("--threads", type=int, default=2); p.add_argument("--work")
    p.add_argument("--probe", default=os.path.join(HERE, "../../configs/probes/stem-500.txt"))
    a = p.parse_args()
    for unknown in set(a.shapes.split(",")) - set(shapes): sys.exit(f"no shape {unknown}; known are {', '.join(shapes)}")
    for program in ("timed", "make_model", "bench_sgemm"): setattr(a, program, os.path.join(a.build, "tests/bench", program))
    print(COLUMNS.format("model", "GB", "layer", "peak", "rest", "seconds", "GB/s", "of disk", "waiting", "measuring", "GFLOP/s", "of sgemm"), flush=True)
    peaks = {shape: measure(a, shape) for shape in a.shapes.split(",")}
    worst = max(peaks, key=peaks.get)
    print(f"most: {worst}, {peaks[worst] / 2**20:.0f} MiB resident; the limit is {LIMIT >> 20}")
    sys.exit(peaks[worst] > LIMIT)


if __name__ == "__main__":
    main()
