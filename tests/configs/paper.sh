#!/bin/sh
# shellcheck disable=SC1091,SC2154 # common.sh stands beside this file
# paper.yaml as it stands, on fewer sentences and checkpoints of its own run: every group of metrics has figures, of the run and of its
# control, every figure is drawn, each quantity has its place in time, and the report is whole.
. "$(dirname "$0")/common.sh"

paper=$configs/paper.yaml
spectail sweep --config "$paper" --db paper.db --samples 8 --every 3 --quiet >said
equal "$(analysed paper.db)" 12 "checkpoints of the run and its control"

# Groups as `spectail metrics` has them, and metrics that apply to every causal model.
spectail metrics --json >metrics.json
spectail export --db paper.db --run demo-run --format csv >figures.csv
python3 - <<'END'
import csv, json
known = {m["name"]: m["group"] for m in map(json.loads, open("metrics.json"))}
rows = list(csv.DictReader(open("figures.csv")))
found = {known[r["metric"]] for r in rows if r["mean"]}
missing = set(known.values()) - found
assert not missing, f"groups without figures: {missing}"
steps = {g: {r["step"] for r in rows if known[r["metric"]] == g} for g in found}
assert all(len(s) == 6 for s in steps.values()), steps
heads = {known[r["metric"]] for r in rows if r["head"] not in ("", "-1")}
assert {"sinks", "rmt", "topology", "graph", "information", "values"} <= heads, heads
END
[ "$(sqlite3 paper.db 'SELECT count(*) FROM probe_value WHERE head >= 0')" -gt 0 ] || fail "nothing is kept of heads"
[ "$(sqlite3 paper.db 'SELECT count(*) FROM draw')" -gt 0 ] || fail "no draws are kept"

# Every figure of one run that is drawn from the store.
spectail plot --config "$paper" --db paper.db --out plots >drawn 2>left || true
spectail plot frobnicate --db paper.db 2>names || true
sed 's/.*there are: //; s/,//g' names | tr ' ' '\n' >figures
grep -qx emergence figures || fail "no names of figures: $(cat names)"
while read -r figure; do
    case $figure in
    runs | sizes) continue ;; # of several runs
    attention | references) continue ;; # of one checkpoint, by name
    esac
    grep -q '<svg' "plots/$figure.svg" || fail "no figure $figure: $(cat left)"
done <figures
[ -s plots/index.html ] || fail "no index of figures"

# When each metric turned: those that are pooled too, and single heads, have intervals; every two of five have an order.
spectail emerge --db paper.db --run demo-run --csv --heads --metrics loss,sink.first_excess,frames,rmt.law_kl >emerged.csv
spectail emerge --db paper.db --run demo-run --json --against all \
    --metrics loss,sink.first_excess,sink.entropy,rmt.mp_kl_pooled,information.kl_reduction >pairs.json
python3 - <<'END'
import csv, json
rows = list(csv.DictReader(open("emerged.csv")))
bare = [r["metric"] for r in rows if r["no_interval"]]
assert not bare, f"without interval: {bare}"
turned = [r for r in rows if r["midpoint"]]
assert any(int(r["head"]) >= 0 for r in turned) and any(r["metric"].startswith("frame.") for r in turned)
assert all(r["midpoint_lo"] and r["steepness_lo"] and r["steepness_hi"] for r in turned)
pairs = json.load(open("pairs.json"))["pairs"]
assert pairs and all(0 <= p["before"] <= 1 and 0 < p["before_q"] <= 1 for p in pairs)
END

spectail report --config "$paper" --db paper.db --run demo-run --out paper.html --bibtex paper.bib --quiet >/dev/null
tail -c 20 paper.html | grep -q '</html>' || fail "the report has no end"
grep -q '<svg' paper.html || fail "the report has no figure"
grep -q '2508\.02546' paper.bib || fail "the paper is not among the works to cite"
