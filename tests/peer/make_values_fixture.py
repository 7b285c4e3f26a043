"""Makes tests/data/values.safetensors and values.json: attention, queries, keys, values, output projections and residual streams of HF
transformers, and by NumPy, in double, what spectail's groups values and frames say of them. One model of every kind of attention: rotary
positions over a part of a head, GQA, one key for all heads, linear biases, a window, normed queries, an encoder, matrices stored [in, out].

usage: make_values_fixture.py DATA_DIR OUT_DIR       (tests/data tests/data)
needs tests/peer/requirements.txt
"""
import json, os, sys
import numpy as np
import oracle, torch, transformers
from safetensors import safe_open
from safetensors.numpy import save_file
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

CASES = {"demo": "demo-run/step8000", **{c: "reference/" + c for c in ("gpt2", "llama", "gemma", "bert", "bloom", "mistral", "qwen3")}}
SAMPLES = 3  # of the reference's: 1, 6 and 23 tokens
NAN, seen = np.nan, []


def watch(module, query, key, value, mask, **options):
    """The model's own eager attention; what it was given is kept, as the scores see it."""
    out, weights = sys.modules[type(module).__module__].eager_attention_forward(module, query, key, value, mask, **options)
    seen.append([x[0].detach().numpy() for x in (query, key, value)])
    return out, weights


AttentionInterface.register("watch", watch)
AttentionMaskInterface.register("watch", eager_mask)


def watch_bloom(block):
    def keep(module, inputs, fused):
        heads = block.self_attention.num_heads
        seen.append(list(fused[0].detach().numpy().reshape(fused.shape[1], heads, 3, -1).transpose(2, 1, 0, 3)))
    block.self_attention.query_key_value.register_forward_hook(keep)


def projection(block, name):
    """[hidden, heads * d]"""
    for path, transposed in (("attn.c_proj", True), ("self_attn.o_proj", False), ("attention.output.dense", False), ("self_attention.dense", False), ("attention.dense", False)):
        try: weight = block.get_submodule(path).weight.detach().numpy()
        except AttributeError: continue
        return weight.T if transposed else weight
    raise ValueError(name)


def mean(x): return float(np.mean(x)) if len(x) else NAN
def norm(x): return np.sqrt((x * x).sum(-1))


def head_values(A, q, k, v, W, refs, M):
    """One head over one sample: A [n, n], q, k, v [n, d], W [hidden, d]."""
    out = dict.fromkeys(("value.direction", "value.share", "value.norm_ratio", "value.output_ratio"), NAN)
    if len(refs):
        o, r = A @ v, A[:, refs] @ v[refs]
        rows = [i for i in range(len(A)) if M.v[i] > 1 and M.see[i, refs].any() and norm(o[i]) > 0 and norm(r[i]) > 0]
        out["value.direction"] = mean([o[i] @ r[i] / norm(o[i]) / norm(r[i]) for i in rows])
        out["value.share"] = mean([norm(r[i]) / (norm(r[i]) + norm(o[i] - r[i])) for i in rows])
        for name, x in (("value.norm_ratio", v), ("value.output_ratio", v @ W.T)): out[name] = float(norm(x[refs]).mean() / norm(x).mean())
    out["key.norm_first"] = float(norm(k[0]) / norm(k).mean())
    out["key.cos_first"] = mean([q[i] @ k[0] / norm(q[i]) / norm(k[0]) for i in range(len(A)) if M.see[i, 0]])
    return out


def hidden(h):
    return {"hidden.norm_first": float(norm(h[0]) / np.median(norm(h))), "hidden.max_ratio": float(np.abs(h).max() / np.median(np.abs(h)))}


def frame(cs, refs, masks):
    """One head over all samples: cs[i] its c, refs[i] the layer's reference tokens. No token of these probes is special."""
    n = len(cs)
    if sum((c - M.u).max() < 1 / M.n for c, M in zip(cs, masks)) > n / 2: return "none"
    ends = sum(0 in r and M.n - 1 in r for r, M in zip(refs, masks))
    if masks[0].kind == "full" and ends >= n / 2: return "bidirectional"
    kind = lambda k, M: "first" if k == 0 else "last" if k == M.n - 1 else "other"
    top = [kind(max(r, key=lambda k: (c[k], -k)), M) for c, r, M in zip(cs, refs, masks) if len(r)]
    level = {}
    for c, r, M in zip(cs, refs, masks):
        for k in r: level.setdefault(kind(k, M), []).append(c[k])
    for t in set(top):
        if top.count(t) >= 0.8 * len(top): return "centralized" if all(np.mean(level[t]) >= 2 * np.mean(x) for u, x in level.items() if u != t) else "distributed"
    return "distributed"


