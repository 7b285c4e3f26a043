# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A control beside the run: the same checkpoints asked about the samples with their tokens shuffled.
sweep="--steps 0:4 --samples 4 --bootstrap 50 --metrics sinks,loss"
spectail sweep "$run" $sweep --control shuffled --dry-run
check "\"\$program\" sweep \"\$run\" $sweep --db alone.db"
shell "\"\$program\" sweep \"\$run\" $sweep --control shuffled 2>&1 >/dev/null | sed 's/  ([0-9].*//'"
shell 'sqlite3 spectail.db "SELECT name, count(*) FROM run JOIN checkpoint ON run = run.id GROUP BY name"'

# It goes on where it was, for both; without the option the control stays as it is.
spectail sweep "$run" --steps 0:8 --samples 4 --bootstrap 50 --metrics sinks,loss --quiet --dry-run
spectail sweep "$run" --steps 0:8 --samples 4 --bootstrap 50 --metrics sinks,loss --control shuffled --quiet --dry-run --json
check "\"\$program\" sweep \"\$run\" --steps 0:8 --samples 4 --bootstrap 50 --metrics sinks,loss"
check "\"\$program\" sweep \"\$run\" --steps 0:8 --samples 4 --bootstrap 50 --metrics sinks,loss --control shuffled"
spectail sweep "$run" --steps 0:8 --samples 4 --bootstrap 50 --metrics sinks,loss --control shuffled --quiet
shell '"$program" sweep "$run" --steps 0:8 --samples 4 --bootstrap 50 --metrics sinks,loss --control shuffled 2>&1 >/dev/null'

# The run's figures are what they are without a control; the control's are not.
into with.csv export --run demo-run
into without.csv export --db alone.db
check 'grep -E ",step[0-4]," with.csv >with; grep -E ",step[0-4]," without.csv >without; cmp with without'
into control.csv export --run 'demo-run (shuffled)'
check 'cut -d, -f6- with.csv >a; cut -d, -f6- control.csv >b; cmp -s a b'

# status shows both. What is about the latest run, or compares runs, is not about a control.
shell '"$program" status | grep -E "samples|up to date"'
shell '"$program" status --json | grep -o "\"control\": [^,]*"'
shell '"$program" export | cut -d, -f1 | sort -u'
shell '"$program" export --all | cut -d, -f1 | sort -u'
spectail plot emergence --out figures
check 'grep -A3 "# sink, control" figures/emergence.dat'
check 'grep "shuffled tokens" figures/emergence.svg'
shell '"$program" plot runs --all 2>&1'
spectail plot emergence --run 'demo-run (shuffled)' --out control
check 'grep "shuffled tokens" control/emergence.svg'

# A configuration says it in one line; a watch keeps both up, and a store of shards is merged with them.
printf 'run: %s\nsamples: 4\nbootstrap: 50\nsteps: "0:4"\nmetrics: [sinks, loss]\ncontrol: shuffled\n' "$run" >with.yaml
check '"$program" watch --config with.yaml --once --quiet-period 0 --plots drawn --db watched.db'
shell 'sqlite3 watched.db "SELECT name, count(*) FROM run JOIN checkpoint ON run = run.id GROUP BY name"'
into watched.csv export --db watched.db --all
check 'sort watched.csv >a; cat with.csv control.csv | grep -E "^run,|,step[0-4]," | sort -u >b; cmp a b'
check 'test -e drawn/emergence.svg && grep "# sink, control" drawn/emergence.dat'
check '"$program" sweep --config with.yaml --shard 1/2 --db one.db'
check '"$program" sweep --config with.yaml --shard 2/2 --db two.db'
spectail merge --into both.db one.db two.db
into both.csv export --db both.db --all
check 'sort both.csv >b; cmp a b'

# What check says is to be done for a control is done by its run's name: nothing is left then.
mkdir few
for step in 0 1 2; do cp -R "$run/step$step" few/; done
cp "$run/tokenizer.json" few/
check "\"\$program\" sweep few $sweep --control shuffled --db few.db"
cp -R "$run/step4" few/
spectail check --quick --db few.db
shell '"$program" check --quick --db few.db | sed -n "s/^ *spectail sweep \(.*shuffled.*\)/\"\$program\" sweep --quiet \1/p" >mend.sh; . ./mend.sh >/dev/null'
spectail check --quick --db few.db
shell 'sqlite3 few.db "SELECT name, count(*) FROM run JOIN checkpoint ON run = run.id GROUP BY run.id"'

# A checkpoint that cannot be analysed is named for both, and a control needs tokens that have another order.
cp -R "$run" torn && chmod -R u+w torn && truncate -s 1000 torn/step2/model.safetensors
spectail sweep torn $sweep --control shuffled --quiet --db torn.db
printf '[0, 1]\n[0, 2]\n' >short.ids
spectail sweep "$run" $sweep --ids short.ids --control shuffled --db short.db
spectail sweep "$run" $sweep --control shufled
