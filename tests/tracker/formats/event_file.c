#include "event_file.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
    const unsigned char *at;
    size_t left;
};

/* --- TFRecord --- */
static uint32_t check_of(const unsigned char *at, size_t size) {
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < size; i++)
        for (int bit = 0; bit < 8; bit++) {
            const uint32_t odd = (crc ^ (uint32_t)at[i] >> bit) & 1;
            crc = crc >> 1 ^ (odd ? 0x82f63b78u : 0);
        }
    crc = ~crc;
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

static uint64_t little_endian(const unsigned char *at, int size) {
    uint64_t value = 0;
    for (int i = size; i-- > 0;) value = value << 8 | at[i];
    return value;
}

static struct bytes next_record(struct bytes *file) {
    assert_true(file->left >= 16);
    const uint64_t length = little_endian(file->at, 8);
    assert_int_equal(little_endian(file->at + 8, 4), check_of(file->at, 8));
    assert_true(length <= file->left - 16);
    const struct bytes data = {file->at + 12, (size_t)length};
    assert_int_equal(little_endian(data.at + length, 4), check_of(data.at, data.left));
    file->at += 16 + length;
    file->left -= 16 + (size_t)length;
    return data;
}

/* --- protocol buffers --- */
static uint64_t next_varint(struct bytes *in) {
    uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
        assert_true(in->left > 0 && shift < 64);
        const unsigned char byte = *in->at;
        in->at++, in->left--;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return value;
    }
}

struct field {
    unsigned number, type; /* 0 varint, 1 64 bits, 2 bytes, 5 32 bits */
    uint64_t value;
    struct bytes bytes;
};

static bool next_field(struct bytes *in, struct field *field) {
    if (!in->left) return false;
    const uint64_t key = next_varint(in);
    *field = (struct field){.number = (unsigned)(key >> 3), .type = key & 7};
    size_t size = 0;
    if (field->type == 0)
        field->value = next_varint(in);
    else
        size = field->type == 1 ? 8 : field->type == 5 ? 4 : (size_t)next_varint(in);
    assert_true(field->type == 0 || field->type == 1 || field->type == 2 || field->type == 5);
    assert_true(size <= in->left);
    field->bytes = (struct bytes){in->at, size};
    if (field->type == 1 || field->type == 5) field->value = little_endian(in->at, (int)size);
    in->at += size, in->left -= size;
    return true;
}

static void copy_text(char *out, size_t capacity, struct bytes in) {
    assert_true(in.left < capacity);
    memcpy(out, in.at, in.left);
    out[in.left] = '\0';
}

/* The one field of a message in which nothing else is expected. */
static struct field only_field(struct bytes in, unsigned number) {
    struct field field = {0}, more;
    assert_true(next_field(&in, &field));
    assert_false(next_field(&in, &more));
    assert_int_equal(field.number, number);
    return field;
}

static void read_metadata(struct read_scalar *scalar, struct bytes in) {
    for (struct field field; next_field(&in, &field);) {
        if (field.number == 1)
            copy_text(scalar->plugin, sizeof scalar->plugin, only_field(field.bytes, 1).bytes);
        else if (field.number == 3)
            copy_text(scalar->description, sizeof scalar->description, field.bytes);
        else
            fail_msg("field %u of SummaryMetadata", field.number);
    }
}

static void read_scalar(struct read_event *event, struct bytes in) {
    assert_true(event->count < SCALARS_MAX);
    struct read_scalar *scalar = &event->scalars[event->count++];
    for (struct field field; next_field(&in, &field);) {
        if (field.number == 1) {
            copy_text(scalar->tag, sizeof scalar->tag, field.bytes);
        } else if (field.number == 2) {
            assert_int_equal(field.type, 5);
            const uint32_t bits = (uint32_t)field.value;
            memcpy(&scalar->value, &bits, sizeof bits);
        } else if (field.number == 9) {
            read_metadata(scalar, field.bytes);
        } else {
            fail_msg("field %u of Summary.Value", field.number);
        }
    }
}

static void read_event(struct read_event *event, struct bytes in) {
    event->session = -1;
    for (struct field field; next_field(&in, &field);) {
        if (field.number == 1)
            memcpy(&event->wall_time, &field.value, sizeof event->wall_time);
        else if (field.number == 2)
            event->step = (int64_t)field.value;
        else if (field.number == 3)
            copy_text(event->version, sizeof event->version, field.bytes);
        else if (field.number == 5)
            for (struct field value; next_field(&field.bytes, &value);) read_scalar(event, value.bytes);
        else if (field.number == 7)
            event->session = (int)only_field(field.bytes, 1).value;
        else if (field.number == 10)
            copy_text(event->writer, sizeof event->writer, only_field(field.bytes, 1).bytes);
        else
            fail_msg("field %u of Event", field.number);
    }
}

/* --- files --- */
static struct read_file *read_one(const char *folder, const char *name) {
    static const size_t LIMIT = 1 << 20;
    char path[1024];
    struct read_file *file = test_calloc(1, sizeof *file);
    unsigned char *data = test_malloc(LIMIT);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    file->size = fread(data, 1, LIMIT, stream);
    assert_true(file->size < LIMIT);
    assert_int_equal(fclose(stream), 0);
    for (struct bytes left = {data, file->size}; left.left;) {
        assert_true(file->count < EVENTS_MAX);
        read_event(&file->events[file->count++], next_record(&left));
    }
    test_free(data);
    return file;
}

struct read_file *read_board(const char *folder) {
    struct read_file *file = NULL;
    DIR *listing = opendir(folder);
    if (!listing) fail_msg("no folder %s", folder);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (!strstr(entry->d_name, "tfevents") || !strstr(entry->d_name, ".spectail.")) continue;
        if (file) fail_msg("%s holds %s beside %s", folder, entry->d_name, file->name);
        file = read_one(folder, entry->d_name);
    }
    closedir(listing);
    assert_non_null(file);
    return file;
}

size_t files_in(const char *folder) {
    size_t count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(listing);
    return count;
}

const struct read_scalar *find_scalar(const struct read_event *event, const char *tag) {
    for (size_t i = 0; i < event->count; i++)
        if (strcmp(event->scalars[i].tag, tag) == 0) return &event->scalars[i];
    return NULL;
}
