"""Makes tests/data/tokenizers/{demo,behaviours}.golden.jsonl with HF tokenizers.

    python tests/peer/make_tokenizer_golden.py        (requirements.txt; last made with tokenizers 0.23.3)

demo.golden.jsonl: {"text", "ids", "plain"} of tests/data/demo-run/tokenizer.json, ids with special tokens, plain
without.

behaviours.golden.jsonl: small tokenizers that show one behaviour each. The first line is {"model"}, the JSON of a
model; the others {"name", "parts", "model", "cases"}: a tokenizer.json is {"model": model, parts}, where an absent
model means that of the first line; cases are as above.
"""

import base64
import json
import pathlib
import struct

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


def bert(clean=True, chinese=True, strip=None, lower=True):
    return dict(
        type="BertNormalizer", clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
    )


def metaspace(scheme="always", split=True):
    return dict(type="Metaspace", replacement="\u2581", prepend_scheme=scheme, split=split)


def double_array(values):
    """Darts' double array of {bytes: number}, as SentencePiece's character maps have it."""
    units, used = [0], {0}

    def put(node, strings):
        labels = sorted({text[0] if text else 0 for text in strings})
        base = next(b for b in range(1, 1 << 16) if all((b ^ c) not in used for c in labels) and (b ^ node) < 1 << 20)
        units.extend([0] * (max(b for b in [base ^ c for c in labels] + [node]) + 1 - len(units)))
        used.update(base ^ c for c in labels)
        units[node] |= (node ^ base) << 10
        for label in labels:
            if label == 0:
                units[node] |= 1 << 8
                units[base] = values[strings[b""]] | 1 << 31
            else:
                units[base ^ label] = label
                put(base ^ label, {t[1:]: whole for t, whole in strings.items() if t[:1] == bytes([label])})

    put(0, {text: text for text in values})
    units.extend([0] * (-len(units) % 256))  # any byte may be looked for at any node
    return struct.pack(f"<{len(units)}I", *units)


def precompiled(replacements):
    strings, values = b"", {}
    for text, into in sorted(replacements.items()):
        values[text.encode()] = len(strings)
        strings += into.encode() + b"\0"
    array = double_array(values)
    charsmap = base64.b64encode(struct.pack("<I", len(array)) + array + strings).decode()
    return dict(type="Precompiled", precompiled_charsmap=charsmap)


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
    "bert": bert(),
    "bert cased": bert(lower=False),
    "bert keeps accents": bert(strip=False),
    "bert strips accents of capitals": bert(strip=True, lower=False),
    "bert cleans nothing": bert(clean=False),
    "bert leaves chinese": bert(chinese=False),
    "precompiled": precompiled({"\u00e9": "e", "e\u0301": "E", "\ufb01": "fi", "\u200b": "", "\r": " ", "\t": " "}),
    "precompiled sequences": precompiled({"a": "b", "aa": "c", "\u3000": "   ", "\u212b": "A", "A\u030a": "the"}),
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
    "bert": dict(type="BertPreTokenizer"),
    **{f"metaspace {m}{' split' * i}": metaspace(m, bool(i)) for m in ("always", "first", "never") for i in (0, 1)},
    "old metaspace": dict(type="Metaspace", replacement="_", add_prefix_space=True),
    "metaspace after white space": dict(
        type="Sequence", pretokenizers=[dict(type="WhitespaceSplit"), metaspace("always")]
    ),
    "metaspace first after white space": dict(
        type="Sequence", pretokenizers=[dict(type="WhitespaceSplit"), metaspace("first")]
    ),
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

FRONTS = {
    "metaspace first": None,
    "metaspace first after strip": dict(type="Strip", strip_left=True, strip_right=True),
    "metaspace first after bert": bert(),
    "metaspace first after removal": replace("The", ""),
    "metaspace first after replacement": replace("The", "the"),
    "metaspace first after prepend": dict(type="Prepend", prepend="the "),
    "metaspace first after precompiled": precompiled({"T": "", " ": ""}),
}
FRONT_TOKENS = [added("YYY"), added("camelCase"), added("<|x|>", normalized=True)]


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


def word_piece(vocab, **options):
    standard = dict(unk_token="[UNK]", continuing_subword_prefix="##", max_input_chars_per_word=100)
    return dict(dict(standard, type="WordPiece", vocab={token: i for i, token in enumerate(vocab)}), **options)


def unigram(vocab, **options):
    return dict(type="Unigram", unk_id=0, vocab=vocab, **options)


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
    "word piece": word_piece(["[UNK]", "a", "##a", "##b", "b", "ab", "##ab", "The", "the", "##e", "t", "##h"]),
    "short words only": word_piece(["[UNK]", "a", "##a", "b", "##b"], max_input_chars_per_word=3),
    "word piece without prefix": word_piece(["[UNK]", "a", "b", "aa"], continuing_subword_prefix=""),
    "word piece of other unknown": word_piece(["a", "?", "##b"], unk_token="?"),
    "unigram": unigram([("<unk>", 0.0), ("a", -1.0), ("b", -1.5), ("ab", -2.5), ("t", -3.0), ("the", -5), ("h", -0.5)]),
    "unigram with positive scores": unigram([("<unk>", 100.0), ("a", 100.0), ("at", 90.5), ("t", 99.25), ("  ", 120)]),
    "unigram of equal sums": unigram([("u", 0.0), ("a", -1.0), ("aa", -2.0), ("aaa", -3.0), ("b", -1.0), ("ab", -2.0)]),
    "unigram with bytes": unigram([("<unk>", 0.0), ("a", -1.0), *[(b, -9.0) for b in BYTES]], byte_fallback=True),
    "unigram without all bytes": unigram(
        [("<unk>", 0.0), ("a", -1.0), *[(b, -9.0) for b in BYTES if b != "<0x74>"]], byte_fallback=True
    ),
    "unigram with a token twice": unigram([("<unk>", 0.0), ("a", -1.0), ("a", -7.0), ("aa", -3.0), ("", -2.0)]),
    "unigram with a long unknown": unigram([("<unk>", 0.0), (" ", -1.0), ("cat", -300.0), ("sat", -1.0)]),
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
        for name, normalizer in FRONTS.items():
            pre_tokenizer = metaspace("first", False)
            behaviour(out, shared, name, None, FRONT_TOKENS, normalizer, pre_tokenizer)
        for name, processor in POST_PROCESSORS.items():
            behaviour(out, shared, f"post-processor: {name}", post_processor=processor)
        for name, model in MODELS.items():
            behaviour(out, shared, f"model: {name}", model=model)
            if model.get("type") in ("WordPiece", "Unigram"):
                words = dict(type="BertPreTokenizer")
                behaviour(out, shared, f"model: {name}, words", model=model, pre_tokenizer=words)


if __name__ == "__main__":
    main()
