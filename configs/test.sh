#!/bin/sh
# All core tests, on a Debian 12 with nothing installed: packages, a build in which a warning is an error, ctest.
set -eu

cd "$(dirname "$0")/.."
configs/setup/install.sh build run test
cmake --preset ci --log-level=WARNING
cmake --build --preset ci
ctest --preset ci -j "$(nproc)"
