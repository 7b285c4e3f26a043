# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# A checkpoint against HF transformers' attention, hidden states and loss. The errors are of the size of float32: only their bounds are expected.
for model in gpt_neox gpt_neox_sequential; do
    into errors verify "$data/reference/$model" "$data/reference/$model/reference.safetensors"
    shell 'sed "s/ [0-9.e-]* *of / ERROR of /" errors'
    into errors verify "$data/reference/$model" "$data/reference/$model/reference.safetensors" --model-config "$data/reference/$model/config.v4.json"
    shell 'sed "s/ [0-9.e-]* *of / ERROR of /" errors'
done
# What predicts no next token has no loss.
into errors verify "$data/reference/bert" "$data/reference/bert/reference.safetensors"
shell 'sed "s/ [0-9.e-]* *of / ERROR of /" errors'
into errors verify "$data/reference/bert" "$data/reference/bert/reference.safetensors" --json
shell 'sed "s/ [0-9.]*e-[0-9]*/ ERROR/g" errors'
# Another model's reference differs, or does not fit.
into errors verify "$run/step0" "$data/reference/gpt_neox/reference.safetensors"
spectail verify "$run/step0" none.safetensors
spectail verify "$run/step0" "$run/step0/model.safetensors"
spectail verify "$run" "$data/reference/gpt_neox/reference.safetensors"
