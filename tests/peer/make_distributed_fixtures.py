"""Makes tests/data/distributed: torch distributed checkpoints, written by torch itself in several processes, and the same tensors in safetensors.

usage: make_distributed_fixtures.py WHAT OUT_DIR
    tensors  tests/data/distributed
    runs     tests/data/layouts/distributed
    seeds    tests/fuzz/corpus/fuzz_distributed
needs tests/peer/requirements.txt

    tensors.safetensors   what is expected of the folders that follow: the same names, dtypes, shapes and values
    one/                  one process, no process group: every tensor in one chunk
    sharded/              four ranks: tensors sharded on dimension 0, 1 and both, evenly, unevenly and with empty parts; replicated ones;
                          items that are no tensors; each under "model.", beside an optimizer
    files/                a few tensors of sharded/, a file for each item
    threads/              sharded/, two files for each rank
    old/                  sharded/, its metadata with the classes of torch 2.0, the first that had them
    fsdp/, fsdp.safetensors   a GPT-NeoX of one layer wrapped by FSDP2 on two ranks, after one step of training: {"model", "optimizer"}
    wrapped/              names as FSDP, torch.compile and checkpointed activations leave them, a moving average beside them
    transformed/          one tensor, compressed by a stream extension
    raw/                  one tensor, SerializationFormat.SAFETENSORS
    each_rank/            metadata of each rank, use_collectives=False

    plain/, accelerate/, lightning/, safetensors/   one run of two steps on two ranks, as torch.distributed.checkpoint.save, HF Accelerate (and HF Trainer
                          through it), PyTorch Lightning and save_file leave it
"""
import io, itertools, json, os, pathlib, pickle, shutil, struct, sys, types, warnings, zipfile

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
import torch.multiprocessing
from safetensors.torch import save_file
from torch.distributed.checkpoint._extension import ZStandard
from torch.distributed.checkpoint.filesystem import FileSystemWriter, SerializationFormat, _StorageInfo
from torch.distributed.checkpoint.metadata import (BytesStorageMetadata, ChunkStorageMetadata, Metadata, MetadataIndex, TensorProperties,
                                                   TensorStorageMetadata)
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

RANKS = 4


def tensors():
    g = torch.Generator().manual_seed(11)
    make = lambda *shape: torch.randn(*shape, generator=g)
    cube = make(4, 6, 5)
    return {
        "gpt_neox.embed_in.weight": make(10, 6),
        "rows": make(8, 3),
        "rows.uneven": make(7, 5).half(),
        "rows.few": make(2, 3).bfloat16(),  # two ranks hold nothing
        "columns": make(3, 8),
        "columns.uneven": make(4, 9).half(),
        "both": make(6, 10),
        "both.uneven": make(5, 7),
        "cube": cube,
        "cube.middle": make(3, 9, 2).bfloat16(),
        "transposed": make(6, 5).t(),  # row-major in no file
        "line": torch.arange(11, dtype=torch.int64),
        "replicated": make(5, 4),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "f64": make(3, 2).double(),
        "i8": torch.tensor([-128, 127], dtype=torch.int8),
        "bool": torch.tensor([[True, False], [False, True]]),
    }


PLACES = {  # on the mesh of four ranks; "both": on two by two
    "gpt_neox.embed_in.weight": Shard(0), "rows": Shard(0), "rows.uneven": Shard(0), "rows.few": Shard(0), "columns": Shard(1), "columns.uneven": Shard(1),
    "cube": Shard(2), "cube.middle": Shard(1), "transposed": Shard(1), "line": Shard(0), "empty": Shard(0), "f64": Shard(0),
}


def distributed(state):
    line, square = init_device_mesh("cpu", (RANKS,)), init_device_mesh("cpu", (2, 2), mesh_dim_names=("a", "b"))
    made = {}
    for name, tensor in state.items():
        if name.startswith("both"): made[name] = distribute_tensor(tensor, square, [Shard(0), Shard(1)])
        elif name in PLACES: made[name] = distribute_tensor(tensor, line, [PLACES[name]])
        elif name == "replicated": made[name] = distribute_tensor(tensor, line, [Replicate()])
        else: made[name] = tensor
    return made


def optimizer_of(state):
    moments = {name: {"step": torch.tensor(500.0), "exp_avg": torch.zeros_like(t)} for name, t in state.items() if t.is_floating_point()}
    return {"state": moments, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999)}]}


def in_ranks(work, ranks, *arguments):
    torch.multiprocessing.spawn(start, (work, ranks, arguments), nprocs=ranks)


def start(rank, work, ranks, arguments):
    warnings.simplefilter("ignore")
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=os.environ.get("SPT_PORT", "29517"))
    dist.init_process_group("gloo", rank=rank, world_size=ranks)
    work(*arguments)
    dist.destroy_process_group()


