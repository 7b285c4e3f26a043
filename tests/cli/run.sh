#!/bin/sh
# Runs one case of the command line and compares what is said with what is expected: tests/cli/run.sh PROGRAM CASE
#
# A case is a script of cases/, run in an empty folder. It calls the functions below, each of which writes the command, what came on
# stdout and stderr, and the exit status into a transcript; expected/CASE.txt is that transcript, with paths, times and process ids
# made the same everywhere and numbers cut to two decimals (what the figures are is tested elsewhere, to 1e-4).
#
#     spectail ARGUMENT...       the program
#     into FILE ARGUMENT...      the program, stdout into FILE
#     shell 'COMMAND'            anything else whose outcome is to be seen
#     check 'COMMAND'            the same, but only its status is written
#
# $program_path is the PATH the program sees. UPDATE=1 rewrites the expected transcript: read the difference before you keep it.
set -eu

program=$(realpath "$1")
name=$2
here=$(cd "$(dirname "$0")" && pwd)
data=$(realpath "$here/../data")
run=$data/demo-run
export LC_ALL=C TZ=UTC TERM=dumb
export program data run here
program_path=$PATH
work=$(realpath "$(mktemp -d)")
mkdir "$work/here"
cd "$work/here"
transcript=$work/transcript

finish() {
    status=$?
    rm -rf "$work"
    [ "$status" -eq 0 ] || echo "case $name: FAILED (exit $status)" >&2
}
trap finish EXIT

# One captured stream, with a heading when it is not empty.
put_stream() {
    [ -s "$2" ] || return 0
    printf '%s:\n' "$1"
    cat "$2"
    [ -z "$(tail -c 1 "$2")" ] || printf '\n(no newline at the end)\n'
}

put_call() {
    printf '\n$ spectail'
    for word in "$@"; do
        case $word in
        *[!A-Za-z0-9_./:,=@%+-]* | '') printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
}

spectail() {
    put_call "$@" >>"$transcript"
    code=0
    env PATH="$program_path" "$program" "$@" >"$work/stdout" 2>"$work/stderr" || code=$?
    {
        printf '\n'
        put_stream stdout "$work/stdout"
        put_stream stderr "$work/stderr"
        printf 'exit %d\n' "$code"
    } >>"$transcript"
}

into() {
    file=$1
    shift
    put_call "$@" >>"$transcript"
    code=0
    env PATH="$program_path" "$program" "$@" >"$file" 2>"$work/stderr" || code=$?
    {
        printf ' > %s\n' "$file"
        put_stream stderr "$work/stderr"
        printf 'exit %d\n' "$code"
    } >>"$transcript"
}

shell() {
    code=0
    sh -c "$1" >"$work/stdout" 2>"$work/stderr" || code=$?
    {
        printf '\n$ %s\n' "$1"
        put_stream stdout "$work/stdout"
        put_stream stderr "$work/stderr"
        printf 'exit %d\n' "$code"
    } >>"$transcript"
}

check() {
    code=0
    sh -c "$1" >"$work/stdout" 2>&1 || code=$?
    printf '\n$ %s\nexit %d\n' "$1" "$code" >>"$transcript"
}

# A checkpoint folder of one's own, to be spoilt: spoilt FOLDER [STEP]
spoilt() {
    mkdir -p "$1"
    cp "$run/step${2:-0}/config.json" "$run/step${2:-0}/model.safetensors" "$run/tokenizer.json" "$1/"
    chmod -R u+w "$1"
}

# Waits until FILE holds a line with PATTERN, at most a minute: await PATTERN FILE
await() {
    tries=0
    until grep -q "$1" "$2" 2>/dev/null; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || {
            echo "no line with $1 in $2:" >&2
            cat "$2" >&2
            return 1
        }
        sleep 0.05
    done
}

# shellcheck disable=SC1090 # the case
. "$here/cases/$name.sh"

sed -e "s|$work/here|WORK|g" -e "s|$work|WORK/..|g" -e "s|$data|DATA|g" -e "s|$program|PROGRAM|g" \
    -e 's/([0-9.]* s\(, [^)]* left\)\{0,1\})/(TIME)/' \
    -e 's/[0-9-]\{10\}T[0-9:]\{8\}Z/WHEN/g' \
    -e 's/ *[0-9.]* s  WHEN/ TIME  WHEN/' \
    -e 's/[0-9.]* s a checkpoint\(, [0-9.e+]* an hour\)\{0,1\}\(, [0-9:]* left\)\{0,1\}/TIME a checkpoint/' \
    -e 's/"seconds": [0-9.e-]*/"seconds": TIME/g' \
    -e 's/"\(seconds_per_checkpoint\|checkpoints_per_hour\|seconds_left\)": [0-9a-z.e+-]*/"\1": TIME/g' \
    -e 's/"host [^ "]* pid [0-9]*"/"host HOST pid PID"/g' \
    -e 's/(host [^ ]* pid [0-9]*)/(host HOST pid PID)/' \
    -e 's/\(\.[0-9][0-9]\)[0-9]\{1,\}/\1/g' \
    "$transcript" >"$work/normal"

expected=$here/expected/$name.txt
if [ "${UPDATE:-}" ]; then
    cp "$work/normal" "$expected"
    exit 0
fi
if ! diff -u "$expected" "$work/normal"; then
    echo "case $name: the transcript is not as expected (above: - expected, + found; UPDATE=1 accepts it)" >&2
    exit 1
fi
