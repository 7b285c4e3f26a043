# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# When each metric turned, with an interval, and which came first: the bundled run's sinks beside its loss.
check '"$program" sweep "$run" --samples 16 --metrics loss,sink.first,sink.entropy,sink.effective,sink.full_heads,pattern.previous --quiet'
spectail emerge
spectail emerge --layer 5 --metrics sink.entropy,pattern.previous
spectail emerge --metrics pattern.previous --against sink.entropy --layer all
spectail emerge --metrics loss,sink.first,sink.entropy,pattern.previous --against all
into all.csv emerge --csv
shell 'head -1 all.csv'
shell 'grep -E "^run,demo-run,.*,(loss|sink.first|sink.full_heads),-1,-1," all.csv'
shell 'tail -n +2 all.csv | cut -d, -f8 | sort | uniq -c'
into all.json emerge --json
shell 'python3 -c "
import csv, json
rows = json.load(open(\"all.json\"))[\"runs\"]
lines = list(csv.DictReader(open(\"all.csv\")))
same = lambda value, text: text == \"\" if value is None else float(text) == value if isinstance(value, (int, float)) else text == value
print(len(rows), len(lines), all(same(r[k], l[k]) for r, l in zip(rows, lines) for k in l if k != \"turns\"))
print([r[\"turns\"] for r in rows if r[\"turns\"]][0][0].keys())
"'
check 'OMP_NUM_THREADS=1 "$program" emerge --csv --threads 1 >one.csv; "$program" emerge --csv --threads 3 >three.csv; cmp one.csv three.csv && cmp one.csv all.csv'
shell '"$program" emerge | awk "length > 100" | wc -l'

# Another seed (the last number of each checkpoint is another one), a run of another probe, and single heads.
check 'cp -r "$run" seed && chmod -R u+w seed && for file in seed/*/*.safetensors; do printf "\\1" | dd of="$file" bs=1 seek=$(($(stat -L -c %s "$file") - 1)) conv=notrunc status=none; done'
check '"$program" sweep seed --samples 16 --metrics loss,sink.first --quiet --name again --keep heads'
check '"$program" sweep "$run" --samples 12 --metrics loss,sink.first --quiet --name other --steps 0:64'
spectail emerge --run demo-run --run again --run again --metrics sink.first --layer -1
shell '"$program" emerge --run demo-run --run other --csv | cut -d, -f1-3,8-10,39-41 | grep ",-1,-1,"'
spectail emerge --run again --heads --layer 4 --metrics sink.first
check '"$program" sweep "$run" --samples 16 --metrics loss,sink.first --quiet --name twice'
shell '"$program" emerge --run demo-run --run twice --run again --metrics sink.first | sed -n "/^2 runs/,/^metric/p"'
spectail emerge --run again --head 2 --metrics sink.first
shell '"$program" emerge --run again --head 2 --layer 4 --metrics sink.first --csv | cut -d, -f2,8-10,16,26-28'
shell '"$program" emerge --run demo-run --run again --against all --metrics loss,sink.first | sed -n "/^2 runs/,\$p"'
shell '"$program" emerge --run demo-run --run again --against all --metrics loss,sink.first --json | python3 -c "
import json, sys
for pair in json.load(sys.stdin)[\"pairs\"]: print(*(pair[k] for k in (\"kind\", \"run\", \"metric\", \"against\", \"layer\", \"before\")))
" | sort -u | head -20'

# Midpoints in tokens seen, where the checkpoints say.
check 'cp spectail.db tokens.db; sqlite3 tokens.db "UPDATE checkpoint SET tokens = 2097152 * step"'
spectail emerge --db tokens.db --run again --metrics sink.first --axis tokens

# Three runs, of which one is another's training with another probe: nothing but the two seeds is compared.
shell '"$program" emerge --run demo-run --run other --run again --metrics sink.first | grep "^[0-9] runs"'

# What has no midpoint, and no loss.
check '"$program" sweep "$run" --samples 4 --metrics sink.first --quiet --steps 0:1 --db few.db'
spectail emerge --db few.db
spectail emerge --db few.db --csv
check '"$program" sweep "$data/layouts/multiberts" --samples 4 --metrics sink.first --quiet --db bert.db'
shell '"$program" emerge --db bert.db'

# What is wrong.
spectail emerge --metrics frobnicate
spectail emerge --against sink.frist
spectail emerge --layer first
spectail emerge --head -2
spectail emerge --head 2 --layer -1
spectail emerge --axis tokens
spectail emerge --json --csv
spectail emerge --run other --branch none
spectail emerge --run frobnicate
spectail emerge --db none.db
spectail emerge RUN
shell '"$program" emerge >/dev/full'

# Figures of several runs.
check '"$program" sweep "$run" --samples 12 --metrics loss,sink.first --quiet --name seed'
spectail plot --run demo-run --run seed --out figures
shell 'grep -c "<svg" figures/runs.svg; grep -o "demo-run, seed" figures/index.html | head -1'
spectail plot emergence --run demo-run --run seed --out figures
spectail plot runs --out figures
spectail plot --run demo-run --run seed --axis tokens --out figures
