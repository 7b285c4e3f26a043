# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Exports for other programs: where they go, what TensorBoard's folder holds, what promtool says, events, runs of one name.
check '"$program" sweep "$run" --steps 0:1 --samples 8 --metrics loss,sink.first'
check '"$program" sweep "$run" --steps 2 --samples 4 --metrics loss,sink.first'

# One run goes by its name; where all are written, those of one name are told apart.
spectail export --metrics loss
spectail export --metrics loss --all

# A file appears whole, and an export that fails leaves the old one.
into all.csv export --all
spectail export --all --to file.csv
shell 'cmp all.csv file.csv && ls file*'
spectail export --run frobnicate --to file.csv
spectail export --to no/such/folder.csv
spectail export --to .
shell 'cmp all.csv file.csv && ls file*'

# TensorBoard: a folder a run; written twice, there is one file.
spectail export --format tensorboard
spectail export --all --format tensorboard --to boards
spectail export --all --format tensorboard --to boards --heads
shell 'ls -A boards boards/* | sed "s/[0-9]\{10\}\..*\.spectail\.[0-9]*/TIME.HOST.spectail.PID/"'
shell 'cat boards/demo-run/* | tr "\000-\037" "\n" | grep -c "sink.first/layer_03/head_02"'
spectail export --format tensorboard --to all.csv

# Prometheus: its own tool has nothing to complain of.
shell '"$program" export --all --heads --format prometheus | promtool check metrics'
shell '"$program" export --all --format prometheus --metrics loss | grep -v _seconds'
shell '"$program" export --all --format prometheus --heads | grep -c head=\"2\"'

spectail export --events
spectail export --events --all --format jsonl
spectail export --events --format prometheus
spectail export --events --format tensorboard --to boards
