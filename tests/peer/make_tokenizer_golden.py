"""Makes tests/data/tokenizers/{demo,behaviours}.golden.jsonl with HF tokenizers.

    python tests/peer/make_tokenizer_golden.py        (requirements.txt; last made with tokenizers 0.23.3)

demo.golden.jsonl: {"text", "ids", "plain"} of tests/data/demo-run/tokenizer.json, ids with special tokens, plain
without.

behaviours.golden.jsonl: small tokenizers that show one behaviour each. The first line is {"model"}, the JSON of a
model; the others {"name", "parts", "model", "cases"}: a tokenizer.json is {"model": model, parts}, where an absent
model means that of the first line; cases are as above.
"""

import json
import pathlib

from tokenizers import Tokenizer, models, trainers

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"

TEXTS = [
    "",
    " ",
    "The cat sat on the mat, didn't it?  Yes: 12345 times.",
    "  leading and trailing\t\n\n \r\n",
    "E\u0301cole \u00e9cole e\u0301\u0316\u0301 A\u030a \u212b \ufb01n \u00bd \u2460 \u2167 \u1100\u1161\u11a8 "
    "\u0130\u03a3\u00df\u017f\u212a",
    "a\u00a0b\u3000c\u180ed\u2028e\u200bf\u200dg\u0085h",
    "<|x|> XX<|x|>XX <|x|>  XX YYY XXa the other",
    "aaaa abab aabb ... $5 + $6 = 11! [x] (y) {z} ~`^",
    "\u4f60\u597d, \u4e16\u754c\u3002\u3053\u3093\u306b\u3061\u306f \ud55c\uad6d\uc5b4 "
    "\u0440\u0443\u0441\u0441\u043a\u0438\u0439 \u0939\u093f\u0928\u094d\u0926\u0940 \u0663\u0664",
    "\U0001f642\U0001f468\u200d\U0001f469 \U0001d538 \u24b6 x\u00b2 \u00bcK",
    "'s'S't'RE don'T I'LL we'd 'tis",
    "camelCase snake_case kebab-case UPPER 3.14e-10 0x1F x1y2",
]


def added(content, **flags):
    token = dict(id=0, content=content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    token.update(flags)
    return token


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return dict(type="Split", pattern={kind: pattern}, behavior=behavior, invert=invert)


def byte_level(prefix=False, regex=True):
    return dict(type="ByteLevel", add_prefix_space=prefix, trim_offsets=True, use_regex=regex)


def replace(pattern, content, kind="String"):
    return dict(type="Replace", pattern={kind: pattern}, content=content)


BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]

