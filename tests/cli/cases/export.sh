# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Columns, order of the rows and formats of an export.
check '"$program" sweep "$run" --steps 0:1 --samples 8 --metrics sinks,loss'
spectail export --metrics loss
spectail export --metrics loss,sink.full_heads --format jsonl
into all.csv export
shell 'head -1 all.csv'
shell 'tail -n +2 all.csv | cut -d, -f5 | sort | uniq -c'

# In key order: step, then metric as first stored, then layer, then head, numerically.
check 'tail -n +2 all.csv | cut -d, -f1-7 | sort -u >unique && tail -n +2 all.csv | wc -l >rows && wc -l <unique | cmp - rows'
shell 'tail -n +2 all.csv | grep ",sink.first," | cut -d, -f3,6,7 | sort -c -t, -k1,1n -k2,2n -k3,3n && echo in order'

# 17 digits, so that what is read back is what the store holds.
shell 'grep -E ",(loss|sink.first),-1,-1," all.csv | cut -d, -f8 | grep -vcE "^-?[0-9.]{18,}$"'
shell '"$program" export >/dev/full'
spectail export --metrics frobnicate
spectail export --run frobnicate

# A number is a run's name before it is a run's number.
for step in 2 1; do check "\"\$program\" sweep \"\$run/step$step\" --name $step --samples 2 --metrics sinks --quiet --db numbers.db"; done
shell 'for name in 2 1; do "$program" export --run $name --db numbers.db | cut -d, -f1,4 | tail -n +2 | sort -u; done'
shell '"$program" export --run 1 | cut -d, -f1 | tail -n +2 | sort -u'
spectail export --db none.db
