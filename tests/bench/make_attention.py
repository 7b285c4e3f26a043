"""Dumps attention of a run, by HF transformers, as matrices for bench_persistence.py and tests/peer/persistence_ripser.py.

usage: make_attention.py RUN PROBE.txt OUT.npz [--sizes 16,32,50] [--steps 0,512,8000] [--samples 10]
       (tests/data/demo-run configs/probes/stem-500.txt)
For each size n, the samples with the fewest tokens among those of at least n, cut to exactly n. OUT.npz: "<n>": float64 [matrices, n, n].
"""
import argparse, os
import numpy as np
import tokenizers, torch, transformers


def main():
    p = argparse.ArgumentParser()
    p.add_argument("run"); p.add_argument("probe"); p.add_argument("out")
    p.add_argument("--sizes", default="16,32,50"); p.add_argument("--steps", default="0,512,8000"); p.add_argument("--samples", type=int, default=10)
    a = p.parse_args()
    transformers.utils.logging.set_verbosity_error(); transformers.utils.logging.disable_progress_bar()
    tokenizer = tokenizers.Tokenizer.from_file(os.path.join(a.run, "tokenizer.json"))
    tokenizer.no_truncation(); tokenizer.no_padding()
    with open(a.probe, encoding="utf8") as f:
        ids = sorted((e.ids for e in tokenizer.encode_batch([line.rstrip("\n") for line in f if line.strip()])), key=len)
    out = {n: [] for n in a.sizes.split(",")}
    for step in a.steps.split(","):
        model = transformers.AutoModelForCausalLM.from_pretrained(os.path.join(a.run, f"step{step}"), dtype=torch.float32, attn_implementation="eager").eval()
        for n in out:
            for sample in [x for x in ids if len(x) >= int(n)][:a.samples]:
                with torch.no_grad():
                    attention = model(input_ids=torch.tensor([sample[:int(n)]]), output_attentions=True).attentions
                out[n] += [layer[0].double().numpy() for layer in attention]
    np.savez_compressed(a.out, **{n: np.concatenate(x) for n, x in out.items()})


if __name__ == "__main__":
    main()
