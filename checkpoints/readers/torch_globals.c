#include "checkpoints/readers/torch_globals.h"

#include <stdio.h>
#include <string.h>

#define REFUSED(module, name)                                                                                          \
    { module, name, SPT_TORCH_REFUSED, SPT_DTYPE_UNKNOWN, "", 0, 0, 0 }
#define INERT(module, name)                                                                                            \
    { module, name, SPT_TORCH_INERT, SPT_DTYPE_UNKNOWN, "", 0, 0, 0 }
#define MAKES(module, name, meaning)                                                                                   \
    { module, name, meaning, SPT_DTYPE_UNKNOWN, "", 0, 0, 0 }
#define TENSOR(name, dtype_at, bits_at)                                                                                \
    { "torch._utils", name, SPT_TORCH_TENSOR, SPT_DTYPE_UNKNOWN, "", 0, dtype_at, bits_at }
#define STORAGE(name, dtype, dtype_name, element)                                                                      \
    { "torch", name, SPT_TORCH_STORAGE, dtype, dtype_name, element, 0, 0 }
#define BYTES(module, name)                                                                                            \
    { module, name, SPT_TORCH_STORAGE, SPT_U8, "U8", 1, 0, 0 }
#define DISTRIBUTED(file, name, meaning) MAKES("torch.distributed.checkpoint." file, name, meaning)
#define DTYPE(name, dtype, dtype_name, element)                                                                        \
    { "torch", name, SPT_TORCH_DTYPE, dtype, dtype_name, element, 0, 0 }

/* What torch's own reader of weights accepts (torch/_weights_only_unpickler.py of 2.15, and the names that older
 * versions wrote), and what must not be met. Python 2's names of modules stand beside Python 3's: protocol 2 is written
 * with them. */
