/* An index of shards, model.safetensors.index.json, that names what is not there, not within its folder or not a
 * shard. Beside it lie two good shards: one with "a" and "c", one with "b". */
#include "make.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "shards.h"

#define INDEX  "model.safetensors.index.json"
#define SHARD1 "model-00001-of-00002.safetensors"
#define SHARD2 "model-00002-of-00002.safetensors"

static const char MAP[] = "{\"metadata\": {\"total_size\": 6},\n \"weight_map\": {\"a\": \"" SHARD1
                          "\", \"b\": \"" SHARD2 "\", \"c\": \"" SHARD1 "\"}}";
static const char FIRST[] = "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                            "\"c\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[2,3]}}";
static const char SECOND[] = "{\"b\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}";

static void put_shard(const char *name, const char *header) {
    bad_put_safetensors(name, strlen(header), header, strlen(header), 3);
}

static void put_shards(void) {
    put_shard(SHARD1, FIRST);
    put_shard(SHARD2, SECOND);
}

static void write_index(const struct bad_input *input) {
    put_shards();
    bad_put(INDEX, input->bytes, input->size);
}

/* bytes: the shard that holds "b", as the index names it. What lies outside is there, and would do. */
static void write_place(const struct bad_input *input) {
    char index[512];
    put_shard("outside.safetensors", SECOND);
    put_shard("inside/sub/x.safetensors", SECOND);
    (void)snprintf(index, sizeof index, "{\"weight_map\":{\"b\":\"%s\"}}", input->bytes);
    bad_put_text("inside/" INDEX, index);
}

static void write_absolute_place(const struct bad_input *input) {
    char folder[256], path[300];
    if (!getcwd(folder, sizeof folder)) shards_die("working directory");
    (void)snprintf(path, sizeof path, "%s/%s", folder, input->bytes);
    write_place(&(struct bad_input){.bytes = path});
}

static void write_model(void) {
    put_shards();
    bad_put_text(INDEX, MAP);
}

static void write_shard_missing(const struct bad_input *input) {
    (void)input;
    write_model();
    if (unlink(SHARD2)) shards_die(SHARD2);
}

static void write_shard_cut(const struct bad_input *input) {
    write_model();
    bad_resize(SHARD2, input->data);
}

/* bytes: where it leads. */
static void write_shard_link(const struct bad_input *input) {
    write_shard_missing(input);
    bad_link(SHARD2, input->bytes);
}

static void write_shard_fifo(const struct bad_input *input) {
    write_shard_missing(input);
    bad_fifo(SHARD2);
}

static void write_shard_folder(const struct bad_input *input) {
    write_shard_missing(input);
    bad_folder(SHARD2);
}

/* bytes: the header of the first shard, data its bytes. */
static void write_first_shard(const struct bad_input *input) {
    write_model();
    bad_put_safetensors(SHARD1, input->size, input->bytes, input->size, input->data);
}

static void write_no_index(const struct bad_input *input) {
    (void)input;
    put_shards();
}

static void write_circle(const struct bad_input *input) {
    (void)input;
    bad_link(INDEX, INDEX);
}

#define MAPPED(row_name, text) BAD_ROW("shards/" row_name, write_index, text)
#define PLACE(row_name, place) BAD_ROW("shards/" row_name, write_place, place)

static const struct bad_input INPUTS[] = {
    MAPPED("map-array", "{\"weight_map\": []}"),
    MAPPED("map-empty", "{\"weight_map\": {}}"),
    MAPPED("map-absent", "{\"metadata\": {}}"),
    MAPPED("shard-number", "{\"weight_map\": {\"a\": 1}}"),
    MAPPED("tensor-twice", "{\"weight_map\": {\"a\": \"x\", \"a\": \"y\"}}"),
    MAPPED("index-names-itself", "{\"weight_map\": {\"a\": \"" INDEX "\"}}"),
    MAPPED("map-no-json", "{\"weight_map\": {a}}"),
    MAPPED("tensor-escape-codes", "{\"weight_map\": {\"a\\u001b[2J\": \"" SHARD1 "\"}}"),
    MAPPED("tensor-in-another-shard", "{\"weight_map\": {\"c\": \"" SHARD1 "\", \"b\": \"" SHARD1 "\"}}"),
    BAD_ROW("shards/index-cut-anywhere", write_index, MAP),
    BAD_ROW("shards/index-any-byte-another", write_index, MAP),
    PLACE("parent-folder", "../outside.safetensors"),
    PLACE("sub-folder", "sub/x.safetensors"),
    PLACE("back-and-forth", "x/../y"),
    PLACE("parent", ".."),
    PLACE("folder-itself", "."),
    PLACE("no-name", ""),
    PLACE("root", "/"),
    PLACE("name-newline", "a\\n"),
    PLACE("name-escape-codes", "\\u001b[31m"),
    PLACE("name-nul", "a\\u0000b"),
    BAD_ROW("shards/absolute", write_absolute_place, "outside.safetensors"),
    {.name = "shards/missing", .write = write_shard_missing},
    {.name = "shards/cut", .write = write_shard_cut, .data = 30},
    {.name = "shards/empty", .write = write_shard_cut, .data = 0},
    BAD_ROW("shards/link-to-nothing", write_shard_link, "blobs/absent"),
    BAD_ROW("shards/link-to-itself", write_shard_link, SHARD2),
    BAD_ROW("shards/link-to-dev-zero", write_shard_link, "/dev/zero"),
    BAD_ROW("shards/link-to-the-index", write_shard_link, INDEX),
    {.name = "shards/fifo", .write = write_shard_fifo},
    {.name = "shards/folder", .write = write_shard_folder},
    {.name = "shards/no-index", .write = write_no_index},
    {.name = "shards/index-link-to-itself", .write = write_circle},
    {.name = "shards/shard-lacks-a-tensor",
     .write = write_first_shard,
     .bytes = "{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
     .size = 53,
     .data = 2},
    {.name = "shards/shard-of-nothing", .write = write_first_shard, .bytes = "{}", .size = 2},
    {.name = "shards/shard-of-another-format", .write = write_first_shard, .bytes = "\200\2}.", .size = 4},
};

const struct bad_table bad_shards = BAD_TABLE(INPUTS);
