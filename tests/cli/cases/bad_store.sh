# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Stores that cannot be used; whatever was in them stays.
sweep="sweep $run --steps 0:4 --samples 4"
echo 'my notes' >notes.db
spectail $sweep --db notes.db
shell 'cat notes.db'
sqlite3 other.db 'CREATE TABLE mine(x); INSERT INTO mine VALUES (7)'
spectail $sweep --db other.db
shell 'sqlite3 other.db "SELECT x FROM mine"'
spectail status --db none.db
spectail $sweep --db none/spectail.db
spectail $sweep --db notes.db/spectail.db
mkdir folder
spectail $sweep --db folder

check "\"\$program\" $sweep --steps 0:1 --db newer.db"
sqlite3 newer.db 'PRAGMA user_version = 99'
spectail $sweep --db newer.db
spectail export --db newer.db
shell 'sqlite3 newer.db "SELECT count(*) FROM checkpoint"'

# Another writer: at once, and after a second's wait. Readers do not mind.
check "\"\$program\" $sweep --steps 0:1 --db locked.db"
{
    flock 9
    exec sleep 60
} 9>>locked.db.lock &
holder=$!
until ! flock -n locked.db.lock true; do sleep 0.05; done
spectail $sweep --db locked.db
spectail $sweep --db locked.db --wait 0.5
spectail export --db locked.db --metrics loss
kill "$holder"
wait "$holder" || true
spectail $sweep --db locked.db --quiet

# A disk that is full (the kernel refuses to let a file grow): what was stored stays, and the sweep goes on when there is room.
shell "trap '' XFSZ; ulimit -f 1600; \"\$program\" $sweep --db full.db"
shell "sqlite3 full.db \"PRAGMA integrity_check; SELECT count(*) < 4 FROM checkpoint WHERE state = 'analysed'\""
check "\"\$program\" $sweep --db full.db"
check "\"\$program\" $sweep --db roomy.db"
check '"$program" export --db full.db >full.csv && "$program" export --db roomy.db >roomy.csv && cmp full.csv roomy.csv'
