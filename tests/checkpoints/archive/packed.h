/* Archives for tests: folders packed by the usual programs; what comes of any archive. */
#ifndef SPT_TESTS_ARCHIVE_PACKED_H
#define SPT_TESTS_ARCHIVE_PACKED_H

#include "checkpoints/base/text.h"
#include "checkpoints/checkpoint.h"
#include "fixture.h"
#include "tar_file.h"

/* How a folder is packed: "%s" of the command are the archive and the folder's name. */
struct packing {
    const char *ending, *command;
    bool compressed, short_names; /* of 99 bytes at most */
};
extern const struct packing PACKINGS[];
extern const size_t PACKING_COUNT;

/* Runs a command of the shell in folder; a failure fails the test. */
void shell_in(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Packs parent/name as root/<name><ending>. */
const char *pack(struct fixture *f, const struct packing *packing, const char *parent, const char *name,
                 char out[1024]);

/* Writes bytes to root/name and releases them. */
const char *save(struct fixture *f, struct spt_text *bytes, const char *name, char out[1024]);

/* A safetensors file of count float32 numbers, of which the first is first. */
void put_weights(struct spt_text *bytes, size_t count, float first);

/* What becomes of a path: the run's, or the first checkpoint's failure. */
enum spt_status outcome_of(struct fixture *f, const char *path, struct spt_error *error);

/* All tensors read. */
struct spt_hash digest_of(struct spt_tree *tree, const char *path);

#endif
