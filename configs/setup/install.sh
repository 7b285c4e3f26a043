#!/bin/sh
# Installs the Debian packages of packages.txt that are missing: configs/setup/install.sh [build|run|test|ci|peer]... (default: all but peer)
#
# As root, or by sudo. Where all of them are installed, nothing is run and no network is needed.
set -eu

list=$(dirname "$0")/packages.txt
[ $# -gt 0 ] || set -- build run test ci

wanted=
for purpose in "$@"; do
    names=$(awk -v purpose="$purpose" '!/^#/ && $2 == purpose {print $1}' "$list")
    if [ -z "$names" ]; then
        echo "$0: no package is for \"$purpose\"; expected build, run, test, ci or peer" >&2
        exit 2
    fi
    wanted="$wanted $names"
done

missing=
for name in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) || state=
    [ "$state" = installed ] || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$0: to install packages it must run as root, or sudo must be there. Missing:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
echo "installing:$missing"
$as_root apt-get -qq update
# shellcheck disable=SC2086 # a list of words
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
