# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# The public suites as they lie on disk (tests/peer/make_layout_fixtures.py, make_deepspeed_fixtures.py): what each is, and a sweep with no flag but its path.
suites=$data/layouts
for suite in pythia pythia_hub pythia_cache_dirs olmo2 olmo amber multiberts crfm bloom gpt_neox gpt_neox_sequential deepspeed smollm2 fineweb trainer lightning lightning/checkpoints lightning_logger; do
    into said.txt inspect "$suites/$suite"
    shell 'grep -v "^    " said.txt'
done
for cache in "$suites"/models/*; do
    into said.txt inspect "$cache"
    shell 'grep -v "^    " said.txt'
done

# A hub folder of many models, none of which is a run: one of them is to be named.
spectail inspect "$suites/models"

options="--samples 2 --metrics loss --quiet --db suites.db"
for suite in pythia pythia_hub pythia_cache_dirs olmo2 olmo amber multiberts crfm bloom gpt_neox gpt_neox_sequential deepspeed smollm2 fineweb trainer lightning lightning/checkpoints lightning_logger; do
    spectail sweep "$suites/$suite" $options
done
for cache in "$suites"/models/*; do spectail sweep "$cache" $options; done
shell "sqlite3 suites.db 'SELECT r.name, c.branch, c.step, c.tokens, c.label, c.state FROM checkpoint c JOIN run r ON r.id = c.run ORDER BY r.id, c.branch, c.step'"

# What DeepSpeed has written is what save_pretrained has written of the same models: the same figures, the same digests.
for suite in gpt_neox gpt_neox_sequential deepspeed; do
    into said.txt sweep "$suites/$suite" --samples 3 --quiet --db ours.db
    into said.txt sweep "$suites/deepspeed_twins/$suite" --samples 3 --quiet --db twins.db
done
# And so has Lightning, but for the names.
spectail sweep "$suites/lightning" --samples 3 --metrics loss --quiet --db lightning.db
spectail sweep "$suites/lightning_twins" --samples 3 --metrics loss --quiet --db lightning_twins.db
for db in lightning lightning_twins; do sqlite3 $db.db 'SELECT hex(r.model_digest), c.step, hex(c.digest), m.* FROM run r JOIN checkpoint c ON c.run = r.id JOIN measure m ON m.checkpoint = c.id' | sort >$db.rows; done
shell 'cmp lightning.rows lightning_twins.rows && grep -c ^ lightning.rows'
compared='SELECT r.name, hex(r.model_digest), c.step, hex(c.digest), m.*
    FROM run r JOIN checkpoint c ON c.run = r.id JOIN measure m ON m.checkpoint = c.id'
for db in ours twins; do sqlite3 $db.db "$compared" | sort >$db.rows; done
shell 'cmp ours.rows twins.rows && grep -c ^ ours.rows'
