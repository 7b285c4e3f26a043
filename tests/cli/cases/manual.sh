# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# The manual page is clean troff and tells of every command, key, metric and figure; the completion works in bash.
into page help --man
shell 'mandoc -T lint -W warning page'
shell 'mandoc -T ascii page >rendered && grep "^.SH" page'

# Every name that the program lists or takes stands in the page: missing NAME...
missing() {
    for word in "$@"; do
        grep -qF -e "$(printf '%s' "$word" | sed 's/-/\\-/g')" page || printf 'not in the page: %s\n' "$word" >>missing
    done
}
: >missing
missing $("$program" metrics --json | sed 's/^{"name": "\([^"]*\)".*/\1/')
for command in sweep status plot export inspect verify tokenize metrics; do
    missing "$command" $("$program" "$command" --help | grep -oE -e '--[a-z-]+' | sort -u)
done
shell 'cat missing'

into completion help --completion
cat >complete.bash <<'END'
. ./completion
t() {
    COMP_WORDS=(spectail "$@") COMP_CWORD=$# COMPREPLY=()
    _spectail
    echo "$* -> ${COMPREPLY[*]}"
}
t ''
t sw
t sweep --me
t sweep --metrics rmt.g
t sweep --read-ahead ''
t export --format ''
t plot em
t plot --metric loss
t metrics topology.h
t help --
touch probe.txt
t sweep --probe pro
END
shell 'bash complete.bash'
