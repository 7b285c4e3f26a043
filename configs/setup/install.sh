#!/bin/sh
# Installs what is missing of packages.txt: configs/setup/install.sh [build] [run] [test] [ci] [peer] (default: all but peer).
#
# Packages of the purpose unpack come with test: Debian would set up and start a server for the sake of one program in them, so they are only
# unpacked, into build-tools/ of the source. As root, or by sudo. Where all is there, nothing is run and no network is needed.
set -eu

list=$(dirname "$0")/packages.txt
tools=$(dirname "$0")/../../build-tools
[ $# -gt 0 ] || set -- build run test ci

names_of() { # PURPOSE
    awk -v purpose="$1" '!/^#/ && $2 == purpose {print $1}' "$list"
}

wanted='' unpacked=''
for purpose in "$@"; do
    names=$(names_of "$purpose")
    [ "$purpose" != test ] || unpacked=$(names_of unpack)
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
for name in $unpacked; do
    [ ! -d "$tools/$name" ] || unpacked=$(echo "$unpacked" | grep -vx "$name" || true)
done
[ -n "$missing$unpacked" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "$0: to install packages it must run as root, or sudo must be there. Missing:$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
$as_root apt-get -qq update
if [ -n "$missing" ]; then
    echo "installing:$missing"
    # shellcheck disable=SC2086 # a list of words
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $missing
fi
for name in $unpacked; do
    echo "unpacking: $name"
    mkdir -p "$tools"
    work=$(mktemp -d "$tools/.$name-XXXXXX")
    (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$name" && dpkg-deb -x "$name"_*.deb . && rm "$name"_*.deb)
    mv "$work" "$tools/$name"
done
