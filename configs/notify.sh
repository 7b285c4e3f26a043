#!/bin/sh
# An example of an alert's command: puts the event into the system's log, and on the desktop where there is one.
#
# spectail gives the event as one line of JSON on standard input:
#     {"rule": "sink appears", "kind": "above", "run": "pythia-70m", "branch": "", "step": 1000, "label": "step1000",
#      "metric": "sink.first_excess", "layer": null, "head": null, "value": 0.34, "threshold": 0.3, "in_a_row": 3,
#      "time": "2025-01-31T12:00:00Z", "text": "sink.first_excess is 0.34, above 0.3, at step 1000, 3 checkpoints in a row"}
# What it prints and its status are kept with the event if it fails. To send it elsewhere, end with one of these:
#     printf '%s\n' "$event" | curl -fsS -H 'Content-Type: application/json' --data-binary @- https://example.org/hook
#     printf '%s\n' "$event" | mail -s "spectail: $text" you@example.org
set -eu

event=$(cat)

# The value of a key that is a string, without its quotes and with JSON's \" and \\ undone.
field() {
    printf '%s\n' "$event" | sed -n 's/.*"'"$1"'": "\(\([^"\]\|\\.\)*\)".*/\1/p' | sed 's/\\\(["\\]\)/\1/g'
}

text="$(field run): $(field rule): $(field text)"

if command -v logger >/dev/null; then
    logger -t spectail -p user.warning -- "$text"
else
    printf 'spectail: %s\n' "$text" >&2
fi
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && command -v notify-send >/dev/null; then
    notify-send -- "spectail" "$text"
fi
