#!/bin/sh
# Runs every fuzz target for SECONDS on a copy of its seed corpus: tests/fuzz/run.sh SECONDS [BUILD]
#
# Build first: cmake --preset fuzz && cmake --build --preset fuzz. BUILD is the build folder (default build-fuzz).
# A target is a folder of corpus/. Exit 1 on any finding, or when a target was not built. Nothing is written into the
# source tree: the copies, logs and inputs that were found stay in a temporary folder, named at the end, if there was a
# finding.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: $0 SECONDS [BUILD]" >&2
    exit 2
fi
seconds=$1
here=$(cd "$(dirname "$0")" && pwd)
build=${2:-$here/../../build-fuzz}
case $build in
/*) ;;
*) build=$PWD/$build ;;
esac
work=$(mktemp -d "${TMPDIR:-/tmp}/spectail-fuzz.XXXXXX")
failed=0

for corpus in "$here"/corpus/*/; do
    name=$(basename "$corpus")
    program=$build/fuzz/$name
    if [ ! -x "$program" ]; then
        echo "$name: not built ($program)" >&2
        failed=1
        continue
    fi
    mkdir -p "$work/$name/corpus"
    cp "$corpus"* "$work/$name/corpus/"
    set -- -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -malloc_limit_mb=1024 -print_final_stats=1
    set -- "$@" -artifact_prefix="$work/$name/"
    if [ -f "$here/dictionaries/$name.dict" ]; then
        set -- "$@" -dict="$here/dictionaries/$name.dict"
    fi
    log=$work/$name/log
    if (cd "$work/$name" && "$program" "$@" corpus) >"$log" 2>&1; then
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs, nothing found"
    else
        failed=1
        echo "$name: FAILED" >&2
        tail -n 40 "$log" >&2
    fi
done

if [ "$failed" -ne 0 ]; then
    echo "logs and inputs: $work" >&2
    exit 1
fi
rm -rf "$work"
