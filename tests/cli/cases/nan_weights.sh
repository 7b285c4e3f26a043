# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A checkpoint whose weights became NaN is analysed: what cannot be told is undefined, and the run goes on.
for step in 0 1 2; do spoilt "run/step$step" $step; done
file=run/step1/model.safetensors
header=$(od -An -tu8 -N8 $file | tr -d ' ')
begin=$(head -c $((header + 8)) $file | grep -ao '"gpt_neox.layers.2.input_layernorm.weight":{[^}]*}' | sed 's/.*offsets":\[\([0-9]*\),.*/\1/')
printf '\377\377' | dd of=$file bs=1 seek=$((header + 8 + begin)) conv=notrunc 2>/dev/null
spectail sweep run --samples 4
spectail status
spectail export --metrics loss
shell '"$program" export --metrics sink.first --format jsonl | grep "\"head\": -1"'
shell "sqlite3 spectail.db \"SELECT step, layer, sum(mean IS NULL), sum(bad) FROM measure m JOIN checkpoint c ON c.id = m.checkpoint JOIN metric t ON t.id = m.metric WHERE t.name = 'rmt.gap' GROUP BY step, layer\""
spectail plot emergence --out figures

# Where only some sentences hold the token whose embedding is NaN, the figures are of the others.
spoilt some/step0
file=some/step0/model.safetensors
header=$(od -An -tu8 -N8 $file | tr -d ' ')
begin=$(head -c $((header + 8)) $file | grep -ao '"gpt_neox.embed_in.weight":{[^}]*}' | sed 's/.*offsets":\[\([0-9]*\),.*/\1/')
token=$(grep -o '"Ġthe":[0-9]*' some/step0/tokenizer.json | cut -d: -f2)
printf '\377\377' | dd of=$file bs=1 seek=$((header + 8 + begin + token * 64 * 2)) conv=notrunc 2>/dev/null
spectail sweep some --samples 4 --metrics loss,sink.first --db some.db
shell '"$program" export --db some.db --metrics loss | cut -d, -f5,12,13'
