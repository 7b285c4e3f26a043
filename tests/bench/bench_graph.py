"""The group graph beside NumPy (oracle.py, a head at a time and a whole layer of heads) and LAPACK, turn by turn on the same attention, one
thread, CPU time a matrix.

usage: bench_graph.py BENCH_GRAPH ATTENTION.npz [--repeats 3] [--matrices 240]
       ATTENTION.npz from make_attention.py. Set OMP_NUM_THREADS=1.
needs numpy, scipy
"""
import argparse, os, statistics, struct, subprocess, sys, tempfile, time
import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../peer"))
import oracle

HEADS = 4


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("program"); p.add_argument("attention"); p.add_argument("--repeats", type=int, default=3); p.add_argument("--matrices", type=int, default=240)
    a = p.parse_args()
    print(f"{'n':>4} {'matrices':>9} {'problems':>9} {'spectail us':>12} {'dsyev us':>10} {'ratio':>7} {'NumPy us':>10} {'ratio':>7}")
    with np.load(a.attention) as z, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "matrices")
        for n in map(int, z.files):
            A = z[str(n)].reshape(-1, n, n); A = np.ascontiguousarray(A[:: max(1, len(A) // a.matrices)][: len(A) // HEADS * HEADS], "<f8")
            A = A[: len(A) // HEADS * HEADS]
            with open(path, "wb") as f:
                for M in A: f.write(struct.pack("<Q", n) + M.tobytes())
            ours, lapack, numpy = [], [], []
            for _ in range(a.repeats):
                count, us, problems, dsyev = map(float, subprocess.run([a.program, path], check=True, capture_output=True, text=True).stdout.split())
                ours.append(us); lapack.append(dsyev * problems)
                start = time.process_time()
                for i in range(0, len(A), HEADS): oracle.graph(A[i:i + HEADS], oracle.Mask(n))
                numpy.append((time.process_time() - start) / len(A) * 1e6)
            us, by, python = map(statistics.median, (ours, lapack, numpy))
            print(f"{n:>4} {len(A):>9} {problems:>9.1f} {us:>12.1f} {by:>10.1f} {by / us:>7.1f} {python:>10.1f} {python / us:>7.1f}", flush=True)


if __name__ == "__main__":
    main()
