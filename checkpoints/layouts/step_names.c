#define PCRE2_CODE_UNIT_WIDTH 8
#include "checkpoints/layouts/step_names.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoints/base/memory.h"
#include "checkpoints/run.h"

/* The first row that matches counts. Groups: step; tokens and branch where the suite has them. */
static const struct {
    const char *suite, *example, *pattern;
} TABLE[] = {
    {"Pythia", "step512", "^step(?<step>[0-9]+)$"},
    {"HF Trainer, CRFM Mistral", "checkpoint-500", "^checkpoint-(?<step>[0-9]+)$"},
    {"OLMo", "step20000-tokens84B", "^step(?<step>[0-9]+)-tokens(?<tokens>[0-9]+(?:\\.[0-9]+)?[KMBT])$"},
    {"OLMo-2", "stage2-ingredient1-step11931-tokens50B",
     "^(?<branch>stage[0-9]+(?:-[A-Za-z0-9_]+)*?)-step(?<step>[0-9]+)(?:-tokens(?<tokens>[0-9]+(?:\\.[0-9]+)?[KMBT]))?$"},
    {"SmolLM2", "step-160000", "^step-(?<step>[0-9]+)$"},
    {"FineWeb ablations", "step-001000-2BT", "^step-(?<step>[0-9]+)-(?<tokens>[0-9]+(?:\\.[0-9]+)?[KMBT]T)$"},
    {"LLM360 Amber", "ckpt_000", "^ckpt_(?<step>[0-9]+)$"},
    {"BLOOM, GPT-NeoX, DeepSpeed", "global_step1000", "^global_step(?<step>[0-9]+)$"},
    {"Megatron-LM", "iter_0001000", "^iter_(?<step>[0-9]+)$"},
    {"HF Accelerate", "step_500", "^step_(?<step>[0-9]+)$"},
    {"MultiBERTs", "multiberts-seed_0-step_20k", "^(?<branch>multiberts-seed_[0-9]+)-step_(?<step>[0-9]+[kK]?)$"},
    {"PyTorch Lightning", "epoch=0-step=500",
     "^(?:epoch=[0-9]+-)?step=(?<step>[0-9]+)(?:-[A-Za-z_]\\w*=-?[0-9]+(?:\\.[0-9]+)?)*(?:\\.ckpt)?$"},
};
enum { TABLE_COUNT = sizeof TABLE / sizeof *TABLE };

/* OLMo writes to <name>-tmp, NeMo to <name>-unfinished, HF Trainer to tmp-<name>, and renames when all is there. */
static const char *const UNFINISHED_SUFFIXES[] = {"-tmp", ".tmp", "-unfinished"};
static const char UNFINISHED_PREFIX[] = "tmp-";

/* Enough for any sane pattern on a file's name, and milliseconds for one that backtracks without end. */
enum {
    MATCH_LIMIT = 100 * 1000,
    DEPTH_LIMIT = 10 * 1000,
    HEAP_LIMIT_KIB = 16 * 1024,
    PATTERN_MAX = 4096,
    NAME_LIMIT = 255
};

struct spt_step_names {
    pcre2_code *codes[TABLE_COUNT];
    size_t count;
    char *pattern; /* the user's; NULL: the table */
    pcre2_match_data *match;
    pcre2_match_context *context;
};

static enum spt_status compile(const char *pattern, uint32_t options, pcre2_code **code, struct spt_error *error) {
    int number;
    PCRE2_SIZE offset;
    *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_DOLLAR_ENDONLY | options, &number, &offset,
                          NULL);
    if (*code) return SPT_OK;
    if (number == PCRE2_ERROR_HEAP_FAILED) return spt_fail_memory(error, strlen(pattern), "a step pattern");
    PCRE2_UCHAR reason[256] = "";
    (void)pcre2_get_error_message(number, reason, sizeof reason);
    return spt_fail(error, SPT_INVALID, NULL, "step pattern \"%.200s\": %s at offset %zu", pattern, (char *)reason,
                    (size_t)offset);
}

static bool has_group(const pcre2_code *code, const char *group) {
    const int number = pcre2_substring_nametable_scan(code, (PCRE2_SPTR)group, NULL, NULL);
    return number > 0 || number == PCRE2_ERROR_NOUNIQUESUBSTRING;
}

