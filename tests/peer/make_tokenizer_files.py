"""Makes tests/data/tokenizers/files: tokenizers that lie as other files than tokenizer.json, and their golden sets.

    python tests/peer/make_tokenizer_files.py        (requirements.txt; last made with transformers 5.23, sentencepiece 0.2.3)

One folder a tokenizer, golden.jsonl in it: {"text", "ids", "plain"}, ids with special tokens, plain without. vocab.txt,
vocab.json and merges.txt are those of tests/data/tokenizers/*.json, written as transformers 4 writes them, their ids
those of its AutoTokenizer on the folder. SentencePiece models are trained small on the texts of the golden sets of
Latin and Cyrillic letters; plain is what sentencepiece itself gives (texts with the names of a model's own marks are
left out), ids what the family of transformers puts around it, for XLM-R with the ids of fairseq.
"""

import json
import pathlib

import sentencepiece
from make_tokenizer_golden import TEXTS
from transformers import AutoTokenizer

DATA = pathlib.Path(__file__).resolve().parent.parent / "data/tokenizers"
FILES = DATA / "files"


def golden_texts():
    rows = (DATA / "gpt_neox.golden.jsonl").read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(TEXTS + [json.loads(row)["text"] for row in rows]))


ALL = golden_texts()
KEPT = ALL[: len(TEXTS)] + ALL[len(TEXTS) :: 3]


def write(folder, name, text):
    (FILES / folder).mkdir(parents=True, exist_ok=True)
    (FILES / folder / name).write_text(text, encoding="utf-8")


def write_json(folder, name, value):
    write(folder, name, json.dumps(value, ensure_ascii=False) + "\n")


def write_golden(folder, cases):
    rows = (json.dumps(dict(text=t, ids=i, plain=p), separators=(",", ":")) + "\n" for t, i, p in cases)
    write(folder, "golden.jsonl", "".join(rows))


def model_of(name):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))["model"]


