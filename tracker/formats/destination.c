#include "tracker/formats/destination.h"

#include <unistd.h>

enum { FLUSH_BYTES = 1 << 16 };

/* Passes status on, and remembers whose fault it is. */
static enum spt_status blame(struct spt_destination *output, enum spt_status status) {
    output->failed = output->failed || status != SPT_OK;
    return status;
}

enum spt_status spt_destination_open(struct spt_destination *output, const char *path, bool folder,
                                     struct spt_error *error) {
    *output = (struct spt_destination){.path = path, .folder = folder};
    if (folder) return blame(output, spt_file_make_directories(path, error));
    return path ? blame(output, spt_file_draft_begin(&output->draft, path, NULL, error)) : SPT_OK;
}

static enum spt_status flush(struct spt_destination *output, struct spt_error *error) {
    struct spt_text *text = &output->text;
    if (text->failed) return spt_fail_memory(error, FLUSH_BYTES, "an export");
    struct spt_error reason;
    enum spt_status status = SPT_OK;
    if (text->length && output->path) {
        status = spt_file_draft_write(&output->draft, text->data, text->length, error);
    } else if (text->length) {
        status = spt_file_write(STDOUT_FILENO, NULL, text->data, text->length, &reason);
        if (status != SPT_OK) status = spt_fail_system(error, reason.system, NULL, "write the export");
    }
    spt_text_clear(text);
    return blame(output, status);
}

enum spt_status spt_destination_settle(struct spt_destination *output, struct spt_error *error) {
    return output->text.length < FLUSH_BYTES && !output->text.failed ? SPT_OK : flush(output, error);
}

enum spt_status spt_destination_commit(struct spt_destination *output, struct spt_error *error) {
    if (output->folder) return SPT_OK;
    const enum spt_status status = flush(output, error);
    if (status != SPT_OK || !output->path) return status;
    return blame(output, spt_file_draft_commit(&output->draft, error));
}

void spt_destination_release(struct spt_destination *output) {
    spt_file_draft_abandon(&output->draft);
    spt_text_release(&output->text);
}
