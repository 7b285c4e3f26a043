# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Help of the program and of every command, each with an example; the version.
spectail --version
spectail --help
spectail
for command in sweep watch status plot export inspect verify tokenize metrics; do
    spectail "$command" --help
done
check '"$program" help >a && "$program" -h >b && cmp a b'
check '"$program" help sweep >a && "$program" sweep -h >b && cmp a b'
shell '"$program" --help >/dev/full'
