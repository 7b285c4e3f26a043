# shellcheck shell=sh disable=SC2016,SC2034,SC2046,SC2086,SC2154 # commands are texts and lists of words; run.sh shares its variables
# One HTML file that tells what was found: whole, needing nothing but itself, each of its figures the store's.
export SOURCE_DATE_EPOCH=1767225600
check_report="$here/../tracker/report/check_report.py"
export check_report
check '"$program" sweep "$run" --samples 8 --bootstrap 100 --quiet'
spectail report
shell 'python3 "$check_report" "$program" report.html spectail.db'
shell 'grep -o "<h[12][^>]*>[^<]*" report.html | sed "s/<[^>]*>//"'
check 'test "$(grep -c "<figure id" report.html)" = "$("$program" plot --out figures --quiet; "$program" plot attention references --out figures --quiet; ls figures/*.svg | wc -l)"'
shell 'grep -o "17 checkpoints, steps 0 to 8000[^<]*" report.html'

# A table of midpoints says what emerge says.
shell '"$program" emerge --metrics sink.first_excess,loss | awk "/^(loss|sink)/ { print \$1, \$2 }"'
shell 'grep -o "title=\"\(sink.first_excess\|loss\): midpoint\">[0-9.]*" report.html | sort -u | sed "s/title=.//"'

# What was asked is in the settings: swept again by them, everything is there already.
shell 'sed -n "/>run: /,/^metrics: /p" report.html | sed "s/&#34;/\"/g; s/.*<pre[^>]*>//; /^probe: /d" >run.yaml; grep -v "^run: \|^metrics: " run.yaml'
shell '"$program" sweep --config run.yaml 2>&1 | head -1'

# Names are text, whatever is in them.
check '"$program" sweep "$run" --samples 4 --metrics sinks,loss --steps 0:64 --quiet --db hostile.db --name "$(printf "</script><b onclick=\"x\">\047&amp; \033[31m \377\ttab")"'
check '"$program" report --db hostile.db --title "$(printf "<i>\"\047</title> \002 \303")" --out hostile.html --quiet'
shell 'python3 "$check_report" "$program" hostile.html hostile.db'
shell 'grep -c "<b \|</script\|<i>" hostile.html'
shell 'grep -o "<h1>.*</h1>" hostile.html'

# The same to the byte again, on the standard output, by any number of threads; the works as BibTeX.
spectail report --db hostile.db --title small --bibtex works.bib --out small.html
check '"$program" report --db hostile.db --title small --out - --threads 1 | cmp - small.html'
shell 'grep -c "^@" works.bib; grep -c "@[a-z]*{[a-z0-9]*,$" small.html; grep -A3 "^@.*ruscio" works.bib'
shell 'TMPDIR=$PWD/none "$program" report --out other.html; echo $?; ls other.html'

# Where the checkpoints are gone, nothing is looked into.
check 'mkdir moving && cp -r "$run/step0" "$run/step8" "$run/tokenizer.json" moving && chmod -R u+w moving'
check '"$program" sweep moving --samples 4 --metrics loss --quiet --db moved.db && rm -r moving && "$program" report --db moved.db --out moved.html --quiet'
shell 'grep -c "id=\"attention\"" moved.html; grep -o "Attention of a sample is not shown[^<]*" moved.html'

# Few checkpoints, one checkpoint, an encoder: what is not known is not said.
check '"$program" sweep "$run" --samples 4 --metrics loss,sink.first_excess --steps 0:2 --quiet --db few.db'
check '"$program" report --db few.db --out few.html --quiet'
shell 'sed -n "/id=\"caveats\"/,/<\/ul>/p" few.html | sed "s/<[^>]*>//g"'
check '"$program" sweep "$data/layouts/multiberts" --samples 4 --metrics sink.first,sink.last,loss --quiet --db bert.db'
check '"$program" report --db bert.db --out bert.html --quiet'
shell 'sed -n "/id=\"caveats\"/,/<\/ul>/p" bert.html | sed "s/<[^>]*>//g"'

# Several runs.
check '"$program" sweep "$run" --samples 8 --bootstrap 100 --metrics loss,sink.first_excess --quiet --db several.db --name one'
check '"$program" sweep "$run" --samples 8 --bootstrap 100 --metrics loss,sink.first_excess --quiet --db several.db --name two'
spectail report --db several.db --run one --run two --out several.html
shell 'grep -o "<h[12][^>]*>[^<]*" several.html | sed "s/<[^>]*>//"'

