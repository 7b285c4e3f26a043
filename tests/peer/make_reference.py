"""Makes tests/data/reference/<case>: tiny models with random weights, and what HF transformers computes of them.

    python make_reference.py DIR [CASE...]

The cases are options of architectures that the other folders of tests/data/reference leave out. Each folder gets config.json,
model.safetensors and reference.safetensors: ids_<i> [n] i32, attn_<i>_<layer> [heads, n, n], hidden_<i>_<layer> [n, d] (0 the
embedding, the last one after the final norm) and loss_<i>, float32, eager attention.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file

LENGTHS = (1, 5, 12, 19)
VOCABULARY = 61
SMALL = dict(vocab_size=VOCABULARY, hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40)
LLAMA = dict(SMALL, num_key_value_heads=2, max_position_embeddings=64)
NONE = dict(bos_token_id=None, eos_token_id=None, pad_token_id=None)
OPT = dict(
    vocab_size=VOCABULARY,
    hidden_size=24,
    num_hidden_layers=2,
    num_attention_heads=3,
    ffn_dim=40,
    max_position_embeddings=32,
    **NONE,
)


def spread(model, scale):
    """Weights that make attention far from uniform; norms and biases that are not trivial."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            if parameter.dim() > 1:
                parameter.copy_(noise * scale / parameter.shape[-1] ** 0.5)
            elif name.endswith("bias"):
                parameter.copy_(noise * 0.2)
            else:
                parameter.copy_(parameter + noise * 0.2)


