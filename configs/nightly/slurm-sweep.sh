#!/bin/sh
#SBATCH --job-name=spectail
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G
#SBATCH --time=08:00:00
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
# One task of the array that slurm-submit.sh submits: slurm-sweep.sh CONFIG SHARED PARTS
#
# SQLite is not safe on a shared folder, so the store lies on the node's own disk while it is written: the one of an earlier night is copied
# there first, and what it has become is moved back as a whole. Two minutes before the time limit Slurm sends SIGTERM, which goes on to
# spectail: it ends at once, every finished checkpoint is stored and kept, and the next night goes on.
set -eu

config=$1 shared=$2 parts=$3
shard=$SLURM_ARRAY_TASK_ID
name=shard-$shard-of-$parts.db
scratch=$(mktemp -d "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/spectail-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

if [ -f "$shared/$name" ]; then
    cp "$shared/$name" "$scratch/$name"
fi

child=
ended=
trap 'ended=143; [ -z "$child" ] || kill -TERM "$child"' TERM
spectail sweep --config "$config" --db "$scratch/$name" --shard "$shard/$parts" --threads "${SLURM_CPUS_PER_TASK:-0}" &
child=$!
[ -z "$ended" ] || kill -TERM "$child" # it came before there was anyone to pass it on to
status=0
wait "$child" || status=$?
while kill -0 "$child" 2>/dev/null; do # a signal ended the wait, not the sweep
    status=0
    wait "$child" || status=$?
done

# A store whose log was not folded into it (spectail was killed) stays behind: the one that is in the shared folder is whole.
if [ -f "$scratch/$name" ] && [ ! -e "$scratch/$name-wal" ]; then
    part=$shared/.$name.$(hostname).$$
    cp "$scratch/$name" "$part"
    sync "$part"
    mv -f "$part" "$shared/$name"
else
    echo "$0: spectail left no whole store (status $status); $shared/$name is as it was" >&2
fi
exit "$status"
