/* The weights of a pass as a stream of portions, the next being read while one is computed with.
 *
 *     spt_stream_open  ->  spt_stream_next for each portion, in order  ->  spt_stream_close
 *
 * Two buffers of the largest portion's size, or one without reading ahead. While a stream is open, its checkpoint
 * belongs to it.
 */
#ifndef SPT_FORWARD_STREAM_H
#define SPT_FORWARD_STREAM_H

#include "checkpoints/checkpoint.h"

/* Elements [first, + count) of a tensor, at byte offset of the portion's buffer (a multiple of 64). */
struct spt_piece {
    const struct spt_tensor *tensor;
    size_t first, count;
    size_t offset;
};

/* Pieces [first, + count) of the list. */
struct spt_portion {
    size_t first, count;
};

/* What is to be read, in order; borrowed. */
struct spt_stream_plan {
    const struct spt_piece *pieces;
    const struct spt_portion *portions;
    size_t portion_count;
    size_t bytes; /* of the largest portion's buffer */
    bool read_ahead;
    bool (*stop)(void *context); /* asked while waiting; may be NULL */
    void *stop_context;
};

struct spt_stream;

/* Starts reading, in a thread of its own if read_ahead. SPT_NOMEM. */
enum spt_status spt_stream_open(struct spt_checkpoint *checkpoint, const struct spt_stream_plan *plan,
                                struct spt_stream **stream, struct spt_error *error);

/* The next portion's buffer, valid until the next call; what was given before is overwritten. SPT_END when stop() said
 * so; what spt_checkpoint_read says. Not to be called again after a failure or after the last portion. */
enum spt_status spt_stream_next(struct spt_stream *stream, const unsigned char **bytes, struct spt_error *error);

/* Ends soon, wherever reading is. */
void spt_stream_close(struct spt_stream *stream);

#endif
