/* In what two runs differ, in words: their digests' texts, line by line. */
#include "tracker/store/merge.h"

#include <string.h>

/* One "key: value" line. */
struct line {
    const char *key, *value; /* borrowed, not terminated */
    size_t key_length, value_length;
};

static bool next_line(const char **text, struct line *line) {
    while (**text == '\n') (*text)++;
    if (!**text) return false;
    const size_t length = strcspn(*text, "\n");
    const char *colon = memchr(*text, ':', length);
    line->key = *text;
    line->key_length = colon ? (size_t)(colon - *text) : length;
    line->value = colon ? colon + 1 : *text + length;
    while (line->value < *text + length && *line->value == ' ') line->value++;
    line->value_length = (size_t)(*text + length - line->value);
    *text += length;
    return true;
}

static bool same(const char *a, size_t a_length, const char *b, size_t b_length) {
    return a_length == b_length && memcmp(a, b, a_length) == 0;
}

static bool find_line(const char *text, const struct line *wanted, struct line *line) {
    while (next_line(&text, line))
        if (same(line->key, line->key_length, wanted->key, wanted->key_length)) return true;
    return false;
}

static bool is_key(const struct line *line, const char *key) {
    return same(line->key, line->key_length, key, strlen(key));
}

/* A digest tells nothing to a person: it is named only where nothing else differs. */
static bool is_digest(const struct line *line) {
    return is_key(line, "token ids");
}

/* "100 samples, not 50"; "hidden_size 512, not 768" */
static void put_line(struct spt_text *out, const struct line *a, const struct line *b) {
    if (is_key(a, "samples") || is_key(a, "tokens"))
        spt_text_format(out, "%.*s %.*s, not %.*s", (int)a->value_length, a->value, (int)a->key_length, a->key,
                        (int)b->value_length, b->value);
    else if (is_digest(a))
        spt_text_put(out, "other token ids");
    else
        spt_text_format(out, "%.*s %.*s, not %.*s", (int)a->key_length, a->key, (int)a->value_length, a->value,
                        (int)b->value_length, b->value);
}

static size_t put_lines(struct spt_text *out, const char *text, const char *other, bool digests, bool samples) {
    struct line a, b;
    size_t put = 0;
    while (next_line(&text, &a)) {
        if (!find_line(other, &a, &b) || same(a.value, a.value_length, b.value, b.value_length)) continue;
        if (is_digest(&a) != digests || (!samples && is_key(&a, "samples"))) continue;
        if (put++) spt_text_put(out, ", ");
        put_line(out, &a, &b);
    }
    return put;
}

/* samples: the text's own number of them counts too. */
static void put_part(struct spt_text *out, const char *name, const char *text, const char *other, bool samples) {
    struct spt_text lines = {0};
    if (!text || !other)
        spt_text_put(&lines, "another one (one of the two has no description: an older version made it)");
    else if (!put_lines(&lines, text, other, false, samples) && !put_lines(&lines, text, other, true, samples) &&
             samples)
        spt_text_put(&lines, "another one, though its description is the same");
    if (lines.length) spt_text_format(out, "%s%s: %s", out->length ? "; " : "", name, lines.data);
    out->failed = out->failed || lines.failed;
    spt_text_release(&lines);
}

void spt_store_run_difference(const struct spt_store_run *run, const struct spt_store_run *other,
                              struct spt_text *text) {
    struct spt_text parts = {0};
    const bool probe = !spt_hash_equal(run->probe, other->probe);
    if (!spt_hash_equal(run->model, other->model)) put_part(&parts, "model", run->model_text, other->model_text, true);
    if (probe) put_part(&parts, "probe", run->probe_text, other->probe_text, true);
    if (!spt_hash_equal(run->plan, other->plan)) /* which holds the number of samples too: said once */
        put_part(&parts, "plan", run->plan_text, other->plan_text, !probe);
    if (parts.data) spt_text_put(text, parts.data);
    text->failed = text->failed || parts.failed;
    spt_text_release(&parts);
}