# Over seeds (the last number of each checkpoint is another one) it is told which turns first, and that three say little.
check 'for seed in 1 2; do cp -r "$run" "seed$seed" && chmod -R u+w "seed$seed"; for file in "seed$seed"/*/*.safetensors; do printf "\\$seed" | dd of="$file" bs=1 seek=$(($(stat -L -c %s "$file") - 1)) conv=notrunc status=none; done; done'
check 'for folder in "$run" seed1 seed2; do "$program" sweep "$folder" --samples 8 --bootstrap 100 --metrics loss,sink.entropy,pattern.previous --quiet --db seeds.db; done'
check '"$program" report --db seeds.db --all --out seeds.html --quiet'
shell 'grep "turn in each" seeds.html | sed "s/<[^>]*>//g"'
shell '"$program" emerge --db seeds.db --all --layer -1 --csv | python3 -c "
import csv, sys
first = {}
for row in csv.DictReader(sys.stdin):
    if row[\"kind\"] == \"run\" and row[\"midpoint\"] and row[\"turns\"] in (\"\", \"0\"): first.setdefault(row[\"run\"], []).append((float(row[\"midpoint\"]), row[\"metric\"]))
for run in sorted(first): print(run, [name for at, name in sorted(first[run])][:3])
"'
# Two runs of one name, of other samples: the figure of both tells them apart, and the page says nothing that only one of them has.
check '"$program" sweep "$run" --samples 4 --metrics loss --quiet --db seeds.db --name seed1'
check '"$program" plot runs --db seeds.db --run 2 --run 4 --out same --quiet && "$program" report --db seeds.db --run 2 --run 4 --out same.html --quiet'
shell 'grep -o "run_name.[12]. = .*" same/runs.gp; grep -o "<h1>[^<]*\|2 runs[^<]*" same.html'

# Beside each figure stands what draws it again, of this store and run.
shell 'grep -o "Drawn by <code>.*</code>" same.html seeds.html | sed "s/.*<code>//; s/<[^>]*>//g" | sort -u | sed -n "1,4p"'
check 'grep -ho "Drawn by <code>.*</code>" same.html | sed "s/.*<code>spectail//; s/<[^>]*>//g" | while read -r command; do eval "\"\$program\" $command --out again --quiet" || echo "fails: $command"; done >failed 2>&1; test ! -s failed'

# Beside its control.
check '"$program" sweep "$run" --samples 6 --metrics loss,sink.first_excess,sink.entropy --bootstrap 100 --control shuffled --quiet --db control.db'
check '"$program" report --db control.db --out control.html --quiet'
shell 'python3 "$check_report" "$program" control.html control.db'
shell 'grep -o "With the tokens of each sample shuffled" control.html; grep -c "^control: shuffled" control.html'
check '"$program" sweep "$run" --samples 4 --metrics loss,weights --control shuffled --steps 0:8 --quiet --db weights.db && "$program" report --db weights.db --out weights.html --quiet'
shell 'grep "of the query weights" weights.html | grep -c "shuffled"; grep "^metrics: " weights.html'
# The control by its own name: done again, it is swept beside its run.
check '"$program" report --db control.db --run "demo-run (shuffled)" --out shuffled.html --quiet'
shell 'grep -E "^(name|control): " shuffled.html'

# What random attention gives is no sink, whichever way it went.
check 'cp control.db random.db; sqlite3 random.db "UPDATE null_value SET mean = 0.15, sd = 0.05 WHERE metric = (SELECT id FROM metric WHERE name = \"sink.first_excess\")"'
check '"$program" report --db random.db --out random.html --quiet'
shell 'for page in control random; do grep -c "an attention sink forms" $page.html; grep -o "the run is [^.]*\." $page.html | head -1; done'

# Two checkpoints of one step: the later one's figures, in every sentence.
check 'cp control.db twice.db; sqlite3 twice.db "UPDATE checkpoint SET step = 8000, label = \"zz\" WHERE step = 64"'
check '"$program" report --db twice.db --out twice.html --quiet'
shell 'grep -o "title=.sink.first_excess\(, layer [0-9], head [0-9]\)*, step 8000: mean\">[^<]*" twice.html | sort -u; sqlite3 twice.db "SELECT max(mean) FROM measure WHERE head >= 0 AND metric = (SELECT id FROM metric WHERE name = \"sink.first_excess\") AND checkpoint = (SELECT id FROM checkpoint WHERE label = \"zz\" AND run = 1)"'

# A probe of a long name, a group that was not measured at the ends, and whose loss a trainer logs.
check '"$program" sweep "$run" --samples 4 --bootstrap 100 --metrics loss,graph.fiedler_centralization@0.005,graph.fiedler_centralization@0.01 --quiet --db odd.db'
check 'sqlite3 odd.db "UPDATE run SET probe_text = replace(probe_text, \"probe: \", \"probe: \" || hex(zeroblob(400)));
DELETE FROM measure WHERE metric IN (SELECT id FROM metric WHERE name LIKE \"graph.%\") AND checkpoint IN (SELECT id FROM checkpoint WHERE step IN (0, 8000));
INSERT INTO external SELECT 1, name, 100, value, 0 FROM (SELECT \"aux_loss\" AS name, 1.5 AS value UNION SELECT \"eval_loss\", 2.5 UNION SELECT \"loss_scale\", 65536 UNION SELECT \"train_loss\", 3.5 UNION SELECT \"val_loss\", 4.5)"'
check '"$program" report --db odd.db --out odd.html --quiet'
shell 'grep "^probe: \|<pre.*probe: " odd.html | wc -c; grep -o "own training loss is <[^>]*>[^<]*" odd.html | sed "s/.*>//"'
shell 'grep "correlation with the centralization" odd.html | sed "s/<[^>]*>//g" | grep -o "at step [0-9]* [a-z]*"'

# What is wrong.
spectail report --db none.db
spectail report --run other
spectail report --against sink.frist
spectail report --out report.html --bibtex report.html
spectail report --layer 9
spectail report --db few.db --branch none
mkdir folder
spectail report --out folder
spectail report --out none/report.html
shell '"$program" report --db few.db --out - >/dev/full'
mkdir bin
program_path=$PWD/bin
spectail report --db few.db --out without.html
check 'ls without.html'
