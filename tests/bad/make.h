/* Inputs that are broken, forged, hostile or not all there, made byte by byte. What each of them gets stands in
 * manifest.txt.
 *
 * One file a kind of input (make_<kind>.c), one row an input; every row's name begins with its kind. To add one: a row
 * there, and a line in manifest.txt. What cannot be made ends the program.
 */
#ifndef SPT_BAD_MAKE_H
#define SPT_BAD_MAKE_H

#include <stddef.h>
#include <stdint.h>

struct torch_zip;

struct bad_input {
    const char *name;                             /* "safetensors/hole" */
    void (*write)(const struct bad_input *input); /* into the working directory, which is empty */
    /* What write takes, as its file says; the rest is 0. */
    const char *bytes; /* [size] */
    size_t size;
    size_t data;
    void (*spoil)(struct torch_zip *zip);
};

struct bad_table {
    const struct bad_input *inputs; /* [count] */
    size_t count;
};

#define BAD_TABLE(rows)                                                                                                \
    { rows, sizeof(rows) / sizeof *(rows) }

extern const struct bad_table bad_safetensors, bad_shards, bad_pickles, bad_zips, bad_old_torch, bad_distributed,
    bad_folders, bad_archives, bad_containers, bad_configs, bad_neox_configs, bad_tokenizers, bad_tokenizer_files,
    bad_runs, bad_models, bad_probes;

/* All of them, in this order; *count of them. */
const struct bad_table *const *bad_tables(size_t *count);
const struct bad_input *bad_find(const char *name); /* NULL: none */

/* A row whose bytes are a string literal, NULs and all. */
#define BAD_ROW(row_name, function, literal)                                                                           \
    { .name = (row_name), .write = (function), .bytes = (literal), .size = sizeof(literal) - 1 }

/* ---- what rows are written with; names are relative to the working directory, parents are made ---- */

void bad_put(const char *name, const void *bytes, size_t size);
void bad_put_text(const char *name, const char *text);
/* A header of header_size bytes that says it has length, and data bytes 0, 1, 2 ... */
void bad_put_safetensors(const char *name, uint64_t length, const char *header, size_t header_size, size_t data_size);
void bad_copy(const char *name, const char *from); /* from: of tests/data */
void bad_folder(const char *name);
void bad_link(const char *name, const char *target);
void bad_fifo(const char *name);
void bad_resize(const char *name, uint64_t size); /* cut, or grown by a hole */

/* A whole model of 18 kB in folder, step0 of a run: its config.json and model.safetensors. */
void bad_put_model(const char *folder);

#endif