def save_sharded():
    state = distributed(tensors())
    whole = {"model": state, "optimizer": optimizer_of(state), "train_state": {"step": 500, "rng": torch.arange(4, dtype=torch.uint8)}}
    dcp.save(whole, storage_writer=FileSystemWriter("sharded"))
    few = {name: state[name] for name in ("gpt_neox.embed_in.weight", "rows.few", "both.uneven", "scalar")}
    dcp.save(few, storage_writer=FileSystemWriter("files", single_file_per_rank=False))
    dcp.save(whole, storage_writer=FileSystemWriter("threads", thread_count=2))


def save_fsdp():
    import transformers
    from torch.distributed.checkpoint.state_dict import get_state_dict
    from torch.distributed.fsdp import fully_shard

    model = tiny(transformers)
    mesh = init_device_mesh("cpu", (dist.get_world_size(),))
    for block in model.gpt_neox.layers: fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    ids = torch.arange(24).reshape(2, 12) + dist.get_rank()
    model(input_ids=ids, labels=ids).loss.backward()
    optimizer.step()
    state, moments = get_state_dict(model, optimizer)
    dcp.save({"model": state, "optimizer": moments}, checkpoint_id="fsdp")
    full = {name: (t.full_tensor() if isinstance(t, DTensor) else t).contiguous() for name, t in state.items()}
    if dist.get_rank() == 0: save_file(in_files(full), "fsdp.safetensors")


def in_files(state):
    """The names that save_pretrained writes: transformers 5 calls the head of GPT-NeoX otherwise."""
    return {name.replace("lm_head", "embed_out"): t for name, t in state.items()}


def tiny(transformers, seed=3, **sizes):
    torch.manual_seed(seed)
    sizes = {"vocab_size": 48, "hidden_size": 12, "num_attention_heads": 3, "intermediate_size": 20, "max_position_embeddings": 32, **sizes}
    return transformers.GPTNeoXForCausalLM(transformers.GPTNeoXConfig(num_hidden_layers=1, **sizes))


def save_each_rank():
    dcp.save({"w": torch.ones(3)}, storage_writer=FileSystemWriter("each_rank"), use_collectives=False)


def make_old():
    """The same as torch 2.0 wrote it: TensorProperties of another module, in a state of five, no storage_meta and no version."""
    from torch.distributed._shard.sharded_tensor.metadata import TensorProperties

    os.makedirs("old", exist_ok=True)
    for rank in range(RANKS): os.symlink(f"../sharded/__{rank}_0.distcp", f"old/__{rank}_0.distcp")
    metadata = pickle.load(open("sharded/.metadata", "rb"))
    del metadata.version, metadata.storage_meta
    for value in metadata.state_dict_metadata.values():
        if hasattr(value, "properties"): value.properties = TensorProperties(dtype=value.properties.dtype)
    now = TensorProperties.__getstate__
    TensorProperties.__getstate__ = lambda self: now(self)[:5]
    pickle.dump(metadata, open("old/.metadata", "wb"), protocol=4)


def item(tensor):
    """What torch.save writes of it, without the padding and the records that no reader asks for."""
    written, packed = io.BytesIO(), io.BytesIO()
    torch.save(tensor, written)
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(packed, "w") as out:
        for name in ("data.pkl", "byteorder", "data/0"): out.writestr(zipfile.ZipInfo("a/" + name), source.read("archive/" + name))
    return packed.getvalue()


def make_seeds():
    """Inputs of the fuzz target: two bytes of length, .metadata of that many, the one file that it names."""
    cuts = {
        "whole": {"w": (torch.arange(4.0), [((0,), (4,))])},
        "rows": {"w": (torch.arange(6.0).reshape(3, 2), [((0, 0), (2, 2)), ((2, 0), (1, 2)), ((3, 0), (0, 2))])},
        "columns": {"m.w": (torch.arange(6).reshape(2, 3).bfloat16(), [((0, 0), (2, 1)), ((0, 1), (2, 2))]), "optim.w": (torch.ones(1), [((0,), (1,))])},
        "scalar": {"s": (torch.tensor(1.0).half(), [((), ())]), "empty": (torch.zeros(0, 2), [((0, 0), (0, 2))])},
        "pinwheel": {"w": (torch.arange(9.0).reshape(3, 3), [((0, 0), (1, 2)), ((0, 2), (2, 1)), ((1, 0), (2, 1)), ((1, 1), (1, 1)), ((2, 1), (1, 2))])},
    }
    for (name, tensors), protocol in itertools.product(cuts.items(), (2, 4)):
        state, places, shard = {"step": BytesStorageMetadata()}, {}, b""
        for fqn, (tensor, chunks) in tensors.items():
            state[fqn] = TensorStorageMetadata(TensorProperties(dtype=tensor.dtype), tensor.size(), [ChunkStorageMetadata(torch.Size(b), torch.Size(n)) for b, n in chunks])
            for begin, size in chunks:
                bytes_ = item(tensor[tuple(slice(b, b + n) for b, n in zip(begin, size))].clone())
                places[MetadataIndex(fqn, begin)] = _StorageInfo("__0_0.distcp", len(shard), len(bytes_))
                shard += bytes_
        metadata = pickle.dumps(Metadata(state, None, places), protocol=protocol)
        with open(f"{name}{protocol}", "wb") as out: out.write(struct.pack("<H", len(metadata)) + metadata + shard)


