# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# The table of metrics.
spectail metrics
spectail metrics rmt.gap
spectail metrics loss --json
spectail metrics frobnicate
