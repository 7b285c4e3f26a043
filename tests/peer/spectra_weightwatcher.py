"""rmt.weight.* against WeightWatcher (Martin and Mahoney 2021) on the bundled run.

    python tests/peer/spectra_weightwatcher.py SPECTAIL

Three checkpoints of the run (untrained, half way, trained) are swept with the group weights, and WeightWatcher analyses
the same matrices: queries, keys and values of each layer taken out of the fused tensor, the output projection and both
matrices of the MLP, as double. Where the definitions agree, the figures do, to 1e-9:

  - alpha, alpha_ks (its D) and alpha_tail (its num_pl_spikes): the same estimate, the same distance (the share of values
    before a value stands for the distribution) and the same choice of the start by the least distance. WeightWatcher
    allows any start, spectail those that leave max(10, 5 %) values. So first WeightWatcher's own tables of alpha and D
    for every start are looked up at the best start that spectail allows: equal for every matrix. Then its own choice is
    compared wherever that is allowed, which must be most of them, and wherever it is not, spectail's distance must not
    be smaller.
  - gap_ratio and participation, from WeightWatcher's eigenvalues.
  - mp_ks and spikes, with WeightWatcher's Marchenko-Pastur density of its Q and the sigma that spectail takes, the root
    of the median eigenvalue over the law's median.

Not compared, because the definitions differ:

  - WeightWatcher's own Marchenko-Pastur fit (mp_fit: sigma_mp, num_spikes, mp_softrank): its sigma comes from a least
    squares fit of a smoothed density to a bulk whose upper end is searched for; spectail's is one division, of medians,
    and the same for every matrix.
  - fix_fingers, xmax, the truncated power law and the fit for fewer than 20 eigenvalues (with a correction of the bias
    and another distance): spectail has none of them.
  - Values below 1e-5 take no part in WeightWatcher's fit, in whatever unit the weights are; in spectail those that are
    zero to the arithmetic. No start that is chosen here is touched by either.
  - W of a fused tensor: WeightWatcher takes [3 d, d] as one matrix, spectail three. Therefore they are taken apart.
  - rmt.hidden.*: WeightWatcher does not look at activations.

Prints what was compared; exit status 1 at the first difference.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import warnings

import numpy as np
import torch
from safetensors.numpy import load_file
from scipy.integrate import quad
from scipy.optimize import brentq

warnings.simplefilter("ignore")
import weightwatcher
from weightwatcher.RMT_Util import marchenko_pastur_fun
from weightwatcher.WW_powerlaw import WWFit

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RUN = ROOT / "tests/data/demo-run"
STEPS = (0, 1000, 8000)
SAME = 1e-9
SAME_LAW = 1e-6  # the density is integrated across its own root at the edge


def fail(text):
    sys.exit(f"spectra_weightwatcher: {text}")


def matrices(step):
    """{(layer, part): W}"""
    tensors, found = load_file(RUN / f"step{step}" / "model.safetensors"), {}
    for name, tensor in tensors.items():
        if ".layers." not in name or tensor.ndim != 2:
            continue
        layer, w = int(name.split(".layers.")[1].split(".")[0]), tensor.astype(np.float64)
        if "query_key_value" in name:
            by_head = w.reshape(heads_of(step), 3, -1, w.shape[1])
            for i, part in enumerate(("query", "key", "value")):
                found[layer, part] = by_head[:, i].reshape(-1, w.shape[1])
        for part, tail in (("output", "attention.dense"), ("mlp_up", "dense_h_to_4h"), ("mlp_down", "dense_4h_to_h")):
            if tail in name:
                found[layer, part] = w
    return found


def heads_of(step):
    return json.loads((RUN / f"step{step}" / "config.json").read_text())["num_attention_heads"]


class Layers(torch.nn.Module):
    """One linear layer for each matrix, as WeightWatcher looks for them."""

    def __init__(self, found):
        super().__init__()
        for (layer, part), w in found.items():
            linear = torch.nn.Linear(w.shape[1], w.shape[0], bias=False, dtype=torch.float64)
            linear.weight.data = torch.tensor(np.ascontiguousarray(w))
            self.add_module(f"{part}@{layer}", linear)


def watch(found):
    """{(layer, part): row of its table, its eigenvalues}"""
    watcher = weightwatcher.WeightWatcher(model=Layers(found))
    table = watcher.analyze(plot=False, svd_method="accurate")
    out = {}
    for _, row in table.iterrows():
        part, layer = row["longname"].split("@")
        out[int(layer), part] = row, np.sort(watcher.get_ESD(layer=int(row["layer_id"])))
    return out


def sweep(spectail, folder):
    """{step: {(metric, layer): value}}"""
    db = folder / "w.db"
    steps = ",".join(str(s) for s in STEPS)
    for step in STEPS:
        command = [spectail, "sweep", RUN, "--db", db, "--steps", f"{step}:{step}", "--metrics", "weights"]
        subprocess.run([*command, "--samples", "2", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    rows = subprocess.run([spectail, "export", "--db", db, "--format", "csv"], check=True, capture_output=True, text=True)
    header, *lines = rows.stdout.splitlines()
    columns = header.split(",")
    out = {}
    for line in lines:
        row = dict(zip(columns, line.split(",")))
        if int(row["layer"]) >= 0:
            out.setdefault(int(row["step"]), {})[row["metric"], int(row["layer"])] = float(row["mean"] or "nan")
    if sorted(out) != sorted(STEPS):
        fail(f"steps {sorted(out)} were swept, expected {steps}")
    return out


def law_of(lam, row):
    """mp_ks and spikes by WeightWatcher's density."""
    Q = row["N"] / row["M"]
    _, _, low, high = marchenko_pastur_fun(1.0, Q)

    def cdf(x):
        # t takes the place of x, whose density has roots at both ends and, of a square matrix, a pole at 0
        at = lambda t: low + (high - low) * np.sin(t / 2) ** 2
        density = lambda t: marchenko_pastur_fun(at(t), Q)[1] * (high - low) * np.sin(t) / 2
        end = 2 * np.arcsin(np.sqrt(np.clip((x - low) / (high - low), 0, 1)))
        return quad(density, 0, end, epsabs=1e-10, limit=200)[0]

    sigma2 = np.median(lam) / brentq(lambda x: cdf(x) - 0.5, low, high, xtol=1e-12)
    F, n = np.array([cdf(x / sigma2) for x in lam]), len(lam)
    ks = max((np.arange(1, n + 1) / n - F).max(), (F - np.arange(n) / n).max())
    return ks, int((lam > sigma2 * high).sum())


