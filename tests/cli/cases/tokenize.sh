# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Lines of text to lines of token ids.
printf 'Every finite integral domain is a field.\n\nno newline at the end' >lines
spectail tokenize "$run/tokenizer.json" <lines
printf '"two\\nlines"\n"caf\\u00e9"\n' >quoted
spectail tokenize "$run/tokenizer.json" --json <quoted
printf 'good\nbad \377\n' >bad
spectail tokenize "$run/tokenizer.json" <bad
printf '"open\n' >bad
spectail tokenize "$run/tokenizer.json" --json <bad
printf '[1]\n' >bad
spectail tokenize "$run/tokenizer.json" --json <bad
spectail tokenize none.json <lines
spectail tokenize "$run/train.jsonl" <lines
spectail tokenize "$data/tokenizers/files/bert_uncased/vocab.txt" --verbose <lines
spectail tokenize "$data/tokenizers/files/roberta/vocab.json" --bos never <lines
spectail tokenize "$data/tokenizers/files/llama/tokenizer.model" --verbose <lines
printf 'nothing' >x.model
spectail tokenize x.model <lines
