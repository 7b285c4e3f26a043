#!/bin/sh
# Every benchmark, side by side, in one run: spectail beside the usual Python stack, Ripser, LAPACK and this machine's sgemm; a training beside
# a watch; memory and time on made-up models of public models' shapes. Prints ratios. Needs 30 GB of disk for the largest shape (--small: 4
# layers of each) and PyPI, unless --python names an environment that has tests/peer/requirements.txt.
#
# usage: tests/bench/run.sh [--python PYTHON] [--work DIR] [--small]
#        tests/bench/run.sh --sizes [SHAPE,..] [--work DIR] [--small]     the last part alone
set -eu

cd "$(dirname "$0")/../.."
python='' work=build-bench small='' sizes='' shapes=''
while [ $# -gt 0 ]; do
    case $1 in
    --python) python=$2; shift 2 ;;
    --work) work=$2; shift 2 ;;
    --small) small=yes; shift ;;
    --sizes)
        sizes=yes; shift
        case ${1:---} in --*) ;; *) shapes=$1; shift ;; esac ;;
    *) sed -n '/^# usage/,/^set/s/^# //p' "$0" >&2; exit 2 ;;
    esac
done

cmake -S . -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release --log-level=WARNING
cmake --build "$work" --target spectail timed make_model bench_forward bench_sgemm bench_persistence bench_spectrum bench_graph bench_tokenizer bench_emergence trainer \
    > /dev/null
mkdir -p "$work/models"

sizes() {
    echo "== memory and time on the shapes of public models, 100 samples, all groups"
    python3 tests/bench/bench_sizes.py "$work" --work "$work/models" ${shapes:+--shapes "$shapes"} ${small:+--layers 4}
}
if [ -n "$sizes" ]; then
    sizes
    exit
fi
if [ -z "$python" ]; then
    python=$work/python/bin/python
    [ -x "$python" ] || python3 -m venv "$work/python"
    "$python" -m pip install --quiet -r tests/peer/requirements.txt
fi
run=tests/data/demo-run probe=configs/probes/stem-500.txt spectail=$work/spectail ids=$work/ids.json
bench=$work/tests/bench
"$python" tests/bench/probe_ids.py "$probe" > "$ids"

model() { # SHAPE -> the folder of a made-up model, made once
    folder=$work/models/$1
    [ -f "$folder/config.json" ] || "$bench/make_model" "tests/bench/shapes/$1.json" "$folder" 5 > /dev/null
    echo "$folder"
}

echo "== sweep of the bundled run beside oracle.py: 17 checkpoints, 100 samples, sinks + rmt + topology, two threads each, whole processes"
"$python" tests/bench/bench_sweep.py oracle "$spectail" "$run" "$probe"
echo "== the same with graph + information, all that oracle.py measures"
"$python" tests/bench/bench_sweep.py oracle "$spectail" "$run" "$probe" --repeats 1 --metrics sinks,rmt,topology,graph,information
echo "== all groups beside sinks + rmt + topology alone: the bundled run, 100 samples"
"$python" tests/bench/bench_sweep.py groups "$spectail" "$run" "$probe"
echo "== a second thread: pythia-70m's shape, 100 samples"
"$python" tests/bench/bench_sweep.py threads "$spectail" "$(model pythia-70m)" "$ids" --repeats 5
echo "== persistent homology beside Ripser's C++ function (PyPI), one thread, microseconds a matrix"
[ -f "$work/attention.npz" ] || "$python" tests/bench/make_attention.py "$run" "$probe" "$work/attention.npz"
"$python" tests/bench/bench_persistence.py "$bench/bench_persistence" "$work/attention.npz"
echo "== spectra beside LAPACK, one thread, microseconds a matrix"
OMP_NUM_THREADS=1 "$bench/bench_spectrum"
echo "== graphs beside LAPACK and NumPy, one thread, microseconds a matrix"
OMP_NUM_THREADS=1 "$python" tests/bench/bench_graph.py "$bench/bench_graph" "$work/attention.npz"
echo "== tokenizers beside HF tokenizers and sentencepiece, one thread, English"
"$python" tests/bench/bench_tokenizer.py "$bench/bench_tokenizer" "$probe"
echo "== emerge on the bundled run's store: every metric, model and layers, two threads, whole process"
"$python" tests/bench/bench_sweep.py emerge "$spectail" "$run" "$probe"
echo "== intervals of fitted midpoints: 200 made-up series a kind, all threads"
"$bench/bench_emergence" 200
echo "== forward pass beside sgemm: pythia-410m's shape, 100 samples"
"$bench/bench_forward" "$(model pythia-410m)" 100 22 5
echo "== memory with more samples: pythia-410m's shape"
"$python" tests/bench/bench_sweep.py memory "$spectail" "$(model pythia-410m)" "$ids" --samples 100,500
echo "== what a watch costs a training on the same machine: pythia-70m's shape"
"$python" tests/bench/bench_watch.py "$spectail" "$bench/trainer" "$(model pythia-70m)" "$ids"
sizes
