"""Every kind of tokenizer beside HF tokenizers (SentencePiece models: beside sentencepiece), one thread each, seconds of the processor.

usage: bench_tokenizer.py BENCH_TOKENIZER TEXT [TOKENIZER ...]      default: all of tests/data/tokenizers
TEXT is repeated to 2 MB, in lines. Prints MB/s of both and their ratio. Needs tests/peer/requirements.txt.
"""
import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"
import glob, subprocess, sys, tempfile, time

import sentencepiece
from tokenizers import Tokenizer

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../data/tokenizers")


def usual(path, lines):
    """A function that encodes lines, and its name; None for what neither reads by itself."""
    if path.endswith(".model"):
        model = sentencepiece.SentencePieceProcessor(model_file=path)
        return "sentencepiece", lambda: [model.encode(line) for line in lines]
    if path.endswith(".json") and not path.endswith("vocab.json"):
        tokenizer = Tokenizer.from_file(path)
        tokenizer.no_truncation(), tokenizer.no_padding()
        return "HF tokenizers", lambda: tokenizer.encode_batch(lines)
    return None, None


def main(bench, text, *paths):
    paths = paths or sorted(glob.glob(DATA + "/*.json") + glob.glob(DATA + "/files/*/*.model") + glob.glob(DATA + "/files/*/vocab.*"))
    text = open(text, encoding="utf-8").read()
    text *= 1 + 2_000_000 // len(text)
    lines = text.split("\n")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text), file.flush()
        told = subprocess.run([bench, file.name, *paths], check=True, capture_output=True, text=True).stdout
    for row in told.splitlines():
        path, speed, _ = row.split("\t")
        name, run = usual(path, lines)
        line = f"  {os.path.relpath(path, DATA):44} {float(speed):7.1f} MB/s"
        if run:
            best = float("inf")
            for _ in range(3):
                start = time.process_time()
                run()
                best = min(best, time.process_time() - start)
            theirs = len(text.encode()) / 1e6 / best
            line += f"   {name:13} {theirs:7.1f} MB/s   {float(speed) / theirs:5.1f} times as fast"
        print(line, flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 3: sys.exit(__doc__)
    main(*sys.argv[1:])
