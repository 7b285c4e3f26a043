# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Figures with and without gnuplot, and an output folder that cannot be.
check '"$program" sweep "$run" --steps 0:16 --samples 8'
spectail plot --out figures
shell 'ls figures'
shell 'grep -c "<svg" figures/emergence.svg'
check 'cd figures && rm emergence.svg && gnuplot emergence.gp && test -s emergence.svg'
check 'grep -E "https?://" figures/index.html | grep -v "w3.org"'
spectail plot emergence heatmap --format png --out figures --quiet
check 'head -c 8 figures/heatmap.png | od -An -tx1 | grep "89 50 4e 47 0d 0a 1a 0a"'
spectail plot heatmap --format pdf --metric rmt.gap --out figures
check 'head -c 5 figures/heatmap.pdf | grep %PDF-'
shell '"$program" plot emergence --format term | wc -l | awk "{print (\$1 >= 20)}"'
spectail plot --metric rmt.gpa
spectail plot --at 0,3
spectail plot --layer 9
spectail plot --run other
spectail plot --db none.db
touch file
spectail plot --out file/figures
spectail plot --out file

# Without gnuplot a sweep is whole, and plot says what to install.
mkdir bin
program_path=$PWD/bin
spectail sweep "$run" --steps 0:1 --samples 4 --db other.db --quiet
spectail plot --out more
check 'ls more/*.svg'
