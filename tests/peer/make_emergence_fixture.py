"""Makes tests/data/emergence.txt: series, and the logistic curves that SciPy fits to them.

y = a + b / (1 + exp(-k (t - t0))), t = log2(1 + step), least squares by scipy.optimize.curve_fit (Levenberg-Marquardt) from 200
starting points each, of which the best end counts. The series are the means over model, layers and heads that oracle.py, an
independent program, measured on the bundled run's checkpoints, and made-up ones with noise. Only fits that lie within the bounds of
analysis/emergence/logistic.h are written, and no jumps (k > 16), of which many curves leave the same sum of squares.

usage: make_emergence_fixture.py tests/data/demo-run.oracle.json > tests/data/emergence.txt
"""
import json
import sys
import warnings

import numpy as np
from scipy.optimize import curve_fit

PYTHIA = [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 100000, 143000]


def curve(t, a, b, k, t0):
    return a + b / (1 + np.exp(-np.clip(k * (t - t0), -500, 500)))


def best_fit(steps, y, random):
    t = np.log2(1 + np.asarray(steps, float))
    span, best = t[-1] - t[0], None
    for _ in range(200):
        start = [y[0], y[-1] - y[0], np.exp(random.uniform(np.log(0.3), np.log(20))), random.uniform(t[0], t[-1])]
        try:
            found, _ = curve_fit(curve, t, y, start, maxfev=20000, xtol=1e-14, ftol=1e-14, gtol=1e-14)
        except RuntimeError:
            continue
        if found[2] < 0:  # the same curve from the other side
            found = np.array([found[0] + found[1], -found[1], -found[2], found[3]])
        rss = float(np.sum((curve(t, *found) - y) ** 2))
        if best is None or rss < best[0]: best = (rss, found)
    rss, (a, b, k, t0) = best
    inside = t[0] - span / 2 < t0 < t[-1] + span / 2 and 3 / span < k < 16
    return (t0, k, a, b, rss) if inside else None


def series():
    oracle = json.load(open(sys.argv[1]))
    steps = sorted(map(int, oracle))
    for metric in ["loss", "sink.first_excess", "sink.entropy", "pattern.previous", "rmt.gap", "rmt.participation", "rmt.stable_rank",
                   "topology.h0_mean", "topology.b0@0.1", "topology.b1@0.25", "information.fisher"]:
        if metric not in oracle["0"]: continue
        yield metric, steps, [oracle[str(s)][metric]["model"] for s in steps]
        for layer in [2, 5]:
            if "layer" in oracle["0"][metric]:
                yield f"{metric},layer{layer}", steps, [oracle[str(s)][metric]["layer"][layer] for s in steps]
    random = np.random.default_rng(7)
    t = np.log2(1 + np.asarray(PYTHIA, float))
    for i in range(20):
        a, b, k, t0 = random.uniform(-1, 1), random.choice([-1, 1]) * random.uniform(0.2, 5), np.exp(random.uniform(-0.5, 1.5)), random.uniform(2, 15)
        yield f"made{i}", PYTHIA, list(curve(t, a, b, k, t0) + random.normal(0, 0.05 * abs(b), len(t)))


def main():
    warnings.simplefilter("ignore")
    random = np.random.default_rng(11)
    print("# made by tests/peer/make_emergence_fixture.py: name count, then steps, values, and t0 k a b rss by SciPy")
    for name, steps, y in series():
        fit = best_fit(steps, np.asarray(y, float), random)
        if fit is None: continue
        print(name, len(steps))
        print(*steps)
        print(*[repr(float(v)) for v in y])
        print(*[repr(float(v)) for v in fit])


main()
