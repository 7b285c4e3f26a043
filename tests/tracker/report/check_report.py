#!/usr/bin/env python3
"""check_report.py SPECTAIL REPORT.html DB [RUN]: is the page whole, does it need nothing but itself, and does every figure in it stand
in the store?

Every figure of a sentence or table is a <data value=... title="METRIC, layer L, head H, step S: FIELD">. Its value must be, to the
bit, what `spectail export`, `spectail emerge --json` or the store's table of nulls say of that name, and what is shown must be that
value, rounded. Prints what it found; the last line is "ok" or a count of faults. Standard library only."""
import csv
import html.parser
import io
import json
import math
import re
import sqlite3
import subprocess
import sys

VOID = {"meta", "img", "br", "hr", "wbr", "path", "circle"}
SHOWN_POWERS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.faults, self.ids, self.links = [], [], set(), []
        self.data, self.images, self.headings, self.text, self.style = [], [], [], [], []

    def fault(self, *words):
        self.faults.append(" ".join(map(str, words)))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if len(given) != len(attributes):
            self.fault("an attribute twice in", tag)
        if tag in ("script", "link", "iframe", "object", "embed", "base", "form"):
            self.fault("element", tag)
        for name, value in attributes:
            if name.startswith("on") or name in ("srcset", "action", "formaction", "background"):
                self.fault("attribute", name)
            if name == "src" and not value.startswith("data:image/svg+xml;base64,"):
                self.fault("src", value[:40])
            if name in ("href", "xlink:href"):
                self.links.append(value)
        if "id" in given:
            if given["id"] in self.ids:
                self.fault("id twice:", given["id"])
            self.ids.add(given["id"])
        if tag == "img":
            self.images.append(given)
        if tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        if tag == "data":
            self.data.append([given["title"], given["value"], ""])
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open[-1] != tag:
            self.fault("</%s> within" % tag, self.open[-1:])
        else:
            self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "data":
            self.data[-1][2] += data
        (self.style if self.open and self.open[-1] == "style" else self.text).append(data)


def check_structure(page, source):
    if page.open:
        page.fault("never closed:", page.open)
    for link in page.links:
        if not link.startswith("#") or link[1:] not in page.ids:
            page.fault("a link leads nowhere:", link)
    for image in page.images:
        if len(image.get("alt", "")) < 20:
            page.fault("an image without words:", image.get("alt"))
    if page.headings[0] != 1 or page.headings.count(1) != 1:
        page.fault("headings begin", page.headings[:3])
    for above, below in zip(page.headings, page.headings[1:]):
        if below > above + 1:
            page.fault("heading", below, "under", above)
    if re.search(r"https?:", source) or "url(" in "".join(page.style) or "@import" in "".join(page.style):
        page.fault("something from elsewhere")


def load(spectail, db, run):
    """What is known of each name: {(metric, layer, head): {field: number}} of fits and nulls, and {(..., step): ...} of figures."""
    choice = ["--db", db] + (["--run", run] if run else [])
    figures, fits = {}, {}
    text = subprocess.run([spectail, "export", *choice], check=True, capture_output=True, text=True).stdout
    for row in csv.DictReader(io.StringIO(text)):
        if row["step"]:
            key = (row["metric"], int(row["layer"]), int(row["head"]), int(row["step"]))
            figures.setdefault(key, []).append({f: float(row[f]) for f in ("mean", "lo", "hi") if row[f]})
    text = subprocess.run([spectail, "emerge", "--json", *choice], check=True, capture_output=True, text=True).stdout
    for row in json.loads(text)["runs"]:
        fits[(row["metric"], row["layer"], row["head"])] = row
    connection = sqlite3.connect("file:%s?mode=ro" % db, uri=True)
    nulls = {}
    for metric, layer, mean, sd in connection.execute(
            "SELECT name, layer, mean, sd FROM null_value JOIN metric ON metric.id = metric"):
        nulls.setdefault(metric, []).append({"null mean": mean, "null sd": sd})
    controls = {}
    for metric, layer, head, step, mean, lo, hi in connection.execute(
            "SELECT metric.name, layer, head, step, mean, lo, hi FROM measure JOIN metric ON metric.id = metric"
            " JOIN checkpoint ON checkpoint.id = checkpoint JOIN run ON run.id = run WHERE probe_text LIKE '%control: %'"):
        controls.setdefault((metric, layer, head, step), []).append(
            {"control mean": mean, "control lo": lo, "control hi": hi})
    external = {(name, step): value for name, step, value in connection.execute("SELECT name, step, value FROM external")}
    return figures, fits, nulls, external, controls


