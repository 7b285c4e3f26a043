"""Makes the runs of tests/data/layouts that DeepSpeed writes: GPT-NeoX's own, with a pipeline and without, and an HF model's.

    python tests/peer/make_deepspeed_fixtures.py        (requirements.txt; last made with torch 2.15, transformers 5.23, deepspeed 0.19)

GPT-NeoX itself wants GPUs. What writes its files is DeepSpeed, which runs here, on one CPU: given modules whose parameters have GPT-NeoX's
names, in the places that its pipeline has them (gpt-neox: megatron/model/gpt2_model.py, init_specs and to_sequential), with the state that it
hands over (megatron/checkpointing.py, save_ds_checkpoint) and the config files that it copies beside (the same; megatron/neox_arguments).
Which name of HF transformers is which of GPT-NeoX's: tools/ckpts/convert_neox_to_hf.py.

    gpt_neox/             pipe-parallel-size 1: a file a layer; configs/*.yml in each step's folder; the tokenizer as vocab-file names it
    gpt_neox_sequential/  pipe-parallel-size 0, tied embeddings: one file; *.yml in the run's folder
    deepspeed/            an HF model under ZeRO stage 1, with config.json and tokenizer.json in the run's folder
    deepspeed_twins/      the same models as save_pretrained writes them: what the others must equal
and tests/data/torch/zero3, under ZeRO stage 3: a share of every tensor.
"""
import os
import pathlib
import random
import shutil

os.environ.update(DS_ACCELERATOR="cpu", RANK="0", WORLD_SIZE="1", LOCAL_RANK="0", MASTER_ADDR="127.0.0.1", MASTER_PORT="29613")

import deepspeed  # noqa: E402  (it reads the environment when it is imported)
import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from deepspeed.pipe import LayerSpec, PipelineModule, TiedLayerSpec  # noqa: E402
from deepspeed.runtime.pipe.topology import PipeModelDataParallelTopology  # noqa: E402

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
OUT, ZERO3 = DATA / "layouts", DATA / "torch/zero3"
TOKENIZER = OUT / "pythia/step0/tokenizer.json"
SETTINGS = {"train_micro_batch_size_per_gpu": 1, "optimizer": {"type": "SGD", "params": {"lr": 0.01}}}
SIZES = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=192, max_position_embeddings=160)

OUTSIDE = {  # HF's name: the layer that GPT-NeoX has it in, counted from the layer behind the blocks for the last two; its name there
    "gpt_neox.embed_in.weight": (0, "word_embeddings.weight"),
    "gpt_neox.final_layer_norm.weight": (3, "norm.weight"),
    "gpt_neox.final_layer_norm.bias": (3, "norm.bias"),
    "embed_out.weight": (4, "final_linear.weight"),
    "lm_head.weight": (4, "final_linear.weight"),  # what transformers calls it in memory since 5.20
}


class Layer(torch.nn.Module):
    """Parameters under given names."""

    def __init__(self, parameters):
        super().__init__()
        for name, value in parameters.items():
            module, *path = self, *name.split(".")
            for part in path[:-1]:
                if not hasattr(module, part):
                    module.add_module(part, torch.nn.Module())
                module = getattr(module, part)
            module.register_parameter(path[-1], torch.nn.Parameter(value.clone()))

    def forward(self, x):
        return x


def model_of(config, seed):
    torch.manual_seed(seed)
    model = transformers.AutoModelForCausalLM.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(1.0 if parameter.ndim == 1 else 0.0, 0.3)
    return model.half().eval()


def layers_of(model):
    """{layer's number in GPT-NeoX's pipeline: {name there: tensor}}"""
    blocks, layers = model.config.num_hidden_layers, {}
    for name, value in model.state_dict().items():
        if name in ("embed_out.weight", "lm_head.weight") and model.config.tie_word_embeddings:
            continue
        if name in OUTSIDE:
            number, own = OUTSIDE[name]
            number += blocks if number else 0
        else:
            number, own = name.removeprefix("gpt_neox.layers.").split(".", 1)
            number = int(number) + 2
        layers.setdefault(number, {})[own] = value
    return layers


def client_state(step, model):
    """What save_ds_checkpoint hands over."""
    random.seed(step), np.random.seed(step), torch.manual_seed(step)
    sizes = dict(num_layers=2, hidden_size=16, num_attention_heads=2, max_position_embeddings=160, make_vocab_size_divisible_by=64)
    args = dict(sizes, padded_vocab_size=model.config.vocab_size, tokenizer_type="HFTokenizer", model_parallel_size=1)
    rng = {"random_rng_state": random.getstate(), "np_rng_state": np.random.get_state(), "torch_rng_state": torch.get_rng_state()}
    return {"iteration": step, "args": args, **rng, "cuda_rng_state": torch.get_rng_state()[:16], "rng_tracker_states": {}}


def save(engine, run, step, **options):
    for parameter in engine.module.parameters():  # as they were trained, without the hardware that it takes
        parameter.data = parameter.data.half()
    engine.global_steps = step
    engine.save_checkpoint(str(run), tag=f"global_step{step}", **options)
    for script in ("zero_to_fp32.py", "zero_to_torch.py"):  # tools of DeepSpeed's own, of no interest here
        (run / script).unlink(missing_ok=True)


