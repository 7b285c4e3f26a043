# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A group of metrics that is missing is added by a second pass, and the figures are those of one pass.
spectail sweep "$run" --steps 0:2 --samples 8 --metrics sinks --db two.db --quiet
spectail sweep "$run" --steps 0:2 --samples 8 --metrics sinks,rmt --db two.db
spectail sweep "$run" --steps 0:2 --samples 8 --metrics rmt --db two.db
spectail sweep "$run" --steps 0:2 --samples 8 --metrics sinks,rmt --db one.db --quiet
into two.csv export --db two.db
into one.csv export --db one.db
check 'sort one.csv >one && sort two.csv >two && cmp one two'
