#!/bin/sh
# From nothing to figures, on a Debian 12 with nothing installed: packages, the program, the bundled run, its emergence plots.
#
# Leaves build/spectail, the store out/demo.db and the figures in out/demo; run again, it does only what is not yet done.
set -eu

cd "$(dirname "$0")/.."
configs/setup/install.sh build run
cmake --preset release --log-level=WARNING
cmake --build --preset release

mkdir -p out
build/spectail sweep --config configs/demo.yaml --db out/demo.db
echo
build/spectail plot --config configs/demo.yaml --db out/demo.db --out out/demo
echo
echo "The figures: open out/demo/index.html. The store: out/demo.db (build/spectail status --db out/demo.db)."
