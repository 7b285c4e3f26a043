"""Makes tests/data/layouts: every public suite of checkpoints as it lies on disk, in small, written by the tools that its users have.

    python tests/peer/make_layout_fixtures.py        (requirements.txt; last made with transformers 5.23, huggingface_hub 2.4, lightning 2.6)

Each model is one of tests/data/reference with its sizes cut and weights of its own. save_pretrained writes it; HF's Trainer trains one;
what lies in a hub cache was downloaded into it, by huggingface_hub, from a server that this script runs on a port of this machine. Names and
weights are the same each time; the trained vocabularies of WordPiece and Unigram differ from one making to the next.
"""

import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import tempfile
import threading
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
REFERENCE, OUT = ROOT / "tests/data/reference", ROOT / "tests/data/layouts"
PROBES = ROOT / "configs/probes/stem-500.txt"
OF_DEEPSPEED = ("gpt_neox", "gpt_neox_sequential", "deepspeed", "deepspeed_twins")  # make_deepspeed_fixtures.py makes these
UPSTREAM = pathlib.Path(tempfile.mkdtemp())  # what the server serves: UPSTREAM/<org>/<repo>/<revision>/<file>


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of the Hugging Face hub as a download asks of it."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, headers, body=b""):
        self.send_response(status)
        for name, value in {"Content-Length": len(body), **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path = urllib.parse.unquote(urllib.parse.urlparse(self.path).path)
        asked = re.fullmatch(r"/(?:api/models/)?([^/]+/[^/]+)/(revision|tree|resolve)/([^/]+)(?:/(.+))?", path)
        if not asked:
            return self.answer(404, {})
        repository, what, revision, name = asked.groups()
        revision = next((r.name for r in (UPSTREAM / repository).iterdir() if commit_of(repository, r.name) == revision), revision)
        folder, commit = UPSTREAM / repository / revision, commit_of(repository, revision)
        files = {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}
        if what == "revision":
            return self.answer_json({"id": repository, "sha": commit, "siblings": [{"rfilename": n} for n in files]})
        if what == "tree":
            return self.answer_json([{"type": "file", "path": n, "size": len(b), "oid": etag_of(n, b)} for n, b in files.items()])
        headers = {"X-Repo-Commit": commit, "Content-Type": "application/octet-stream"}
        if name not in files:
            return self.answer(404, {**headers, "X-Error-Code": "EntryNotFound"})
        return self.answer(200, {**headers, "ETag": f'"{etag_of(name, files[name])}"'}, files[name])

    def answer_json(self, value):
        self.answer(200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    do_HEAD = do_GET


def commit_of(repository, revision):
    return hashlib.sha1(f"{repository}@{revision}".encode()).hexdigest()


def etag_of(name, body):
    """Large files are known to the hub by their SHA-256, the others by their id in git."""
    if name.endswith((".safetensors", ".bin")):
        return hashlib.sha256(body).hexdigest()
    return hashlib.sha1(b"blob %d\0" % len(body) + body).hexdigest()


SERVER = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
threading.Thread(target=SERVER.serve_forever, daemon=True).start()
os.environ.update(HF_ENDPOINT=f"http://127.0.0.1:{SERVER.server_port}", HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1")
for key in ("HF_HUB_OFFLINE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
    os.environ.pop(key, None)

import huggingface_hub  # noqa: E402  (they read the environment when they are imported)
import lightning  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers  # noqa: E402

SENTENCES = PROBES.read_text(encoding="utf-8").splitlines()
VOCABULARY = 192
SMALL = {
    "hidden_size": 16, "n_embd": 16, "num_hidden_layers": 2, "n_layer": 2, "num_attention_heads": 2, "n_head": 2, "num_key_value_heads": 1,
    "head_dim": 8, "intermediate_size": 24, "n_inner": 24, "vocab_size": VOCABULARY, "max_position_embeddings": 160, "n_positions": 160,
}  # fmt: skip


def byte_level(special="<|endoftext|>"):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=[special], show_progress=False))
    return tokenizer


def word_piece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=VOCABULARY, special_tokens=special, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    return tokenizer


BYTE_LEVEL, WORD_PIECE, UNIGRAM = byte_level(), word_piece(), unigram()


def model_of(family, seed, **changes):
    """A model of reference/<family> in small, with the weights of that seed."""
    config = transformers.AutoConfig.from_pretrained(REFERENCE / family)
    known = config.to_dict()
    for key, value in {**SMALL, **changes}.items():
        if (key in known and known[key] is not None) or key in changes:
            setattr(config, key, value)
    if getattr(config, "layer_types", None):
        config.layer_types = config.layer_types[: config.num_hidden_layers]
    torch.manual_seed(seed)
    classes = {"bert": transformers.BertForMaskedLM, "xlm-roberta": transformers.XLMRobertaForMaskedLM}
    model = classes.get(config.model_type, transformers.AutoModelForCausalLM)
    model = model(config) if config.model_type in classes else model.from_config(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                parameter.normal_(0.0, 0.3)
    return model.half().eval()


def save(folder, model, tokenizer=BYTE_LEVEL, shards=False, formats=("safetensors",)):
    """config.json and weights as save_pretrained writes them; .bin as it did before safetensors. tokenizer.json, unless tokenizer is None."""
    folder.mkdir(parents=True, exist_ok=True)
    if "safetensors" in formats:
        model.save_pretrained(folder, max_shard_size="12KB" if shards else "1GB")
    else:
        model.config.architectures = [type(model).__name__]
        model.config.save_pretrained(folder)
    if "bin" in formats:
        torch.save(model.state_dict(), folder / "pytorch_model.bin")
    (folder / "generation_config.json").unlink(missing_ok=True)
    if tokenizer:
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)


def upstream(repository, revision):
    return UPSTREAM / repository / revision


def download(repository, revision, **where):
    huggingface_hub.snapshot_download(repository, revision=revision, max_workers=1, **where)


def pythia():
    """A folder a step, as `hf download --local-dir` leaves it; the hub cache; and the cache_dir that the model cards of Pythia show."""
    for seed, step in enumerate((0, 1, 512, 1000, 143000)):
        # 12b's files are sharded, the others are there in both formats.
        changes = {"shards": True} if step == 143000 else {"formats": ("bin", "safetensors")} if step == 512 else {}
        save(upstream("EleutherAI/pythia-70m", f"step{step}"), model_of("gpt_neox", seed), **changes)
        download("EleutherAI/pythia-70m", f"step{step}", local_dir=OUT / f"pythia/step{step}")
    for seed, revision in enumerate(("step1", "step2", "step143000", "main")):
        save(upstream("EleutherAI/pythia-160m", revision), model_of("gpt_neox", 10 + min(seed, 2)))
        download("EleutherAI/pythia-160m", revision, cache_dir=OUT / "pythia_hub")
    for seed, step in enumerate((3000, 4000)):
        repository, cache = "EleutherAI/pythia-70m-deduped", OUT / f"pythia_cache_dirs/step{step}"
        save(upstream(repository, f"step{step}"), model_of("gpt_neox", 20 + seed))
        transformers.GPTNeoXForCausalLM.from_pretrained(repository, revision=f"step{step}", cache_dir=cache)
        transformers.AutoTokenizer.from_pretrained(repository, revision=f"step{step}", cache_dir=cache)


def olmo():
    """The tokenizer of the OLMo-2 run lies in main, which was downloaded for it alone."""
    for seed, name in enumerate(("step1000-tokens4B", "step20000-tokens84B")):
        save(OUT / "olmo" / name, model_of("olmo", 30 + seed))
    names = ("stage1-step150-tokens1B", "stage1-step928646-tokens3896B")
    names += ("stage2-ingredient1-step11931-tokens50B", "stage2-ingredient2-step11931-tokens50B")
    for seed, name in enumerate(names):
        save(upstream("allenai/OLMo-2-1124-7B", name), model_of("olmo2", 40 + seed), tokenizer=None)
        download("allenai/OLMo-2-1124-7B", name, cache_dir=OUT / "olmo2")
    save(upstream("allenai/OLMo-2-1124-7B", "main"), model_of("olmo2", 43))
    download("allenai/OLMo-2-1124-7B", "main", cache_dir=OUT / "olmo2", allow_patterns=["*.json"])


def of_llama():
    """LLM360 Amber, SmolLM2 and the ablations of FineWeb."""
    for seed, name in enumerate(("ckpt_000", "ckpt_179", "ckpt_358")):
        save(OUT / "amber" / name, model_of("llama", 50 + seed))
    for seed, name in enumerate(("step-125000", "step-160000")):
        save(upstream("HuggingFaceTB/SmolLM2-135M-intermediate-checkpoints", name), model_of("llama", 55 + seed, tie_word_embeddings=True))
        download("HuggingFaceTB/SmolLM2-135M-intermediate-checkpoints", name, cache_dir=OUT / "smollm2")
    for seed, name in enumerate(("step-001000-2BT", "step-167000-350BT")):
        save(OUT / "fineweb" / name, model_of("llama", 60 + seed), tokenizer=None)
    BYTE_LEVEL.save(str(OUT / "fineweb/tokenizer.json"), pretty=False)


def multiberts():
    """A repository a step and seed, in one cache."""
    for number, (seed, step) in enumerate(((0, "0k"), (0, "20k"), (0, "2000k"), (1, "20k"))):
        repository = f"google/multiberts-seed_{seed}-step_{step}"
        folder = upstream(repository, "main")
        save(folder, model_of("bert", 70 + number), tokenizer=None, formats=("bin",))
        WORD_PIECE.model.save(str(folder))
        download(repository, "main", cache_dir=OUT / "multiberts")


def crfm():
    """DeepSpeed's own files lie in a folder in the checkpoint's, whose name is a step's too."""
    for seed, step in enumerate((100, 200)):
        folder = OUT / f"crfm/checkpoint-{step}"
        model = model_of("gpt2", 80 + seed, scale_attn_by_inverse_layer_idx=True, reorder_and_upcast_attn=True)
        save(folder, model, tokenizer=None, formats=("bin",))
        BYTE_LEVEL.model.save(str(folder))
        (folder / f"global_step{step}").mkdir()
        torch.save({"module": {}, "global_steps": step}, folder / f"global_step{step}/mp_rank_00_model_states.pt")
        torch.save({"optimizer_state_dict": {}}, folder / f"global_step{step}/zero_pp_rank_0_mp_rank_00_optim_states.pt")
        (folder / "latest").write_text(f"global_step{step}")
        state = transformers.TrainerState(global_step=step, max_steps=400000, log_history=[{"loss": 9.25 - seed, "step": step}])
        state.save_to_json(str(folder / "trainer_state.json"))


def bloom():
    for seed, step in enumerate((1000, 10000)):
        save(OUT / f"bloom/global_step{step}", model_of("bloom", 90 + seed))


class Samples(torch.utils.data.Dataset):
    def __len__(self):
        return 16

    def __getitem__(self, index):
        ids = torch.tensor(BYTE_LEVEL.encode(SENTENCES[index]).ids[:16])
        return {"input_ids": ids, "labels": ids}


def trainer():
    """HF's Trainer itself. Plain SGD: its optimizer.pt is small. What it pickles names its folder: as seen from OUT."""
    os.chdir(OUT)
    settings = dict(max_steps=4, save_steps=2, logging_steps=1, per_device_train_batch_size=1, optim="sgd", learning_rate=0.01)
    arguments = transformers.TrainingArguments(output_dir="trainer", use_cpu=True, report_to="none", disable_tqdm=True, **settings)
    wrapped = transformers.PreTrainedTokenizerFast(tokenizer_object=BYTE_LEVEL, eos_token="<|endoftext|>", pad_token="<|endoftext|>")
    model = model_of("qwen2", 95).float()
    transformers.Trainer(model=model, args=arguments, train_dataset=Samples(), processing_class=wrapped).train()


class Lit(lightning.LightningModule):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def training_step(self, batch, _):
        return self.model(**batch).loss

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.01)


def twins_of_lightning(checkpoints, model, out):
    """The weights of ModelCheckpoint's files as save_pretrained writes them."""
    for file in sorted(checkpoints.glob("epoch=*.ckpt")):
        state = torch.load(file, weights_only=False)["state_dict"]
        model.load_state_dict({name.removeprefix("model."): value for name, value in state.items()})
        save(out / f"step{file.stem.split('step=')[1]}", model, tokenizer=None)
    BYTE_LEVEL.save(str(out / "tokenizer.json"), pretty=False)


def of_lightning():
    """ModelCheckpoint's files; who trains an HF model so saves its config.json and tokenizer.json beside them."""
    model = model_of("llama", 97).float()
    model.config.save_pretrained(OUT / "lightning")
    BYTE_LEVEL.save(str(OUT / "lightning/tokenizer.json"), pretty=False)
    os.chdir(OUT)
    keep = lightning.pytorch.callbacks.ModelCheckpoint(every_n_train_steps=8, save_top_k=-1, save_last="link")
    keep.dirpath = "lightning/checkpoints"  # it is pickled, and the argument would have been made absolute
    quiet = dict(logger=False, enable_progress_bar=False, enable_model_summary=False, accelerator="cpu")
    fit = lightning.Trainer(max_steps=24, callbacks=[keep], **quiet)
    fit.fit(Lit(model), torch.utils.data.DataLoader(Samples(), batch_size=1))


def of_lightning_logs():
    """With a logger each training has a version's folder: two of them, one model, its config.json in the run's folder."""
    run = OUT / "lightning_logger"
    run.mkdir()
    model = model_of("gpt_neox", 98).float()
    model.config.save_pretrained(run)
    BYTE_LEVEL.save(str(run / "tokenizer.json"), pretty=False)
    os.chdir(OUT)
    for steps in (8, 16):
        keep = lightning.pytorch.callbacks.ModelCheckpoint(every_n_train_steps=8, save_top_k=-1)
        logger = lightning.pytorch.loggers.CSVLogger("lightning_logger")
        logger.log_hyperparams({"lr": 0.01})
        quiet = dict(enable_progress_bar=False, enable_model_summary=False, accelerator="cpu")
        fit = lightning.Trainer(max_steps=steps, callbacks=[keep], logger=logger, default_root_dir="lightning_logger", **quiet)
        fit.fit(Lit(model), torch.utils.data.DataLoader(Samples(), batch_size=1))
    twins_of_lightning(OUT / "lightning/checkpoints", model_of("llama", 97).float(), OUT / "lightning_twins")


def single_models():
    """Models that are no run: what a user's hub cache holds, main alone."""
    cases = {
        "meta-llama/Llama-3.2-1B": ("llama3_rope", {"tie_word_embeddings": True}),
        "meta-llama/Llama-3.2-3B": ("llama3_rope", {"tie_word_embeddings": True, "num_hidden_layers": 3}),
        "meta-llama/Llama-3.1-8B": ("llama3_rope", {"tie_word_embeddings": False}),
        "microsoft/phi-2": ("phi", {}),
        "Qwen/Qwen2.5-3B": ("qwen2", {"tie_word_embeddings": True}),
        "Qwen/Qwen2.5-7B": ("qwen2", {"tie_word_embeddings": False}),
        "mistralai/Mistral-7B-v0.1": ("mistral", {}),
        "google/gemma-7b": ("gemma", {"head_dim": 16}),
        "google-bert/bert-base-uncased": ("bert", {}),
        "FacebookAI/xlm-roberta-large": ("xlm_roberta", {}),
    }
    for seed, (repository, (family, changes)) in enumerate(cases.items()):
        tokenizer = {"bert": WORD_PIECE, "xlm_roberta": UNIGRAM}.get(family, BYTE_LEVEL)
        shards = repository.endswith(("8B", "7B", "phi-2"))
        save(upstream(repository, "main"), model_of(family, 100 + seed, **changes), tokenizer=tokenizer, shards=shards)
        download(repository, "main", cache_dir=OUT / "models")


def clean():
    """What the tools leave that says nothing about a layout, and would change with every making."""
    for path in sorted(OUT.rglob("*"), reverse=True):
        if path.name in (".locks", "CACHEDIR.TAG", "README.md", ".cache"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def main():
    OUT.mkdir(exist_ok=True)
    for folder in OUT.iterdir():
        if folder.name not in OF_DEEPSPEED:
            shutil.rmtree(folder)
    for make in (pythia, olmo, of_llama, multiberts, crfm, bloom, trainer, of_lightning, of_lightning_logs, single_models):
        make()
    clean()
    shutil.rmtree(UPSTREAM)
    size = sum(f.stat().st_size for f in OUT.rglob("*") if f.is_file() and not f.is_symlink())
    print(f"{OUT}: {size / 1024:.0f} KiB")


main()