NORMALIZERS = {
    **{form: dict(type=form) for form in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"]},
    "strip both ends": dict(type="Strip", strip_left=True, strip_right=True),
    "strip left": dict(type="Strip", strip_left=True, strip_right=False),
    "strip right": dict(type="Strip", strip_left=False, strip_right=True),
    "prepend": dict(type="Prepend", prepend="the "),
    "replace string": replace("a", "bb"),
    "replace overlapping string": replace("aa", "b"),
    "replace empty string": replace("", "x"),
    "replace regex": replace(r"\s+", " ", "Regex"),
    "replace takes dollars as they are": replace(r"(a)(b)", "$1", "Regex"),
    "replace empty matches": replace(r"x*", "-", "Regex"),
    "sequence": dict(
        type="Sequence",
        normalizers=[
            dict(type="NFD"),
            dict(type="StripAccents"),
            dict(type="Sequence", normalizers=[dict(type="Lowercase")]),
        ],
    ),
    "empty sequence": dict(type="Sequence", normalizers=[]),
}

REGEXES = [
    r"\s",
    r"\S+",
    r"\w+",
    r"[\w-]+",
    r"\W+",
    r"\d",
    r"\h+",
    r"\v",
    r"\bt",
    r"\B",
    r".",
    r"(?m:.+)",
    r"^.",
    r".$",
    r"\Aa|\.\Z",
    r"[[:alpha:]]+",
    r"[[:space:]]",
    r"[[:alnum:]_]+",
    r"[[:upper:]][[:lower:]]*",
    r"[a-c[x-z]]+",
    r"[^(\s|[.,!?\u3002])]+",
    r"[]a]",
    r"[\]\[]",
    r"a{2}?b",
    r"a{,2}b",
    r"a{1,2}+",
    r"(ab){2}+",
    r"{x}",
    r"(?i:[sk]+|'re)",
    r"(?i)THE|cat",
    r"(?>a+)b",
    r"(?<=a)b|(?<!a)t(?=h)",
    r"(.)\1",
    r"\p{Han}+|\p{Hiragana}",
    r"\p{^L}+",
    r"\P{L}+",
    r"\p{Letter}+|\p{Nd}",
    r"\p{Cyrillic}+",
    r"\x41|\x{e9}|\u4f60",
    r"a++b|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}|\s+(?!\S)|\s+",
    r"(?#comment)the",
    r"",
    r"\R",
    r"\$|\+",
    r"[\p{P}\p{S}]",
    r"[^\n]+\n*",
    r"[\d\s]{2,}",
]

PRE_TOKENIZERS = {
    "byte level": byte_level(),
    "byte level with prefix space": byte_level(prefix=True),
    "byte level without regex": byte_level(regex=False),
    "byte level twice": dict(type="Sequence", pretokenizers=[byte_level(regex=False), byte_level(regex=False)]),
    "digits": dict(type="Digits", individual_digits=False),
    "individual digits": dict(type="Digits", individual_digits=True),
    "whitespace": dict(type="Whitespace"),
    "whitespace split": dict(type="WhitespaceSplit"),
    "sequence": dict(
        type="Sequence",
        pretokenizers=[dict(type="Digits", individual_digits=True), dict(type="Punctuation"), byte_level()],
    ),
    **{f"punctuation {b}": dict(type="Punctuation", behavior=b) for b in BEHAVIORS},
    **{f"split {b}{' inverted' * i}": split(r"\s|the", b, bool(i)) for b in BEHAVIORS for i in (0, 1)},
    **{f"split empty matches {b}": split(r"a*", b) for b in BEHAVIORS},
    **{f"split string {b}": split(" ", b, kind="String") for b in BEHAVIORS},
    **{f"regex {r}": split(r) for r in REGEXES},
}

ADDED = {
    "longest added token wins": [added("X"), added("XX"), added("<|x|>", special=True)],
    "added token strips": [added("XX", lstrip=True, rstrip=True), added("<|x|>", lstrip=True, special=True)],
    "added token strips over another": [added("XX", rstrip=True), added(" ")],
    "added single word": [added("XX", single_word=True), added("the", single_word=True), added("x", single_word=True)],
    "added spaces": [added("  "), added("    "), added("\n", rstrip=True)],
    "added token of the vocabulary": [added("the", special=True), added("new one")],
    "added token again": [added("XX", special=True), added("XX", lstrip=True)],
}

LOWER = dict(type="Lowercase")
ADDED_NORMALIZED = {
    "added token is looked for in normalized text": [added("The", normalized=True), added("XX", normalized=False)],
    "added token is normalized itself": [added("CAT", normalized=True), added("YYY", normalized=True, lstrip=True)],
}


def template(*pieces):
    special = {"BOS": dict(id="BOS", ids=[1], tokens=["a"]), "TWO": dict(id="TWO", ids=[2, 3], tokens=["b", "c"])}
    single = [
        dict(Sequence=dict(id="A", type_id=0)) if p == "A" else dict(SpecialToken=dict(id=p, type_id=0)) for p in pieces
    ]
    pair = [dict(Sequence=dict(id="A", type_id=0)), dict(Sequence=dict(id="B", type_id=1))]
    return dict(type="TemplateProcessing", single=single, pair=pair, special_tokens=special)


POST_PROCESSORS = {
    "template": template("BOS", "A", "TWO"),
    "template without text": template("TWO"),
    "template with the text twice": template("A", "BOS", "A"),
    "roberta": dict(type="RobertaProcessing", sep=["b", 2], cls=["a", 1], trim_offsets=True, add_prefix_space=False),
    "bert": dict(type="BertProcessing", sep=["b", 2], cls=["a", 1]),
    "byte level": byte_level(),
    "sequence": dict(type="Sequence", processors=[byte_level(), template("BOS", "A")]),
}


def tiny(vocab, merges, **options):
    return dict(dict(type="BPE", vocab={token: i for i, token in enumerate(vocab)}, merges=merges), **options)


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
MODELS = {
    "merges as strings": tiny(["a", "b", "ab", " "], ["#version: 0.2", "a b"]),
    "merges as lists": tiny(["a", "b", "ab", " "], [["a", "b"]]),
    "the last of equal merges counts": tiny(["a", "b", "t", "at", "ab", "ba"], ["a b", "b a", "a t", "a b"]),
    "characters without a token vanish": tiny(["a", "t"], []),
    "unknown": tiny(["<unk>", "a", "t"], [], unk_token="<unk>"),
    "fused unknown": tiny(["<unk>", "a", "t"], [], unk_token="<unk>", fuse_unk=True),
    "unknown tokens are merged": tiny(["<unk>", "a", "a<unk>"], [["a", "<unk>"]], unk_token="<unk>"),
    "bytes": tiny(["<unk>", "a", *BYTES], [], unk_token="<unk>", byte_fallback=True),
    "an unknown waits behind bytes": tiny(
        ["<unk>", "a", *[b for b in BYTES if b != "<0xC3>"]], [], unk_token="<unk>", byte_fallback=True
    ),
    "ignore merges": tiny(["a", "b", "ab", "abab", " "], ["a b"], ignore_merges=True),
    "prefix": tiny(["a", "##b", "ab", "##a", "##t"], [["a", "##b"]], continuing_subword_prefix="##"),
    "suffix": tiny(["a", "t", "t</w>", "a</w>", "at</w>"], [["a", "t</w>"]], end_of_word_suffix="</w>"),
    "one id for two tokens": dict(type="BPE", vocab={"a": 0, "b": 0, "t": 2, "at": 3}, merges=["a t"]),
    "no type": {k: v for k, v in tiny(["a", "b", "ab"], ["a b"]).items() if k != "type"},
    "ids with holes": dict(type="BPE", vocab={"a": 0, "t": 1000000, "at": 7}, merges=["a t"]),
}


def train():
    """A model whose merges run over spaces and punctuation, so that every way of cutting shows."""
    tokenizer = Tokenizer(models.BPE())
    alphabet = sorted(set("".join(TEXTS)) | set("\u0120\u010a\u00c3\u00a9\u2014-x"))
    trainer = trainers.BpeTrainer(vocab_size=len(alphabet) + 160, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(TEXTS * 3 + [text.lower() for text in TEXTS] * 2, trainer)
    return json.loads(tokenizer.to_str())["model"]


def cases(tokenizer, texts):
    for text in texts:
        plain = tokenizer.encode(text, add_special_tokens=False).ids
        yield dict(text=text, ids=tokenizer.encode(text).ids, plain=plain)


def line(out, value):
    out.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def behaviour(out, shared, name, model=None, added_tokens=(), normalizer=None, pre_tokenizer=None, post_processor=None):
    parts = dict(
        version="1.0",
        truncation=None,
        padding=None,
        added_tokens=list(added_tokens),
        normalizer=normalizer,
        pre_tokenizer=pre_tokenizer,
        post_processor=post_processor,
        decoder=None,
    )
    tokenizer = Tokenizer.from_str(json.dumps(dict(parts, model=model or shared)))
    told = dict(name=name, parts=json.dumps(parts)[1:-1])
    if model:
        told["model"] = json.dumps(model)
    line(out, dict(told, cases=list(cases(tokenizer, TEXTS))))


def main():
    with open(DATA / "tokenizers/gpt_neox.golden.jsonl", encoding="utf-8") as file:
        texts = [json.loads(row)["text"] for row in file]
    demo = Tokenizer.from_file(str(DATA / "demo-run/tokenizer.json"))
    with open(DATA / "tokenizers/demo.golden.jsonl", "w", encoding="utf-8") as out:
        for case in cases(demo, texts[::2]):
            line(out, case)
    shared = train()
    with open(DATA / "tokenizers/behaviours.golden.jsonl", "w", encoding="utf-8") as out:
        line(out, dict(model=json.dumps(shared)))
        for name, normalizer in NORMALIZERS.items():
            behaviour(out, shared, f"normalizer: {name}", normalizer=normalizer)
        for name, pre_tokenizer in PRE_TOKENIZERS.items():
            behaviour(out, shared, f"pre-tokenizer: {name}", pre_tokenizer=pre_tokenizer)
        for name, tokens in ADDED.items():
            behaviour(out, shared, name, added_tokens=tokens)
        for name, tokens in ADDED_NORMALIZED.items():
            behaviour(out, shared, name, added_tokens=tokens, normalizer=LOWER)
        for name, processor in POST_PROCESSORS.items():
            behaviour(out, shared, f"post-processor: {name}", post_processor=processor)
        for name, model in MODELS.items():
            behaviour(out, shared, f"model: {name}", model=model)


if __name__ == "__main__":
    main()
