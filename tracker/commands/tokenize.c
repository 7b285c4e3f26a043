#include "checkpoints/base/json.h"
#include "checkpoints/base/text.h"
#include "checkpoints/tokenizer/tokenizer.h"
#include "tracker/commands/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_ids(struct spt_text *out, const struct spt_token_ids *ids) {
    spt_text_put(out, "[");
    for (size_t i = 0; i < ids->count; i++) spt_text_format(out, "%s%d", i ? ", " : "", ids->ids[i]);
    spt_text_put(out, "]\n");
}

/* One input line: its text as it is, or as the JSON string it holds. */
static enum spt_status encode_line(const struct spt_tokenizer *tokenizer, const char *line, size_t length,
                                   enum spt_bos bos, bool json, struct spt_token_ids *ids, struct spt_error *error) {
    if (!json) return spt_tokenizer_encode(tokenizer, line, length, bos, ids, error);
    struct spt_json_document *document;
    enum spt_status status = spt_json_parse(line, length, "standard input", 0, false, &document, error);
    if (status != SPT_OK) return status;
    size_t text_length;
    const char *text = spt_json_string(spt_json_root(document), &text_length);
    status = text ? spt_tokenizer_encode(tokenizer, text, text_length, bos, ids, error)
                  : spt_fail(error, SPT_INVALID, "standard input", "is %s, expected a JSON string",
                             spt_json_kind_name(spt_json_kind(spt_json_root(document))));
    spt_json_free(document);
    return status;
}

static int encode_lines(struct spt_invocation *invocation, const struct spt_tokenizer *tokenizer) {
    struct spt_text out = {0};
    struct spt_token_ids ids = {0};
    struct spt_error error;
    char *line = NULL;
    size_t capacity = 0, number = 0;
    int status = SPT_EXIT_DONE;
    for (ssize_t length; status == SPT_EXIT_DONE && (length = getline(&line, &capacity, stdin)) >= 0;) {
        number++;
        if (length > 0 && line[length - 1] == '\n') length--;
        ids.count = 0;
        spt_text_clear(&out);
        if (encode_line(tokenizer, line, (size_t)length, (enum spt_bos)invocation->config.bos, invocation->json, &ids,
                        &error) != SPT_OK) {
            status = spt_invocation_usage(invocation, "standard input, line %zu: %s", number, error.message);
            break;
        }
        put_ids(&out, &ids);
        status = spt_invocation_print(invocation, &out);
    }
    free(line);
    spt_token_ids_release(&ids);
    spt_text_release(&out);
    return status;
}

static int run(struct spt_invocation *invocation) {
    struct spt_tokenizer *tokenizer;
    struct spt_error error;
    if (spt_tokenizer_open(invocation->arguments[0], &tokenizer, &error) != SPT_OK)
        return spt_invocation_fail(invocation, SPT_EXIT_USAGE, &error);
    struct spt_text added = {0};
    spt_tokenizer_put_added(tokenizer, (enum spt_bos)invocation->config.bos, &added);
    const struct spt_log log = spt_invocation_log(invocation);
    spt_log(&log, SPT_LOG_NOTE, "%s: %s, %zu entries, adds %s", invocation->arguments[0],
            spt_tokenizer_model(tokenizer), spt_tokenizer_vocabulary(tokenizer), added.data ? added.data : "?");
    spt_text_release(&added);
    const int status = encode_lines(invocation, tokenizer);
    spt_tokenizer_close(tokenizer);
    return status;
}

static const char *const KEYS[] = {"bos"};

const struct spt_command SPT_COMMAND_TOKENIZE = {
    .name = "tokenize",
    .summary = "text lines on stdin to JSON arrays of token ids on stdout",
    .arguments = "TOKENIZER",
    .arguments_min = 1,
    .arguments_max = 1,
    .description =
        "Encodes each line of standard input with a tokenizer.json, as the probe is encoded; or with a SentencePiece model "
        "(tokenizer.model), a vocab.json with merges.txt beside it, or a vocab.txt, to which a tokenizer_config.json beside it "
        "says more. With --json each line is a JSON string, so that a text may hold newlines. --verbose says what is added to "
        "each text.",
    .example = "echo 'Every finite integral domain is a field.' | spectail tokenize tokenizer.json",
    .keys = KEYS,
    .key_count = sizeof KEYS / sizeof *KEYS,
    .run = run,
};
