# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A group of metrics that is missing is added by a second pass, and the figures are those of one pass.
spectail sweep "$run" --steps 0:2 --samples 8 --metrics sinks --db two.db --quiet
spectail sweep "$run" --steps 0:2 --samples 8 --metrics sinks,rmt --db two.db
spectail sweep "$run" --steps 0:2 --samples 8 --metrics rmt --db two.db
spectail sweep "$run" --steps 0:2 --samples 8 --metrics sinks,rmt --db one.db --quiet
into two.csv export --db two.db
into one.csv export --db one.db
check 'sort one.csv >one && sort two.csv >two && cmp one two'

# Also one that is of the second pass alone.
spectail sweep "$run" --steps 8000 --samples 4 --metrics loss --db late.db --quiet
spectail sweep "$run" --steps 8000 --samples 4 --metrics loss,ablate --db late.db
check '[ "$("$program" export --db late.db --metrics ablate | wc -l)" -gt 3 ]'

# Whatever is added in whatever order: only what is missing is measured, and every figure is that of one pass.
for part in "0:1 topology" "0 loss,rmt.gap" "2 sinks"; do
    check "\"\$program\" sweep \"\$run\" --steps ${part% *} --metrics ${part#* } --samples 4 --db parts.db"
done
check '"$program" sweep "$run" --steps 0:4 --samples 4 --db parts.db'
check '"$program" sweep "$run" --steps 0:4 --samples 4 --db all.db'
shell 'for db in parts all; do sqlite3 $db.db "SELECT count(DISTINCT digest) FROM checkpoint"; done'
into parts.csv export --db parts.db
into all.csv export --db all.db
check 'sort parts.csv >parts && sort all.csv >all && cmp parts all'

# Values of single heads are added too, and --force keeps them and the groups that are there.
check '"$program" sweep "$run" --steps 0:1 --samples 2 --db keep.db'
check '"$program" sweep "$run" --steps 0:1 --samples 2 --db keep.db --keep heads'
shell 'sqlite3 keep.db "select count(*) > 0 from probe_value where head >= 0"'
shell '"$program" sweep "$run" --steps 0:1 --samples 2 --db keep.db --keep heads --quiet --json >/dev/null && "$program" sweep "$run" --steps 0:1 --samples 2 --db keep.db --keep heads 2>&1 >/dev/null'
shell 'sqlite3 keep.db "select count(distinct metric) from measure" >before && "$program" sweep "$run" --steps 0:1 --samples 2 --db keep.db --force --metrics sinks --quiet >/dev/null && sqlite3 keep.db "select count(distinct metric) from measure" | cmp - before && echo the same metrics'
shell 'sqlite3 keep.db "select count(*) > 0 from probe_value where head >= 0"'

# A watch measures what is missing too, and nothing twice.
check '"$program" sweep "$run" --steps 0:4 --samples 4 --db watched.db --metrics loss,rmt.gap'
check '"$program" watch "$run" --once --quiet-period 0 --steps 0:4 --samples 4 --db watched.db'
into watched.csv export --db watched.db
check 'sort watched.csv >watched && cmp all watched'

# A store of a version that measured fewer nulls gets the others, though every checkpoint is analysed; those it has stay.
nulls='SELECT m.name, v.layer, v.mean, v.sd, v.draws FROM null_value v JOIN metric m ON m.id = v.metric ORDER BY m.name, v.layer'
check '"$program" sweep "$run" --steps 0:1 --samples 2 --db nulls.db --metrics sinks,rmt,information,frames'
shell "sqlite3 nulls.db '$nulls' >nulls.whole; wc -l <nulls.whole"
check "sqlite3 nulls.db \"DELETE FROM null_value WHERE metric IN (SELECT id FROM metric WHERE name NOT LIKE 'rmt.%')\""
shell '"$program" sweep "$run" --steps 0:1 --samples 2 --db nulls.db --metrics sinks,rmt,information,frames 2>&1 >/dev/null'
check "sqlite3 nulls.db '$nulls' | cmp - nulls.whole"
shell '"$program" sweep "$run" --steps 0:1 --samples 2 --db nulls.db --metrics sinks,rmt,information,frames 2>&1 >/dev/null'

# So do shards, of which one has the nulls of another group: merged, they have both.
check '"$program" sweep "$run" --steps 0 --samples 2 --db left.db --metrics sinks,rmt'
check '"$program" sweep "$run" --steps 1 --samples 2 --db right.db --metrics information,frames,rmt'
spectail merge --into both.db left.db right.db
check "sqlite3 both.db '$nulls' | cmp - nulls.whole"
