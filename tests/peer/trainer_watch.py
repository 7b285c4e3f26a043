#!/usr/bin/env python3
"""A watch beside HF's Trainer, which trains a tiny model for a minute and keeps its last three checkpoints.

    trainer_watch.py SPECTAIL [SECONDS]

Every checkpoint that stayed long enough is analysed, once; what is stored of it is what a sweep over a copy of it stores, which a callback
made when it was saved.
"""

import csv
import io
import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

import torch
import transformers

SPECTAIL = sys.argv[1]
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 60.0
LONG_ENOUGH = 5.0  # ten quiet periods: a machine that is busy has time to analyse it
LIMIT = 60.0
PLAN = ["--metrics", "sinks,loss", "--bootstrap", "10", "--null-draws", "2", "--threads", "1", "--quiet"]
LENGTH, VOCABULARY = 32, 128
BETWEEN = 3.0  # seconds from one checkpoint to the next


class Samples(torch.utils.data.Dataset):
    """Sequences that repeat themselves: there is something to learn."""

    def __len__(self):
        return 4096

    def __getitem__(self, index):
        generator = torch.Generator().manual_seed(index)
        half = torch.randint(0, VOCABULARY, (LENGTH // 2,), generator=generator)
        ids = torch.cat([half, half])
        return {"input_ids": ids, "labels": ids}


class Witness(transformers.TrainerCallback):
    """Copies each checkpoint when it is saved, and takes the time for which it stays."""

    def __init__(self, run, copy):
        self.run, self.copy = run, copy
        self.saved, self.removed = {}, {}
        self.next = time.monotonic() + BETWEEN
        self.end = time.monotonic() + SECONDS

    def on_step_end(self, args, state, control, **kwargs):
        time.sleep(0.1)
        if time.monotonic() > self.next:
            control.should_save = True
            self.next = time.monotonic() + BETWEEN
        if time.monotonic() > self.end:
            control.should_training_stop = True

    def on_save(self, args, state, control, **kwargs):
        name = f"checkpoint-{state.global_step}"
        if name not in self.saved:
            shutil.copytree(self.run / name, self.copy / name)
            self.saved[name] = time.monotonic()
        for known in self.saved:
            if known not in self.removed and not (self.run / known).exists():
                self.removed[known] = time.monotonic()

    def stayed(self):
        now = time.monotonic()
        return {name: self.removed.get(name, now) - saved for name, saved in self.saved.items()}


def train(run, witness):
    config = transformers.GPTNeoXConfig(
        vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=64)
    torch.manual_seed(0)
    arguments = transformers.TrainingArguments(
        output_dir=str(run), max_steps=1_000_000, per_device_train_batch_size=8, learning_rate=3e-3, save_strategy="no",
        save_total_limit=3, logging_steps=5, report_to=[], use_cpu=True, disable_tqdm=True, seed=0)
    trainer = transformers.Trainer(
        model=transformers.GPTNeoXForCausalLM(config), args=arguments, train_dataset=Samples(), callbacks=[witness])
    trainer.train()


def ask(store, sql):
    if not store.exists():
        return []
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30) as database:
        try:
            return database.execute(sql).fetchall()
        except sqlite3.OperationalError:  # not made yet
            return []


def analysed(store):
    return {uri for (uri,) in ask(store, "SELECT uri FROM checkpoint WHERE state = 'analysed' AND superseded IS NULL")}


def figures(store):
    text = subprocess.run([SPECTAIL, "export", "--db", store, "--format", "csv"], check=True, capture_output=True, text=True).stdout
    found = {}
    for row in csv.DictReader(io.StringIO(text)):
        key = tuple(row[name] for name in ("label", "metric", "layer", "head"))
        found.setdefault(row["label"], {})[key] = row
    return found


def main():
    work = pathlib.Path(tempfile.mkdtemp(prefix="spectail-trainer-"))
    run, copy = work / "run", work / "copy" / "run"
    copy.mkdir(parents=True)
    ids = work / "ids"
    generator = torch.Generator().manual_seed(1)
    ids.write_text("".join(json.dumps(torch.randint(0, VOCABULARY, (24,), generator=generator).tolist()) + "\n" for _ in range(4)))
    store, copied = work / "watch.db", work / "sweep.db"
    watch = subprocess.Popen([SPECTAIL, "watch", run, "--db", store, "--ids", ids, "--quiet-period", "0.5s", "--interval", "0.2s", *PLAN])
    try:
        witness = Witness(run, copy)
        train(run, witness)
        stayed = witness.stayed()
        left = {name for name in stayed if name not in witness.removed}
        expected = {name for name, seconds in stayed.items() if seconds >= LONG_ENOUGH} | left
        end = time.monotonic() + LIMIT
        while not left <= analysed(store) and time.monotonic() < end:
            time.sleep(0.2)
        watch.send_signal(signal.SIGTERM)
        status = watch.wait(LIMIT)
    finally:
        watch.kill()
    subprocess.run([SPECTAIL, "sweep", copy, "--db", copied, "--ids", ids, *PLAN], check=True, stdout=subprocess.DEVNULL)

    problems = []
    if status != 0:
        problems.append(f"the watch ended with {status}")
    missing = expected - analysed(store)
    if missing:
        problems.append(f"stayed long enough and were not analysed: {sorted(missing)}")
    for uri, count in ask(store, "SELECT uri, count(*) FROM checkpoint WHERE state = 'analysed' GROUP BY uri HAVING count(*) > 1"):
        problems.append(f"{uri} was analysed {count} times")
    ours, theirs = figures(store), figures(copied)
    for label, rows in ours.items():
        if rows != theirs.get(label):
            problems.append(f"{label}: its figures are not those of its copy")
    if len(stayed) < 5 or len(witness.removed) < 2 or not ours:
        problems.append("the training saved fewer than five checkpoints, or removed fewer than two: nothing was tried")
    print(f"{len(stayed)} checkpoints saved, {len(witness.removed)} removed, {len(expected)} stayed {LONG_ENOUGH} s or to the end, "
          f"{len(ours)} analysed")
    for problem in problems:
        print("FAILED:", problem, f"(in {work})")
    if not problems:
        shutil.rmtree(work)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
