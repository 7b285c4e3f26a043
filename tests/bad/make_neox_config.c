/* The config that GPT-NeoX itself is given, model.yml: bytes are its text. */
#include "make.h"

#include <stdio.h>

#include "shards.h"

static void write_config(const struct bad_input *input) {
    bad_put("model.yml", input->bytes, input->size);
}

/* bytes[0], data times. */
static void write_deep(const struct bad_input *input) {
    FILE *file = fopen("model.yml", "wbe");
    if (!file) shards_die("model.yml");
    fputs("num-layers: ", file);
    for (size_t i = 0; i < input->data; i++) putc(input->bytes[0], file);
    if (fclose(file)) shards_die("model.yml");
}

#define SIZES                  "num-layers: 2\nhidden-size: 16\nnum-attention-heads: 2\nmax-position-embeddings: 160\npos-emb: rotary\n"
#define CONFIG(row_name, text) BAD_ROW("neox-config/" row_name, write_config, text)
#define MORE(row_name, text)   CONFIG(row_name, SIZES text "\n")
#define DEEP(row_name, byte, count)                                                                                    \
    { .name = "neox-config/" row_name, .write = write_deep, .bytes = (byte), .data = (count) }

static const struct bad_input INPUTS[] = {
    MORE("good", ""),
    CONFIG("empty", ""),
    CONFIG("text", "just words\n"),
    CONFIG("list", "- num-layers\n- 2\n"),
    CONFIG("nul", "num-layers: 2\0\n"),
    CONFIG("no-utf8", "num-layers: \xff\n"),
    CONFIG("two-documents", SIZES "---\n" SIZES),
    MORE("cut-anywhere", ""),
    MORE("any-byte-another", "rotary-pct: 0.25\nattention-config: [[[global], 2]]"),
    DEEP("lists-deep", "[", 100000),
    DEEP("keys-deep", "{", 100000),
    DEEP("a-word-of-2-mb", "a", 2000000),
    MORE("anchor", "a: &x 1"),
    MORE("alias", "a: *x"),
    MORE("tag", "a: !!python/object/apply:os.system [touch ouch]"),
    MORE("laughs", "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]"),
    MORE("list-open", "a: [1"),
    MORE("key-twice", "num-layers: 3"),
    MORE("key-twice-spelt-otherwise", "num_layers: 3"),
    MORE("escape-codes", "activation: \"\\e[31m\\n\""),
    CONFIG("layers-word", "num-layers: two\n"),
    CONFIG("layers-0", "num-layers: 0\nhidden-size: 16\nnum-attention-heads: 2\npos-emb: rotary\n"),
    CONFIG("heads-do-not-divide",
           "num-layers: 2\nhidden-size: 15\nnum-attention-heads: 2\nmax-position-embeddings: 160\npos-emb: rotary\n"),
    MORE("rotary-word", "rotary-pct: many"),
    MORE("rotary-1.5", "rotary-pct: 1.5"),
    MORE("rotary-nan", "rotary-pct: nan"),
    MORE("rotary-infinite", "rotary-pct: .inf"),
    MORE("inner-2^64+1", "intermediate-size: 18446744073709551617"),
    MORE("residual-number", "gpt-j-residual: 1"),
    MORE("norm-unknown", "norm: rmsnorm"),
    MORE("two-ranks", "model-parallel-size: 2"),
    MORE("experts", "moe_num_experts: 8"),
    MORE("attention-local", "attention-config: [[[local], 2]]"),
    MORE("attention-keys", "attention-config: {global: 2}"),
};

const struct bad_table bad_neox_configs = BAD_TABLE(INPUTS);
