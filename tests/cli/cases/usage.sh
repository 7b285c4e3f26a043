# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# What is unknown or out of range is named, with the nearest that is known.
spectail swep
spectail frobnicate
spectail help plots
spectail sweep --sample 3 "$run"
spectail sweep --frobnicate "$run"
spectail sweep --samples
spectail sweep --samples 0 "$run"
spectail sweep --samples many "$run"
spectail sweep --metrics sinks,rmt.gpa "$run"
spectail sweep --metrics sinks,frobnicate "$run"
spectail sweep --bos often "$run"
spectail sweep --steps 9:3 "$run"
spectail sweep --steps 5:7 "$run"
spectail sweep --topology-dimension 3 "$run"
spectail sweep --wait soon "$run"
spectail sweep
spectail verify "$run/step0"
spectail tokenize a b
spectail metrics rmt.gapp
spectail plot emergense
spectail plot frobnicate
spectail export --format xml
spectail plot --format jpeg

printf 'sampels: 3\n' >a.yaml
spectail sweep --config a.yaml
printf 'samples: 3\nplots:\n  formt: svg\n' >b.yaml
spectail sweep --config b.yaml
printf 'metrics: [sinks,\n  rmt.gpa]\nrun: %s\n' "$run" >c.yaml
spectail sweep --config c.yaml
printf 'samples: [1\n' >d.yaml
spectail sweep --config d.yaml
printf 'samples: 0\n' >e.yaml
spectail sweep --config e.yaml
spectail sweep --config none.yaml
check 'ls spectail.db*'
