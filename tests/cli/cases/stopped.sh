# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A sweep that is killed, interrupted or terminated goes on where it was, and its figures are those of one that was left alone.
sweep="sweep $run --samples 16"
check "\"\$program\" $sweep --db whole.db"
into whole.csv export --db whole.db

# stop SIGNAL DB: starts the sweep, sends the signal once two checkpoints are done, and writes how it ended
stop() {
    rm -f log # what is awaited is said by this sweep
    env --default-signal=INT "$program" $sweep --db "$2" >log 2>&1 &
    pid=$!
    await '^2/17 ' log
    kill -s "$1" "$pid"
    code=0
    wait "$pid" || code=$?
    printf '\nSIG%s: exit %d\n' "$1" "$code" >>"$transcript"
}

for signal in KILL INT TERM; do
    stop "$signal" $signal.db
    [ "$signal" = KILL ] || shell 'tail -n 1 log | sed "s/[0-9]* of 17/SOME of 17/"'
    shell "sqlite3 $signal.db \"SELECT count(*) BETWEEN 2 AND 16 FROM checkpoint WHERE state = 'analysed'\""
    check "\"\$program\" $sweep --db $signal.db >again 2>&1"
    shell 'sed -n "1s/[0-9]* of 17/SOME of 17/p" again'
    into $signal.csv export --db $signal.db
    check "cmp whole.csv $signal.csv"
done

# What is forced begins anew.
sweep="$sweep --force"
stop TERM TERM.db
shell 'tail -n 1 log | sed "s/[0-9]* of 17/SOME of 17/"'
