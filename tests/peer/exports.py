"""What `spectail export` writes, read by the programs it is for: pandas and TensorBoard.

    python tests/peer/exports.py SPECTAIL

The bundled run is swept into a store of its own, and Python's sqlite3 says what the figures are. Compared with them:

  - CSV and JSON lines as pandas reads them: types of the columns, NaN where undefined, every number to the bit;
  - events, likewise;
  - TensorBoard's files as its EventAccumulator reads them: every scalar (the 32-bit float nearest to the figure), step
    and wall time, no scalar too few or too many;
  - TensorBoard's own data server while the files grow, by exports and by a watch: it shows the run as it is in the
    store, also after a late step made spectail write the history anew.

Prints what was compared; exit status 1 at the first difference.
"""

import calendar
import contextlib
import json
import logging
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd
from tensorboard import context
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_accumulator import (
    EventAccumulator as PluginEventAccumulator,
)
from tensorboard.data import server_ingester
from tensorboard.util import grpc_util

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RUN = ROOT / "tests/data/demo-run"
COLUMNS = "run branch step label metric layer head mean sd lo hi n bad".split()
WAIT = 120  # seconds for TensorBoard's server to see a change


def check(condition, message):
    if not condition:
        sys.exit(f"exports.py: {message}")


def figures(store):
    """Every figure of the store as a table, in the order of the export."""
    with sqlite3.connect(store) as db:
        return pd.DataFrame(
            db.execute(
                "SELECT r.name, c.branch, c.step, c.label, m.name, v.layer, v.head, v.mean, v.sd, v.lo, v.hi, v.n,"
                " v.bad, c.finished FROM measure v JOIN metric m ON m.id = v.metric JOIN checkpoint c ON"
                " c.id = v.checkpoint JOIN run r ON r.id = c.run WHERE c.state = 'analysed' AND c.superseded IS NULL"
                " ORDER BY r.id, c.branch, c.step, c.label, m.name, v.layer, v.head"
            ).fetchall(),
            columns=COLUMNS + ["finished"],
        )


def same(ours, theirs, what):
    """Columns of numbers to the bit, NaN where NaN."""
    check(len(ours) == len(theirs), f"{what}: {len(theirs)} rows, the store has {len(ours)}")
    for column in COLUMNS:
        a, b = ours[column].to_numpy(), theirs[column].to_numpy()
        if column in ("mean", "sd", "lo", "hi"):
            equal = np.array_equal(a.astype(float), b.astype(float), equal_nan=True)
        else:
            equal = (a == b).all()
        check(equal, f"{what}: column {column} is not the store's")


def types(table, what, integers, numbers):
    for column in integers:
        check(table[column].dtype == np.int64, f"{what}: {column} is {table[column].dtype}, expected int64")
    for column in numbers:
        check(table[column].dtype == np.float64, f"{what}: {column} is {table[column].dtype}, expected float64")


