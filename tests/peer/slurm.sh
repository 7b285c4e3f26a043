#!/bin/sh
# A cluster of one node, of Debian's packages (configs/setup/install.sh peer), runs the scripts of configs/nightly for real: the array, the
# merge that waits for it, a second night, and a time limit. tests/peer/slurm.sh PROGRAM, as root: slurmd and munged want it.
set -eu

program=$(realpath "$1")
root=$(realpath "$(dirname "$0")/../..")
nightly=$root/configs/nightly
run=$root/tests/data/demo-run
[ "$(id -u)" -eq 0 ] || {
    echo "$0: has to run as root" >&2
    exit 1
}
for tool in munged slurmctld slurmd sbatch; do
    command -v $tool >/dev/null || {
        echo "$0: no $tool; configs/setup/install.sh peer installs it" >&2
        exit 1
    }
done

work=$(realpath "$(mktemp -d)")
chmod 755 "$work"
cluster=$work/cluster
mkdir -p "$cluster/state" "$cluster/spool" "$work/bin" "$work/shared" "$work/node"
daemons=

finish() {
    status=$?
    for daemon in $daemons; do kill "$daemon" 2>/dev/null || true; done
    for daemon in $daemons; do wait "$daemon" 2>/dev/null || true; done
    [ $status -eq 0 ] || tail -n 20 "$cluster"/*.log "$work"/shared*/*.log 2>/dev/null >&2 || true
    rm -rf "$work"
}
trap finish EXIT

fail() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

until_true() { # until_true WHAT COMMAND...
    what=$1
    shift
    for _ in $(seq 600); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.2
    done
    fail "$what: not within two minutes"
}

# --- the cluster ---
# Ports and sockets of its own, beside whatever else is on this machine.
dd if=/dev/urandom of="$cluster/munge.key" bs=1 count=1024 2>/dev/null
chmod 600 "$cluster/munge.key"
munged --foreground --force --key-file "$cluster/munge.key" --socket "$cluster/munge.socket" --pid-file "$cluster/munge.pid" \
    --log-file "$cluster/munged.log" --seed-file "$cluster/munge.seed" >"$cluster/munged.out" 2>&1 &
daemons="$!"
until_true "munged" munge -S "$cluster/munge.socket" -n

host=$(hostname -s)
cat >"$cluster/slurm.conf" <<EOF
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=26817
SlurmdPort=26818
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket
CredType=cred/munge
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/spool
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/slurmd.pid
SlurmctldLogFile=$cluster/slurmctld.log
SlurmdLogFile=$cluster/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
KillWait=30
OverTimeLimit=0
MinJobAge=600
SlurmdParameters=config_overrides
NodeName=$host NodeAddr=127.0.0.1 CPUs=8 RealMemory=65536 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
EOF
export SLURM_CONF="$cluster/slurm.conf"
slurmctld -D -i >"$cluster/slurmctld.out" 2>&1 &
daemons="$daemons $!"
slurmd -D >"$cluster/slurmd.out" 2>&1 &
daemons="$daemons $!"
idle() { [ "$(sinfo -h -o %T)" = idle ]; }
until_true "the node" idle

# --- a sweep on it ---
ln -s "$program" "$work/bin/spectail"
export PATH="$work/bin:$PATH" TMPDIR="$work/node" # jobs inherit them
cd "$work"
printf 'run: %s\nsamples: 4\nmetrics: [sinks, loss]\n' "$run" >config.yaml

over() { [ -z "$(squeue -h)" ]; }
# submit SHARED PARTS OPTION...: until all is over. The node says to have what the scripts ask for, whatever this machine has.
submit() {
    "$nightly/slurm-submit.sh" config.yaml "$@"
    until_true "the jobs" over
}
analysed() { sqlite3 "$1" "SELECT count(*) FROM checkpoint WHERE state = 'analysed'"; }
figures() { sqlite3 "$1" "SELECT c.label, m.name, v.layer, v.head, v.mean, v.n FROM measure v JOIN checkpoint c ON c.id = v.checkpoint
    JOIN metric m ON m.id = v.metric ORDER BY 1, 2, 3, 4"; }

submit shared 4
[ "$(analysed shared/merged.db)" -eq 17 ] || fail "merged: $(analysed shared/merged.db) of 17 checkpoints; $(cat shared/*.log)"
for i in 1 2 3 4; do [ -f "shared/shard-$i-of-4.db" ] || fail "no shard $i"; done
[ -z "$(find "$work/node" -mindepth 1)" ] || fail "left on the node: $(find "$work/node" -mindepth 1)"

# The same figures as one sweep's.
spectail sweep --config config.yaml --db whole.db --quiet >/dev/null
figures whole.db >whole
figures shared/merged.db >merged
[ -s whole ] || fail "no figures"
cmp whole merged || fail "the merged store differs from one sweep's"

# The second night finds nothing to do.
submit shared 4
[ "$(grep -c 'nothing to do' shared/sweep-1.log)" -eq 1 ] || fail "the second night: $(cat shared/sweep-1.log)"
figures shared/merged.db | cmp - merged || fail "the second night changed the store"

# The time limit: its signal reaches spectail, what is done is kept and merged. Slurm's limits are whole minutes, and the script is to be told
# two minutes before the end: with a limit of one it is told as soon as Slurm looks.
cat >slow <<EOF
#!/bin/sh
[ "\$1" = sweep ] || exec "$program" "\$@"
"$program" "\$@" --steps 0:4
trap 'exit 143' TERM
while :; do sleep 0.1; done
EOF
chmod +x slow
ln -sf ../slow bin/spectail
submit limited 1 --time=1
[ "$(analysed limited/merged.db)" -eq 4 ] || fail "after the time limit: $(cat limited/*.log)"
ln -sf "$program" bin/spectail
submit limited 1
[ "$(analysed limited/merged.db)" -eq 17 ] || fail "the night after the time limit: $(cat limited/*.log)"
echo "ok: $(sinfo -V), four parts of 17 checkpoints, two nights, a time limit"