MODEL_YML = """# a Pythia in small
{{
  "pipe-parallel-size": {pipe},
  "model-parallel-size": 1,

  # model settings
  "num-layers": 2,
  "hidden-size": 16,
  "num-attention-heads": 2,
  "seq-length": 160,
  "max-position-embeddings": 160,
  "norm": "layernorm",
  "pos-emb": "rotary",
  "rotary-pct": {fraction},
  "no-weight-tying": {untied},
  "gpt_j_residual": {parallel},
  "output_layer_parallelism": "column",
  "attention_config": [[["global"], 2]],

  "scaled-upper-triang-masked-softmax-fusion": true,
  "bias-gelu-fusion": true,
  "make_vocab_size_divisible_by": 64,

  "optimizer": {{
    "type": "Adam",
    "params": {{
      "lr": 0.001,
      "betas": [0.9, 0.95],
      "eps": 1.0e-8,
    }}
  }},
  "zero_optimization": {{
    "stage": 1,
    "allgather_partitions": True,
  }},
  "train_micro_batch_size_per_gpu": 4, #32,
  "fp16": {{
    "enabled": true,
    "loss_scale": 0,
  }},
}}
"""
SETUP_YML = """# where this machine keeps things
data-path: data/pile_text_document
vocab-file: data/{tokenizer}
tokenizer_type: HFTokenizer
save: checkpoints
"""


def neox_model(seed, **changes):
    config = transformers.GPTNeoXConfig(**SIZES, rotary_pct=changes.pop("rotary_pct", 0.25), **changes)
    return model_of(config, seed)


def with_pipeline():
    run = OUT / "gpt_neox"
    for seed, step in enumerate((1000, 2000)):
        model = neox_model(200 + seed, use_parallel_residual=True, tie_word_embeddings=False)
        layers = layers_of(model)
        specs = [LayerSpec(Layer, layers[i]) if i in layers else torch.nn.functional.relu for i in range(max(layers) + 1)]
        topology = PipeModelDataParallelTopology(num_pp=1, num_mp=1, num_dp=1)
        pipeline = PipelineModule(layers=specs, loss_fn=lambda out, _: out.sum(), topology=topology)
        engine, *_ = deepspeed.initialize(model=pipeline, config=SETTINGS, dist_init_required=False)
        save(engine, run, step, client_state=client_state(step, model))
        configs = run / f"global_step{step}/configs"
        configs.mkdir()
        (configs / "19M.yml").write_text(MODEL_YML.format(pipe=1, fraction=0.25, untied="true", parallel="true"))
        (configs / "local_setup.yml").write_text(SETUP_YML.format(tokenizer="20B_tokenizer.json"))
        model.save_pretrained(OUT / f"deepspeed_twins/gpt_neox/step{step}")
    shutil.copy(TOKENIZER, run / "20B_tokenizer.json")


class Sequential(torch.nn.Module):
    """megatron/model/utils.py, SequentialWrapper: its layers stand under "sequential"."""

    def __init__(self, layers):
        super().__init__()
        self.sequential = torch.nn.Sequential(*layers)

    def forward(self, x):
        return self.sequential(x)


def without_pipeline():
    run = OUT / "gpt_neox_sequential"
    for seed, step in enumerate((500, 1000)):
        model = neox_model(210 + seed, use_parallel_residual=False, tie_word_embeddings=True, rotary_pct=1.0)
        layers = layers_of(model)
        module = Sequential([Layer(layers.get(i, {})) for i in range(max(layers) + 1)])
        engine, *_ = deepspeed.initialize(model=module, config=SETTINGS, dist_init_required=False)
        save(engine, run, step, client_state=client_state(step, model))
        model.save_pretrained(OUT / f"deepspeed_twins/gpt_neox_sequential/step{step}")
    (run / "small.yml").write_text(MODEL_YML.format(pipe=0, fraction=1, untied="false", parallel="false"))
    (run / "local_setup.yml").write_text(SETUP_YML.format(tokenizer="tokenizer.json"))
    shutil.copy(TOKENIZER, run / "tokenizer.json")


def of_hf(run, stage, steps, twins=None):
    for seed, step in enumerate(steps):
        config = transformers.LlamaConfig(**{**SIZES, "intermediate_size": 24}, num_key_value_heads=1, tie_word_embeddings=False)
        model = model_of(config, 220 + seed)
        if twins:
            model.config.save_pretrained(run)
            model.save_pretrained(twins / f"step{step}")
        settings = {**SETTINGS, "zero_optimization": {"stage": stage}, "zero_allow_untested_optimizer": True}
        settings["zero_force_ds_cpu_optimizer"] = False
        engine, *_ = deepspeed.initialize(model=model.float(), config=settings, dist_init_required=False)
        save(engine, run, step)
        for optimizer in run.glob("global_step*/*optim_states.pt"):
            optimizer.write_bytes(optimizer.read_bytes()[:64])  # read by nobody, and half of the size


def main():
    deepspeed.init_distributed("gloo")
    for name in ("gpt_neox", "gpt_neox_sequential", "deepspeed", "deepspeed_twins"):
        shutil.rmtree(OUT / name, ignore_errors=True)
    shutil.rmtree(ZERO3, ignore_errors=True)
    with_pipeline()
    without_pipeline()
    of_hf(OUT / "deepspeed", 1, (100, 200), OUT / "deepspeed_twins/deepspeed")
    shutil.copy(TOKENIZER, OUT / "deepspeed/tokenizer.json")
    of_hf(ZERO3.parent / "zero3_run", 3, (100,))
    shutil.move(ZERO3.parent / "zero3_run/global_step100", ZERO3)
    shutil.rmtree(ZERO3.parent / "zero3_run")
    for twins in (OUT / "deepspeed_twins").iterdir():
        shutil.copy(TOKENIZER, twins / "tokenizer.json")
        for extra in twins.glob("*/generation_config.json"):
            extra.unlink()


main()
