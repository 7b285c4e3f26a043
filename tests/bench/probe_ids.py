"""Token ids as a probe for made-up models: 500 samples as long as the sentences of configs/probes/stem-500.txt are for Pythia's tokenizer (its words
and 15 % more, at least 6), ids below VOCABULARY (50000) by a fixed rule.

usage: probe_ids.py PROBE.txt [VOCABULARY] > ids.json
"""
import json, sys


def samples(path, vocabulary=50000):
    state = 1
    for line in open(path, encoding="utf8"):
        ids = []
        for _ in range(max(6, round(1.15 * len(line.split())) + 3)):
            state = (1103515245 * state + 12345) % 2**31
            ids.append(state // 7 % vocabulary)
        yield ids


if __name__ == "__main__":
    json.dump(list(samples(sys.argv[1], *map(int, sys.argv[2:3]))), sys.stdout)
