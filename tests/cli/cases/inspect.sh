# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# What is in a run or a checkpoint, and what is wrong with it.
into run.txt inspect "$run/step8"
shell 'sed -n 1,10p run.txt'
shell 'tail -n 3 run.txt'
spectail inspect "$run/step8" --json
into run.txt inspect "$run"
shell 'head -5 run.txt'
# Architectures that differ in what there is to say of them.
for model in bert bloom mistral qwen3_windows; do
    into model.txt inspect "$data/reference/$model"
    shell 'grep "^  model" model.txt'
done
into model.json inspect "$data/reference/qwen3_windows" --json
shell 'sed "s/.*\"model\": {/{/" model.json'
spectail inspect nowhere
spoilt bad
printf '\377\377\377\377\377\377\377\377' | dd of=bad/model.safetensors conv=notrunc 2>/dev/null
spectail inspect bad
head -c 100000 "$run/step0/model.safetensors" >bad/model.safetensors
spectail inspect bad
rm bad/config.json
spectail inspect bad --json
