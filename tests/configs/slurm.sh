#!/bin/sh
# shellcheck disable=SC1091,SC2154 # common.sh stands beside this file
# The scripts for Slurm, without Slurm: parts are swept on the node's own disk, merged, taken up again, and survive the time limit's signal.
# (tests/peer has them run by Slurm itself.)
. "$(dirname "$0")/common.sh"

mkdir shared node
printf 'run: %s\nsamples: 2\nmetrics: [loss]\nsteps: 0:16\n' "$run" >config.yaml # 6 checkpoints

# As Slurm runs a task of the array. TMPDIR is the node's disk.
task() { # task I PARTS
    env TMPDIR="$work/node" SLURM_ARRAY_TASK_ID="$1" SLURM_CPUS_PER_TASK=1 "$configs/nightly/slurm-sweep.sh" config.yaml "$work/shared" "$2" \
        >"said$1" 2>&1
}
merge() {
    env TMPDIR="$work/node" "$configs/nightly/slurm-merge.sh" "$work/shared" >merged 2>&1 || fail "merge: $(cat merged)"
}

for i in 1 2; do task $i 3 || fail "task $i: $(cat "said$i")"; done
equal "$(cd shared && echo *)" "shard-1-of-3.db shard-2-of-3.db" "what is shared"
merge
equal "$(analysed shared/merged.db)" 4 "checkpoints of two of three parts"
task 3 3 || fail "task 3: $(cat said3)"
merge
merge # a second time changes nothing
equal "$(analysed shared/merged.db)" 6 "checkpoints of all parts"
equal "$(cd node && find . | wc -l)" 1 "what is left on the node"
equal "$(find shared -name '.*.db.*')" "" "what is left half-way in the shared folder"

# The next night begins with what the last one left.
task 1 3 || fail "task 1 again: $(cat said1)"
grep -q 'of 2 checkpoints 2 are analysed' said1 || fail "the second night did it again: $(cat said1)"

# The time limit's signal, given to the script alone, reaches spectail; what is done is kept.
cat >bin/slow <<EOF
#!/bin/sh
# Sweeps one checkpoint, then waits for a signal as a long one would.
"$program" "\$@" --steps 0:0
trap 'exit 143' TERM
: >"$work/waiting"
while :; do sleep 0.1; done
EOF
chmod +x bin/slow
ln -sf slow bin/spectail
mkdir shared2
env TMPDIR="$work/node" SLURM_ARRAY_TASK_ID=1 "$configs/nightly/slurm-sweep.sh" config.yaml "$work/shared2" 1 >said 2>&1 &
task=$!
while [ ! -e waiting ]; do
    kill -0 $task 2>/dev/null || fail "it ended before its signal: $(cat said)"
    sleep 0.1
done
kill -TERM $task
status=0
wait $task || status=$?
equal "$status" 143 "status after SIGTERM"
equal "$(analysed shared2/shard-1-of-1.db)" 1 "checkpoints that are kept"

# A store whose log is not folded in stays behind.
cat >bin/slow <<EOF
#!/bin/sh
for word in "\$@"; do case \$word in *.db) : >"\$word"; : >"\$word-wal" ;; esac; done
exit 137
EOF
before=$(cksum shared2/shard-1-of-1.db)
status=0
env TMPDIR="$work/node" SLURM_ARRAY_TASK_ID=1 "$configs/nightly/slurm-sweep.sh" config.yaml "$work/shared2" 1 >said 2>&1 || status=$?
equal "$status" 137 "status after SIGKILL"
equal "$(cksum shared2/shard-1-of-1.db)" "$before" "the shared store"
grep -q 'left no whole store' said || fail "nothing was said: $(cat said)"
