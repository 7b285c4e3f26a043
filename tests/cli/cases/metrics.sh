# shellcheck shell=sh disable=SC2016,SC2154 # commands are given as texts; run.sh sets their variables
# The table of metrics.
spectail metrics
spectail metrics rmt.gap
spectail metrics loss --json
spectail metrics frobnicate
