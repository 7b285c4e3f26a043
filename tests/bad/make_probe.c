/* What a good model, in the folder model, cannot be asked: token ids in ids.jsonl, or sentences in probe.txt for its
 * tokenizer of three tokens. */
#include "make.h"

#include <stdio.h>

#include "shards.h"

static void write_ids(const struct bad_input *input) {
    bad_put_model("model");
    bad_put("ids.jsonl", input->bytes, input->size);
}

/* One sample of data tokens. */
static void write_long_sample(const struct bad_input *input) {
    bad_put_model("model");
    FILE *file = fopen("ids.jsonl", "wbe");
    if (!file) shards_die("ids.jsonl");
    for (size_t i = 0; i < input->data; i++) fputs(i ? ",1" : "[1", file);
    fputs("]\n", file);
    if (fclose(file)) shards_die("ids.jsonl");
}

/* data arrays, one in another. */
static void write_deep(const struct bad_input *input) {
    bad_put_model("model");
    FILE *file = fopen("ids.jsonl", "wbe");
    if (!file) shards_die("ids.jsonl");
    for (size_t i = 0; i < input->data; i++) putc('[', file);
    if (fclose(file)) shards_die("ids.jsonl");
}

static void write_ids_fifo(const struct bad_input *input) {
    (void)input;
    bad_put_model("model");
    bad_fifo("ids.jsonl");
}

static void put_tokenizer(void) {
    bad_put_model("model");
    bad_put_text("model/tokenizer.json", "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0, \"b\": 1, \"ab\": 2}, "
                                         "\"merges\": [\"a b\"]}}");
}

static void write_probe(const struct bad_input *input) {
    put_tokenizer();
    bad_put("probe.txt", input->bytes, input->size);
}

/* A line of data letters. */
static void write_long_line(const struct bad_input *input) {
    put_tokenizer();
    FILE *file = fopen("probe.txt", "wbe");
    if (!file) shards_die("probe.txt");
    for (size_t i = 0; i < input->data; i++) putc('a', file);
    putc('\n', file);
    if (fclose(file)) shards_die("probe.txt");
}

#define IDS(row_name, text)   BAD_ROW("probe/" row_name, write_ids, text)
#define PROBE(row_name, text) BAD_ROW("probe/" row_name, write_probe, text)

static const struct bad_input INPUTS[] = {
    IDS("id-past-embedding", "[1, 2, 3]\n[4, 64]\n"),
    IDS("id-negative", "[1, -2, 3]\n"),
    IDS("id-real", "[1, 2.0]\n"),
    IDS("id-string", "[1, \"2\"]\n"),
    IDS("id-2^64", "[18446744073709551616]\n"),
    IDS("id-nan", "[NaN]\n"),
    IDS("sample-empty", "[1, 2, 3]\n[]\n"),
    IDS("sample-object", "{\"ids\": [1]}\n"),
    IDS("ids-empty", ""),
    IDS("ids-cut", "[1, 2, 3]\n[4, 5"),
    IDS("ids-nul", "[1, 2\0]\n"),
    IDS("ids-text", "the quick brown fox\n"),
    {.name = "probe/ids-longer-than-positions", .write = write_long_sample, .data = 5000},
    {.name = "probe/ids-deep", .write = write_deep, .data = 100000},
    {.name = "probe/ids-fifo", .write = write_ids_fifo},
    PROBE("line-empty", "ab\n\nab\n"),
    PROBE("probe-empty", ""),
    PROBE("line-no-utf8", "ab\n\377\376\n"),
    PROBE("line-nul", "a\0b\n"),
    {.name = "probe/line-longer-than-positions", .write = write_long_line, .data = 5000},
};

const struct bad_table bad_probes = BAD_TABLE(INPUTS);
