/* Number formats of tensor files, turned into float32. Files are little-endian. */
#ifndef SPT_BASE_NUMBERS_H
#define SPT_BASE_NUMBERS_H

#include "checkpoints/base/api.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SPT_API_BEGIN

enum spt_dtype {
    SPT_F64,
    SPT_F32,
    SPT_F16,
    SPT_BF16,
    SPT_F8_E4M3,
    SPT_F8_E5M2,
    SPT_I64,
    SPT_I32,
    SPT_I16,
    SPT_I8,
    SPT_U64,
    SPT_U32,
    SPT_U16,
    SPT_U8,
    SPT_BOOL,
    SPT_DTYPE_UNKNOWN, /* listed, bounds still checked, not computed with */
};

const char *spt_dtype_name(enum spt_dtype dtype);                    /* "F16": the name in safetensors */
enum spt_dtype spt_dtype_from_name(const char *name, size_t length); /* SPT_DTYPE_UNKNOWN when it is none */
size_t spt_dtype_size(enum spt_dtype dtype);                         /* bytes of an element; 0 for SPT_DTYPE_UNKNOWN */

/* F64, F32, F16 and BF16: what is computed with. F8 is not: it means nothing without the scales stored beside it. */
bool spt_dtype_is_float(enum spt_dtype dtype);

/* out[i] = (float)in[i], i < count. F16, BF16, F8 and F32 exactly (NaN stays NaN), F64 rounded to nearest even.
 *   in   count * spt_dtype_size(dtype) bytes, any alignment
 *   out  [count]; does not overlap in
 * Vector instructions where the machine has them, with the same bits. dtype must be F64, F32, F16, BF16 or an F8
 * format. */
void spt_numbers_to_f32(enum spt_dtype dtype, const void *in, size_t count, float *out);

/* The plain twin, one number at a time: the test's oracle. */
float spt_number_to_f32(enum spt_dtype dtype, const void *in);

SPT_API_END

#endif