static const struct spt_torch_global GLOBALS[] = {
    REFUSED("os", NULL),
    REFUSED("posix", NULL),
    REFUSED("nt", NULL),
    REFUSED("sys", NULL),
    REFUSED("subprocess", NULL),
    REFUSED("pty", NULL),
    REFUSED("runpy", NULL),
    REFUSED("commands", NULL),
    REFUSED("builtins", "eval"),
    REFUSED("builtins", "exec"),
    REFUSED("builtins", "compile"),
    REFUSED("builtins", "__import__"),
    REFUSED("__builtin__", "eval"),
    REFUSED("__builtin__", "execfile"),
    REFUSED("__builtin__", "exec"),
    REFUSED("__builtin__", "compile"),
    REFUSED("__builtin__", "__import__"),

    MAKES("collections", "OrderedDict", SPT_TORCH_DICT),
    MAKES("collections", "Counter", SPT_TORCH_DICT),
    MAKES("collections", "defaultdict", SPT_TORCH_DICT),
    MAKES("builtins", "dict", SPT_TORCH_DICT),
    MAKES("__builtin__", "dict", SPT_TORCH_DICT),
    MAKES("torch", "Size", SPT_TORCH_SIZE),
    INERT("torch", "device"),
    INERT("torch", "Tensor"),
    INERT("torch.serialization", "_get_layout"),
    INERT("_codecs", "encode"),
    INERT("builtins", "bytearray"),
    INERT("builtins", "set"),
    INERT("builtins", "complex"),
    INERT("__builtin__", "bytearray"),
    INERT("__builtin__", "set"),
    INERT("__builtin__", "complex"),
    INERT("torch", "per_tensor_affine"),
    INERT("torch", "per_tensor_symmetric"),
    INERT("torch", "per_channel_affine"),
    INERT("torch", "per_channel_symmetric"),
    INERT("torch", "per_channel_affine_float_qparams"),

    /*     function              dtype, bits: which argument */
    TENSOR("_rebuild_tensor", 0, 0),
    TENSOR("_rebuild_tensor_v2", 0, 6),
    TENSOR("_rebuild_tensor_v3", 6, 7),
    MAKES("torch._utils", "_rebuild_parameter", SPT_TORCH_WRAPPED),
    MAKES("torch._utils", "_rebuild_parameter_with_state", SPT_TORCH_WRAPPED),
    MAKES("torch.nn.parameter", "Parameter", SPT_TORCH_WRAPPED),
    MAKES("torch._tensor", "_rebuild_from_type_v2", SPT_TORCH_FROM_TYPE),
    MAKES("torch._utils", "_rebuild_qtensor", SPT_TORCH_OTHER),
    MAKES("torch._utils", "_rebuild_sparse_tensor", SPT_TORCH_OTHER),
    MAKES("torch._utils", "_rebuild_meta_tensor_no_storage", SPT_TORCH_OTHER),
    MAKES("torch._utils", "_rebuild_wrapper_subclass", SPT_TORCH_OTHER),
    MAKES("torch._utils", "_rebuild_device_tensor_from_numpy", SPT_TORCH_OTHER),
    MAKES("torch._utils", "_rebuild_device_tensor_from_cpu_tensor", SPT_TORCH_OTHER),

    /* .metadata of torch.distributed.checkpoint */
    DISTRIBUTED("metadata", "Metadata", SPT_TORCH_DCP_METADATA),
    DISTRIBUTED("metadata", "TensorStorageMetadata", SPT_TORCH_DCP_TENSOR),
    DISTRIBUTED("metadata", "BytesStorageMetadata", SPT_TORCH_DCP_BYTES),
    DISTRIBUTED("metadata", "TensorProperties", SPT_TORCH_DCP_PROPERTIES),
    DISTRIBUTED("metadata", "ChunkStorageMetadata", SPT_TORCH_DCP_CHUNK),
    DISTRIBUTED("metadata", "MetadataIndex", SPT_TORCH_DCP_INDEX),
    DISTRIBUTED("filesystem", "_StorageInfo", SPT_TORCH_DCP_PLACE),
    DISTRIBUTED("metadata", "StorageMeta", SPT_TORCH_INERT),
    DISTRIBUTED("metadata", "_MEM_FORMAT_ENCODING", SPT_TORCH_INERT),
    /* until torch 2.2 */
    MAKES("torch.distributed._shard.sharded_tensor.metadata", "TensorProperties", SPT_TORCH_DCP_PROPERTIES),
    INERT("torch.distributed._shard.sharded_tensor.metadata", "MEM_FORMAT_ENCODING"),
    INERT("pathlib", "PosixPath"),
    INERT("pathlib._local", "PosixPath"),

    STORAGE("DoubleStorage", SPT_F64, "F64", 8),
    STORAGE("FloatStorage", SPT_F32, "F32", 4),
    STORAGE("HalfStorage", SPT_F16, "F16", 2),
    STORAGE("BFloat16Storage", SPT_BF16, "BF16", 2),
    STORAGE("LongStorage", SPT_I64, "I64", 8),
    STORAGE("IntStorage", SPT_I32, "I32", 4),
    STORAGE("ShortStorage", SPT_I16, "I16", 2),
    STORAGE("CharStorage", SPT_I8, "I8", 1),
    STORAGE("ByteStorage", SPT_U8, "U8", 1),
    STORAGE("BoolStorage", SPT_BOOL, "BOOL", 1),
    STORAGE("ComplexFloatStorage", SPT_DTYPE_UNKNOWN, "C64", 8),
    STORAGE("ComplexDoubleStorage", SPT_DTYPE_UNKNOWN, "C128", 16),
    STORAGE("QInt8Storage", SPT_DTYPE_UNKNOWN, "QI8", 1),
    STORAGE("QUInt8Storage", SPT_DTYPE_UNKNOWN, "QU8", 1),
    STORAGE("QInt32Storage", SPT_DTYPE_UNKNOWN, "QI32", 4),
    STORAGE("QUInt4x2Storage", SPT_DTYPE_UNKNOWN, "QU4X2", 1),
    STORAGE("QUInt2x4Storage", SPT_DTYPE_UNKNOWN, "QU2X4", 1),
    BYTES("torch.storage", "UntypedStorage"),
    BYTES("torch.storage", "_UntypedStorage"),
    BYTES("torch", "UntypedStorage"),
    BYTES("torch", "_UntypedStorage"),

    DTYPE("float64", SPT_F64, "F64", 8),
    DTYPE("float32", SPT_F32, "F32", 4),
    DTYPE("float16", SPT_F16, "F16", 2),
    DTYPE("bfloat16", SPT_BF16, "BF16", 2),
    DTYPE("float8_e4m3fn", SPT_F8_E4M3, "F8_E4M3", 1),
    DTYPE("float8_e5m2", SPT_F8_E5M2, "F8_E5M2", 1),
    DTYPE("float8_e4m3fnuz", SPT_DTYPE_UNKNOWN, "F8_E4M3FNUZ", 1),
    DTYPE("float8_e5m2fnuz", SPT_DTYPE_UNKNOWN, "F8_E5M2FNUZ", 1),
    DTYPE("float8_e8m0fnu", SPT_DTYPE_UNKNOWN, "F8_E8M0", 1),
    DTYPE("float4_e2m1fn_x2", SPT_DTYPE_UNKNOWN, "F4", 1),
    DTYPE("int64", SPT_I64, "I64", 8),
    DTYPE("int32", SPT_I32, "I32", 4),
    DTYPE("int16", SPT_I16, "I16", 2),
    DTYPE("int8", SPT_I8, "I8", 1),
    DTYPE("uint64", SPT_U64, "U64", 8),
    DTYPE("uint32", SPT_U32, "U32", 4),
    DTYPE("uint16", SPT_U16, "U16", 2),
    DTYPE("uint8", SPT_U8, "U8", 1),
    DTYPE("bool", SPT_BOOL, "BOOL", 1),
    DTYPE("complex32", SPT_DTYPE_UNKNOWN, "C32", 4),
    DTYPE("complex64", SPT_DTYPE_UNKNOWN, "C64", 8),
    DTYPE("complex128", SPT_DTYPE_UNKNOWN, "C128", 16),
};

