# shellcheck shell=sh disable=SC2016,SC2154 # commands are given as texts; run.sh sets their variables
# Help of the program and of every command, each with an example; the version.
spectail --version
spectail --help
spectail
for command in sweep status plot export inspect verify tokenize metrics; do
    spectail "$command" --help
done
check '"$program" help >a && "$program" -h >b && cmp a b'
check '"$program" help sweep >a && "$program" sweep -h >b && cmp a b'
shell '"$program" --help >/dev/full'