def step_of(time):
    return max(2.0 ** time - 1, 0)


def expected(title, known):
    """All values that may stand under this title."""
    figures, fits, nulls, external, controls = known
    match = re.fullmatch(r"(.*?)(?:, layer (\d+))?(?:, head (\d+))?(?:, step (\d+))?: (.*)", title)
    metric, layer, head, step, field = match.groups()
    key = (metric, -1 if layer is None else int(layer), -1 if head is None else int(head))
    if field == "value":
        return [external[(metric, int(step))]]
    if field.startswith("control "):
        return [c[field] for c in controls[key + (int(step),)]]
    if step is not None:
        return [f[field] for f in figures[key + (int(step),)]]
    if field.startswith("null "):
        return [null[field] for null in nulls[metric]]
    fit = fits[key]
    turn = re.fullmatch(r"turns\[(\d+)\]\.(\w+)", field)
    if turn:
        return [fit["turns"][int(turn[1])][turn[2]]]
    made = {
        "1 - before": lambda: 1 - fit["before"],
        "start + change": lambda: fit["start"] + fit["change"],
        "t0 - ln 9 / steepness": lambda: step_of(fit["t0"] - math.log(9) / fit["steepness"]),
        "t0 + ln 9 / steepness": lambda: step_of(fit["t0"] + math.log(9) / fit["steepness"]),
    }
    return [made[field]() if field in made else fit[field]]


def is_rounded(shown, value):
    """Whether shown is value to the digits it has."""
    text = shown.replace("\u2212", "-").replace("\u00a0", " ")
    if text.endswith(" %"):
        text, value = text[:-2], 100 * value
    power = re.fullmatch(r"(-?[\d.]+) · 10(.*)", text)
    scale = 10.0 ** int(power[2].translate(SHOWN_POWERS)) if power else 1
    digits = power[1] if power else text
    half = 0.5 * scale * 10.0 ** -(len(digits.partition(".")[2]))
    return abs(float(digits) * scale - value) <= half * (1 + 1e-9) + 1e-12 * abs(value)


def check_figures(page, known):
    for title, value, shown in page.data:
        try:
            candidates = expected(title, known)
        except (KeyError, AttributeError, IndexError) as missing:
            page.fault("nothing is known of", title, repr(missing))
            continue
        if not any(c is not None and math.isclose(float(value), c, rel_tol=1e-15) for c in candidates):
            page.fault(title, "is", value, "and should be one of", candidates)
        if shown != "0.001" and not is_rounded(shown, float(value)):
            page.fault(title, "is shown as", shown, "and is", value)


def main():
    spectail, path, db = sys.argv[1:4]
    source = open(path, encoding="utf-8").read()
    page = Page()
    page.feed(source)
    page.close()
    check_structure(page, source)
    check_figures(page, load(spectail, db, sys.argv[4] if len(sys.argv) > 4 else None))
    if len(page.data) < 100:
        page.fault("only", len(page.data), "figures")
    for fault in page.faults[:20]:
        print(fault)
    print("ok" if not page.faults else "%d faults" % len(page.faults))
    return 1 if page.faults else 0


if __name__ == "__main__":
    sys.exit(main())
