# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# What torch.save wrote: what is said of it, and what is never run.
spectail inspect "$data/torch/lightning.ckpt"
spectail inspect "$data/torch/lightning.ckpt" --json
spectail inspect "$data/torch/module.pt"
into old.txt inspect "$data/torch/old2.bin"
shell 'sed -n 1,6p old.txt'
into sharded.txt inspect "$data/torch/sharded"
shell 'sed -n 1,6p sharded.txt'

# The pickle of this one would create a file.
printf '\200\2\212\012l\374\234F\371 j\250P\031.\200\2M\351\003.\200\2}.\200\2}X\001\0\0\0wcos\nsystem\nX\012\0\0\0touch ouch\205Rs.\200\2].' >evil.bin
spectail inspect evil.bin
shell 'ls'
head -c 5000 "$data/torch/zip2.bin" >cut.bin
spectail inspect cut.bin
