"""Makes tests/data/torch: one set of tensors in every container that torch has written, and in safetensors.

usage: make_torch_fixtures.py OUT_DIR        (tests/data/torch)
needs tests/peer/requirements.txt

    model.safetensors     what is expected of all the others: the same names, dtypes, shapes and values, contiguous
    zip<P>.bin, old<P>.bin   torch.save, with and without its zip format, pickle protocol P
    zip64.bin             zip2.bin, every size and offset in ZIP64 records, a ZIP64 end record, under another folder's name
    nocrc.bin             zip2.bin, written by torch without CRCs
    zip_big.bin, old_big.bin   of a big-endian machine: zip2.bin and old2.bin with all storages in the other byte order
    sharded/              two shards and their index
    lightning.ckpt        as Lightning's trainer writes it, with objects that only its user's program knows
    neox/, neox.safetensors   GPT-NeoX's own files, one a layer, and the same as HF transformers has it
    optimizer.pt          tensors, but no state dict
    module.pt             a whole module: no state dict
    folder/               model.safetensors and pytorch_model.bin, which is another model
"""
import argparse, collections, io, json, os, pickle, struct, sys, zipfile
import torch
from safetensors.torch import save_file

ELEMENT = {"DoubleStorage": 8, "FloatStorage": 4, "HalfStorage": 2, "BFloat16Storage": 2, "LongStorage": 8, "IntStorage": 4, "ShortStorage": 2,
           "CharStorage": 1, "ByteStorage": 1, "BoolStorage": 1}


def tensors(v3):
    g = torch.Generator().manual_seed(5)
    base = torch.randn(6, 8, generator=g)
    cube = torch.randn(3, 4, 5, generator=g).half()
    tied = torch.randn(4, 3, generator=g)
    state = collections.OrderedDict()
    state["gpt_neox.embed_in.weight"] = tied
    state["embed_out.weight"] = tied  # one object
    state["tied.view"] = tied.view(3, 4)  # another one, the same storage
    state["parameter"] = torch.nn.Parameter(torch.randn(2, 2, generator=g))
    state["buffer"] = torch.nn.Parameter(torch.randn(3, generator=g), requires_grad=False)
    state["f64"] = torch.randn(3, 2, generator=g, dtype=torch.float64)
    state["f16"] = torch.randn(5, generator=g).half()
    state["bf16"] = torch.randn(2, 3, generator=g).bfloat16()
    state["i64"] = torch.tensor([[-1, 2**40], [3, -(2**62)]])
    state["i32"] = torch.tensor([1, -2, 3], dtype=torch.int32)
    state["i16"] = torch.tensor([300, -300], dtype=torch.int16)
    state["i8"] = torch.tensor([-128, 127], dtype=torch.int8)
    state["u8"] = torch.arange(256, dtype=torch.uint8).reshape(1, 256)
    state["bool"] = torch.tensor([True, False, True])
    state["scalar"] = torch.tensor(2.5)
    state["empty"] = torch.zeros(0, 3)
    state["not.finite"] = torch.tensor([float("nan"), float("inf"), -0.0])
    state["view.rows"] = base[2:5]
    state["view.columns"] = base[:, 3:6]
    state["view.transposed"] = base.t()
    state["view.steps"] = base[1::2, ::3]
    state["view.expanded"] = base[0:1].expand(3, 8)
    state["view.column"] = base[:, 7]
    state["view.element"] = base[4, 5]
    state["view.permuted"] = cube.permute(2, 0, 1)
    state["view.permuted_steps"] = cube.permute(1, 2, 0)[1:, ::2]
    state["view.one"] = torch.randn(1, 9, generator=g).as_strided((1, 4), (77, 2))
    if v3:
        state["u16"] = torch.tensor([1, 65535], dtype=torch.uint16)
        state["u32"] = torch.tensor([1, 2**32 - 1], dtype=torch.uint32)
        state["u64"] = torch.tensor([1, 2**63 - 1], dtype=torch.uint64)
        state["f8_e4m3"] = torch.randn(4, generator=g).to(torch.float8_e4m3fn)
        state["f8_e5m2"] = torch.randn(2, 2, generator=g).to(torch.float8_e5m2)
    state._metadata = collections.OrderedDict({"": {"version": 1}})
    return state


