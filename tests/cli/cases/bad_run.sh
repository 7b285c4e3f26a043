# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Runs and checkpoints that cannot be swept: one line each, which names the file, what was found and what was expected.
spectail sweep nowhere
mkdir empty
spectail sweep empty
mkdir other
touch other/notes.txt
spectail sweep other
spectail sweep "$run/train.jsonl"

spoilt config
rm config/config.json
spectail sweep config
spoilt tokenizer
rm tokenizer/tokenizer.json
spectail sweep tokenizer
spectail sweep tokenizer --tokenizer none.json
spoilt architecture
sed -i 's/"gpt_neox"/"mamba"/; s/GPTNeoXForCausalLM/MambaForCausalLM/' architecture/config.json
spectail sweep architecture
spoilt json
printf '{"model_type": "gpt_neox",' >json/config.json
spectail sweep json

# A run in which some checkpoints are bad: each is recorded with its reason, the others are analysed, and nothing is tried twice in vain.
for step in 0 1 2 4 8 16; do spoilt "run/step$step" $step; done
sed -i 's/"hidden_size": 64/"hidden_size": 128/' run/step1/config.json
head -c 400000 "$run/step2/model.safetensors" >run/step2/model.safetensors
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n' >run/step4/model.safetensors
rm run/step8/model.safetensors
sed -i 's/"num_attention_heads": 4/"num_attention_heads": 8/' run/step16/config.json
spectail sweep run --samples 4
spectail sweep run --samples 4
spectail status
cp "$run/step2/model.safetensors" run/step2/
cp "$run/step1/config.json" run/step1/
spectail sweep run --samples 4 --quiet

# Weights larger than their config says.
spoilt sizes
sed -i 's/"hidden_size": 64/"hidden_size": 32/' sizes/config.json
spectail sweep sizes --db sizes.db --samples 4
