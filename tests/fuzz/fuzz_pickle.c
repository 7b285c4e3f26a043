/* Pickles of any bytes. The first byte chooses: even, the rest is a pickle by itself, and every node that it makes is
 * looked at; odd, it is the data.pkl of a zip that torch.save might have written, with storages "0" (16 bytes) and "1"
 * (24 bytes): its tensors are read whole.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "checkpoints/checkpoint.h"
#include "checkpoints/readers/torch_globals.h"
#include "tests/fuzz/fuzz.h"

enum { MEMBERS = 3, LOCAL_SIZE = 30, ROW_SIZE = 46, END_SIZE = 22 };

struct member {
    const char *name;
    const uint8_t *bytes;
    size_t size, at;
};

static void write_bytes(int fd, const void *bytes, size_t size) {
    if (size) require(write(fd, bytes, size) == (ssize_t)size);
}

static void set(uint8_t *to, size_t value, size_t size) {
    for (size_t i = 0; i < size; i++) to[i] = (uint8_t)(value >> (8 * i));
}

static size_t write_member(int fd, const struct member *m) {
    uint8_t header[LOCAL_SIZE] = "PK\3\4";
    set(header + 18, m->size, 4);
    set(header + 22, m->size, 4);
    set(header + 26, strlen(m->name), 2);
    write_bytes(fd, header, sizeof header);
    write_bytes(fd, m->name, strlen(m->name));
    write_bytes(fd, m->bytes, m->size);
    return sizeof header + strlen(m->name) + m->size;
}

static size_t write_row(int fd, const struct member *m) {
    uint8_t row[ROW_SIZE] = "PK\1\2";
    set(row + 20, m->size, 4);
    set(row + 24, m->size, 4);
    set(row + 28, strlen(m->name), 2);
    set(row + 42, m->at, 4);
    write_bytes(fd, row, sizeof row);
    write_bytes(fd, m->name, strlen(m->name));
    return sizeof row + strlen(m->name);
}

static void write_zip(int fd, const uint8_t *pickle, size_t size) {
    static const uint8_t STORAGE[24] = {1, 2, 3};
    struct member members[MEMBERS] = {
        {"m/data.pkl", pickle, size, 0}, {"m/data/0", STORAGE, 16, 0}, {"m/data/1", STORAGE, 24, 0}};
    size_t at = 0, directory = 0;
    for (size_t i = 0; i < MEMBERS; i++) {
        members[i].at = at;
        at += write_member(fd, &members[i]);
    }
    for (size_t i = 0; i < MEMBERS; i++) directory += write_row(fd, &members[i]);
    uint8_t end[END_SIZE] = "PK\5\6";
    set(end + 8, MEMBERS, 2);
    set(end + 10, MEMBERS, 2);
    set(end + 12, directory, 4);
    set(end + 16, at, 4);
    write_bytes(fd, end, sizeof end);
}

static void look_at_nodes(const struct spt_pickle *pickle, size_t size) {
    require(pickle->length <= size && pickle->root < pickle->node_count);
    require(pickle->node_count * sizeof *pickle->nodes + pickle->item_count * sizeof *pickle->items <= 40 * size + 400);
    for (size_t i = 0; i < pickle->node_count; i++) {
        const spt_pickle_id id = (spt_pickle_id)i;
        size_t length = 0, items = 0;
        const char *text = spt_pickle_text(pickle, id, &length);
        if (text)
            require((const uint8_t *)text >= pickle->bytes && (const uint8_t *)text + length <= pickle->bytes + size);
        for (const struct spt_pickle_item *j = spt_pickle_first(pickle, id); j; j = spt_pickle_next(pickle, j)) {
            require(j->value < pickle->node_count);
            require(++items <= pickle->item_count);
        }
        require(spt_torch_global_of(pickle, id) != NULL);
    }
}

static void read_tensors(struct spt_checkpoint *checkpoint, size_t size) {
    for (size_t i = 0; i < spt_checkpoint_tensor_count(checkpoint); i++) {
        const struct spt_tensor *tensor = spt_checkpoint_tensor(checkpoint, i);
        struct spt_error error = {0};
        require(tensor->bytes <= size && tensor->rank <= SPT_TENSOR_RANK_MAX);
        require(spt_checkpoint_find(checkpoint, tensor->name) == tensor);
        const enum spt_status status = spt_checkpoint_read(checkpoint, tensor, 0, tensor->count, NULL, &error);
        if (status != SPT_OK) require_told(status, &error);
    }
}

static void open_zip(const uint8_t *data, size_t size) {
    const int fd = memfd_create("fuzz", MFD_CLOEXEC);
    require(fd >= 0);
    write_zip(fd, data, size);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct spt_checkpoint *checkpoint = NULL;
    struct spt_error error = {0};
    const enum spt_status status = spt_checkpoint_open(path, NULL, &checkpoint, &error);
    if (status == SPT_OK)
        read_tensors(checkpoint, size + 1024);
    else
        require_told(status, &error);
    require(status != SPT_RETRY && status != SPT_IO); /* the zip is whole */
    spt_checkpoint_close(checkpoint);
    require(close(fd) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) return 0;
    if (data[0] % 2) {
        open_zip(data + 1, size - 1);
        return 0;
    }
    struct spt_pickle pickle;
    struct spt_error error = {0};
    const enum spt_status status = spt_pickle_read(data + 1, size - 1, 1 << 20, "fuzz", 0, &pickle, &error);
    if (status == SPT_OK)
        look_at_nodes(&pickle, size - 1);
    else
        require_told(status, &error);
    if (status == SPT_OK) spt_pickle_release(&pickle);
    return 0;
}
