#!/bin/sh
# One watch beside a training that goes on and on: COUNT tiny checkpoints are renamed into a run, some at a time, and the watch analyses them.
# Every one is analysed exactly once; open files stay what they were after the first tenth, and memory too, but for the little that is known of each
# checkpoint (PER_CHECKPOINT bytes: its names, its files' identities, its place in the queue). By hand or by night with 10,000 of them; a
# cut of it is a test.
#
# usage: tests/soak/soak.sh SPECTAIL MAKE_RUN [COUNT]      prints one line for each tenth
set -eu

spectail=$(realpath "$1")
make_run=$(realpath "$2")
count=${3:-10000}
tenth=$((count / 10))
[ "$tenth" -gt 0 ] || {
    echo "soak.sh: COUNT is $count, expected at least 10" >&2
    exit 2
}
PER_CHECKPOINT=3072
PATIENCE=300 # seconds without any progress
SLACK_KIB=4096 # SQLite fills its cache

work=$(realpath "$(mktemp -d)")
watch=''
finish() {
    status=$?
    if [ -n "$watch" ]; then kill -KILL "$watch" 2>/dev/null || :; fi
    if [ "$status" -ne 0 ] && [ -s "$work/said" ]; then tail -n 20 "$work/said" >&2; fi
    rm -rf "$work"
}
trap finish EXIT
cd "$work"

fail() {
    echo "soak.sh: $*" >&2
    exit 1
}
ask() { sqlite3 -cmd '.timeout 10000' soak.db "$1"; }
rss_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$watch/status"; }
# The fewest of some counts: a folder or the store's journal may just be open.
open_files() {
    fewest='' try=0
    while [ "$try" -lt 10 ]; do
        found=$(find "/proc/$watch/fd" -mindepth 1 -maxdepth 1 | wc -l)
        if [ -z "$fewest" ] || [ "$found" -lt "$fewest" ]; then fewest=$found; fi
        try=$((try + 1))
        sleep 0.05
    done
    echo "$fewest"
}

# Waits until so many are analysed; the watch has come to rest then.
wait_for() {
    done_before=-1 idle=0
    while :; do
        kill -0 "$watch" 2>/dev/null || fail "the watch has ended"
        done_now=$(ask "SELECT count(*) FROM checkpoint WHERE state = 'analysed'" 2>/dev/null || echo 0)
        [ "$done_now" -lt "$1" ] || return 0
        if [ "$done_now" -eq "$done_before" ]; then idle=$((idle + 1)); else idle=0; fi
        [ "$idle" -lt $((PATIENCE * 5)) ] || fail "$done_now of $1 checkpoints analysed, and no more in $PATIENCE s"
        done_before=$done_now
        sleep 0.2
    done
}

mkdir run staging
# The first of a run is made apart: the watch needs a model and the probe before anything else.
"$make_run" --ids ids --count 1 --first 0 --every 1 staging
mv staging/step0 run/
export OPENBLAS_NUM_THREADS=1
"$spectail" watch run --db soak.db --ids ids --metrics sinks,loss --bootstrap 10 --null-draws 2 --threads 1 \
    --quiet-period 0 --interval 1s >said 2>&1 &
watch=$!
wait_for 1

began=$(date +%s)
first=1 round=0
while [ "$round" -lt 10 ]; do
    round=$((round + 1))
    last=$((round * tenth))
    while [ "$first" -lt "$last" ]; do
        some=$((last - first < 50 ? last - first : 50))
        "$make_run" --count "$some" --first "$first" --every 1 staging
        for step in staging/*; do mv "$step" run/; done
        first=$((first + some))
    done
    wait_for "$last"
    rss=$(rss_kib) files=$(open_files)
    [ "$round" -gt 1 ] || first_rss=$rss first_files=$files
    echo "$last checkpoints: $rss KiB resident, $files open files, $(($(date +%s) - began)) s"
done

[ "$files" -le "$first_files" ] || fail "$files open files at the end, $first_files after the first tenth"
most=$((first_rss + SLACK_KIB + (last - tenth) * PER_CHECKPOINT / 1024))
[ "$rss" -le "$most" ] || fail "$rss KiB resident at the end, $first_rss KiB after the first tenth; expected at most $most"

kill -TERM "$watch"
code=0
wait "$watch" || code=$?
watch=''
case $code in 0 | 130 | 143) ;; *) fail "the watch ended with $code" ;; esac
analysed=$(ask "SELECT count(*) || ' ' || count(DISTINCT uri) || ' ' || coalesce(max(tries), 0) FROM checkpoint")
[ "$analysed" = "$last $last 1" ] || fail "rows, checkpoints and most tries: $analysed, expected $last $last 1"
again=$(ask "SELECT count(*) FROM checkpoint WHERE state <> 'analysed' OR superseded IS NOT NULL")
[ "$again" = 0 ] || fail "$again checkpoints were not analysed, or more than once"
lines=$(grep -c 'step[0-9]' said || :)
echo "every one of $last analysed once; $lines lines said"
