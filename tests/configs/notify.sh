#!/bin/sh
# shellcheck disable=SC1091,SC2154 # common.sh stands beside this file
# The example of an alert's command says who, what and where; also for names with quotes in them, and by tail.yaml's own path to it.
. "$(dirname "$0")/common.sh"

printf '#!/bin/sh\nprintf "%%s\\n" "$@" >"%s/logged"\n' "$work" >bin/logger
chmod +x bin/logger
unset DISPLAY WAYLAND_DISPLAY

printf '%s\n' '{"rule": "the \"sink\" \\o/", "kind": "above", "run": "demo", "branch": "", "step": 1000, "label": "step1000", "metric": "sink.first", "layer": 2, "head": null, "value": 0.5, "threshold": 0.3, "in_a_row": 3, "time": "2025-01-31T12:00:00Z", "text": "sink.first of layer 2 is 0.5, above 0.3, at step 1000"}' >event
"$configs/notify.sh" <event
equal "$(tail -n 1 logged)" 'demo: the "sink" \o/: sink.first of layer 2 is 0.5, above 0.3, at step 1000' "the text"
equal "$(head -n 2 logged | tr '\n' ' ')" '-t spectail ' "the tag"

# Every command of tail.yaml is there and can be run.
sed -n 's/^ *command: \[\(.*\)\]$/\1/p' "$configs/tail.yaml" | sort -u >commands
equal "$(cat commands)" ./notify.sh "commands of tail.yaml"
[ -x "$configs/notify.sh" ] || fail "notify.sh cannot be run"
