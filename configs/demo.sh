#!/bin/sh
# From nothing to figures, on a Debian 12 with nothing installed: packages, the program, the bundled run, its emergence plots and report.
#
# Leaves build/spectail, the store out/demo.db, the figures and the report in out/demo; run again, it measures only what is not yet measured.
set -eu

cd "$(dirname "$0")/.."
configs/setup/install.sh build run
cmake --preset release --log-level=WARNING
cmake --build --preset release

mkdir -p out
build/spectail sweep --config configs/demo.yaml --db out/demo.db
echo
build/spectail plot --config configs/demo.yaml --db out/demo.db --out out/demo
build/spectail report --config configs/demo.yaml --db out/demo.db --out out/demo/report.html
echo
echo "The figures: open out/demo/index.html. The report: out/demo/report.html. The store: out/demo.db (build/spectail status --db out/demo.db)."