class Peer:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.store = folder / "demo.db"

    def run(self, *arguments):
        subprocess.run([self.program, *arguments, "--db", self.store], check=True, stdout=subprocess.DEVNULL)

    def sweep(self, *arguments):
        self.run("sweep", RUN, "--samples", "20", "--quiet", *arguments)

    def export(self, name, *arguments):
        self.run("export", "--to", self.folder / name, *arguments)
        return self.folder / name

    def tables(self):
        store = figures(self.store)
        check(store["mean"].isna().any() or store["sd"].isna().any(), "the store has no undefined figure to compare")
        numbers = {column: "" for column in ("mean", "sd", "lo", "hi")}
        csv = pd.read_csv(self.export("f.csv"), keep_default_na=False, na_values=numbers)
        types(csv, "CSV", ["step", "layer", "head", "n", "bad"], ["mean", "sd", "lo", "hi"])
        same(store, csv, "CSV")
        plain = pd.read_csv(self.export("f.csv"))
        types(plain, "CSV read without options", ["step", "layer", "head", "n", "bad"], ["mean", "sd", "lo", "hi"])
        lines = pd.read_json(self.export("f.jsonl", "--format", "jsonl"), lines=True, precise_float=True)
        types(lines, "JSON lines", ["step", "layer", "head", "n", "bad"], ["mean", "sd", "lo", "hi"])
        exact = pd.DataFrame([json.loads(line) for line in open(self.folder / "f.jsonl", encoding="utf-8")])
        check(list(exact.columns) == COLUMNS, f"JSON lines: columns {list(exact.columns)}")
        same(store, exact, "JSON lines")
        check(lines["mean"].isna().equals(exact["mean"].isna()), "JSON lines: null is not NaN")
        check(np.allclose(lines["mean"], exact["mean"], rtol=1e-15, equal_nan=True), "JSON lines as pandas reads them")
        print(f"pandas: {len(store)} figures, {int(store['sd'].isna().sum())} without deviation: all as in the store")

    def events(self):
        """An alert and an event without a step, written by sqlite3 into a copy."""
        text = 'sink.first is 0.5,\n"above" 0.3'
        copy = self.folder / "events.db"
        copy.write_bytes(self.store.read_bytes())
        with sqlite3.connect(copy) as db:
            db.execute(
                "INSERT INTO event(time, kind, run, step, branch, rule, text, delivery) VALUES"
                " ('2024-01-02T03:04:05Z', 'alert', 1, 512, '', 'sink', ?, 'done')",
                (text,),
            )
            db.execute(
                "INSERT INTO event(time, kind, run, branch, text, delivery, outcome) VALUES"
                " ('2024-01-02T03:04:06Z', 'fetch', 1, '', 'failed', 'none', 'exit 1')"
            )
        for name, read in (("e.csv", pd.read_csv), ("e.jsonl", lambda path: pd.read_json(path, lines=True))):
            path = self.folder / name
            arguments = ["export", "--events", "--format", path.suffix[1:], "--to", path, "--db", copy]
            subprocess.run([self.program, *arguments], check=True)
            table = read(path)
            check(list(table["kind"]) == ["alert", "fetch"], f"{name}: kinds {list(table['kind'])}")
            check(table["text"][0] == text and table["rule"][0] == "sink", f"{name}: the alert is {table.loc[0]}")
            check(table["step"][0] == 512 and np.isnan(table["step"][1]), f"{name}: steps {list(table['step'])}")
            check(pd.to_datetime(table["time"]).dt.tz is not None, f"{name}: times {list(table['time'])}")
        print("pandas: events, as CSV and as JSON lines")

    def scalars(self, heads):
        """{(tag, step): (value, wall time)} as it should be."""
        expected = {}
        for row in figures(self.store).itertuples():
            if np.isnan(row.mean) or (row.head >= 0 and not heads):
                continue
            tag = row.metric
            if row.layer >= 0:
                tag += f"/layer_{row.layer:02d}"
            if row.head >= 0:
                tag += f"/head_{row.head:02d}"
            finished = calendar.timegm(time.strptime(row.finished, "%Y-%m-%dT%H:%M:%SZ"))
            expected[tag, row.step] = (float(np.float32(row.mean)), finished)
        return expected

    def tensorboard(self, heads):
        board = self.export("board", "--format", "tensorboard", *(["--heads"] if heads else []))
        accumulator = EventAccumulator(str(board / "demo-run"), size_guidance={"scalars": 0})
        accumulator.Reload()
        read = {}
        for tag in accumulator.Tags()["scalars"]:
            for event in accumulator.Scalars(tag):
                check((tag, event.step) not in read, f"{tag} has step {event.step} twice")
                read[tag, event.step] = (event.value, event.wall_time)
        expected = self.scalars(heads)
        one_sided = sorted(read.keys() ^ expected.keys())
        check(not one_sided, f"TensorBoard has {len(read)} scalars, the store {len(expected)}: {one_sided[:5]}")
        for key, value in expected.items():
            check(read[key] == value, f"TensorBoard: {key} is {read[key]}, the store has {value}")
        check(accumulator.file_version == 2.0, f"file version {accumulator.file_version}")
        plugin = PluginEventAccumulator(str(board / "demo-run"))
        plugin.Reload()
        metadata = plugin.SummaryMetadata("sink.first")
        check(metadata.plugin_data.plugin_name == "scalars", f"metadata {metadata}")
        check("attention on the first token" in metadata.summary_description, f"metadata {metadata}")
        print(f"TensorBoard: {len(read)} scalars{' with heads' if heads else ''}, all as in the store")

    def serve(self, name):
        """TensorBoard's data server over a folder."""
        ingester = server_ingester.SubprocessServerDataIngester(
            server_binary=server_ingester.get_server_binary(),
            logdir=str(self.folder / name),
            reload_interval=1,
            channel_creds_type=grpc_util.ChannelCredsType.LOCAL,
            samples_per_plugin={"scalars": 10000},
        )
        ingester.start()
        return ingester

    def exports_live(self):
        self.store.unlink()
        self.sweep("--steps", "0:16", "--metrics", "loss,sinks")
        self.export("live", "--format", "tensorboard")
        ingester = self.serve("live")
        self.await_server(ingester.data_provider, "the first steps")
        for steps in ("64:512", "32", "2000:4000"):
            self.sweep("--steps", steps, "--metrics", "loss,sinks")
            self.export("live", "--format", "tensorboard")
            self.await_server(ingester.data_provider, f"steps {steps} more")

    def watch_live(self):
        """Checkpoints are moved into a run's folder while it is watched; the last one comes late."""
        run = self.folder / "training" / "demo-run"
        run.mkdir(parents=True)
        (self.folder / "watched").mkdir()
        for file in RUN.iterdir():
            if file.is_file():
                shutil.copy(file, run)
        self.store = self.folder / "watched.db"
        arguments = ["watch", run, "--db", self.store, "--tensorboard", self.folder / "watched", "--samples", "20"]
        arguments += ["--metrics", "loss,sinks", "--quiet-period", "0.2s", "--interval", "0.2s", "--quiet"]
        watch = subprocess.Popen([self.program, *arguments])
        ingester = self.serve("watched")
        try:
            for count, step in enumerate((0, 1, 4, 8, 16, 2)):
                staged = self.folder / f"step{step}"
                shutil.copytree(RUN / f"step{step}", staged)
                staged.rename(run / f"step{step}")
                self.await_steps(watch, count + 1)
                self.await_server(ingester.data_provider, f"step {step} watched")
        finally:
            watch.terminate()
        check(watch.wait(WAIT) == 0, f"the watch ended with {watch.returncode}")

    def await_steps(self, watch, count):
        for _ in range(10 * WAIT):
            check(watch.poll() is None, f"the watch ended with {watch.returncode}")
            if self.store.exists():
                with contextlib.suppress(sqlite3.OperationalError, pd.errors.DatabaseError):
                    if figures(self.store)["step"].nunique() == count:
                        return
            time.sleep(0.1)
        check(False, f"the watch has not stored {count} checkpoints after {WAIT} s")

    def await_server(self, provider, what):
        expected = {key: value[0] for key, value in self.scalars(False).items()}
        read = {}
        for _ in range(WAIT):
            found = provider.read_scalars(
                context.RequestContext(), experiment_id="", plugin_name="scalars", downsample=10000
            )
            read = {
                (tag, point.step): point.value
                for tags in found.values()
                for tag, points in tags.items()
                for point in points
            }
            if read == expected:
                print(f"TensorBoard's server: {len(read)} scalars, {what}")
                return
            time.sleep(1)
        check(False, f"TensorBoard's server shows {len(read)} of {len(expected)} scalars after {WAIT} s ({what})")


def main():
    logging.getLogger("tensorboard").setLevel(logging.ERROR)
    program = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        peer = Peer(program, pathlib.Path(folder))
        peer.sweep()
        peer.tables()
        peer.events()
        peer.tensorboard(heads=False)
        peer.tensorboard(heads=True)
        peer.exports_live()
        peer.watch_live()


if __name__ == "__main__":
    main()
