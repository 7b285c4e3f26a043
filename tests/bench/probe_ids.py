"""Token ids as a probe for made-up models: 500 samples as long as the sentences of configs/probes/stem-500.txt are for Pythia's tokenizer (its words
and 15 % more, at least 6), ids below 50000 by a fixed rule.

usage: probe_ids.py PROBE.txt > ids.json
"""
import json, sys

state = 1
samples = []
for line in open(sys.argv[1], encoding="utf8"):
    ids = []
    for _ in range(max(6, round(1.15 * len(line.split())) + 3)):
        state = (1103515245 * state + 12345) % 2**31
        ids.append(state // 7 % 50000)
    samples.append(ids)
json.dump(samples, sys.stdout)
