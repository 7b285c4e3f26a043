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
spectail export --db none.db
