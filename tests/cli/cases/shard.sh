# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Shards split what is asked for, each with a store of its own: together they have everything, and nothing twice.
for i in 1 2 3; do
    spectail sweep "$run" --steps 0:16 --samples 4 --metrics sinks --db $i.db --shard $i/3 --quiet
done
shell 'for i in 1 2 3; do sqlite3 $i.db "SELECT label FROM checkpoint WHERE state = '\''analysed'\''"; done | sort -V | uniq -c | sed "s/^ *//"'

# The plan says which shard it is; one whose part is empty has nothing to do, which is no mistake.
spectail sweep "$run" --steps 0:16 --samples 4 --metrics sinks --db 2.db --shard 2/3
spectail sweep "$run" --steps 0:16 --samples 4 --metrics sinks --db 9.db --shard 9/9
spectail sweep "$run" --steps 0:16 --samples 4 --metrics sinks --db 2.db --shard 2/3 --dry-run --json
spectail sweep "$run" --shard 4/3
spectail sweep "$run" --steps 0:1 --samples 4 --metrics sinks --db low.db --priority low --quiet