def ids_of(count, special):
    generator = torch.Generator().manual_seed(11)
    ids = [torch.randint(3, VOCABULARY, (n,), generator=generator) for n in LENGTHS[:count]]
    for sample in ids if special is not None else []:
        sample[len(sample) // 2 :: 4] = special
    return ids


class Case:
    def __init__(self, config, head=True, scale=1.6, special=None, prepare=None, rename=None, dtype=None, old=None):
        self.config, self.head, self.scale, self.special = config, head, scale, special
        self.prepare, self.rename, self.dtype, self.old = prepare, rename, dtype, old or {}


def rounded_scale(model):
    """The embedding's factor in the format that weights are stored in, as when the model was trained."""
    embedding = model.model.embed_tokens
    embedding.embed_scale = embedding.embed_scale.to(torch.bfloat16).float()


def as_tensorflow(name):
    """How the first BERTs spell their norms."""
    return "bert." + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")


def without_prefix(name):
    """As GPT-2's own files are: the base model's names."""
    return name.removeprefix("transformer.")


# Buffers that older versions stored with the weights: nothing is to be read of them.
GPT2_BUFFERS = {
    "h.0.attn.bias": torch.ones(1, 1, 32, 32, dtype=torch.bool).tril(),
    "h.0.attn.masked_bias": torch.tensor(-1e4),
}
LLAMA_BUFFERS = {"model.layers.0.self_attn.rotary_emb.inv_freq": torch.full((3,), float("nan"))}

T = transformers
CASES = {
    "bert_gamma": Case(T.BertConfig(**SMALL, max_position_embeddings=32), head=False, rename=as_tensorflow),
    "bloom_residual": Case(
        T.BloomConfig(
            vocab_size=VOCABULARY,
            hidden_size=24,
            n_layer=2,
            n_head=4,
            apply_residual_connection_post_layernorm=True,
            **NONE,
        )
    ),
    "gemma_bf16": Case(
        T.GemmaConfig(**LLAMA, head_dim=8, attention_bias=True, **NONE), prepare=rounded_scale, dtype=torch.bfloat16
    ),
    "gpt2_f16": Case(
        T.GPT2Config(
            vocab_size=VOCABULARY,
            n_embd=24,
            n_layer=2,
            n_head=3,
            n_inner=40,
            n_positions=32,
            scale_attn_weights=False,
            tie_word_embeddings=False,
            **NONE,
        ),
        dtype=torch.float16,
        scale=1.0,
        rename=without_prefix,
        old=GPT2_BUFFERS,
    ),
    "llama_yarn_options": Case(
        T.LlamaConfig(
            **LLAMA,
            mlp_bias=True,
            rope_parameters=dict(
                rope_type="yarn",
                rope_theta=5000.0,
                factor=3.0,
                original_max_position_embeddings=16,
                beta_fast=4.0,
                beta_slow=0.5,
                mscale=1.2,
                mscale_all_dim=0.7,
                truncate=False,
            ),
            **NONE,
        ),
        old=LLAMA_BUFFERS,
    ),
    "olmo_f16": Case(
        T.OlmoConfig(**LLAMA, attention_bias=True, tie_word_embeddings=True, **NONE), dtype=torch.float16, scale=2.0
    ),
    "opt_after": Case(T.OPTConfig(**OPT, word_embed_proj_dim=16, do_layer_norm_before=False)),
    "opt_plain": Case(
        T.OPTConfig(**OPT, enable_bias=False, layer_norm_elementwise_affine=False, _remove_final_layer_norm=True)
    ),
    "phi_grouped": Case(T.PhiConfig(**dict(LLAMA, num_attention_heads=6), **NONE)),
    "qwen2_windows": Case(
        T.Qwen2Config(**LLAMA, use_sliding_window=True, sliding_window=4, max_window_layers=1, **NONE)
    ),
    "qwen3_windows": Case(
        T.Qwen3Config(
            **LLAMA,
            head_dim=10,
            attention_bias=True,
            use_sliding_window=True,
            sliding_window=6,
            layer_types=["sliding_attention", "full_attention", "sliding_attention"],
            **NONE,
        )
    ),
    "roberta_padding": Case(
        T.RobertaConfig(**SMALL, max_position_embeddings=32, pad_token_id=1, type_vocab_size=1), head=False, special=1
    ),
}


def compute(model, ids, head):
    """Hidden states as spectail has them: the last one after the final norm, before OPT projects it."""
    kept = {}
    projection = getattr(getattr(getattr(model, "model", model), "decoder", None), "project_out", None)
    hook = projection and projection.register_forward_pre_hook(lambda _, inputs: kept.update(last=inputs[0]))
    labels = dict(labels=ids[None]) if head and len(ids) > 1 else {}
    with torch.no_grad():
        out = model(input_ids=ids[None], output_attentions=True, output_hidden_states=True, **labels)
    if hook:
        hook.remove()
    hidden = list(out.hidden_states)
    if kept:
        hidden[-1] = kept["last"]
    return out.attentions, hidden, out.loss if labels else None


def make(case, folder):
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    auto = T.AutoModelForCausalLM if case.head else T.AutoModel
    config = case.config
    config._attn_implementation = "eager"
    model = auto.from_config(config).eval()
    spread(model, case.scale)
    for parameter in model.parameters() if case.dtype else []:  # not model.to(): it rounds the rotary frequencies too
        parameter.data = parameter.data.to(case.dtype).float()
    if case.prepare:
        case.prepare(model)
    model.config.architectures = [type(model).__name__]
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    weights = load_file(folder / "model.safetensors")
    weights = {(case.rename or str)(name): tensor.to(case.dtype or tensor.dtype) for name, tensor in weights.items()}
    save_file(weights | case.old, folder / "model.safetensors")
    reference = {}
    for i, ids in enumerate(ids_of(len(LENGTHS), case.special)):
        attentions, hidden, loss = compute(model, ids, case.head)
        reference[f"ids_{i}"] = ids.to(torch.int32)
        for layer, attention in enumerate(attentions):
            reference[f"attn_{i}_{layer}"] = attention[0].contiguous()
        for layer, state in enumerate(hidden):
            reference[f"hidden_{i}_{layer}"] = state[0].contiguous()
        if loss is not None:
            reference[f"loss_{i}"] = loss.double()
    save_file(reference, folder / "reference.safetensors")
    config_text = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config_text, indent=2, sort_keys=True) + "\n")


def main():
    root = pathlib.Path(sys.argv[1])
    for name in sys.argv[2:] or CASES:
        make(CASES[name], root / name)
        print(name)


main()
