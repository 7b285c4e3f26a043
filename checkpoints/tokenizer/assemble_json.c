/* vocab.json and merges.txt: byte-level BPE. */
#include "checkpoints/tokenizer/assemble.h"

#include <string.h>

/* As it stands, once it is known to be JSON and not to end the object that it is put into. */
static enum spt_status put_vocabulary(struct spt_assembly *assembly, struct spt_error *error) {
    const struct spt_file_bytes *file = &assembly->files->main;
    struct spt_json_document *document;
    const enum spt_status status =
        spt_json_parse(file->bytes, file->size, assembly->files->path, 0, false, &document, error);
    if (status != SPT_OK) return status;
    spt_json_free(document);
    spt_text_append(&assembly->json, file->bytes, file->size);
    return SPT_OK;
}

/* A pair a line; a first line "#version: 0.2" is none. */
static void put_merges(const struct spt_file_bytes *file, struct spt_text *json) {
    const char *line;
    size_t length;
    bool first = true;
    for (size_t at = 0; spt_assembly_line(file, &at, &line, &length);) {
        if (length == 0) continue;
        if (!first) spt_text_put(json, ",");
        first = false;
        spt_assembly_put(json, line, length);
    }
}

static void put_pre_tokenizer(const struct spt_assembly *assembly, bool prefix, struct spt_text *json) {
    const char *split = assembly->family->split;
    spt_text_put(json, "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [");
    if (split) {
        spt_text_put(json,
                     "{\"type\": \"Split\", \"behavior\": \"Isolated\", \"invert\": false, \"pattern\": {\"Regex\": ");
        spt_assembly_put(json, split, strlen(split));
        spt_text_put(json, "}}, ");
    }
    spt_text_format(json, "{\"type\": \"ByteLevel\", \"add_prefix_space\": %s, \"use_regex\": %s}]}, ",
                    prefix ? "true" : "false", split ? "false" : "true");
}

enum spt_status spt_assemble_json(struct spt_assembly *assembly, struct spt_error *error) {
    const struct spt_tokenizer_files *files = assembly->files;
    struct spt_text *json = &assembly->json;
    bool prefix = false;
    if (!files->merges.bytes)
        return spt_fail(error, SPT_INVALID, files->path,
                        "no merges.txt beside it: one without the other is no tokenizer");
    char path[4096];
    enum spt_status status =
        spt_assembly_check_text(&files->merges, spt_assembly_beside(files, "merges.txt", path), error);
    if (status == SPT_OK) status = spt_assembly_flag(assembly, "add_prefix_space", false, &prefix, error);
    spt_text_put(json, "\"model\": {\"type\": \"BPE\", \"vocab\": ");
    if (status == SPT_OK) status = put_vocabulary(assembly, error);
    if (status != SPT_OK) return status;
    spt_text_put(json, ", \"merges\": [");
    put_merges(&files->merges, json);
    spt_text_put(json, "]}, ");
    if (assembly->family->normalizer) spt_text_format(json, "\"normalizer\": %s, ", assembly->family->normalizer);
    put_pre_tokenizer(assembly, prefix, json);
    return SPT_OK;
}