def load(path):
    encoder = transformers.AutoConfig.from_pretrained(path).model_type == "bert"
    cls = transformers.AutoModel if encoder else transformers.AutoModelForCausalLM
    bloom = path.endswith("bloom")
    model = cls.from_pretrained(path, dtype=torch.float32, attn_implementation="eager" if bloom else "watch").eval()
    depth = model.config.num_hidden_layers
    blocks = next(m for m in model.modules() if isinstance(m, torch.nn.ModuleList) and len(m) == depth)
    if bloom: [watch_bloom(b) for b in blocks]
    return model, blocks, "full" if encoder else "causal"


def ids_of(data, path, model):
    reference = os.path.join(data, path, "reference.safetensors")
    if not os.path.exists(reference): return [[0] + [(37 * i * i + 11) % model.config.vocab_size for i in range(1, n)] for n in (1, 6, 23)]
    with safe_open(reference, "np") as f: return [f.get_tensor(f"ids_{i}").tolist() for i in range(SAMPLES)]


def run(model, blocks, samples):
    """[samples] of (attention, [q, k, v], stream), each [layers]."""
    streams = []
    hooks = [b.register_forward_hook(lambda m, i, o: streams.append((o[0] if isinstance(o, tuple) else o)[0].detach().numpy())) for b in blocks]
    out = []
    for ids in samples:
        seen.clear(); streams.clear()
        with torch.no_grad(): attentions = model(input_ids=torch.tensor([ids]), output_attentions=True).attentions
        out.append(([a[0].numpy() for a in attentions], list(seen), list(streams)))
    for hook in hooks: hook.remove()
    return out


def main():
    data, target = sys.argv[1:]
    tensors, cases = {}, []
    for case, path in CASES.items():
        model, blocks, kind = load(os.path.join(data, path))
        samples = ids_of(data, path, model)
        passes = run(model, blocks, samples)
        window = getattr(model.config, "sliding_window", None)
        layers = []
        for l in (0, len(blocks) - 1):
            W = projection(blocks[l], case)
            tensors[f"{case}.{l}.out"] = np.ascontiguousarray(W)
            layer = {"layer": l, "samples": [], "frames": []}
            cs, refs, masks = [], [], []
            for i, (attentions, qkv, streams) in enumerate(passes):
                A32, (q32, k32, v32), h32 = attentions[l], qkv[l], streams[l]
                for name, x in (("attention", A32), ("query", q32), ("key", k32), ("value", v32), ("stream", h32)): tensors[f"{case}.{l}.{i}.{name}"] = np.ascontiguousarray(x)
                A, q, k, v, h, W64 = (x.astype(np.float64) for x in (A32, q32, k32, v32, h32, W))
                M = oracle.Mask(A.shape[1], kind, window)
                cs.append(A.mean(1)); refs.append(oracle.reference_tokens(A, M)); masks.append(M)
                group, d = len(A) // len(k), q.shape[2]
                heads = [head_values(A[j], q[j], k[j // group], v[j // group], W64[:, j * d:(j + 1) * d], refs[i], M) for j in range(len(A))]
                values = {name: [x[name] for x in heads] for name in heads[0]} | hidden(h)
                layer["samples"].append({"references": refs[i].tolist()} | oracle.null(values))
            layer["frames"] = [frame([c[j] for c in cs], refs, masks) for j in range(len(cs[0]))]
            layers.append(layer)
        cases.append({"name": case, "path": path, "kind": kind, "window": window or 0, "kv_heads": len(passes[0][1][0][1]), "ids": samples, "layers": layers})
    save_file(tensors, os.path.join(target, "values.safetensors"))
    json.dump({"cases": cases}, open(os.path.join(target, "values.json"), "w"))


if __name__ == "__main__":
    main()
