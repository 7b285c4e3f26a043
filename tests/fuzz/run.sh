#!/bin/sh
# Runs every fuzz target on a copy of its seed corpus, as many at once as there are processors: tests/fuzz/run.sh SECONDS [BUILD]
#
# SECONDS is what all of them take together, however many there are: each gets the same part of it. Build first:
# cmake --preset fuzz && cmake --build --preset fuzz. BUILD is the build folder (default build-fuzz).
# A target is a folder of corpus/. Exit 1 on any finding, or when a target was not built. Nothing is written into the
# source tree: the copies, logs and inputs that were found stay in a temporary folder, named at the end, if there was a
# finding.
set -eu

here=$(cd "$(dirname "$0")" && pwd)

# One target, in a process of its own: run.sh --one NAME, with what is told below in the environment.
if [ "${1:-}" = --one ]; then
    name=$2
    program=$build/fuzz/$name
    if [ ! -x "$program" ]; then
        echo "$name: not built ($program)" >&2
        exit 1
    fi
    mkdir -p "$work/$name/corpus"
    cp "$here/corpus/$name"/* "$work/$name/corpus/"
    set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1
    set -- "$@" -artifact_prefix="$work/$name/"
    if [ -f "$here/dictionaries/$name.dict" ]; then
        set -- "$@" -dict="$here/dictionaries/$name.dict"
    fi
    log=$work/$name/log
    if (cd "$work/$name" && "$program" "$@" "$work/$name/corpus") >"$log" 2>&1; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
        exit 0
    fi
    echo "$name: FAILED" >&2
    tail -n 40 "$log" >&2
    exit 1
fi

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 SECONDS [BUILD]" >&2
    exit 2
fi
build=${2:-$here/../../build-fuzz}
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/spectail-fuzz.XXXXXX")
at_once=$(nproc)
targets=$(find "$here/corpus" -mindepth 1 -maxdepth 1 -type d | wc -l)
[ "$at_once" -le "$targets" ] || at_once=$targets
seconds=$(($1 * at_once / targets))
[ "$seconds" -ge 1 ] || seconds=1
export build work seconds

echo "$targets targets, $at_once at once, $seconds s each"
if find "$here/corpus" -mindepth 1 -maxdepth 1 -type d -exec basename {} \; | sort |
    xargs -P "$at_once" -n 1 "$0" --one; then
    rm -rf "$work"
    exit 0
fi
echo "logs and inputs: $work" >&2
exit 1
