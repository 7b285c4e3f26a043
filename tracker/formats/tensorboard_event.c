#include "tracker/formats/tensorboard_event.h"

#include "checkpoints/base/memory.h"
#include "tracker/formats/crc32c.h"

#include "event.pb-c.h"

#include <stdlib.h>

/* libprotobuf-c writes into what begins with its own struct. */
struct sink {
    ProtobufCBuffer base;
    struct spt_text *out;
};

static void append(ProtobufCBuffer *buffer, size_t length, const uint8_t *data) {
    spt_text_append(((struct sink *)(void *)buffer)->out, (const char *)data, length);
}

static void put_little_endian(struct spt_text *out, uint64_t value, size_t size) {
    char bytes[8];
    for (size_t i = 0; i < size; i++) bytes[i] = (char)(value >> 8 * i & 0xff);
    spt_text_append(out, bytes, size);
}

static void put_check(struct spt_text *out, size_t start) {
    if (out->failed) return;
    put_little_endian(out, spt_crc32c_masked(out->data + start, out->length - start), 4);
}

static void put_record(struct spt_text *out, const Spt__Event *event) {
    struct sink sink = {{append}, out};
    size_t start = out->length;
    put_little_endian(out, spt__event__get_packed_size(event), 8);
    put_check(out, start);
    start = out->length;
    spt__event__pack_to_buffer(event, &sink.base);
    put_check(out, start);
}

static Spt__Event event_at(double wall_time, int64_t step) {
    Spt__Event event = SPT__EVENT__INIT;
    event.wall_time = wall_time;
    event.step = step;
    return event;
}

void spt_event_put_beginning(struct spt_text *out, double wall_time) {
    Spt__SourceMetadata source = SPT__SOURCE_METADATA__INIT;
    source.writer = (char *)"spectail";
    Spt__Event version = event_at(wall_time, 0);
    version.what_case = SPT__EVENT__WHAT_FILE_VERSION;
    version.file_version = (char *)"brain.Event:2";
    version.source_metadata = &source;
    put_record(out, &version);

    Spt__SessionLog session = SPT__SESSION_LOG__INIT;
    session.status = SPT__SESSION_LOG__STATUS__START;
    Spt__Event start = event_at(wall_time, 0);
    start.what_case = SPT__EVENT__WHAT_SESSION_LOG;
    start.session_log = &session;
    put_record(out, &start);
}

/* One scalar as libprotobuf-c wants it. */
struct value {
    Spt__Summary__Value value;
    Spt__SummaryMetadata metadata;
    Spt__SummaryMetadata__PluginData plugin;
};

static void fill(struct value *to, const struct spt_scalar *scalar) {
    to->value = (Spt__Summary__Value)SPT__SUMMARY__VALUE__INIT;
    to->value.tag = (char *)scalar->tag; /* packing only reads */
    to->value.value_case = SPT__SUMMARY__VALUE__VALUE_SIMPLE_VALUE;
    to->value.simple_value = scalar->value;
    if (!scalar->description) return;
    to->metadata = (Spt__SummaryMetadata)SPT__SUMMARY_METADATA__INIT;
    to->plugin = (Spt__SummaryMetadata__PluginData)SPT__SUMMARY_METADATA__PLUGIN_DATA__INIT;
    to->plugin.plugin_name = (char *)"scalars";
    to->metadata.plugin_data = &to->plugin;
    to->metadata.summary_description = (char *)scalar->description;
    to->value.metadata = &to->metadata;
}

void spt_event_put_scalars(struct spt_text *out, double wall_time, int64_t step, const struct spt_scalar *scalars,
                           size_t count) {
    struct value *values = spt_alloc(count, sizeof *values);
    Spt__Summary__Value **pointers = spt_alloc(count, sizeof *pointers);
    if (values && pointers) {
        for (size_t i = 0; i < count; i++) {
            fill(&values[i], &scalars[i]);
            pointers[i] = &values[i].value;
        }
        Spt__Summary summary = SPT__SUMMARY__INIT;
        summary.n_value = count;
        summary.value = pointers;
        Spt__Event event = event_at(wall_time, step);
        event.what_case = SPT__EVENT__WHAT_SUMMARY;
        event.summary = &summary;
        put_record(out, &event);
    } else {
        out->failed = true;
    }
    free(values);
    free(pointers);
}
