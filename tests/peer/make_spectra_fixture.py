"""Makes tests/data/spectra.json and spectra.safetensors: what NumPy and SciPy, in double, say of the spectra of residual streams and weights of
models of every way to store queries, keys and values: fused head by head (rotary, and with linear biases), fused kind by kind and transposed,
grouped, one key for all heads and a head wider than hidden / heads, an encoder; with a gate and without. Singular values by SVD, Marchenko
and Pastur's law by quadrature of its density, its distribution function at chosen points by mpmath with 40 digits.

usage: make_spectra_fixture.py DATA_DIR OUT_DIR       (tests/data tests/data)
needs tests/peer/requirements.txt
"""
import json, os, sys
import mpmath, numpy as np, torch, transformers
from safetensors.numpy import save_file
from scipy.integrate import quad
from scipy.optimize import brentq

CASES = {"demo": "demo-run/step8000", **{c: "reference/" + c for c in ("gpt_neox", "gpt2", "bloom", "llama", "gemma", "mistral", "bert", "gpt2_f16", "gemma_bf16")}}
WEIGHTS_ALONE = ("gemma_bf16",)  # whose scale of the embedding is rounded as it is stored, which HF does only where it computes in bfloat16
PROBES = {"short": (1, 6, 23), "long": (23, 1, 6, 23, 20)}  # fewer tokens than the stream is wide, and more
LAW = (1e-6, 1e-3, 0.00999, 0.0101, 0.0625, 0.25, 0.5, 0.9, 0.999999, 1.0)


# --- Marchenko and Pastur ---

def edges(q): return (1 - np.sqrt(q)) ** 2, (1 + np.sqrt(q)) ** 2


def cdf(q, x):
    """By quadrature over t, x = 1 + q - 2 sqrt(q) cos t: no root singularities at the edges."""
    a, b = edges(q)
    if x <= a: return 0.0
    if x >= b: return 1.0
    r, t = np.sqrt(q), 2 * np.arctan2(np.sqrt(x - a), np.sqrt(b - x))
    f = lambda s: 2 / np.pi * np.sin(s) ** 2 / ((1 - r) ** 2 + 4 * r * np.sin(s / 2) ** 2)
    return quad(f, 0, t, epsabs=1e-13, epsrel=1e-13, limit=200)[0]


def median(q):
    a, b = edges(q)
    return brentq(lambda x: cdf(q, x) - 0.5, a, b, xtol=1e-15, rtol=1e-14)


def law_points(q):
    mpmath.mp.dps = 40
    Q = mpmath.mpf(q); r = mpmath.sqrt(Q); a, b = (1 - r) ** 2, (1 + r) ** 2
    density = lambda x: mpmath.sqrt((b - x) * (x - a)) / (2 * mpmath.pi * Q * x)
    points = []
    for share in (0.001, 0.02, 0.2, 0.5, 0.8, 0.97, 0.9999):
        x = float(a + (b - a) * mpmath.mpf(share))
        points.append([x, float(mpmath.quad(density, [a, a + (x - a) / 1000, a + (x - a) / 10, x]))])
    angle = lambda t: mpmath.quad(lambda s: 2 / mpmath.pi * mpmath.sin(s) ** 2 / ((1 - r) ** 2 + 4 * r * mpmath.sin(s / 2) ** 2), [0, t]) - mpmath.mpf(1) / 2
    t = mpmath.findroot(angle, (mpmath.mpf(1), mpmath.mpf(2)), solver="secant")
    return {"q": q, "median": float(1 + Q - 2 * r * mpmath.cos(t)), "points": points}


# --- one matrix ---

def power_law(lam):
    """Clauset, Shalizi and Newman 2009, every start that leaves at least max(10, 5 %)."""
    n, best = len(lam), None
    for i in range(n):
        tail = lam[i:]; m = len(tail); logs = np.log(tail / tail[0]).sum()
        if m < max(10, 0.05 * n) or logs <= 0: continue
        alpha = 1 + m / logs
        ks = np.abs(1 - (tail / tail[0]) ** (1 - alpha) - np.arange(m) / m).max()
        if best is None or ks < best[1]: best = (alpha, ks, m)
    return best or (np.nan,) * 3


