/* Records of a TensorBoard event file: TFRecord framing (length, check, data, check; little-endian) of protocol buffers.
 * libprotobuf-c is seen in tensorboard_event.c only. Each call appends one whole record; out->failed: out of memory. */
#ifndef SPT_FORMAT_TENSORBOARD_EVENT_H
#define SPT_FORMAT_TENSORBOARD_EVENT_H

#include "checkpoints/base/text.h"

#include <stddef.h>
#include <stdint.h>

struct spt_scalar {
    const char *tag; /* UTF-8 */
    float value;
    const char *description; /* NULL: none. TensorBoard keeps the one of a tag's first value */
};

/* What a file begins with: its version, and that a session begins, which voids what TensorBoard has read of this run before. */
void spt_event_put_beginning(struct spt_text *out, double wall_time);

/* scalars [count] of one step, as one record. */
void spt_event_put_scalars(struct spt_text *out, double wall_time, int64_t step, const struct spt_scalar *scalars,
                           size_t count);

#endif
