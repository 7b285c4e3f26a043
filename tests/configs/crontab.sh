#!/bin/sh
# shellcheck disable=SC1091,SC2154 # common.sh stands beside this file
# The line for cron: five fields in their ranges, and a command that does what it says.
. "$(dirname "$0")/common.sh"

grep -v '^#' "$configs/nightly/crontab" | grep -v '^$' >lines
equal "$(wc -l <lines)" 1 "lines of the crontab"
[ -z "$(tail -c 1 "$configs/nightly/crontab")" ] || fail "cron ignores a last line without a newline"
awk '
    function whole(text, low, high) { return text ~ /^[0-9]+$/ && text + 0 >= low && text + 0 <= high }
    function one(text, low, high,    ends) {
        sub(/\/[1-9][0-9]*$/, "", text)
        if (text == "*") return 1
        if (split(text, ends, "-") == 2) return whole(ends[1], low, high) && whole(ends[2], low, high) && ends[1] <= ends[2]
        return whole(text, low, high)
    }
    function field(text, low, high,    parts, count, i) {
        count = split(text, parts, ",")
        for (i = 1; i <= count; i++) if (!one(parts[i], low, high)) return 0
        return count > 0
    }
    !field($1, 0, 59) || !field($2, 0, 23) || !field($3, 1, 31) || !field($4, 1, 12) || !field($5, 0, 7) { exit 1 }
' lines || fail "the five fields of $(cat lines)"

command=$(sed 's/^\([^ ]* *\)\{5\}//' lines)
case $command in *%*) fail "cron takes % for a newline: $command" ;; esac
HOME=$work/home
export HOME
mkdir -p "$HOME/spectail"
printf 'run: %s\nsteps: 0:1\nsamples: 2\nmetrics: [loss]\n' "$run" >"$HOME/spectail/nightly.yaml"
env -i HOME="$HOME" PATH="$PATH" SHELL=/bin/sh /bin/sh -c "$command" >said 2>&1 || fail "$command: $(cat said)"
equal "$(analysed "$HOME/spectail/nightly.db")" 2 "checkpoints that were analysed"
