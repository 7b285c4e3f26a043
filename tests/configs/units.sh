#!/bin/sh
# shellcheck disable=SC1091,SC2154 # common.sh stands beside this file
# Every systemd unit is one without a complaint, says how it may be hardened no further, and runs a command line that the program takes.
. "$(dirname "$0")/common.sh"

# As an administrator has them, but with the program of this build.
mkdir units
for unit in "$configs"/nightly/*.service "$configs"/nightly/*.timer; do
    sed "s|^ExecStart=spectail |ExecStart=$program |" "$unit" >"units/$(basename "$unit" | sed 's/@\./@test./')"
done
[ "$(find units -name '*@test.*' | wc -l)" -eq 5 ] || fail "expected five units"

# verify says what is wrong, but fails for some of it only.
verify() {
    systemd-analyze verify --man=no --recursive-errors=yes "$@" >said 2>&1 && [ ! -s said ]
}
verify units/* || fail "systemd-analyze verify: $(cat said)"
sed 's/^TimeoutStopSec=.*/TimeoutStopsec=soon/' units/spectail-watch@test.service >units/broken.service
! verify units/broken.service || fail "systemd-analyze verify does not see a key that there is not"
rm units/broken.service

for service in sweep watch; do
    systemd-analyze security --offline=true --threshold=20 "units/spectail-$service@test.service" >said 2>&1 ||
        fail "spectail-$service@.service is exposed: $(tail -n 1 said)"
done

times=$(sed -n 's/^OnCalendar=//p' "$configs/nightly/spectail-sweep@.timer")
systemd-analyze calendar "$times" >said 2>&1 || fail "OnCalendar=$times: $(cat said)"

# The command lines, as systemd would make them for the instance "test".
mkdir -p etc/spectail lib/spectail run/spectail/test
printf 'run: %s\nsteps: 0:1\nsamples: 2\nmetrics: [loss]\n' "$run" >etc/spectail/test.yaml
command_of() {
    sed -n 's/^ExecStart=//p' "$configs/nightly/$1" |
        sed "s|^spectail |$program |; s|/etc/|etc/|g; s|%S|lib|g; s|%t|run|g; s|%i|test|g"
}
sh -c "$(command_of spectail-sweep@.service)" >said 2>&1 || fail "$(command_of spectail-sweep@.service): $(cat said)"
equal "$(analysed lib/spectail/test.db)" 2 "checkpoints that the nightly sweep analysed"
rm lib/spectail/test.db
sh -c "$(command_of spectail-watch@.service) --once --quiet-period 0" >said 2>&1 ||
    fail "$(command_of spectail-watch@.service): $(cat said)"
equal "$(analysed lib/spectail/test.db)" 2 "checkpoints that the watch analysed"
[ -s run/spectail/test/heartbeat ] || fail "the watch left no heartbeat"

# A watch whose heartbeat is old is started anew; one that has none, or is alive, is not.
condition=$(sed -n "s/^ExecCondition=.bin.sh -c '\(.*\)'$/\1/p" "$configs/nightly/spectail-watch-check@.service" |
    sed 's/\$\$/$/g; s|%t|run|g; s|%i|test|g')
[ -n "$condition" ] || fail "spectail-watch-check@.service has no condition"
! sh -c "$condition" || fail "a fresh heartbeat was taken for an old one"
touch -d '11 minutes ago' run/spectail/test/heartbeat
sh -c "$condition" || fail "an old heartbeat was not seen"
rm run/spectail/test/heartbeat
! sh -c "$condition" || fail "a watch without a heartbeat was taken for one that hangs"
