"""Bars equal those of the PyPI module `ripser` as multisets, exactly: matrices are rounded to float32 first, which is what Ripser computes with.

usage: persistence_ripser.py PERSISTENCE_DUMP [ATTENTION.npz]      (ATTENTION.npz from tests/bench/make_attention.py)
needs numpy, ripser; exit status 1 on any difference
"""
import struct, subprocess, sys, warnings
import numpy as np
from ripser import ripser

BAR_MIN = 1e-5  # analysis/topology/persistence.h
KINDS = ("random", "uniform", "sharp", "sink", "local", "full", "mean", "ties 4096", "ties 64", "ties 4")


def attention(kind, n, random):
    scores = random.normal(size=(n, n)) * {"uniform": 0.02, "sharp": 400.0, "ties 64": 3.0}.get(kind, 1.5)
    if kind in ("sink", "ties 64"): scores[:, 0] += 5
    if kind == "local": scores -= 0.5 * np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    if kind != "full": scores = np.where(np.tri(n, dtype=bool), scores, -np.inf)
    A = np.exp(scores - scores.max(1, keepdims=True))
    return A / A.sum(1, keepdims=True)


def distance(A, mean=False):
    D = 1 - ((A + A.T) / 2 if mean else np.maximum(A, A.T))
    np.fill_diagonal(D, 0)
    return D


def generated(count, sizes, random):
    for m in range(count):
        kind = KINDS[m % len(KINDS)]
        n = int(random.integers(*sizes))
        D = distance(attention(kind, n, random), kind == "mean")
        if kind == "ties 4096": D = np.round(D * 4096) / 4096
        if kind == "ties 64": D = np.round(D * 64) / 64
        if kind == "ties 4":
            D = np.tril(random.integers(1, 5, (n, n)) / 4, -1)
            D = D + D.T
        yield kind, D.astype(np.float32).astype(np.float64)


def own_bars(program, dimension, matrices):
    data = b"".join(struct.pack("<Q", len(D)) + np.ascontiguousarray(D, "<f8").tobytes() for D in matrices)
    out = subprocess.run([program, str(dimension)], input=data, stdout=subprocess.PIPE, check=True).stdout.decode()
    bars = [[[] for _ in range(dimension + 1)] for _ in matrices]
    for line in out.splitlines():
        m, d, birth, death = line.split()
        bars[int(m)][int(d)].append((float(birth), float(death)))
    return bars


def compare(program, dimension, cases):
    bars, different = own_bars(program, dimension, [D for _, D in cases]), 0
    for m, (kind, D) in enumerate(cases):
        theirs = ripser(D, distance_matrix=True, maxdim=dimension)["dgms"] if len(D) > 1 else [np.array([[0, np.inf]])] + [np.zeros((0, 2))] * dimension
        for d in range(dimension + 1):
            a, b = sorted(bars[m][d]), sorted((float(x), float(y)) for x, y in theirs[d] if float(y) - float(x) > BAR_MIN)
            if a == b: continue
            different += 1
            print(f"matrix {m} ({kind}, n {len(D)}), dimension {d}: {len(a)} bars here, {len(b)} by ripser; only here {sorted(set(a) - set(b))[:3]}, only there {sorted(set(b) - set(a))[:3]}")
    print(f"dimension {dimension}: {len(cases)} matrices, {sum(len(x) for m in bars for x in m)} bars, {different} differences")
    return different


def main():
    warnings.filterwarnings("ignore")
    if len(sys.argv) not in (2, 3): sys.exit(__doc__)
    random = np.random.default_rng(1)
    cases = list(generated(1000, (1, 65), random)) + list(generated(40, (100, 129), random))
    if len(sys.argv) == 3:
        with np.load(sys.argv[2]) as z:
            cases += [("attention " + n, distance(A).astype(np.float32).astype(np.float64)) for n in z.files for A in z[n].reshape(-1, int(n), int(n))]
    different = compare(sys.argv[1], 1, cases)
    different += compare(sys.argv[1], 2, list(generated(300, (1, 25), random)))
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
