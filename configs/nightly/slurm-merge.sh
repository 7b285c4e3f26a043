#!/bin/sh
#SBATCH --job-name=spectail-merge
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --cpus-per-task=1
#SBATCH --mem=4G
#SBATCH --time=02:00:00
#SBATCH --open-mode=append
# The last job that slurm-submit.sh submits: slurm-merge.sh SHARED
#
# Joins SHARED/shard-*.db into SHARED/merged.db, on the node's own disk, and moves the result back as a whole. A shard that is not there yet
# comes with the next merge; one that is there already is known.
set -eu

shared=$1
scratch=$(mktemp -d "${SLURM_TMPDIR:-${TMPDIR:-/tmp}}/spectail-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

found=
for shard in "$shared"/shard-*.db; do
    [ -f "$shard" ] || continue
    cp "$shard" "$scratch/"
    found=yes
done
[ -n "$found" ] || {
    echo "$0: no shard-*.db in $shared" >&2
    exit 2
}
if [ -f "$shared/merged.db" ]; then
    cp "$shared/merged.db" "$scratch/merged.db"
fi

spectail merge --into "$scratch/merged.db" "$scratch"/shard-*.db

part=$shared/.merged.db.$(hostname).$$
cp "$scratch/merged.db" "$part"
sync "$part"
mv -f "$part" "$shared/merged.db"