def save_runs(steps):
    """The model shares its tensors by FSDP2; what is saved is what the trainers' own functions make of it."""
    import transformers
    from accelerate import FullyShardedDataParallelPlugin, PartialState
    from accelerate.utils.fsdp_utils import save_fsdp_model
    from lightning.fabric.strategies.fsdp import _METADATA_FILENAME, _distributed_checkpoint_save
    from torch.distributed.checkpoint.state_dict import get_model_state_dict
    from torch.distributed.fsdp import fully_shard

    rank, mesh = dist.get_rank(), init_device_mesh("cpu", (dist.get_world_size(),))
    PartialState(cpu=True)  # the logger asks for it
    plugin = FullyShardedDataParallelPlugin(fsdp_version=2, state_dict_type="SHARDED_STATE_DICT")
    accelerator = types.SimpleNamespace(num_processes=dist.get_world_size(), process_index=rank)
    for step in steps:
        model = tiny(transformers, seed=step, vocab_size=192, hidden_size=16, num_attention_heads=2, intermediate_size=24, max_position_embeddings=160)
        fully_shard(model, mesh=mesh)
        state = get_model_state_dict(model)
        dcp.save(state, checkpoint_id=f"plain/step-{step}")
        save_fsdp_model(plugin, accelerator, model, f"accelerate/checkpoint-{step}")
        folder = pathlib.Path(f"lightning/checkpoints/epoch=0-step={step}.ckpt")
        _distributed_checkpoint_save({"model": {"model." + name: t for name, t in state.items()}}, folder)
        full = in_files({name: t.full_tensor().contiguous() for name, t in state.items()})
        if rank > 0: continue
        torch.save({"epoch": 0, "global_step": step}, folder / _METADATA_FILENAME)
        with open(f"accelerate/checkpoint-{step}/trainer_state.json", "w") as out: json.dump({"epoch": 0.5, "global_step": step, "max_steps": max(steps), "log_history": []}, out)
        os.makedirs(f"safetensors/step-{step}")
        save_file(full, f"safetensors/step-{step}/model.safetensors")
        for run in ("plain", "accelerate", "lightning", "safetensors"): model.config.save_pretrained(run)


def make_runs():
    for run in ("plain", "accelerate", "lightning/checkpoints", "safetensors"): os.makedirs(run)
    in_ranks(save_runs, 2, (500, 1000))
    tokenizer = pathlib.Path(__file__).resolve().parent.parent / "data/layouts/pythia/step0/tokenizer.json"
    for run in ("plain", "accelerate", "lightning", "safetensors"): shutil.copyfile(tokenizer, f"{run}/tokenizer.json")


def make_tensors():
    state = tensors()
    save_file({k: v.contiguous() for k, v in state.items()}, "tensors.safetensors")
    dcp.save(state, checkpoint_id="one")
    in_ranks(save_sharded, RANKS)
    in_ranks(save_fsdp, 2)
    in_ranks(save_each_rank, 2)
    make_old()
    names = ["model._fsdp_wrapped_module.gpt_neox.embed_in.weight", "ema.gpt_neox.embed_in.weight", "model.gpt_neox.layers.0._orig_mod.mlp.bias",
             "model.gpt_neox.layers.0.mlp._checkpoint_wrapped_module._fsdp_wrapped_module.weight", "model.gpt_neox.my_orig_mod.weight"]
    dcp.save({name: torch.full((2,), float(i)) for i, name in enumerate(names)}, checkpoint_id="wrapped")
    dcp.save({"w": torch.ones(3)}, storage_writer=FileSystemWriter("transformed", _extensions=[ZStandard()]))
    dcp.save({"w": torch.ones(3)}, storage_writer=FileSystemWriter("raw", serialization_format=SerializationFormat.SAFETENSORS))


def main():
    what, target = sys.argv[1:]
    warnings.simplefilter("ignore")
    shutil.rmtree(target, ignore_errors=True); os.makedirs(target); os.chdir(target)
    {"tensors": make_tensors, "runs": make_runs, "seeds": make_seeds}[what]()


if __name__ == "__main__":
    main()
