"""Makes tests/data/ablation.json: what HF transformers makes of a probe when each layer's reference tokens are masked as keys, in every layer
at once, a query always keeping its own key, as an additive 4-D mask of each layer. From its logits and attentions, by NumPy, in double: the
reference tokens of the clean pass, and the change of loss and entropy and the KL that spectail's group ablate is made of. One model of every
kind of attention: rotary positions, GQA, one key for all heads, linear biases, windows in all or some layers, normed queries, matrices stored
[in, out], an output of another width than the stream, an encoder.

usage: make_ablation_fixture.py DATA_DIR OUT_DIR       (tests/data tests/data)
needs tests/peer/requirements.txt
"""
import json, os, sys
import numpy as np
import oracle, torch, transformers
from safetensors import safe_open
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import eager_mask

CASES = {"demo": "demo-run/step8000", **{c: "reference/" + c for c in ("gpt_neox", "llama", "mistral", "qwen2_windows", "gpt2", "bloom", "gemma", "opt", "opt_after", "qwen3", "bert")}}
SAMPLES = 4  # of the reference's
added = {}  # layer -> [n, n] added to its mask


def masked(module, query, key, value, mask, **options):
    """The model's own eager attention under its own mask and ours."""
    ours = added.get(module.layer_idx)
    if ours is not None: mask = ours if mask is None else mask + ours
    return sys.modules[type(module).__module__].eager_attention_forward(module, query, key, value, mask, **options)


AttentionInterface.register("masked", masked)
AttentionMaskInterface.register("masked", eager_mask)


def mask_bloom(attention, layer):
    def change(module, inputs, options):
        if layer in added: options["attention_mask"] = options["attention_mask"].masked_fill(added[layer] < 0, -np.inf)
        return inputs, options
    attention.register_forward_pre_hook(change, with_kwargs=True)


def load(path):
    kind = transformers.AutoConfig.from_pretrained(path).model_type
    cls = transformers.AutoModel if kind == "bert" else transformers.AutoModelForCausalLM
    model = cls.from_pretrained(path, dtype=torch.float32, attn_implementation="eager" if kind == "bloom" else "masked").eval()
    if kind == "bloom":
        for l, block in enumerate(model.transformer.h): mask_bloom(block.self_attention, l)
    return model, "full" if kind == "bert" else "causal"


def ids_of(data, path, model):
    reference = os.path.join(data, path, "reference.safetensors")
    if not os.path.exists(reference): return [[0] + [(37 * i * i + 11) % model.config.vocab_size for i in range(1, n)] for n in (1, 6, 23)]
    with safe_open(reference, "np") as f:
        return [f.get_tensor(f"ids_{i}").tolist() for i in range(sum(k.startswith("ids_") for k in f.keys()))][:SAMPLES]


def windows_of(config):
    types = getattr(config, "layer_types", None) or ["sliding_attention"] * config.num_hidden_layers
    return [getattr(config, "sliding_window", None) if t == "sliding_attention" else None for t in types]


def run(model, ids):
    """Attention of each layer [heads, n, n], log-probabilities [n, vocabulary] (None for an encoder)."""
    with torch.no_grad(): out = model(input_ids=torch.tensor([ids]), output_attentions=True)
    attentions = [a[0].double().numpy() for a in out.attentions]
    logits = out.logits[0].double().numpy() if "logits" in out else None
    return attentions, None if logits is None else logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)


def entropy(A, v, rows):
    """[heads] mean over rows of the entropy over ln v."""
    return (oracle.row_entropy(A)[:, rows] / np.log(v[rows])).mean(1) if rows.any() else np.full(len(A), np.nan)


def sample_of(model, ids, kind, windows):
    n = len(ids)
    added.clear()
    clean, p = run(model, ids)
    masks = [oracle.Mask(n, kind, w) for w in windows]
    references = [oracle.reference_tokens(A, M) for A, M in zip(clean, masks)]
    left = []
    for l, (refs, M) in enumerate(zip(references, masks)):
        gone = np.zeros((n, n), bool)
        gone[:, refs] = True
        np.fill_diagonal(gone, False)
        left.append((M.see & ~gone).sum(1))
        if len(refs): added[l] = torch.where(torch.from_numpy(gone), -np.inf, 0.0).to(torch.float32)[None, None]
    ablated, q = run(model, ids)
    for A, refs in zip(ablated, references): assert all((np.delete(A[:, :, k], k, axis=1) == 0).all() for k in refs)
    out = {"references": [r.tolist() for r in references], "entropy": []}
    for A, B, M, v in zip(clean, ablated, masks, left):
        rows = v > 1  # of both passes the same
        out["entropy"].append((entropy(B, v, rows) - entropy(A, M.v, rows)).tolist())
    if p is not None:
        loss = lambda x: -np.mean([x[i, ids[i + 1]] for i in range(n - 1)]) if n > 1 else np.nan
        out |= {"loss": float(loss(q) - loss(p)), "kl": float((np.exp(p) * (p - q)).sum(1).mean())}
    return oracle.null(out)


def main():
    data, target = sys.argv[1:]
    cases = []
    for name, path in CASES.items():
        model, kind = load(os.path.join(data, path))
        windows = windows_of(model.config)
        samples = ids_of(data, path, model)
        cases.append({"name": name, "path": path, "ids": samples, "samples": [sample_of(model, ids, kind, windows) for ids in samples]})
    json.dump({"cases": cases}, open(os.path.join(target, "ablation.json"), "w"))


if __name__ == "__main__":
    main()
