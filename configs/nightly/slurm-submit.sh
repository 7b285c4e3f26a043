#!/bin/sh
# Splits a sweep over the machines of a Slurm cluster: slurm-submit.sh CONFIG SHARED PARTS [SBATCH_OPTION]...
#
#     configs/nightly/slurm-submit.sh pythia.yaml /shared/spectail 16 --account=me --time=04:00:00 --mem=32G
#
# CONFIG names the run (run:), SHARED is a folder that all nodes see. Two jobs are submitted: an array of PARTS tasks, each of which sweeps its
# part into a store on its node's own disk and moves it to SHARED/shard-I-of-PARTS.db; and one that merges them into SHARED/merged.db, when
# all tasks have ended, however they did. The options are for both. Submit it again, every night if you like: what SHARED holds is not done again.
set -eu

[ $# -ge 3 ] || {
    echo "usage: $0 CONFIG SHARED PARTS [SBATCH_OPTION]..." >&2
    exit 2
}
config=$(realpath "$1")
mkdir -p "$2"
shared=$(realpath "$2")
parts=$3
shift 3
here=$(cd "$(dirname "$0")" && pwd)

array=$(sbatch --parsable --array="1-$parts" --output="$shared/sweep-%a.log" "$@" "$here/slurm-sweep.sh" "$config" "$shared" "$parts")
array=${array%%;*} # a federation adds ";cluster"
merge=$(sbatch --parsable --dependency="afterany:$array" --output="$shared/merge.log" "$@" "$here/slurm-merge.sh" "$shared")
echo "array $array, merge ${merge%%;*}"
