# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Probes that cannot be asked.
printf 'one line\n\nthree\n' >empty_line
spectail sweep "$run" --probe empty_line
: >nothing
spectail sweep "$run" --probe nothing
awk 'BEGIN {for (i = 0; i < 100000; i++) printf "the "; print ""}' >long_line
spectail sweep "$run" --probe long_line
printf 'good line\nbad \377\376 line\n' >not_utf8
spectail sweep "$run" --probe not_utf8
spectail sweep "$run" --probe none
spectail sweep "$run" --probe .
printf '[[1, 2, 3], [4, 5000]]\n' >ids
spectail sweep "$run" --ids ids
printf '[[1, 2, 3], []]\n' >ids
spectail sweep "$run" --ids ids
printf '[[1, 2, "x"]]\n' >ids
spectail sweep "$run" --ids ids
check 'ls spectail.db*'
printf '[[1, 2, 3], [4, 5, 6, 7]]\n' >ids
spectail sweep "$run" --ids ids --samples 5 --steps 0:0 --metrics loss --quiet
# One token has no next one: no loss, and no fault of the weights.
printf '[[1], [2]]\n' >ids
spectail sweep "$run" --ids ids --samples 2 --steps 0:0 --metrics loss --quiet --db one.db
