/* DeepSpeed's mp_rank_00_model_states.pt: a torch file whose state dict lies under "module", beside what the trainer
 * needs to go on (DeepSpeed: runtime/engine.py, _save_checkpoint). The tensors have the names that the model's own
 * classes give them: HF transformers', or GPT-NeoX's (neox.c).
 *
 * A file a model-parallel rank: several are not put together. Under ZeRO stage 3 there is none of these, but files of
 * ranks that hold a share of each tensor (folder_table.c). Which of a run's folders is the last one is said by a file
 * "latest": it is a hint for DeepSpeed itself and read by nobody here.
 */
#include "checkpoints/readers/folder_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A tensor of no elements stands for one whose elements other ranks hold. */
static bool is_hollow(const struct spt_contents *contents, size_t first) {
    for (size_t i = first; i < contents->tensor_count; i++)
        if (contents->tensors[i].count > 0) return false;
    return true;
}

enum spt_status spt_contents_read_ranks(struct spt_contents *contents, const char *directory, const char *const *names,
                                        size_t count, struct spt_error *error) {
    if (count > 1)
        return spt_fail(error, SPT_UNSUPPORTED, directory,
                        "DeepSpeed's files of %zu model-parallel ranks (%.100s to %.100s); one rank is read", count,
                        names[0], names[count - 1]);
    const size_t first = contents->tensor_count;
    char *path = spt_file_join(directory, names[0]);
    if (!path) return spt_fail_memory(error, strlen(directory), "a path");
    enum spt_status status = spt_contents_read_path(contents, path, error);
    if (status == SPT_OK && is_hollow(contents, first))
        status = spt_fail(error, SPT_UNSUPPORTED, path,
                          "the tensors of its module have no elements: other files hold them, as under ZeRO stage 3");
    free(path);
    if (status != SPT_OK) return status;
    char format[sizeof contents->format];
    (void)snprintf(format, sizeof format, "DeepSpeed, %.50s", contents->format);
    memcpy(contents->format, format, sizeof format);
    return SPT_OK;
}
