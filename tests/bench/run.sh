#!/bin/sh
# Every benchmark, side by side, in one run: spectail beside the usual Python stack, Ripser, LAPACK and this machine's sgemm; memory on made-up
# models of Pythia's shapes; a training beside a watch. Prints ratios. Needs 28 GB of disk for the largest shape (--small leaves it out) and
# PyPI, unless --python names an environment that has tests/peer/requirements.txt.
#
# usage: tests/bench/run.sh [--python PYTHON] [--work DIR] [--small]
set -eu

cd "$(dirname "$0")/../.."
python='' work=build-bench small=''
while [ $# -gt 0 ]; do
    case $1 in
    --python) python=$2; shift 2 ;;
    --work) work=$2; shift 2 ;;
    --small) small=yes; shift ;;
    *) echo "run.sh: unknown option $1; usage: tests/bench/run.sh [--python PYTHON] [--work DIR] [--small]" >&2; exit 2 ;;
    esac
done

cmake -S . -B "$work" -G Ninja -DCMAKE_BUILD_TYPE=Release --log-level=WARNING
cmake --build "$work" --target spectail make_model bench_forward bench_persistence bench_spectrum bench_tokenizer trainer > /dev/null
if [ -z "$python" ]; then
    python=$work/python/bin/python
    [ -x "$python" ] || python3 -m venv "$work/python"
    "$python" -m pip install --quiet -r tests/peer/requirements.txt
fi
run=tests/data/demo-run probe=configs/probes/stem-500.txt spectail=$work/spectail ids=$work/ids.json
bench=$work/tests/bench
"$python" tests/bench/probe_ids.py "$probe" > "$ids"

model() { # SHAPE [LAYERS] -> the folder of a made-up model, made once
    folder=$work/models/$1${2:+-$2}
    [ -f "$folder/config.json" ] || "$bench/make_model" "$1" "$folder" 5 ${2:+"$2"} > /dev/null
    echo "$folder"
}
mkdir -p "$work/models"

echo "== sweep of the bundled run beside oracle.py: 17 checkpoints, 100 samples, sinks + rmt + topology, two threads each, whole processes"
"$python" tests/bench/bench_sweep.py oracle "$spectail" "$run" "$probe"
echo "== a second thread: pythia-70m's shape, 100 samples"
"$python" tests/bench/bench_sweep.py threads "$spectail" "$(model 70m)" "$ids" --repeats 5
echo "== persistent homology beside Ripser's C++ function (PyPI), one thread, microseconds a matrix"
[ -f "$work/attention.npz" ] || "$python" tests/bench/make_attention.py "$run" "$probe" "$work/attention.npz"
"$python" tests/bench/bench_persistence.py "$bench/bench_persistence" "$work/attention.npz"
echo "== spectra beside LAPACK, one thread, microseconds a matrix"
OMP_NUM_THREADS=1 "$bench/bench_spectrum"
echo "== tokenizers beside HF tokenizers and sentencepiece, one thread, English"
"$python" tests/bench/bench_tokenizer.py "$bench/bench_tokenizer" "$probe"
echo "== forward pass beside sgemm: pythia-410m's shape, 100 samples"
"$bench/bench_forward" "$(model 410m)" 100 22 5
echo "== memory: pythia-70m's shape"
"$python" tests/bench/bench_sweep.py memory "$spectail" "$(model 70m)" "$ids"
echo "== what a watch costs a training on the same machine: pythia-70m's shape"
"$python" tests/bench/bench_watch.py "$spectail" "$bench/trainer" "$(model 70m)" "$ids"
if [ -z "$small" ]; then
    echo "== memory: pythia-12b's shape, 36 layers; then 4 of them, whose peak is the same, with more samples"
    "$python" tests/bench/bench_sweep.py memory "$spectail" "$(model 12b)" "$ids" --samples 100
    "$python" tests/bench/bench_sweep.py memory "$spectail" "$(model 12b 4)" "$ids" --samples 100,500
fi