static enum spt_status compile_users(struct spt_step_names *names, const char *pattern, struct spt_error *error) {
    if (strlen(pattern) > PATTERN_MAX)
        return spt_fail(error, SPT_INVALID, NULL, "the step pattern has %zu characters, at most %d are taken",
                        strlen(pattern), (int)PATTERN_MAX);
    names->pattern = spt_strdup(pattern);
    if (!names->pattern) return spt_fail_memory(error, strlen(pattern), "a pattern");
    const enum spt_status status =
        compile(pattern, PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C, &names->codes[0], error);
    if (status) return status;
    names->count = 1;
    if (has_group(names->codes[0], "step")) return SPT_OK;
    return spt_fail(error, SPT_INVALID, NULL,
                    "step pattern \"%.200s\" has no group named step, expected one as in ^step(?<step>\\d+)$", pattern);
}

static enum spt_status compile_all(struct spt_step_names *names, const char *pattern, struct spt_error *error) {
    if (pattern) {
        const enum spt_status status = compile_users(names, pattern, error);
        if (status) return status;
    } else {
        for (; names->count < TABLE_COUNT; names->count++) {
            const enum spt_status status = compile(TABLE[names->count].pattern, 0, &names->codes[names->count], error);
            if (status) return status;
        }
    }
    names->match =
        pattern ? pcre2_match_data_create_from_pattern(names->codes[0], NULL) : pcre2_match_data_create(8, NULL);
    names->context = pcre2_match_context_create(NULL);
    if (!names->match || !names->context) return spt_fail_memory(error, 0, "a pattern");
    (void)pcre2_set_match_limit(names->context, MATCH_LIMIT);
    (void)pcre2_set_depth_limit(names->context, DEPTH_LIMIT);
    (void)pcre2_set_heap_limit(names->context, HEAP_LIMIT_KIB);
    return SPT_OK;
}

enum spt_status spt_step_names_new(const char *pattern, struct spt_step_names **names, struct spt_error *error) {
    struct spt_step_names *made = calloc(1, sizeof *made);
    if (!made) return spt_fail_memory(error, sizeof *made, "patterns");
    const enum spt_status status = compile_all(made, pattern, error);
    if (status)
        spt_step_names_free(made);
    else
        *names = made;
    return status;
}

void spt_step_names_free(struct spt_step_names *names) {
    if (!names) return;
    for (size_t i = 0; i < TABLE_COUNT; i++) pcre2_code_free(names->codes[i]);
    pcre2_match_data_free(names->match);
    pcre2_match_context_free(names->context);
    free(names->pattern);
    free(names);
}

bool spt_step_names_are_users(const struct spt_step_names *names) {
    return names->pattern != NULL;
}

enum number { NUMBER_OK, NUMBER_NONE, NUMBER_TOO_LARGE };

static int64_t unit_of(char letter) {
    switch (letter) {
    case 'k':
    case 'K':
        return 1000;
    case 'm':
    case 'M':
        return 1000 * 1000;
    case 'b':
    case 'B':
    case 'g':
    case 'G':
        return 1000 * 1000 * 1000;
    case 't':
    case 'T':
        return INT64_C(1000) * 1000 * 1000 * 1000;
    default:
        return 0;
    }
}

/* "20000", "20k", "3896B", "2BT" (billions of tokens), "1.5T": a whole number once the unit is applied. */
static enum number parse_number(const char *text, int64_t *value) {
    if (*text < '0' || *text > '9') return NUMBER_NONE;
    int64_t whole = 0, fraction = 0, scale = 1;
    bool large = false;
    for (; *text >= '0' && *text <= '9'; text++)
        large |= __builtin_mul_overflow(whole, 10, &whole) || __builtin_add_overflow(whole, *text - '0', &whole);
    if (*text == '.')
        for (text++; *text >= '0' && *text <= '9' && scale <= unit_of('b'); text++) {
            fraction = fraction * 10 + (*text - '0');
            scale *= 10;
        }
    int64_t unit = 1;
    if (*text) {
        unit = unit_of(*text);
        if (!unit) return NUMBER_NONE;
        text++;
        if (*text == 'T' || *text == 't') text++;
    }
    if (*text || unit % scale != 0) return NUMBER_NONE;
    fraction *= unit / scale;
    large |= __builtin_mul_overflow(whole, unit, &whole) || __builtin_add_overflow(whole, fraction, value);
    return large ? NUMBER_TOO_LARGE : NUMBER_OK;
}

