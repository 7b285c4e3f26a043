"""Makes tests/data/correlation.json: pairs of values over (head, sample), their correlations plain and adjusted for length, and the 95 %
intervals over 1000 draws of samples, each draw computed anew from its pairs by NumPy's lstsq. Draws by xoshiro256** seeded by SplitMix64(1),
written down here once more.

usage: make_correlation_fixture.py OUT_DIR       (tests/data)
needs tests/peer/requirements.txt
"""
import json, os, sys
import numpy as np
import oracle

DRAWS, WORD = 1000, (1 << 64) - 1


def words(seed):
    s = []
    for _ in range(4):
        seed = (seed + 0x9E3779B97F4A7C15) & WORD
        z = seed
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & WORD
        s.append(z ^ (z >> 31))
    turn = lambda x, k: ((x << k) | (x >> (64 - k))) & WORD
    while True:
        yield (turn((s[1] * 5) & WORD, 7) * 9) & WORD
        t = (s[1] << 17) & WORD
        s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t; s[3] = turn(s[3], 45)


def interval(x, y, n, adjusted):
    """x, y [heads, samples], n [samples]."""
    heads, samples = x.shape; u = words(1); values = []
    for _ in range(DRAWS):
        drawn = [(next(u) * samples) >> 64 for _ in range(samples)]
        values.append(oracle.correlation(x[:, drawn].ravel(), y[:, drawn].ravel(), np.tile(n[drawn].astype(float), heads), adjusted))
    values = np.array(values); values = values[np.isfinite(values)]
    return np.percentile(values, [2.5, 97.5]).tolist() if len(values) else [np.nan, np.nan]


def cases():
    rng = np.random.default_rng(1)
    n = rng.integers(5, 60, 24)
    noise = lambda h, m: rng.normal(size=(h, m))
    x = noise(3, 24); yield "unrelated", n, x, noise(3, 24)
    x = noise(3, 24); yield "related", n, x, 0.8 * x + 0.3 * noise(3, 24)
    yield "explained by length", n, 5 / n + 0.01 * noise(3, 24), np.log(n) + 0.01 * noise(3, 24)
    x = 5 / n + 1e-4 * noise(2, 24); yield "explained by length but for little", n, x, np.log(n) - 0.5 * x + 1e-4 * noise(2, 24)
    x = noise(3, 24); y = x + noise(3, 24); x[1, 3] = x[2, 7] = y[0, 9] = np.nan; x[:, 11] = np.nan; yield "with gaps", n, x, y
    x = np.zeros((3, 24)); x[1, 4] = 0.3; x[0, 9] = 0.2; yield "nearly always zero", n, x, 1 / n + 0.1 * noise(3, 24)
    yield "always zero", n, np.zeros((2, 24)), noise(2, 24)
    x = noise(2, 24); yield "one length", np.full(24, 21), x, noise(2, 24) - x
    x = noise(2, 24); yield "two lengths", np.where(np.arange(24) < 20, 21, 7), x, noise(2, 24) + x
    x = noise(1, 6); yield "few samples", n[:6], x, noise(1, 6) + x
    yield "a line", n, np.tile(1.0 / n, (2, 1)), np.tile(3 - 2.0 / n, (2, 1))
    yield "two pairs", n[:2], noise(1, 2), noise(1, 2)
    x = noise(2, 24) * 1e-5 + 7; yield "far from zero", n + 400, x, (x - 7) * 1e4 + noise(2, 24) - 1e3
    x = noise(2, 24) * 1.2e-12; yield "hardly varying", n, x, noise(2, 24) + x * 1e12


def main():
    out = []
    for name, n, x, y in cases():
        case = {"name": name, "lengths": n.tolist(), "x": oracle.null(x.tolist()), "y": oracle.null(y.tolist())}
        for key, adjusted in (("plain", False), ("adjusted", True)):
            value = oracle.correlation(x.ravel(), y.ravel(), np.tile(n.astype(float), len(x)), adjusted)
            lo, hi = interval(x, y, n, adjusted) if np.isfinite(value) else (np.nan, np.nan)
            case[key] = oracle.null([value, lo, hi])
        out.append(case)
    json.dump({"draws": DRAWS, "cases": out}, open(os.path.join(sys.argv[1], "correlation.json"), "w"))


if __name__ == "__main__":
    main()
