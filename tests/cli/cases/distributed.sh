# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Torch distributed checkpoints (tests/peer/make_distributed_fixtures.py): a run as each of its trainers leaves it gives what safetensors give.
runs=$data/layouts/distributed
for run in plain accelerate lightning/checkpoints safetensors; do
    into said.txt inspect "$runs/$run"
    shell 'grep -v "^    " said.txt'
done

# One step, by its folder, by the folder of the model within, by any of its files.
for path in plain/step-500 plain/step-500/.metadata accelerate/checkpoint-500/pytorch_model_fsdp_0 \
    accelerate/checkpoint-500/pytorch_model_fsdp_0/__1_0.distcp; do
    into said.txt inspect "$runs/$path"
    shell 'sed -n 1,3p said.txt'
done

options="--samples 2 --metrics loss,sinks --quiet --db runs.db"
for run in plain accelerate lightning/checkpoints safetensors; do spectail sweep "$runs/$run" $options; done
shell "sqlite3 runs.db 'SELECT c.step, count(*), count(DISTINCT c.digest), c.state FROM checkpoint c GROUP BY c.step, c.state'"
shell "sqlite3 runs.db 'SELECT count(*), sum(same) FROM (SELECT count(*) = 4 AND count(DISTINCT m.mean) <= 1 AS same FROM measure m JOIN checkpoint c ON c.id = m.checkpoint GROUP BY c.step, m.metric, m.layer, m.head)'"

# What is not all there, and what was written otherwise.
shell 'cp -R "$data/layouts/distributed/plain" broken && rm broken/step-500/.metadata broken/step-1000/__1_0.distcp'
spectail inspect broken
shell 'cp "$data/distributed/transformed/.metadata" "$data/distributed/transformed/__0_0.distcp" broken/step-500'
shell 'cp "$data/distributed/raw/.metadata" "$data/distributed/raw/__0_0.distcp" broken/step-1000'
spectail inspect broken
spectail sweep broken --samples 2 --metrics loss --db broken.db