/* The text of a named group; false when there is no such group, it took no part, or it is longer than capacity - 1. */
static bool copy_group(const struct spt_step_names *names, const char *group, char *out, size_t capacity) {
    PCRE2_SIZE length = capacity;
    return pcre2_substring_copy_byname(names->match, (PCRE2_SPTR)group, (PCRE2_UCHAR *)out, &length) == 0;
}

static void read_groups(const struct spt_step_names *names, size_t row, struct spt_step_name *out) {
    char number[NAME_LIMIT + 1];
    if (!copy_group(names, "step", number, sizeof number)) return;
    const enum number parsed = parse_number(number, &out->step);
    if (parsed == NUMBER_NONE) return;
    out->kind = parsed == NUMBER_OK ? SPT_STEP_NAME_STEP : SPT_STEP_NAME_TOO_LARGE;
    out->suite = names->pattern ? "step pattern" : TABLE[row].suite;
    if (!copy_group(names, "tokens", number, sizeof number) || parse_number(number, &out->tokens) != NUMBER_OK)
        out->tokens = SPT_NO_TOKENS;
    if (!copy_group(names, "branch", out->branch, sizeof out->branch)) out->branch[0] = '\0';
}

static enum spt_status match_part(const struct spt_step_names *names, const char *name, size_t length,
                                  struct spt_step_name *out, struct spt_error *error) {
    memset(out, 0, sizeof *out);
    out->tokens = SPT_NO_TOKENS;
    /* A name of a file cannot be longer; one of a branch that is, is no step's. */
    if (length > NAME_LIMIT) return SPT_OK;
    for (size_t row = 0; row < names->count && out->kind == SPT_STEP_NAME_OTHER; row++) {
        const int found = pcre2_match(names->codes[row], (PCRE2_SPTR)name, length, 0, 0, names->match, names->context);
        if (found > 0)
            read_groups(names, row, out);
        else if (found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT || found == PCRE2_ERROR_HEAPLIMIT)
            return spt_fail(error, SPT_INVALID, NULL, "step pattern \"%.200s\" takes too long on the name \"%.200s\"",
                            names->pattern ? names->pattern : TABLE[row].pattern, name);
        else if (found == PCRE2_ERROR_NOMEMORY)
            return spt_fail_memory(error, 0, "matching a name");
    }
    return SPT_OK;
}

/* The part of name without the marks of a writer at work; *length is name's when there are none. */
static const char *finished_part(const char *name, size_t *length) {
    *length = strlen(name);
    if (strncmp(name, UNFINISHED_PREFIX, sizeof UNFINISHED_PREFIX - 1) == 0) {
        *length -= sizeof UNFINISHED_PREFIX - 1;
        return name + sizeof UNFINISHED_PREFIX - 1;
    }
    for (size_t i = 0; i < sizeof UNFINISHED_SUFFIXES / sizeof *UNFINISHED_SUFFIXES; i++) {
        const size_t suffix = strlen(UNFINISHED_SUFFIXES[i]);
        if (*length <= suffix || strcmp(name + *length - suffix, UNFINISHED_SUFFIXES[i]) != 0) continue;
        *length -= suffix;
        break;
    }
    return name;
}

enum spt_status spt_step_names_match(const struct spt_step_names *names, const char *name, struct spt_step_name *out,
                                     struct spt_error *error) {
    size_t length;
    const char *part = finished_part(name, &length);
    const bool marked = length != strlen(name);
    const enum spt_status status = match_part(names, part, length, out, error);
    if (status) return status;
    if (marked && out->kind == SPT_STEP_NAME_STEP) out->kind = SPT_STEP_NAME_UNFINISHED;
    /* A user may mean just the names that end so. */
    if (marked && out->kind == SPT_STEP_NAME_OTHER && names->pattern)
        return match_part(names, name, strlen(name), out, error);
    return status;
}

void spt_step_names_describe(const struct spt_step_names *names, struct spt_text *text) {
    if (names->pattern) {
        spt_text_format(text, "names that match the step pattern \"%.200s\"", names->pattern);
        return;
    }
    spt_text_put(text, "names like ");
    for (size_t i = 0; i < TABLE_COUNT; i++)
        spt_text_format(text, "%s%s (%s)", i ? ", " : "", TABLE[i].example, TABLE[i].suite);
}
