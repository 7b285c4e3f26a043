# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A run that does not fit the disk: a command brings one checkpoint at a time, and at most two are here.
mkdir remote
cp -r "$run"/* remote/
chmod -R u+w remote
cat >bring.sh <<'END'
#!/bin/sh
# bring.sh STEP DIR: as a download tool would, and noting how many checkpoints are here.
find fetched -mindepth 1 -maxdepth 1 -type d | wc -l >>here
[ "$1" != 16 ] || [ -e fixed ] || { echo "step16 is offline" >&2; exit 7; }
cp "remote/step$1/config.json" "remote/step$1/model.safetensors" remote/tokenizer.json "$2/"
END
chmod +x bring.sh
cat >fetch.yaml <<'END'
fetch: [./bring.sh, "{step}", "{dir}"]
fetch_steps: [0:2, 4, 8:16:8, 32]
fetch_dir: fetched
fetch_tries: 2
samples: 4
metrics: sinks
END
spectail sweep --config fetch.yaml --steps 0:16 --dry-run
check 'ls fetched'
spectail sweep --config fetch.yaml --steps 0:16
shell 'ls -A fetched; echo "at most $(sort -n here | tail -n 1) at a time"'
shell 'sqlite3 spectail.db "SELECT kind, step, text FROM event"'

# What the store holds is not fetched again, though each download has other times; what failed is.
shell 'rm here; touch fixed; "$program" sweep --config fetch.yaml --steps 0:16 --quiet >/dev/null; echo "exit $?, fetched $(wc -l <here)"'
spectail sweep --config fetch.yaml --steps 0:16 --quiet --json
spectail sweep --config fetch.yaml --dry-run
into fetched.csv export

# The figures are those of a run that is here.
cp -r "$run" fetched.run
check '"$program" sweep fetched.run --name fetched --steps 0:16 --samples 4 --metrics sinks --db here.db'
into here.csv export --db here.db
check 'cmp here.csv fetched.csv'

# Another group of metrics fetches anew, and loses none that was there.
check '"$program" sweep --config fetch.yaml --steps 0:1 --metrics rmt'
shell 'sqlite3 spectail.db "SELECT label, count(DISTINCT metric) FROM checkpoint c JOIN measure ON checkpoint = c.id WHERE superseded IS NULL GROUP BY step LIMIT 3"'

# A sweep that is killed leaves what the next one removes; what the user put there stays.
cat >slow.sh <<'END'
#!/bin/sh
touch "$2/part"
echo $$ >at-work.new
mv at-work.new at-work
exec sleep 1000
END
chmod +x slow.sh
sed 's/bring.sh/slow.sh/' fetch.yaml >slow.yaml
mkdir fetched/kept
"$program" sweep --config slow.yaml --db killed.db --steps 32 >/dev/null 2>&1 &
pid=$!
await . at-work
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
kill "$(cat at-work)" # nobody is left to end it
shell 'ls -A fetched'
shell '"$program" sweep --config fetch.yaml --db killed.db --steps 32 --quiet >/dev/null; echo "exit $?"; ls -A fetched'

# Also where nothing is left to fetch.
rm at-work
"$program" sweep --config slow.yaml --db killed.db --steps 1 >/dev/null 2>&1 &
pid=$!
await . at-work
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
kill "$(cat at-work)"
shell 'ls -A fetched; "$program" sweep --config fetch.yaml --db killed.db --steps 32 --quiet >/dev/null; echo "exit $?"; ls -A fetched'

# A signal ends the command, too.
rm at-work
env --default-signal=INT "$program" sweep --config slow.yaml --db killed.db --steps 0:1 >log 2>&1 &
pid=$!
await . at-work
kill -INT "$pid"
code=0
wait "$pid" || code=$?
printf '\nSIGINT: exit %d\n' "$code" >>"$transcript"
shell 'cat log; ls -A fetched'

# What does not fit together is said before anything is fetched.
spectail sweep --config fetch.yaml --steps 100
shell 'sed "s/{step}/step/" fetch.yaml >bad.yaml; "$program" sweep --config bad.yaml'
shell 'sed "/fetch_dir/d" fetch.yaml >bad.yaml; "$program" sweep --config bad.yaml'
shell '{ cat fetch.yaml; echo "run: remote"; } >bad.yaml; "$program" sweep --config bad.yaml'
shell 'sed "s/bring.sh/none.sh/; s/fetch_dir: .*/fetch_dir: empty/" fetch.yaml >bad.yaml; "$program" sweep --config bad.yaml --steps 0:1 --db none.db; echo "exit $?"; sqlite3 none.db "SELECT kind, text FROM event"; ls -A empty'
