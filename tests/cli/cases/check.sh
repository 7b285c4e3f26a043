# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A store and a run as they should be, of the run's steps 0 to 4000 alone.
mkdir run
for step in 0 1 2 4 8 16 32 64 128 256 512 1000 2000 3000 4000 6000 8000; do cp -R "$run/step$step" run/; done
cp "$run/tokenizer.json" run/
chmod -R u+w run
sweep='"$program" sweep run --samples 2 --bootstrap 20 --metrics sinks --quiet'
check "$sweep"
spectail check
spectail check --quick --json

# Files: gone, touched, rewritten, torn with the same size and time, new; and a step that is in neither place.
check 'rm -r run/step2 run/step3000'
touch run/step4/model.safetensors
cp run/step16/model.safetensors run/step8/model.safetensors
touch -r run/step32/model.safetensors stamp
printf '\377' | dd of=run/step32/model.safetensors bs=1 seek=500000 conv=notrunc status=none
touch -r stamp run/step32/model.safetensors
cp -R run/step64 run/step5000
shell 'sqlite3 spectail.db "PRAGMA foreign_keys = OFF; CREATE TEMP TABLE out AS SELECT id FROM checkpoint WHERE step = 3000; DELETE FROM measure WHERE checkpoint IN out; DELETE FROM probe_value WHERE checkpoint IN out; DELETE FROM curve WHERE checkpoint IN out; DELETE FROM draw WHERE checkpoint IN out; DELETE FROM checkpoint WHERE id IN out"'
spectail check
spectail check --quick
check "$sweep"
check "$sweep"
spectail check

# Of the store: metrics that one lacks, a figure that was changed, a checkpoint that is not complete, an event.
check '"$program" sweep run --samples 2 --bootstrap 20 --metrics sinks,loss --quiet --steps 0:1'
truncate -s 1000 run/step5000/model.safetensors
check "$sweep"
shell 'sqlite3 spectail.db "UPDATE measure SET mean = mean * 2 WHERE checkpoint = (SELECT id FROM checkpoint WHERE step = 64) AND layer = 1"'
shell "sqlite3 spectail.db \"INSERT INTO event(time, kind, run, branch, text, delivery) VALUES('2026-01-01T00:00:00Z', 'alert', 1, '', 'a sink', 'pending')\""
spectail check --quick
spectail check --quick --json
check '"$program" sweep run --samples 2 --bootstrap 20 --metrics sinks --quiet --force --steps 64:64'
spectail check --quick --quiet

# Of a group of which single metrics were measured, those alone are asked for: with the others there would be no end.
mkdir few
cp -R run/step0 run/step1 run/step16 run/tokenizer.json few/
check '"$program" sweep few --samples 2 --bootstrap 20 --metrics rmt.gap,loss --quiet --steps 0:1 --db few.db'
check '"$program" sweep few --samples 2 --bootstrap 20 --metrics sink.first --quiet --steps 0 --db few.db'
spectail check --quick --db few.db
shell '"$program" check --quick --db few.db | sed -n "s/^ *spectail sweep /\"\$program\" sweep --quiet /p" >mend.sh; . ./mend.sh >/dev/null'
spectail check --quick --db few.db

# The run's folder is not there; the store is damaged; there is a back-up.
mv run elsewhere
spectail check --quick
sqlite3 old.db <"$data/store/version1.sql"
spectail check --db old.db
check '"$program" sweep elsewhere --samples 2 --bootstrap 20 --metrics sinks --quiet --steps 0:0 --db old.db'
printf 'no page at all' | dd of=old.db bs=1 seek=4096 conv=notrunc status=none
spectail check --db old.db --quick
head -c 6000 spectail.db >cut.db
spectail check --db cut.db
spectail check --db none.db

# What it says can be done: the rest of a store that is cut is a store, and of one that is whole nothing is lost. A step that is not what was
# stored is told by the folder.
shell '"$program" check --db cut.db 2>&1 | sed -n "s/.*keep what can be read of it: \(.*\), then check new.db/\1/p" >mend.sh'
check 'sh mend.sh 2>/dev/null; mv new.db rest.db'
spectail check --db rest.db
check 'sed "s/cut\.db/spectail.db/" mend.sh >whole.sh; sh whole.sh'
into whole.csv export
into mended.csv export --db new.db
check 'cmp whole.csv mended.csv'
mv elsewhere run
shell 'sqlite3 new.db "UPDATE checkpoint SET step = 99 WHERE step = 64"'
shell '"$program" check --quick --db new.db | grep -A 1 "row of the ledger"'

# Rows of a run that is lost: what is said removes them, one table after the other, until nothing is found.
check 'cp new.db lost.db'
check 'sqlite3 lost.db "PRAGMA foreign_keys = OFF; DELETE FROM run"'
shell '"$program" check --quick --db lost.db'
shell 'for i in 1 2 3; do "$program" check --quick --db lost.db | sed -n "s/.*then check again: //p" | sqlite3 lost.db; done; "$program" check --quick --db lost.db'