def of_transformers(folder, source, config=None, files=None):
    model = model_of(source)
    if model["type"] == "WordPiece":
        write(folder, "vocab.txt", "".join(token + "\n" for token in sorted(model["vocab"], key=model["vocab"].get)))
    else:
        merges = (merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"])
        write_json(folder, "vocab.json", model["vocab"])
        write(folder, "merges.txt", "#version: 0.2\n" + "".join(merge + "\n" for merge in merges))
    if config is not None:
        write_json(folder, "tokenizer_config.json", config)
    for name, value in (files or {}).items():
        write_json(folder, name + ".json", value)
    tokenizer = AutoTokenizer.from_pretrained(FILES / folder)
    texts = KEPT + ["<mask> a<mask>b </s>x [MASK] [SEP] <|endoftext|> <new> <|im_start|>user", "x <new>"]
    write_golden(folder, ((t, tokenizer.encode(t), tokenizer.encode(t, add_special_tokens=False)) for t in texts))


def train(folder, name, config, ids=lambda i: i, before=(), after=(), rules=None, **options):
    (FILES / folder).mkdir(parents=True, exist_ok=True)
    stem = FILES / folder / "training"
    if rules:
        write(folder, "training.tsv", rules)
        options["normalization_rule_tsv"] = str(FILES / folder / "training.tsv")
    texts = [t for t in ALL if "\n" not in t and "\0" not in t and all(ord(c) < 0x460 for c in t)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_prefix=str(stem), minloglevel=2, num_threads=1, max_sentence_length=100000,
        hard_vocab_limit=False, **options,
    )
    stem.with_suffix(".model").rename(FILES / folder / name)
    for left in (FILES / folder).glob("training.*"):
        left.unlink()
    if config is not None:
        write_json(folder, "tokenizer_config.json", config)
    model = sentencepiece.SentencePieceProcessor(model_file=str(FILES / folder / name))
    marks = [model.id_to_piece(i) for i in range(len(model)) if model.is_control(i) or model.is_unknown(i)]
    marks += ["<mask>", "<pad>"]
    kept = [t for t in KEPT + ["a  the thing ", "ab" * 700] if not any(mark in t for mark in marks)]
    encoded = ((t, [ids(i) for i in model.encode(t)]) for t in kept)
    write_golden(folder, ((t, [*before, *plain, *after], plain) for t, plain in encoded))


def main():
    of_transformers("bert_uncased", "bert_uncased", files=dict(config=dict(model_type="bert")))
    of_transformers("bert_cased", "bert_cased", dict(tokenizer_class="BertTokenizer", do_lower_case=False, tokenize_chinese_chars=False))
    of_transformers("roberta", "roberta", dict(tokenizer_class="RobertaTokenizer", add_prefix_space=True))
    mask = dict(content="<mask>", lstrip=True, rstrip=False, single_word=False, normalized=True)
    files = dict(config=dict(model_type="roberta"), special_tokens_map=dict(mask_token=mask))
    of_transformers("roberta_map", "roberta", files=files)
    listed = dict(tokenizer_class="RobertaTokenizer", mask_token="<mask>", added_tokens_decoder={"4": dict(mask, normalized=False, special=True)})
    of_transformers("roberta_listed", "roberta", listed)
    files = dict(added_tokens={"<New>": 2500, "<Mask>": 2501}, special_tokens_map=dict(mask_token=dict(mask, content="<Mask>")))
    of_transformers("bert_listed", "bert_uncased", dict(tokenizer_class="BertTokenizer"), files)
    files = dict(config=dict(model_type="gpt2"), added_tokens={"<new>": 1505, "  ": 1506})
    of_transformers("gpt2", "gpt_neox", files=files)
    names = dict.fromkeys(["bos_token", "eos_token", "unk_token"], "</s>")
    opt = dict(names, tokenizer_class="GPT2Tokenizer", pad_token="<pad>", add_bos_token=True)
    of_transformers("opt", "roberta", opt)
    start = dict(content="<|im_start|>", lstrip=False, rstrip=False, single_word=False, normalized=False, special=True)
    qwen = dict(tokenizer_class="Qwen2Tokenizer", eos_token="<|endoftext|>", added_tokens_decoder={"1800": start})
    of_transformers("qwen2", "qwen2", qwen)
    bpe = dict(model_type="bpe", byte_fallback=True, split_digits=True, allow_whitespace_only_pieces=True)
    plain = dict(normalization_rule_name="identity", remove_extra_whitespaces=False, character_coverage=0.99)
    train("llama", "tokenizer.model", dict(add_bos_token=True), before=[1], vocab_size=900, **bpe, **plain)
    train(
        "gemma", "tokenizer.model", dict(tokenizer_class="GemmaTokenizer", add_eos_token=True), before=[2], after=[1],
        vocab_size=900, add_dummy_prefix=False, pad_id=0, eos_id=1, bos_id=2, unk_id=3, bos_piece="<bos>",
        eos_piece="<eos>", user_defined_symbols=["\n", "\n\n", "\u2581\u2581", "\u2581\u2581\u2581", "<x>", "the"],
        **bpe, **plain,
    )
    train(
        "xlm_roberta", "sentencepiece.bpe.model", dict(tokenizer_class="XLMRobertaTokenizer"),
        lambda i: 3 if i == 0 else i + 1, [0], [2], model_type="unigram", vocab_size=900,
        normalization_rule_name="nmt_nfkc",
    )
    rules = "".join(f"{ord(c):X}\t{ord(c.lower()):X}\n" for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ") + "61 62\t78\n9\t20\n"
    train(
        "unigram", "tokenizer.model", None, before=[1], model_type="unigram", vocab_size=800, byte_fallback=True,
        user_defined_symbols=["<x>", "ing"], rules=rules,
    )
    train(
        "bpe", "tokenizer.model", dict(add_bos_token=False), model_type="bpe", vocab_size=800, rules=rules,
        user_defined_symbols=["XX", "a b"],
    )


if __name__ == "__main__":
    main()
