# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Figures are the same to the bit for any number of threads.
for threads in 1 2 3; do
    check "\"\$program\" sweep \"\$run\" --steps 512:2000 --samples 24 --threads $threads --db $threads.db"
    into $threads.csv export --db $threads.db
done
check 'cmp 1.csv 2.csv && cmp 1.csv 3.csv'
for threads in 1 2 3; do
    shell "sqlite3 $threads.db 'SELECT hex(\"values\") FROM probe_value ORDER BY checkpoint, metric, layer, head; SELECT hex(\"values\") FROM curve ORDER BY checkpoint, metric, layer, head; SELECT hex(\"values\") FROM draw ORDER BY checkpoint, metric, layer, head; SELECT mean, sd FROM null_value ORDER BY metric, layer' >$threads.bits"
done
check 'test -s 1.bits && cmp 1.bits 2.bits && cmp 1.bits 3.bits'
