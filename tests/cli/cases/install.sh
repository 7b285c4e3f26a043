# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# What is installed works from where it is installed.
check 'cmake --install "$(dirname "$program")" --prefix "$PWD/prefix"'
shell 'cd prefix && find . -type f | grep -v demo-run/step | sort'
built=$program
program=$PWD/prefix/bin/spectail
export built program
spectail sweep --config prefix/share/spectail/demo.yaml --steps 0:1 --samples 4 --quiet
spectail sweep prefix/share/spectail/demo-run --config prefix/share/spectail/pythia.yaml --steps 0:1 --samples 4 --quiet
# The probe that is asked without --probe is the installed one.
check 'cp prefix/share/spectail/probes/stem-500.txt keep; head -n 3 keep >prefix/share/spectail/probes/stem-500.txt'
spectail sweep "$run" --samples 4 --steps 0:0 --metrics loss --db other.db --quiet

# The Debian package says what it needs: libraries, and gnuplot for figures.
shell 'cpack --config "$(dirname "$built")/CPackConfig.cmake" -B package >log 2>&1 || cat log; ls package/*.deb'
shell 'dpkg-deb -f package/*.deb Package Depends Recommends | sed "s/ ([^)]*)//g"'
shell 'dpkg-deb -c package/*.deb | grep -oE "\./usr/(bin/spectail|share/spectail/[a-z.]*)$"'