static const struct spt_torch_global UNKNOWN = MAKES("", "", SPT_TORCH_UNKNOWN);

/* torch.cuda.FloatStorage is torch.FloatStorage, made on another device. */
static bool same_module(const struct spt_torch_global *row, const char *module, size_t length) {
    const size_t own = strlen(row->module);
    if (length == own && memcmp(module, row->module, own) == 0) return true;
    if (!row->name) return length > own && memcmp(module, row->module, own) == 0 && module[own] == '.';
    static const char CUDA[] = "torch.cuda";
    return row->meaning == SPT_TORCH_STORAGE && length == strlen(CUDA) && memcmp(module, CUDA, length) == 0;
}

const struct spt_torch_global *spt_torch_global_of(const struct spt_pickle *pickle, spt_pickle_id id) {
    if (id == SPT_PICKLE_NOTHING || spt_pickle_kind(pickle, id) != SPT_PICKLE_GLOBAL) return &UNKNOWN;
    size_t module_length, length;
    const char *module = spt_pickle_text(pickle, spt_pickle_module(pickle, id), &module_length);
    const char *name = spt_pickle_text(pickle, spt_pickle_name(pickle, id), &length);
    for (size_t i = 0; i < sizeof GLOBALS / sizeof *GLOBALS; i++) {
        const struct spt_torch_global *row = &GLOBALS[i];
        if (!same_module(row, module, module_length)) continue;
        if (!row->name || (length == strlen(row->name) && memcmp(name, row->name, length) == 0)) return row;
    }
    return &UNKNOWN;
}

static enum spt_status add_opaque(struct spt_contents *contents, const struct spt_pickle *pickle, spt_pickle_id id,
                                  struct spt_error *error) {
    size_t module_length, length;
    const char *module = spt_pickle_text(pickle, spt_pickle_module(pickle, id), &module_length);
    const char *name = spt_pickle_text(pickle, spt_pickle_name(pickle, id), &length);
    char full[SPT_OPAQUE_NAME];
    (void)snprintf(full, sizeof full, "%.*s.%.*s", (int)(module_length < 128 ? module_length : 128), module,
                   (int)(length < 128 ? length : 128), name);
    for (size_t i = 0; i < contents->opaque_count; i++)
        if (strcmp(contents->opaque[i], full) == 0) return SPT_OK;
    if (contents->opaque_count == SPT_OPAQUE_MAX) return SPT_OK;
    const char *copy = spt_arena_copy(&contents->arena, full, strlen(full));
    if (!copy) return spt_fail_memory(error, strlen(full), "a global's name");
    contents->opaque[contents->opaque_count++] = copy;
    return SPT_OK;
}

enum spt_status spt_torch_check_globals(struct spt_contents *contents, const char *path,
                                        const struct spt_pickle *pickle, struct spt_error *error) {
    for (size_t i = 0; i < pickle->node_count; i++) {
        if (pickle->nodes[i].kind != SPT_PICKLE_GLOBAL) continue;
        const spt_pickle_id id = (spt_pickle_id)i;
        const struct spt_torch_global *global = spt_torch_global_of(pickle, id);
        enum spt_status status = SPT_OK;
        if (global->meaning == SPT_TORCH_UNKNOWN) status = add_opaque(contents, pickle, id, error);
        if (global->meaning == SPT_TORCH_REFUSED) {
            size_t length, module_length;
            const char *name = spt_pickle_text(pickle, spt_pickle_name(pickle, id), &length);
            const char *module = spt_pickle_text(pickle, spt_pickle_module(pickle, id), &module_length);
            status = spt_fail(
                error, SPT_INVALID, path,
                "its pickle names %.*s.%.*s: to run programs or code is no weights file's business (nothing "
                "was run)",
                (int)(module_length < 64 ? module_length : 64), module, (int)(length < 64 ? length : 64), name);
        }
        if (status != SPT_OK) return status;
    }
    return SPT_OK;
}
