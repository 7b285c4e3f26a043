# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A sweep of a part of the bundled run, what it leaves, and what a second one does.
spectail sweep "$run" --steps 0:16 --samples 8 --dry-run
check 'ls spectail.db*'
spectail sweep "$run" --steps 0:16 --samples 8
spectail sweep "$run" --steps 0:16 --samples 8
spectail sweep "$run" --steps 0:16 --samples 8 --quiet --json
spectail sweep "$run" --steps 0:32 --samples 8 --dry-run
spectail sweep "$run" --steps 0:32 --every 2 --samples 8 --dry-run --json
spectail status
spectail status --json

# Another number of samples is another series; the same folder under another name too.
spectail sweep "$run" --steps 0:1 --samples 4 --metrics sinks --quiet
spectail status --run 1
spectail status --run demo-run
spectail status --run 9
