/* Files that are no weights, or not what their name says: m.bin, unless said otherwise. */
#include "make.h"
#include "torch_zip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "shards.h"

static void write_file(const struct bad_input *input) {
    bad_put("m.bin", input->bytes, input->size);
}

/* The bytes, and a hole up to data. */
static void write_hole(const struct bad_input *input) {
    bad_put("m.bin", input->bytes, input->size);
    bad_resize("m.bin", input->data);
}

/* bytes: the name of a file that is a good safetensors. */
static void write_safetensors_as(const struct bad_input *input) {
    static const char HEADER[] = "{\"w\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}";
    bad_put_safetensors(input->bytes, sizeof HEADER - 1, HEADER, sizeof HEADER - 1, 16);
}

/* bytes: the name of a file that is a good zip of torch. */
static void write_torch_as(const struct bad_input *input) {
    struct torch_zip *zip = malloc(sizeof *zip);
    if (!zip) shards_die("memory");
    torch_zip_state_dict(zip, GOOD_PICKLE, sizeof GOOD_PICKLE - 1);
    torch_zip_directory(zip);
    bad_put(input->bytes, zip->bytes, zip->size);
    free(zip);
}

static void write_link(const struct bad_input *input) {
    bad_link("m.bin", input->bytes);
}

static void write_fifo(const struct bad_input *input) {
    (void)input;
    bad_fifo("m.bin");
}

static void write_socket(const struct bad_input *input) {
    (void)input;
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "m.bin"};
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address)) shards_die("m.bin");
    close(fd);
}

static void write_closed(const struct bad_input *input) {
    write_safetensors_as(input);
    if (chmod(input->bytes, 0)) shards_die(input->bytes);
}

static void write_nothing(const struct bad_input *input) {
    (void)input;
}

#define FILE_OF(row_name, literal) BAD_ROW("container/" row_name, write_file, literal)

static const struct bad_input INPUTS[] = {
    FILE_OF("gguf", "GGUF\3\0\0\0\0\0\0\0"),
    FILE_OF("hdf5", "\x89HDF\r\n\x1a\n\0\0\0\0"),
    FILE_OF("lfs-pointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
    FILE_OF("html", "<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"),
    FILE_OF("html-small", "<html><body>403</body></html>\n"),
    FILE_OF("text", "Once upon a time there was a file.\n"),
    FILE_OF("escape-codes", "\033[31m\033[2J\007\b\b\b\b\b\b"),
    FILE_OF("json-of-something", "{\"model_type\": \"gpt_neox\", \"hidden_size\": 4}"),
    FILE_OF("empty", ""),
    FILE_OF("zeros", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    {.name = "container/zeros-of-1-tib", .write = write_hole, .bytes = "", .data = (size_t)1 << 40},
    {.name = "container/zip-beginning-then-1-tib",
     .write = write_hole,
     .bytes = "PK\3\4",
     .size = 4,
     .data = (size_t)1 << 40},
    {.name = "container/pickle-beginning-then-1-tib",
     .write = write_hole,
     .bytes = "\200\2}",
     .size = 3,
     .data = (size_t)1 << 40},
    {.name = "container/json-beginning-then-1-tib",
     .write = write_hole,
     .bytes = "{\"weight_map\":",
     .size = 14,
     .data = (size_t)1 << 40},
    BAD_ROW("container/safetensors-called-bin", write_safetensors_as, "pytorch_model.bin"),
    BAD_ROW("container/safetensors-called-index", write_safetensors_as, "model.safetensors.index.json"),
    BAD_ROW("container/safetensors-called-nothing", write_safetensors_as, "weights"),
    BAD_ROW("container/torch-called-safetensors", write_torch_as, "model.safetensors"),
    BAD_ROW("container/torch-called-zip", write_torch_as, "m.zip"),
    BAD_ROW("container/link-to-dev-zero", write_link, "/dev/zero"),
    BAD_ROW("container/link-to-dev-null", write_link, "/dev/null"),
    BAD_ROW("container/link-to-itself", write_link, "m.bin"),
    BAD_ROW("container/link-to-nothing", write_link, "nothing"),
    {.name = "container/fifo", .write = write_fifo},
    {.name = "container/socket", .write = write_socket},
    {.name = "container/nothing", .write = write_nothing},
    {.name = "container/folder-of-nothing", .write = write_nothing},
    BAD_ROW("container/closed", write_closed, "m.safetensors"),
};

const struct bad_table bad_containers = BAD_TABLE(INPUTS);