def figures(W):
    """The eight of a matrix."""
    lam, (small, large) = np.sort(np.linalg.svd(W, compute_uv=False) ** 2), sorted(W.shape)
    first, second, sums, squares = lam[-1], lam[-2] if small > 1 else 0, lam.sum(), (lam ** 2).sum()
    lam = lam[lam > large * 2.0 ** -52 * lam[-1]]
    q, count = small / large, len(lam)
    sigma2 = np.median(lam) / median(q)
    F = np.array([cdf(q, x / sigma2) for x in lam])
    alpha, ks, m = power_law(lam)
    return {"gap_ratio": (first - second) / first, "participation": sums ** 2 / squares, "participation_rel": sums ** 2 / squares / small,
            "mp_ks": max((np.arange(1, count + 1) / count - F).max(), (F - np.arange(count) / count).max()),
            "spikes": float((lam > sigma2 * edges(q)[1]).sum()), "alpha": alpha, "alpha_ks": ks, "alpha_tail": m}


def hidden(X):
    centred = X.astype(np.float64) - X.astype(np.float64).mean(0)
    return {k: v for k, v in figures(centred).items() if not k.startswith("alpha")}


# --- models ---

def weight(block, *paths):
    for path in paths:
        try: module = block.get_submodule(path)
        except AttributeError: continue
        w = module.weight.detach().to(torch.float64).numpy()
        return w.T if type(module).__name__ == "Conv1D" else w
    return None


def matrices(block, config):
    heads, d = config.num_attention_heads, config.hidden_size
    fused = weight(block, "attention.query_key_value", "self_attention.query_key_value")
    if fused is not None: q, k, v = (fused.reshape(heads, 3, -1, d)[:, i].reshape(-1, d) for i in range(3))
    elif (kinds := weight(block, "attn.c_attn")) is not None: q, k, v = np.split(kinds, 3)
    else: q, k, v = (weight(block, f"self_attn.{n}_proj", f"attention.self.{long}") for n, long in (("q", "query"), ("k", "key"), ("v", "value")))
    out = weight(block, "self_attn.o_proj", "attn.c_proj", "attention.output.dense", "attention.dense", "self_attention.dense")
    up = weight(block, "mlp.up_proj", "mlp.c_fc", "mlp.dense_h_to_4h", "intermediate.dense")
    down = weight(block, "mlp.down_proj", "mlp.c_proj", "mlp.dense_4h_to_h", "output.dense")
    named = {"query": q, "key": k, "value": v, "output": out, "mlp_up": up, "mlp_gate": weight(block, "mlp.gate_proj"), "mlp_down": down}
    return {name: w for name, w in named.items() if w is not None}


def streams(model, blocks, samples):
    """[layers] [N, d]"""
    seen = [[] for _ in blocks]
    hooks = [b.register_forward_hook(lambda m, i, o, l=l: seen[l].append((o[0] if isinstance(o, tuple) else o)[0].detach().numpy())) for l, b in enumerate(blocks)]
    with torch.no_grad():
        for ids in samples: model(input_ids=torch.tensor([ids]))
    for hook in hooks: hook.remove()
    return [np.concatenate(x) for x in seen]


def main():
    data, target = sys.argv[1:]
    cases, tensors = [], {}
    for name, path in CASES.items():
        path_of = os.path.join(data, path)
        encoder = transformers.AutoConfig.from_pretrained(path_of).model_type == "bert"
        model = (transformers.AutoModel if encoder else transformers.AutoModelForCausalLM).from_pretrained(path_of, dtype=torch.float32, attn_implementation="eager").eval()
        blocks = next(m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == model.config.num_hidden_layers)
        case = {"name": name, "path": path, "weights": [{k: figures(w) for k, w in matrices(b, model.config).items()} for b in blocks], "probes": []}
        for probe, lengths in PROBES.items():
            samples = [[(37 * i * i + 11 * (s + 1)) % model.config.vocab_size for i in range(n)] for s, n in enumerate(lengths)]
            after = streams(model, blocks, samples)
            case["probes"].append({"name": probe, "ids": samples, "hidden": [] if name in WEIGHTS_ALONE else [hidden(x) for x in after]})
            if name in ("llama", "bert"): tensors[f"{name}.{probe}"] = np.ascontiguousarray(after[-1])
        cases.append(case)
    save_file(tensors, os.path.join(target, "spectra.safetensors"))
    json.dump({"law": [law_points(q) for q in LAW], "cases": cases}, open(os.path.join(target, "spectra.json"), "w"))


if __name__ == "__main__":
    main()
