# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# Runs that lie in archives: nothing is extracted, the figures are those of the folder.
options="--samples 4 --metrics loss --quiet"
for step in 0 8 64; do spoilt "tiny/step$step" $step; done
cp "$run/tokenizer.json" tiny/
export TMPDIR="$PWD/spool"
mkdir spool
tar -cf tiny.tar tiny
tar -czf tiny.tar.gz -C tiny .
tar --zstd -cf other.tar.zst tiny
zip -qr tiny.zip tiny

spectail sweep tiny $options --db folder.db
spectail sweep tiny.tar $options --db plain.db
spectail sweep tiny.tar.gz $options --db gzip.db
spectail sweep other.tar.zst $options --db zstd.db --name tiny
spectail sweep tiny.zip $options --db zip.db
for db in plain gzip zstd zip; do
    shell '"$program" export --db folder.db >folder.csv && "$program" export --db '$db'.db | cmp - folder.csv'
done
shell "for db in folder plain gzip zstd zip; do sqlite3 \$db.db 'SELECT hex(digest) FROM checkpoint ORDER BY step' | md5sum; done | sort -u | wc -l"
shell "ls tiny* spool"

# A sweep that is repeated knows what it analysed; the store knows where the run lies.
spectail sweep tiny.tar.gz $options --db gzip.db
spectail status --db gzip.db
spectail check --db gzip.db

# What is in it, as a whole and one checkpoint of it.
spectail inspect tiny.tar
shell '"$program" inspect other.tar.zst/tiny/step8 | grep -v "^    "'
shell 'tar -czf gpt_neox.tar.gz -C "$data/reference" gpt_neox'
shell '"$program" verify gpt_neox.tar.gz "$data/reference/gpt_neox/reference.safetensors" | grep -c ": ok"'

# A config and a tokenizer that lie in the archive, by any of its paths; from another archive they are not read.
shell 'mkdir -p bare/step0 && cp tiny/step0/model.safetensors bare/step0 && cp -r tiny/step8 bare/ && cp tiny/tokenizer.json bare/step8/ && tar -czf bare.tar.gz bare'
named="--model-config ./bare.tar.gz/bare/step8/config.json --tokenizer $PWD/bare.tar.gz/bare/step8/tokenizer.json"
spectail sweep bare.tar.gz $options --db bare.db
spectail sweep bare.tar.gz $options --db bare.db $named
spectail sweep bare $options --db bare.db $named
spectail sweep bare.tar.gz $options --db bare.db --model-config bare.tar.gz/bare/step9/config.json
spectail sweep bare.tar.gz $options --db bare.db --model-config bare.tar.gz/bare/step8
spectail sweep bare.tar.gz $options --db bare.db --model-config bare.tar.gz/bare/step8/tokenizer.json

# Little room, and none.
spectail sweep tiny.tar.gz $options --db room.db --spool-limit 512K
spectail sweep tiny.tar.gz $options --db room.db
spectail sweep tiny.tar.gz $options --db none.db --tmpdir nowhere
spectail sweep tiny.tar $options --db none.db --tmpdir nowhere --spool-limit 4K

# Cut, and no archive that anybody wants.
shell "head -c 20000 tiny.tar >cut.tar; head -c 20000 tiny.tar.gz >cut.tar.gz; head -c 20000 tiny.zip >cut.zip"
for kind in tar tar.gz zip; do spectail sweep cut.$kind $options --db bad.db; done
shell "mkdir -p out; ln -s /etc out/link; tar -cf out.tar out; tar -P -cf /dev/stdout /etc/hostname >absolute.tar"
spectail inspect out.tar
spectail inspect absolute.tar
