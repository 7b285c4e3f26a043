"""Makes tests/data/attention.safetensors and attention.json: attention matrices of HF transformers (and softmax ones for the masks that the
bundled run does not have), with every metric of the groups sinks, rmt, topology, graph and information by NumPy (oracle.py beside this file). Bars are GUDHI's, in
double: the Ripser that oracle.py calls rounds distances to float32.

usage: make_attention_fixture.py RUN PROBE.txt OUT_DIR       (tests/data/demo-run configs/probes/stem-500.txt tests/data)
needs tests/peer/requirements.txt
"""
import json, os, sys
import numpy as np
import gudhi, oracle, tokenizers, torch, transformers
from safetensors.numpy import save_file

STEPS, LAYERS = (0, 512, 8000), (0, 2, 5)


def bars(D):
    radius = D.max(1).min()
    tree = gudhi.RipsComplex(distance_matrix=D, max_edge_length=radius).create_simplex_tree(max_dimension=2)
    tree.compute_persistence(homology_coeff_field=2, min_persistence=-1)
    return [tree.persistence_intervals_in_dimension(d).reshape(-1, 2) for d in (0, 1)]


def topology(A):
    """oracle.topology with bars in double: the same lines, another source of bars."""
    H, n, _ = A.shape
    out = oracle.topology(A, oracle.Mask(n))
    for h in range(H):
        D = 1 - np.maximum(A[h], A[h].T)
        np.fill_diagonal(D, 0)
        dgm = bars(D) if n > 1 else [np.zeros((0, 2))] * 2
        p0, p1 = [np.diff(b[np.isfinite(b[:, 1])], axis=1)[:, 0] for b in dgm]
        p0 = p0[p0 > 1e-5]; p1 = p1[p1 > 1e-5]; q = p1 / p1.sum() if len(p1) else p1
        for name, value in {"h0_mean": p0.mean() if len(p0) else 0, "h1_persistence": p1.sum(), "h1_bars": (p1 > 0.01).sum(),
                            "h1_max": p1.max() if len(p1) else 0, "h1_entropy": -(q * np.log(q)).sum()}.items():
            out["topology." + name][h] = value
    return out


def group(name, kind, window, samples, tensors):
    """One (layer, mask): samples of [H, n, n] attention; per-sample values and what is pooled over them."""
    out = {"name": name, "kind": kind, "window": window or 0, "samples": []}
    pools, pairs = {}, {}
    for i, A32 in enumerate(samples):
        tensors[f"{name}.{i}"] = A32.astype(np.float32)
        A = A32.astype(np.float32).astype(np.float64); M = oracle.Mask(A.shape[1], kind, window)
        values = oracle.sinks(A, M) | oracle.rmt(A, M) | topology(A) | oracle.graph(A, M) | oracle.information(A, M)
        values.pop("ratio:information.kl_reduction", None)
        for key in [k for k in values if k.startswith("pool:")]:
            xs, cdf = values.pop(key)
            for h, x in enumerate(xs):
                if x is not None: pools.setdefault(key[5:], {}).setdefault(h, ([], cdf))[0].append(x)
        for key in [k for k in values if k.startswith("corr:")]:
            f, c, n = values.pop(key)
            for kind_of, adjusted in (("", False), ("_adjusted", True)):
                x = pairs.setdefault(key[5:].replace("@", kind_of + "@"), ([], [], [], adjusted))
                x[0].append(f); x[1].append(c); x[2].append(np.full(len(f), float(n)))
        out["samples"].append({k: oracle.null(np.asarray(v, float).tolist()) for k, v in values.items()})
    H = samples[0].shape[0]
    out["pooled"] = {k: oracle.null([oracle.kl_from(np.concatenate(d[h][0]), d[h][1]) if h in d else np.nan for h in range(H)]) for k, d in pools.items()}
    out["pairs"] = {k: oracle.null(oracle.correlation(*map(np.concatenate, x[:3]), x[3])) for k, x in pairs.items()}
    return out


def softmax(rng, H, n, see, scale):
    z = np.where(see, rng.normal(size=(H, n, n)) * scale, -np.inf)
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def main():
    run, probe, target = sys.argv[1:]
    lines = open(probe, encoding="utf8").read().splitlines()
    tok = tokenizers.Tokenizer.from_file(os.path.join(run, "tokenizer.json"))
    ids = [e.ids for e in tok.encode_batch(lines)]
    lengths = (1, 2, 3, 7, 8, 15, 16, 23, 37)
    longest = max(ids, key=len)
    picked = [longest[:n] for n in lengths] + [longest]
    tensors, groups = {}, []
    for step in STEPS:
        model = transformers.AutoModelForCausalLM.from_pretrained(os.path.join(run, f"step{step}"), dtype=torch.float32, attn_implementation="eager").eval()
        with torch.no_grad(): outs = [model(input_ids=torch.tensor([s]), output_attentions=True).attentions for s in picked]
        groups += [group(f"step{step}.{l}", "causal", None, [o[l][0].numpy() for o in outs], tensors) for l in LAYERS]
    rng = np.random.default_rng(1)
    for kind, window in (("full", None), ("causal", 5)):
        groups.append(group(f"{kind}{window or ''}", kind, window, [softmax(rng, 3, n, oracle.Mask(n, kind, window).see, s) for n, s in
                                                                  ((1, 1), (4, 1), (9, 3), (16, 1), (24, 2), (33, 6))], tensors))
    save_file(tensors, os.path.join(target, "attention.safetensors"))
    json.dump({"groups": groups}, open(os.path.join(target, "attention.json"), "w"))


if __name__ == "__main__":
    main()