def plain(state):
    return {k: v.detach().clone(memory_format=torch.contiguous_format) for k, v in state.items()}


class Storages(pickle.Unpickler):
    """The type of each storage, by its key; nothing else of the pickle is made."""
    def __init__(self, file):
        super().__init__(file); self.kinds = {}
    def find_class(self, module, name):
        if module == "collections": return collections.OrderedDict
        return name if name.endswith("Storage") else (lambda *a: None)
    def persistent_load(self, pid):
        self.kinds[pid[2]] = pid[1]


def swapped(data, kind):
    size = 1 if kind == "UntypedStorage" else ELEMENT[kind]
    return b"".join(data[i:i + size][::-1] for i in range(0, len(data), size))


def big_zip(source, target):
    with zipfile.ZipFile(source) as z, zipfile.ZipFile(target, "w") as out:
        reader = Storages(io.BytesIO(z.read("zip2/data.pkl"))); reader.load()
        for info in z.infolist():
            data, key = z.read(info), info.filename.split("/")[-1]
            if info.filename == "zip2/byteorder": data = b"big"
            if info.filename.startswith("zip2/data/"): data = swapped(data, reader.kinds[key])
            out.writestr(zipfile.ZipInfo(info.filename.replace("zip2", "zip_big")), data)


def big_old(source, target):
    f = io.BytesIO(open(source, "rb").read())
    out = io.BytesIO()
    for _ in range(2): pickle.load(f)
    out.write(f.getvalue()[:f.tell()])
    pickle.dump(pickle.load(f) | {"little_endian": False}, out, protocol=2)
    begin = f.tell()
    reader = Storages(f); reader.load()
    keys = pickle.load(f)
    out.write(f.getvalue()[begin:f.tell()])
    for key in keys:
        count, = struct.unpack("<q", f.read(8))
        out.write(struct.pack(">q", count) + swapped(f.read(count * ELEMENT[reader.kinds[key]]), reader.kinds[key]))
    open(target, "wb").write(out.getvalue())


def zip64(source, target):
    """Written by hand: zipfile only uses ZIP64 where it must."""
    out, rows = b"", b""
    with zipfile.ZipFile(source) as z:
        for info in z.infolist():
            name, data = info.filename.replace("zip2", "another name").encode(), z.read(info)
            begin = len(out)
            pad = b"FB" + struct.pack("<H", 8) + b"Z" * 8
            extra = struct.pack("<HHQQ", 1, 16, len(data), len(data))
            out += struct.pack("<IHHHHHIIIHH", 0x04034b50, 45, 0, 0, 0, 0, info.CRC, 2**32 - 1, 2**32 - 1, len(name), len(pad + extra)) + name + pad + extra + data
            extra = struct.pack("<HHQQQ", 1, 24, len(data), len(data), begin)
            rows += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014b50, 45, 45, 0, 0, 0, 0, info.CRC, 2**32 - 1, 2**32 - 1, len(name), len(extra), 0, 0, 0, 0,
                                2**32 - 1) + name + extra
        count = len(z.infolist())
    end = len(out) + len(rows)
    out += rows + struct.pack("<IQHHIIQQQQ", 0x06064b50, 44, 45, 45, 0, 0, count, count, len(rows), end - len(rows))
    out += struct.pack("<IIQI", 0x07064b50, 0, end, 1) + struct.pack("<IHHHHIIH", 0x06054b50, 0, 0, 65535, 65535, 2**32 - 1, 2**32 - 1, 0)
    open(target, "wb").write(out)


