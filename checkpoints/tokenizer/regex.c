#include "checkpoints/tokenizer/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdbool.h>
#include <stdlib.h>

struct spt_regex {
    pcre2_code *code;
};

struct spt_regex_scratch {
    pcre2_match_data *data;
    pcre2_match_context *context;
    size_t limit_length; /* text length the match limit was set for */
};

enum { MATCH_STEPS = 1000000, MATCH_STEPS_A_BYTE = 16, MATCH_HEAP_KIB = 256 * 1024 };

/* What Oniguruma may well read: another name of a script, a** and x{2}{3}, a lookbehind of any length. */
static bool is_beyond_pcre2(int code) {
    return code == PCRE2_ERROR_UNKNOWN_UNICODE_PROPERTY || code == PCRE2_ERROR_QUANTIFIER_INVALID ||
           code == PCRE2_ERROR_LOOKBEHIND_NOT_FIXED_LENGTH || code == PCRE2_ERROR_LOOKBEHIND_TOO_COMPLICATED ||
           code == PCRE2_ERROR_LOOKBEHIND_TOO_LONG;
}

static enum spt_status compile(const struct spt_text *translated, const char *pattern, const char *path,
                               struct spt_regex *regex, struct spt_error *error) {
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    if (!context) return spt_fail_memory(error, translated->length, "a regular expression");
    pcre2_set_newline(context, PCRE2_NEWLINE_LF);
    int code;
    PCRE2_SIZE offset;
    regex->code =
        pcre2_compile((PCRE2_SPTR)translated->data, translated->length,
                      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (!regex->code && code == PCRE2_ERROR_HEAP_FAILED)
        return spt_fail_memory(error, translated->length, "a regular expression");
    if (regex->code) {
        pcre2_jit_compile(regex->code, PCRE2_JIT_COMPLETE); /* without it matching is slower, not different */
        return SPT_OK;
    }
    PCRE2_UCHAR message[256] = "unknown error";
    pcre2_get_error_message(code, message, sizeof message);
    return spt_fail(error, is_beyond_pcre2(code) ? SPT_UNSUPPORTED : SPT_INVALID, path,
                    "a regular expression cannot be compiled, %s: %.400s", (const char *)message, pattern);
}

enum spt_status spt_regex_compile(const char *pattern, size_t length, const char *path, struct spt_regex **regex,
                                  struct spt_error *error) {
    struct spt_text translated = {0};
    enum spt_status status = spt_regex_translate(pattern, length, path, &translated, error);
    struct spt_regex *made = status == SPT_OK ? calloc(1, sizeof *made) : NULL;
    if (status == SPT_OK)
        status = made ? compile(&translated, pattern, path, made, error)
                      : spt_fail_memory(error, sizeof *made, "a regular expression");
    spt_text_release(&translated);
    if (status == SPT_OK)
        *regex = made;
    else
        free(made);
    return status;
}

void spt_regex_free(struct spt_regex *regex) {
    if (!regex) return;
    pcre2_code_free(regex->code);
    free(regex);
}

static struct spt_regex_scratch *make_scratch(void) {
    struct spt_regex_scratch *scratch = calloc(1, sizeof *scratch);
    if (!scratch) return NULL;
    scratch->data = pcre2_match_data_create(1, NULL);
    scratch->context = pcre2_match_context_create(NULL);
    if (scratch->data && scratch->context) {
        pcre2_set_heap_limit(scratch->context, MATCH_HEAP_KIB);
        pcre2_set_match_limit(scratch->context, MATCH_STEPS);
        return scratch;
    }
    spt_regex_scratch_free(scratch);
    return NULL;
}

void spt_regex_scratch_free(struct spt_regex_scratch *scratch) {
    if (!scratch) return;
    pcre2_match_data_free(scratch->data);
    pcre2_match_context_free(scratch->context);
    free(scratch);
}

static enum spt_status fail_match(int code, struct spt_error *error) {
    if (code == PCRE2_ERROR_NOMEMORY) return spt_fail_memory(error, 0, "matching a regular expression");
    PCRE2_UCHAR message[256] = "unknown error";
    pcre2_get_error_message(code, message, sizeof message);
    return spt_fail(error, SPT_INVALID, NULL, "a regular expression of the tokenizer gives up on this text: %s",
                    (const char *)message);
}

enum spt_status spt_regex_find(const struct spt_regex *regex, struct spt_regex_scratch **scratch, const char *text,
                               size_t length, size_t from, struct spt_span *match, struct spt_error *error) {
    if (!*scratch && !(*scratch = make_scratch())) return spt_fail_memory(error, 0, "matching a regular expression");
    struct spt_regex_scratch *s = *scratch;
    if (length > s->limit_length) {
        const size_t steps = length < (UINT32_MAX - MATCH_STEPS) / MATCH_STEPS_A_BYTE
                                 ? MATCH_STEPS + MATCH_STEPS_A_BYTE * length
                                 : UINT32_MAX;
        pcre2_set_match_limit(s->context, (uint32_t)steps);
        s->limit_length = length;
    }
    int code = pcre2_match(regex->code, (PCRE2_SPTR)text, length, from, PCRE2_NO_UTF_CHECK, s->data, s->context);
    if (code == PCRE2_ERROR_JIT_STACKLIMIT) /* the interpreter has the heap instead of 32 KiB */
        code = pcre2_match(regex->code, (PCRE2_SPTR)text, length, from, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT, s->data,
                           s->context);
    if (code == PCRE2_ERROR_NOMATCH) return SPT_END;
    if (code < 0) return fail_match(code, error);
    const PCRE2_SIZE *where = pcre2_get_ovector_pointer(s->data);
    *match = (struct spt_span){.begin = where[0], .end = where[1]};
    return SPT_OK;
}
