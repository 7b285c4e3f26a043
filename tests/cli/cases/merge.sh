# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# What three machines analysed of one run becomes what one machine would have: the second has fewer metrics, the third saw
# copies of the files and one of them half written.
sweep="sweep $run --samples 4 --bootstrap 50 --quiet"
check "\"\$program\" $sweep --steps 0:4 --metrics sinks,loss --db one.db"
check "\"\$program\" $sweep --steps 2:16 --metrics sinks --db two.db"
cp -R "$run" copy
chmod -R u+w copy
touch copy/step*/model.safetensors
truncate -s 1000 copy/step8/model.safetensors
check '"$program" sweep copy --name demo-run --samples 4 --bootstrap 50 --quiet --steps 4:32 --metrics sinks,loss --db three.db'
spectail merge --into all.db one.db two.db three.db
spectail merge --into all.db three.db two.db one.db
spectail merge --into turned.db three.db one.db two.db --json
check "\"\$program\" $sweep --steps 0:32 --metrics sinks,loss --db whole.db"
check 'for db in all turned; do "$program" export --db $db.db >$db.csv; done; cmp all.csv turned.csv'
shell 'sqlite3 all.db "SELECT label, state, superseded IS NULL FROM checkpoint ORDER BY step, superseded IS NULL"'

# What the first two lack is added by a sweep; then it is what one sweep would have made.
check "\"\$program\" $sweep --steps 0:32 --metrics sinks,loss --db all.db"
check '"$program" export --db all.db >all.csv; "$program" export --db whole.db >whole.csv; cmp all.csv whole.csv'

# What does not fit is refused, and nothing is changed.
check "\"\$program\" sweep $run --samples 5 --bootstrap 50 --quiet --steps 0:1 --metrics sinks --db five.db"
check "\"\$program\" sweep $run --samples 4 --bootstrap 60 --quiet --steps 0:1 --metrics sinks --db draws.db"
spectail merge --into all.db one.db five.db
spectail merge --into all.db draws.db
spectail merge --into new.db one.db draws.db
check 'test -e new.db'
spectail merge --into all.db all.db one.db
spectail merge --into all.db one.db missing.db
sqlite3 old.db <"$data/store/version1.sql"
spectail merge --into all.db old.db
head -c 40960 one.db >cut.db
spectail merge --into all.db cut.db
spectail merge one.db two.db
spectail merge --into all.db
spectail merge --into all.db one.db --wait soon
check '"$program" export --db all.db >after.csv; cmp all.csv after.csv'
