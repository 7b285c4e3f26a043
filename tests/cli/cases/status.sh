# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# What status says of a run whose folder goes on changing, and of its store.
for step in 0 1 2 4; do spoilt run/step$step $step; done
cp -r run/step4 run/step8 # the weights of step 4 once more
mkdir run/step16
head -c 4000 run/step1/model.safetensors >run/step1/cut && mv run/step1/cut run/step1/model.safetensors
spectail sweep run --samples 4 --metrics loss --quiet
spectail status

# The incomplete one is gone, another is mended, an analysed one is rewritten, one rotated away, one has just begun.
rm -r run/step16 run/step0
cp "$run/step1/model.safetensors" run/step1/
touch -d 2001-02-03 run/step2/model.safetensors
mkdir run/step32
spectail status
spectail status --json

# Its folder cannot be listed for a moment; an event.
# Rewritten, and broken by it: the figures are those of the files before.
shell 'printf x >>run/step8/model.safetensors'
check '"$program" sweep run --samples 4 --metrics loss'
spectail status
shell '"$program" status --json | grep -o "reason.: .of[^,]*, .on_disk.: [a-z]*"'

# Without a look at the disk.
spectail status --stored
shell 'mv run kept; "$program" status | head -n 2; mv kept run'
sqlite3 spectail.db "INSERT INTO event(time, kind, run, branch, rule, text, delivery, outcome) VALUES ('2024-01-02T03:04:05Z', 'alert', 1,
    '', 'sink', 'sink: sink.first_excess above 0.3 at step 4', 'failed', 'ended with status 3')"
shell '"$program" status | tail -n 2'
shell '"$program" status --json >status.json; sqlite3 :memory: "SELECT json_valid(readfile('"'status.json'"'))"'

# Who writes: a watch, for as long as it lives.
"$program" watch run --samples 4 --metrics loss --quiet --heartbeat beat.json 2>watch.txt &
watch=$!
await '"idle"' beat.json
shell '"$program" status | tail -n 1'
shell '"$program" status --json | grep -o "\"writer\": [^,]*"'
kill "$watch"
wait "$watch"
shell 'cat watch.txt; grep -o "\"state\": \"ended\"" beat.json'
shell '"$program" status --json | grep -o "\"writer\": [^,]*"'
