"""Persistent homology beside Ripser: our bench_persistence program and the C++ function of the PyPI module `ripser`, called in a loop on prepared
float32 arrays, turn by turn on the same matrices, one thread, CPU time, dimensions 0 and 1.

usage: bench_persistence.py BENCH_PERSISTENCE [ATTENTION.npz] [--repeats 5] [--synthetic 64,128,256,512] [--own-only]
       ATTENTION.npz from make_attention.py; synthetic: causal softmax of normal scores.
needs numpy, ripser
"""
import argparse, os, statistics, struct, subprocess, sys, tempfile, time
import numpy as np

MATRICES = {64: 40, 128: 10, 256: 4, 512: 2}


def distance(attention):
    D = 1 - np.maximum(attention, attention.T)
    np.fill_diagonal(D, 0)
    return D


def synthetic(n, count, random):
    for _ in range(count):
        scores = np.where(np.tri(n, dtype=bool), random.normal(size=(n, n)), -np.inf)
        A = np.exp(scores - scores.max(1, keepdims=True))
        yield distance(A / A.sum(1, keepdims=True))


def write(path, matrices):
    with open(path, "wb") as f:
        for D in matrices:
            f.write(struct.pack("<Q", len(D)) + np.ascontiguousarray(D, "<f8").tobytes())


def own(program, path):
    out = subprocess.run([program, path], check=True, capture_output=True, text=True).stdout.split()
    return float(out[1]), float(out[2])


def ripser_function():
    import ripser
    try:
        from ripser.pyRipser import doRipsFiltrationDM
    except ImportError:
        from pyRipser import doRipsFiltrationDM
    return doRipsFiltrationDM


def theirs(function, prepared):
    start = time.process_time()
    for d in prepared:
        function(d, 1, float("inf"), 2, 0)
    return (time.process_time() - start) / len(prepared) * 1e6


def lower_triangle(D):
    """As ripser.ripser prepares it: float32, row by row below the diagonal."""
    i, j = np.meshgrid(np.arange(len(D)), np.arange(len(D)))
    return np.array(D[i > j], dtype=np.float32)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("program"); p.add_argument("attention", nargs="?")
    p.add_argument("--repeats", type=int, default=5); p.add_argument("--synthetic", default="64,128,256,512"); p.add_argument("--own-only", action="store_true")
    a = p.parse_args()
    cases = []
    if a.attention:
        with np.load(a.attention) as z:
            cases += [(int(n), "attention", [distance(A) for A in z[n].reshape(-1, int(n), int(n))]) for n in z.files]
    random = np.random.default_rng(1)
    cases += [(n, "synthetic", list(synthetic(n, MATRICES.get(n, 1), random))) for n in map(int, filter(None, a.synthetic.split(",")))]
    function = None if a.own_only else ripser_function()
    print(f"{'n':>5} {'matrices':>18} {'bars':>7} {'spectail us':>12} {'ripser us':>12} {'ratio':>7}")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "matrices")
        for n, kind, matrices in cases:
            write(path, matrices)
            prepared = [lower_triangle(D) for D in matrices]
            ours, others = [], []
            for _ in range(a.repeats):
                us, bars = own(a.program, path)
                ours.append(us)
                if function: others.append(theirs(function, prepared))
            us = statistics.median(ours)
            line = f"{n:>5} {len(matrices):>8} {kind} {bars:>7.1f} {us:>12.2f}"
            if function: line += f" {statistics.median(others):>12.2f} {statistics.median(others) / us:>7.1f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