def compare(name, ours, theirs, tolerance=SAME):
    if not abs(ours - theirs) <= tolerance * max(1, abs(theirs)):
        fail(f"{name} is {ours!r}, by WeightWatcher {theirs!r}")


def main():
    spectail = pathlib.Path(sys.argv[1]).resolve()
    figures = chosen = 0
    with tempfile.TemporaryDirectory() as folder:
        swept = sweep(spectail, pathlib.Path(folder))
    for step in STEPS:
        found = matrices(step)
        seen = watch(found)
        if set(seen) != set(found) or len(found) % 6:
            fail(f"step {step}: WeightWatcher saw {len(seen)} of {len(found)} matrices")
        for (layer, part), (row, lam) in seen.items():
            where = f"step {step}, layer {layer}: rmt.weight.{part}"
            ours = {m: swept[step][f"rmt.weight.{part}.{m}", layer] for m in
                    ("gap_ratio", "participation", "participation_rel", "mp_ks", "spikes", "alpha", "alpha_ks", "alpha_tail")}
            compare(where + ".gap_ratio", ours["gap_ratio"], (lam[-1] - lam[-2]) / lam[-1])
            compare(where + ".participation", ours["participation"], lam.sum() ** 2 / (lam**2).sum())
            compare(where + ".participation_rel", ours["participation_rel"], lam.sum() ** 2 / (lam**2).sum() / len(lam))
            ks, spikes = law_of(lam, row)
            compare(where + ".mp_ks", ours["mp_ks"], ks, SAME_LAW)
            compare(where + ".spikes", ours["spikes"], spikes)
            fit, least = WWFit(lam), max(10, int(np.ceil(0.05 * len(lam))))
            start = int(np.argmin(fit.Ds[: len(lam) - least + 1]))
            compare(where + ".alpha", ours["alpha"], fit.alphas[start])
            compare(where + ".alpha_ks", ours["alpha_ks"], fit.Ds[start])
            compare(where + ".alpha_tail", ours["alpha_tail"], len(lam) - start)
            figures += 8
            if row["num_pl_spikes"] >= least:
                compare(where + ".alpha", ours["alpha"], row["alpha"])
                compare(where + ".alpha_ks", ours["alpha_ks"], row["D"])
                compare(where + ".alpha_tail", ours["alpha_tail"], row["num_pl_spikes"])
                chosen += 1
            elif ours["alpha_ks"] < row["D"] - SAME:
                fail(f"{where}.alpha_ks is {ours['alpha_ks']}, less than WeightWatcher's {row['D']} of more starts")
    if chosen < figures / 8 / 2:
        fail(f"WeightWatcher chose a tail that spectail allows for only {chosen} of {figures // 8} matrices")
    print(f"{figures} figures of {figures // 8} matrices agree, {chosen} of which have WeightWatcher's own choice of the tail")


if __name__ == "__main__":
    main()
