# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Other runs than folders of steps, the same weights twice, and checkpoints that are written anew.
options="--samples 4 --metrics loss --quiet"

# HF Trainer: its own log is read, and global_step beats the folder's name.
for step in 128 256; do
    spoilt "trainer/checkpoint-$step" $step
    printf '{"global_step": %d, "log_history": [{"step": 64, "loss": 5.5}, {"step": %d, "loss": 5.0, "learning_rate": 0.001}]}\n' $step $step \
        >"trainer/checkpoint-$step/trainer_state.json"
done
spectail sweep trainer $options
shell "sqlite3 spectail.db 'SELECT name, step, value FROM external ORDER BY name, step'"

# The Trainer is still at work on one: it is not opened, and analysed by the sweep that finds it complete.
spoilt trainer/checkpoint-512 512
spectail sweep trainer $options
printf '{"global_step": 512, "log_history": []}\n' >trainer/checkpoint-512/trainer_state.json
spectail sweep trainer $options

# A hub cache with a revision a step.
model=hub/models--me--tiny
for step in 0 8; do
    spoilt "$model/snapshots/00000000000000000000000000000000000000a$step" $step
    mkdir -p $model/refs
    printf '00000000000000000000000000000000000000a%d' $step >$model/refs/step$step
done
spectail sweep $model $options --db hub.db

# One checkpoint.
spectail sweep "$run/step64" $options --db one.db

# The same weights under two steps: both are analysed, and it is said.
for step in 1 2; do spoilt "twice/step$step" 1; done
spoilt twice/step4 4
spectail sweep twice $options
spectail status --run twice

# A checkpoint that is written anew replaces its figures; --force measures again what is unchanged.
cp "$run/step2/model.safetensors" twice/step2/
spectail sweep twice $options
spectail export --run twice --metrics loss
spectail sweep twice $options --force
spectail export --run twice --metrics loss

# The user's own series.
printf 'iteration,accuracy\n1,0.25\n4,0.5\n' >eval.csv
cat >own.yaml <<END
run: twice
series:
  - {file: eval.csv, step: iteration, value: accuracy, label: my accuracy}
END
spectail sweep --config own.yaml $options
shell "sqlite3 spectail.db \"SELECT name, step, value FROM external WHERE name LIKE 'my%' ORDER BY step\""
printf 'iteration,accuracy\n1,good\n' >eval.csv
spectail sweep --config own.yaml $options
rm eval.csv
spectail sweep --config own.yaml $options
