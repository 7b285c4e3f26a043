# shellcheck shell=sh disable=SC2034 # variables of those that read it
# What the tests of this folder share: `. "$(dirname "$0")/common.sh"` with the program as $1. They run in an empty folder of their own, and
# end at the first thing that is not as it should be.
set -eu

program=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
configs=$root/configs
run=$root/tests/data/demo-run
export LC_ALL=C TZ=UTC
work=$(realpath "$(mktemp -d)")
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir bin
ln -s "$program" bin/spectail
PATH=$work/bin:$PATH
export PATH

fail() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

equal() { # equal FOUND EXPECTED WHAT
    [ "$1" = "$2" ] || fail "$3: found \"$1\", expected \"$2\""
}

# How many checkpoints a store holds as analysed.
analysed() {
    sqlite3 "$1" "SELECT count(*) FROM checkpoint WHERE state = 'analysed'"
}