def neox(folder):
    """As GPT-NeoX's pipeline writes them; the same under the names of convert_neox_to_hf.py."""
    g = torch.Generator().manual_seed(7); make = lambda *shape: torch.randn(*shape, generator=g).half()
    files = {0: {"word_embeddings.weight": make(6, 4)}, 5: {"norm.weight": make(4), "norm.bias": make(4)}, 6: {"final_linear.weight": make(6, 4)}}
    hf = {"gpt_neox.embed_in.weight": files[0]["word_embeddings.weight"], "gpt_neox.final_layer_norm.weight": files[5]["norm.weight"],
          "gpt_neox.final_layer_norm.bias": files[5]["norm.bias"], "embed_out.weight": files[6]["final_linear.weight"]}
    for block in range(2):
        layer = {f"{norm}.{kind}": make(4) for norm in ("input_layernorm", "post_attention_layernorm") for kind in ("weight", "bias")}
        for name, shape in (("attention.query_key_value", (12, 4)), ("attention.dense", (4, 4)), ("mlp.dense_h_to_4h", (8, 4)), ("mlp.dense_4h_to_h", (4, 8))):
            layer |= {name + ".weight": make(*shape), name + ".bias": make(shape[0])}
        files[block + 2] = layer
        hf |= {f"gpt_neox.layers.{block}.{k}": v for k, v in layer.items()}
    os.makedirs(folder, exist_ok=True)
    for number, state in files.items(): torch.save(state, f"{folder}/layer_{number:02d}-model_00-model_states.pt")
    save_file(hf, folder + ".safetensors")


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__(); self.linear = torch.nn.Linear(2, 2)


def main():
    target = sys.argv[1]
    os.makedirs(target, exist_ok=True); os.chdir(target)
    for folder in ("sharded", "folder"): os.makedirs(folder, exist_ok=True)
    state = tensors(False)
    save_file(plain(state), "model.safetensors")
    for p in (2, 3, 4, 5):
        torch.save(state, f"zip{p}.bin", pickle_protocol=p)
        torch.save(state, f"old{p}.bin", pickle_protocol=p, _use_new_zipfile_serialization=False)
    torch.serialization.set_crc32_options(False)
    torch.save(state, "nocrc.bin")
    torch.serialization.set_crc32_options(True)
    big_zip("zip2.bin", "zip_big.bin"); big_old("old2.bin", "old_big.bin"); zip64("zip2.bin", "zip64.bin")

    new = tensors(True)
    save_file(plain(new), "new_dtypes.safetensors"); torch.save(new, "new_dtypes.bin")

    names = list(state); half = len(names) // 2
    shards = {"pytorch_model-00001-of-00002.bin": names[:half], "pytorch_model-00002-of-00002.bin": names[half:]}
    for file, part in shards.items(): torch.save({k: state[k] for k in part}, os.path.join("sharded", file))
    json.dump({"metadata": {"total_size": 1}, "weight_map": {k: file for file, part in shards.items() for k in part}},
              open("sharded/pytorch_model.bin.index.json", "w"))

    moments = {i: {"step": torch.tensor(500.0), "exp_avg": torch.zeros(2, 2), "exp_avg_sq": torch.ones(2, 2)} for i in range(2)}
    optimizer = {"state": moments, "param_groups": [{"lr": 1e-3, "betas": (0.9, 0.999), "params": [0, 1]}]}
    torch.save({"epoch": 0, "global_step": 500, "pytorch-lightning_version": "2.4.0", "optimizer_states": [optimizer],
                "state_dict": {"model." + k: v for k, v in state.items()}, "hyper_parameters": argparse.Namespace(lr=1e-3),
                "callbacks": {"shape": torch.Size([2]), "device": torch.device("cpu"), "dtype": torch.float16}}, "lightning.ckpt")
    torch.save(optimizer, "optimizer.pt")
    neox("neox")
    torch.save(Model(), "module.pt")
    save_file({"w": torch.ones(2)}, "folder/model.safetensors"); torch.save({"other": torch.zeros(2)}, "folder/pytorch_model.bin")


if __name__ == "__main__":
    main()
