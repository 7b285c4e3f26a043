# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A watch beside writers of every kind ends with the figures of a sweep over an untouched copy. What is said on the way depends on who was
# faster, so only its end is held against what is expected; every wait has a limit, and none decides the outcome.
quick="--samples 4 --bootstrap 100 --quiet-period 0.6 --interval 0.3"

# What cannot be watched, said at once.
spectail watch
spectail watch none --once --db none.db
mkdir empty && spectail watch empty --once --db none.db
spectail watch none --metrics sink --db none.db
spectail watch none --probe missing.txt --db none.db
spectail watch none more --name one --db none.db
spectail watch none --quiet-period soon --db none.db

# begin LOG ARGUMENT...: a watch in the background; its heartbeat tells what it does
begin() {
    log=$1
    shift
    rm -f beat.json
    env --default-signal=INT,TERM,HUP PATH="$program_path" "$program" watch "$@" --heartbeat beat.json >"$log" 2>&1 &
    pid=$!
    await '"state"' beat.json
}

# finish_with SIGNAL: how it ended
finish_with() {
    kill -s "$1" "$pid"
    code=0
    wait "$pid" || code=$?
    printf '\nSIG%s: exit %d\n' "$1" "$code" >>"$transcript"
}

# settled RUN COUNT DB: waits until so many checkpoints of the run are analysed and count
settled() {
    tries=0
    until [ "$(sqlite3 -readonly "$3" "SELECT count(*) FROM checkpoint c JOIN run ON run.id = c.run WHERE run.name = '$1'
               AND state = 'analysed' AND superseded IS NULL" 2>/dev/null)" = "$2" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || { echo "$2 checkpoints of $1 were not analysed:" >&2 && cat log >&2 && return 1; }
        sleep 0.05
    done
}

# copied STEP FOLDER: its files, and no more of the weights than so many bytes
copied() {
    mkdir -p "$2"
    cp "$run/step$1/config.json" "$2/"
    head -c "${3:-100M}" "$run/step$1/model.safetensors" >"$2/model.safetensors"
}

# rewritten COUNT DB: waits until so many analysed checkpoints are superseded by what was written over them
rewritten() {
    tries=0
    until [ "$(sqlite3 -readonly "$2" "SELECT count(*) FROM checkpoint WHERE superseded IS NOT NULL AND state = 'analysed'")" = "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1200 ] || { echo "$1 were not superseded:" >&2 && cat log >&2 && return 1; }
        sleep 0.05
    done
}

# Neither folder is there yet. Then two runs at once: steps out of order, one renamed into place, one that is another's at first, one
# preallocated in full size, which looks whole for longer than the quiet period, and is then written in place and slowly.
begin log one two --db all.db $quick --plots figures
await 'one: no such folder yet' log
mkdir one two
await 'two: no checkpoint yet' log
cp "$run/tokenizer.json" one/ && copied 16 one/step16 20000
truncate -s "$(stat -c %s "$run/step16/model.safetensors")" one/step16/model.safetensors
copied 2 two/step2
copied 4 .new && mv .new one/step4
copied 8 one/step8
copied 1 one/step2
await 'two: no tokenizer yet' log
cp "$run/tokenizer.json" two/
settled one 4 all.db && settled two 1 all.db
for part in 200000 500000 100M; do
    copied 16 one/step16 "$part"
    sleep 0.2
done
copied 2 one/step2
copied 1 two/step1
settled two 2 all.db && rewritten 2 all.db && settled one 4 all.db
finish_with TERM
shell 'ls figures/one/index.html figures/two/emergence.svg'
check 'test -z "$(find figures -name ".*")"'

# The same files, as a sweep finds them that nobody disturbs.
mkdir -p copy && cp -r one two copy/
for tailed in one two; do
    check "\"\$program\" sweep copy/$tailed --db whole-$tailed.db --samples 4 --bootstrap 100"
    into whole-$tailed.csv export --db whole-$tailed.db
    into tailed-$tailed.csv export --db all.db --run $tailed
    check "cmp whole-$tailed.csv tailed-$tailed.csv"
done

# Nothing is left to do; what is refused is named, and tried again when it changed.
spectail watch one two --once --db all.db $quick --quiet
printf '{' >two/step1/config.json
check '"$program" watch one two --once --db all.db '"$quick"' >log 2>&1'
shell 'grep -c "step1: refused: .*config.json: bad JSON" log'
spectail watch one two --once --db all.db $quick --quiet
cp "$run/step1/config.json" two/step1/
spectail watch one two --once --db all.db $quick --quiet

# A model that is not known keeps its run idle, and no other; it is tried again when its config.json changes.
mkdir odd && cp "$run/tokenizer.json" odd/ && copied 1 odd/step1
sed 's/gpt_neox/perceiver/g; s/GPTNeoX/Perceiver/g' "$run/step1/config.json" >odd/step1/config.json
begin log odd one --db odd.db $quick
await 'odd: .*perceiver' log
settled one 4 odd.db
cp "$run/step1/config.json" odd/step1/
settled odd 1 odd.db
finish_with HUP

# Without gnuplot figures are missed, once, and nothing else. One run by two names is one run.
mkdir bin plain && cp "$run/tokenizer.json" plain/ && copied 1 plain/step1
path=$program_path program_path=$PWD/bin
begin log plain ./plain --db plain.db $quick --plots missed
settled plain 1 plain.db
copied 2 plain/step2
settled plain 2 plain.db
finish_with TERM
program_path=$path
shell 'grep -c "gnuplot is not installed" log; grep -c "is the run that is watched as plain" log'

# HF Trainer writes trainer_state.json last. Past the deadline what is not complete is called so; it is taken when it is completed.
mkdir trainer && cp "$run/tokenizer.json" trainer/
copied 1 trainer/checkpoint-1 && touch trainer/checkpoint-1/optimizer.pt
copied 2 trainer/checkpoint-2 400000 && echo '{"global_step": 2, "log_history": [{"step": 1, "loss": 7.5}]}' >trainer/checkpoint-2/trainer_state.json
begin log trainer --db trainer.db $quick --deadline 2
await 'checkpoint-1: waiting: no trainer_state.json yet' log
await 'checkpoint-2: waiting: .*of which' log
await 'checkpoint-1: refused' log
await 'checkpoint-2: refused' log
shell "sqlite3 -readonly trainer.db 'SELECT label, state, tries FROM checkpoint ORDER BY step'"
copied 2 trainer/checkpoint-2
echo '{"global_step": 1, "log_history": []}' >trainer/checkpoint-1/trainer_state.json
settled trainer 2 trainer.db
finish_with TERM
shell "sqlite3 -readonly trainer.db 'SELECT name, step, value FROM external'"

# What goes before it was whole has vanished, with the reason; what comes back is analysed.
mkdir gone && cp "$run/tokenizer.json" gone/ && copied 1 gone/step1
begin log gone --db gone.db $quick
settled gone 1 gone.db
copied 2 gone/step2 400000
await 'step2: waiting' log
rm -r gone/step2
await 'step2: vanished: was removed before it was analysed' log
rm -r gone/step1
copied 2 gone/step2
settled gone 2 gone.db
finish_with INT

# A watch of some steps knows nothing of the others.
copied 4 gone/step4 400000
check '"$program" sweep gone --db gone.db --samples 4 --bootstrap 100 2>log'
spectail watch gone --once --db gone.db $quick --steps :2 --quiet
shell "sqlite3 -readonly gone.db \"SELECT label, state FROM checkpoint WHERE step = 4\""

# A checkpoint that takes long: another watch is told who is at it; the first signal waits for its end, the second does not.
heavy="--samples 500 --topology-dimension 2 --null-draws 2 --metrics topology --quiet-period 0.2"
mkdir long && cp "$run/tokenizer.json" long/ && copied 8000 long/step8000
begin log long --db long.db $heavy
await '"layers": [1-9]' beat.json
spectail watch long --db long.db
kill -s TERM "$pid"
sleep 0.5
finish_with TERM
shell "sqlite3 -readonly long.db \"SELECT count(*) FROM checkpoint WHERE state = 'analysed'\""
