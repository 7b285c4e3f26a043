# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Attention and reference tokens of one sample, computed from the checkpoints that a store was made of, or without one.
check '"$program" sweep "$run" --steps 1000:2000 --samples 8 --metrics sinks'
spectail plot attention references --out figures
check 'cd figures && rm attention.svg && gnuplot attention.gp && test -s attention.svg'
spectail plot --out figures emergence
check 'test ! -e figures/heatmap.svg'

# One head, and text in place of a sample.
spectail plot attention --step 1000 --layer 5 --head 2 --sample 3 --out one --quiet
shell 'grep -o ">step 1000, layer 5, head 2, sample 3 ([0-9]* tokens)<" one/attention.svg'
spectail plot references --at 1000,2000 --text 'Every finite integral domain is a field.' --format term
spectail plot attention --step 2000 --layer 5 --head 2 --text 'A field.' --format term --scale root

# A control's samples are the run's, shuffled.
check '"$program" sweep "$run" --steps 2000:2000 --samples 4 --metrics sinks --control shuffled --db control.db'
spectail plot references --run 2 --db control.db --out control

# What there is not.
spectail plot attention --step 1500
spectail plot attention --layer 6
spectail plot attention --layer 5 --head 4
spectail plot attention --head 1
spectail plot attention --sample 8
spectail plot attention --text ''

# Another probe than the run was asked.
shell '"$program" plot references --samples 7 2>&1 | sed "s|: .*/probes|: probes|"'
shell 'echo "[[1, 2, 3]]" >ids.json; "$program" plot references --ids ids.json --samples 8'

# Without a store: a checkpoint, a run, an archive of one.
spectail plot --checkpoint "$data/reference/gpt2" --ids ids.json --out alone
spectail plot attention --checkpoint "$run" --step 512 --layer 0 --text 'A field.' --format term
shell 'tar cf run.tar -C "$(dirname "$run")" demo-run/step512 demo-run/tokenizer.json && "$program" plot references --checkpoint run.tar --text "A field." --format term'
spectail plot emergence --checkpoint "$run"
spectail plot --checkpoint "$run" --run demo-run
spectail plot --checkpoint none

# Checkpoints that changed, or are gone.
check 'cp -r "$run" copy && rm -rf copy/step[012345678] copy/step[3468]* && "$program" sweep copy --steps 1000: --samples 4 --metrics sinks --db copy.db'
check 'cp "$run/step512/model.safetensors" copy/step1000/model.safetensors'
spectail plot references --db copy.db --step 1000 --out copied
check 'rm -r copy/step1000'
spectail plot references --db copy.db --step 1000 --out copied
check 'rm -r copy'
spectail plot references --db copy.db --out copied
