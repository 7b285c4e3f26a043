# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A watch rings a user's bell: each event once, stored, said, and given to a command as JSON on its standard input.
mkdir run
for step in 0 1 2; do cp -r $data/demo-run/step$step run/; done
cp $data/demo-run/tokenizer.json run/
cat >bell.sh <<'EOF'
#!/bin/sh
sed 's/"time": "[^"]*"/"time": "WHEN"/' >>bell.jsonl
EOF
chmod +x bell.sh
cat >tail.yaml <<'EOF'
samples: 4
metrics: [sinks, loss]
watch: {quiet_period: 0, interval: 0.1}
alerts:
  - {name: high loss, metric: loss, above: 7, in_a_row: 2, command: [./bell.sh]}
  - {name: same weights, when: duplicate, command: [sh, -c, "echo no route; exit 3"]}
  - {name: stuck, when: stalled, after: 1h}
EOF
spectail watch run --config tail.yaml --once
shell 'cat bell.jsonl'
# The next start tells nothing again; a checkpoint with the weights of an earlier one is told, and that its command fails.
shell 'cp -r run/step2 run/step4'
spectail watch run --config tail.yaml --once
shell 'wc -l <bell.jsonl'
shell "sqlite3 spectail.db \"SELECT rule, step, delivery, outcome, text FROM event WHERE kind = 'alert' ORDER BY id\""
# What cannot be judged is refused before anything is done.
shell 'sed -i "s/metric: loss/metric: los/" tail.yaml'
spectail watch run --config tail.yaml --once --db other.db
shell 'sed -i "s/metric: los,/metric: sink.first, layer: 9,/" tail.yaml'
spectail watch run --config tail.yaml --once --db other.db
# Time alone rings, too, and once.
printf '%s\n' 'samples: 4' 'metrics: [sinks, loss]' 'watch: {quiet_period: 0, interval: 0.1}' \
    'alerts: [{name: stuck, when: stalled, after: 0.5}]' >stuck.yaml
shell '"$program" watch run --config stuck.yaml --quiet 2>said & watch=$!
tries=0
until [ "$(sqlite3 spectail.db "SELECT count(*) FROM event WHERE rule = '"'stuck'"'")" -gt 0 ] || [ $((tries += 1)) -gt 1200 ]; do sleep 0.1; done
sleep 1
kill -TERM $watch; wait $watch; cat said'
shell "sqlite3 spectail.db \"SELECT rule, step, delivery, text FROM event WHERE rule = 'stuck'\""
