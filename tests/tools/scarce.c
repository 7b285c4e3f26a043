/* An interposed malloc cannot be told its state by its callers: what it knows is in the one global below. */
#include "scarce.h"

#include "shards.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* glibc's own, under the names it keeps for those who replace them. */
void *__libc_malloc(size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void __libc_free(void *pointer);

#define MAGIC 0x5ca4ce5ca4ce5ca4ULL
#define GUARD 0xfdfdfdfdfdfdfdfdULL

enum { FRESH = 0xa5, FREED = 0xdd, KEPT = 512, MOST_RANGES = 64 };

struct header {
    struct header *next, *previous; /* of the blocks that live and are counted */
    void *base, *maker;
    size_t size;
    bool counted;
    uint64_t magic; /* last, right before the block */
};

struct range {
    uintptr_t start, end;
};

static struct state {
    pthread_mutex_t lock;
    struct scarce *armed;      /* NULL: none fails, none is counted */
    struct header living;      /* ring */
    struct header *kept[KEPT]; /* freed blocks, given back when KEPT more were freed */
    size_t next_kept;
    struct range excluded[MOST_RANGES]; /* code of libraries whose allocations are left alone */
    size_t excluded_count;
} STATE = {.lock = PTHREAD_MUTEX_INITIALIZER, .living = {.next = &STATE.living, .previous = &STATE.living}};

/* Set while a thread is inside backtrace, which may allocate. */
static _Thread_local bool INSIDE;

static _Noreturn void corrupted(const char *what) {
    static const char START[] = "scarce: ";
    (void)!write(2, START, sizeof(START) - 1);
    (void)!write(2, what, strlen(what));
    (void)!write(2, "\n", 1);
    abort();
}

/* --- who asks --- */

static int add_ranges(struct dl_phdr_info *info, size_t size, void *context) {
    static const char *const NAMES[] = {"libopenblas", "libfftw3", "libgomp", "ld-linux",
                                        "liblapack.",  "libblas.", "libpopt"};
    (void)size, (void)context;
    for (size_t n = 0; n < sizeof(NAMES) / sizeof(NAMES[0]); n++) {
        if (!strstr(info->dlpi_name, NAMES[n])) continue;
        for (size_t i = 0; i < info->dlpi_phnum; i++) {
            const ElfW(Phdr) *p = &info->dlpi_phdr[i];
            if (p->p_type != PT_LOAD || !(p->p_flags & PF_X)) continue;
            if (STATE.excluded_count == MOST_RANGES) corrupted("too many libraries");
            const uintptr_t start = info->dlpi_addr + p->p_vaddr;
            STATE.excluded[STATE.excluded_count++] = (struct range){start, start + p->p_memsz};
        }
    }
    return 0;
}

static bool is_excluded(const void *caller) {
    for (size_t i = 0; i < STATE.excluded_count; i++)
        if ((uintptr_t)caller >= STATE.excluded[i].start && (uintptr_t)caller < STATE.excluded[i].end) return true;
    return false;
}

/* Whether this allocation is the one that fails. */
static bool fails(const void *caller, bool *counted) {
    struct scarce *scarce = STATE.armed;
    *counted = scarce && !INSIDE && !is_excluded(caller);
    if (!*counted) return false;
    const size_t index = __atomic_fetch_add(&scarce->count, 1, __ATOMIC_RELAXED);
    if (index == scarce->fail_at) {
        INSIDE = true;
        void *frames[SCARCE_FRAMES + 3];
        const int found = backtrace(frames, SCARCE_FRAMES + 3);
        for (int i = 0; i < SCARCE_FRAMES && i + 3 < found; i++) scarce->frames[i] = frames[i + 3];
        INSIDE = false;
        scarce->hit = true;
        return true;
    }
    return scarce->for_good && index > scarce->fail_at;
}

/* --- blocks --- */

static struct header *header_of(void *block) {
    return (struct header *)block - 1;
}

static bool is_ours(void *block) {
    uint64_t magic;
    memcpy(&magic, (char *)block - sizeof(magic), sizeof(magic));
    return magic == MAGIC;
}

static void *make(size_t alignment, size_t size, const void *caller) {
    bool counted;
    if (fails(caller, &counted) || size > PTRDIFF_MAX - 4096 - 2 * alignment) {
        errno = ENOMEM;
        return NULL;
    }
    if (alignment < _Alignof(max_align_t)) alignment = _Alignof(max_align_t);
    const size_t front = (sizeof(struct header) + alignment - 1) / alignment * alignment;
    char *base = alignment > _Alignof(max_align_t) ? __libc_memalign(alignment, front + size + sizeof(uint64_t))
                                                   : __libc_malloc(front + size + sizeof(uint64_t));
    if (!base) return NULL;
    char *block = base + front;
    struct header *header = header_of(block);
    *header = (struct header){
        .base = base, .maker = (void *)(uintptr_t)caller, .size = size, .counted = counted, .magic = MAGIC};
    memset(block, FRESH, size);
    memcpy(block + size, &(uint64_t){GUARD}, sizeof(uint64_t));
    if (counted) {
        pthread_mutex_lock(&STATE.lock);
        header->next = &STATE.living;
        header->previous = STATE.living.previous;
        header->previous->next = header;
        STATE.living.previous = header;
        pthread_mutex_unlock(&STATE.lock);
    }
    return block;
}

static void check_guard(struct header *header) {
    uint64_t guard;
    memcpy(&guard, (char *)(header + 1) + header->size, sizeof(guard));
    if (guard != GUARD) corrupted("something wrote beyond the end of a block");
}

static void give_back(struct header *header) {
    const unsigned char *bytes = (const unsigned char *)(header + 1);
    for (size_t i = 0; i < header->size; i++)
        if (bytes[i] != FREED) corrupted("something wrote into a block that was freed");
    __libc_free(header->base);
}

static void unmake(void *block) {
    struct header *header = header_of(block);
    check_guard(header);
    memset(block, FREED, header->size);
    header->magic = ~MAGIC;
    pthread_mutex_lock(&STATE.lock);
    if (header->counted) {
        header->next->previous = header->previous;
        header->previous->next = header->next;
    }
    struct header *old = STATE.kept[STATE.next_kept];
    STATE.kept[STATE.next_kept] = header;
    STATE.next_kept = (STATE.next_kept + 1) % KEPT;
    pthread_mutex_unlock(&STATE.lock);
    if (old) give_back(old);
}

/* --- malloc and its kin --- */

#define CALLER __builtin_return_address(0)

/* Seen by every library, whatever the compiler was told of other names. */
#pragma GCC visibility push(default)

void *malloc(size_t size) {
    return make(1, size, CALLER);
}

void *calloc(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *block = make(1, bytes, CALLER);
    return block ? memset(block, 0, bytes) : NULL;
}

void free(void *block) {
    const int saved = errno;
    uint64_t magic = 0;
    if (block) memcpy(&magic, (char *)block - sizeof(magic), sizeof(magic));
    if (magic == ~MAGIC) corrupted("a block is freed twice");
    if (magic == MAGIC)
        unmake(block);
    else
        __libc_free(block); /* made before this malloc was in place */
    errno = saved;
}

static void *remake(void *block, size_t size, const void *caller) {
    if (!block) return make(1, size, caller);
    if (!is_ours(block)) return __libc_realloc(block, size);
    if (!size) {
        free(block);
        return NULL;
    }
    void *made = make(1, size, caller);
    if (!made) return NULL;
    const size_t old = header_of(block)->size;
    memcpy(made, block, old < size ? old : size);
    free(block);
    return made;
}

void *realloc(void *block, size_t size) {
    return remake(block, size, CALLER);
}

void *reallocarray(void *block, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return remake(block, bytes, CALLER);
}

void *aligned_alloc(size_t alignment, size_t size) {
    return make(alignment, size, CALLER);
}

void *memalign(size_t alignment, size_t size) {
    return make(alignment, size, CALLER);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    const int saved = errno;
    void *made = make(alignment, size, CALLER);
    errno = saved;
    if (!made) return ENOMEM;
    *block = made;
    return 0;
}

size_t malloc_usable_size(void *block) {
    return block && is_ours(block) ? header_of(block)->size : 0;
}

#pragma GCC visibility pop

/* --- the test's side --- */

struct scarce *scarce_new(void) {
    void *frames[1];
    backtrace(frames, 1); /* loads what it needs, now */
    struct scarce *scarce = mmap(NULL, sizeof(*scarce), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (scarce == MAP_FAILED) shards_die("mmap");
    scarce->fail_at = SIZE_MAX;
    STATE.excluded_count = 0;
    dl_iterate_phdr(add_ranges, NULL);
    return scarce;
}

void scarce_free(struct scarce *scarce) {
    munmap(scarce, sizeof(*scarce));
}

void scarce_arm(struct scarce *scarce) {
    scarce->count = scarce->live = scarce->live_bytes = 0;
    scarce->hit = false;
    memset(scarce->frames, 0, sizeof(scarce->frames));
    memset(scarce->leaks, 0, sizeof(scarce->leaks));
    STATE.armed = scarce;
}

void scarce_disarm(struct scarce *scarce) {
    STATE.armed = NULL;
    pthread_mutex_lock(&STATE.lock);
    for (struct header *h = STATE.living.next; h != &STATE.living; h = h->next) {
        check_guard(h);
        if (scarce->live < SCARCE_LEAKS) {
            scarce->leaks[scarce->live] = h->maker;
            scarce->leak_sizes[scarce->live] = h->size;
        }
        scarce->live++;
        scarce->live_bytes += h->size;
    }
    pthread_mutex_unlock(&STATE.lock);
}

const char *scarce_where(const struct scarce *scarce, char *buffer, size_t size) {
    size_t length = 0;
    *buffer = '\0';
    for (int i = 0; i < SCARCE_FRAMES && scarce->frames[i] && length < size; i++) {
        Dl_info info;
        const void *address = (const char *)scarce->frames[i] - 1; /* within the call, not behind it */
        const bool known = dladdr(address, &info) != 0;
        const char *object = known && info.dli_fname ? strrchr(info.dli_fname, '/') : NULL;
        length += (size_t)snprintf(buffer + length, size - length, "%s%s", i ? " < " : "",
                                   known && info.dli_sname ? info.dli_sname
                                   : object                ? object + 1
                                                           : "?");
        if (known && length < size && !info.dli_sname)
            length += (size_t)snprintf(buffer + length, size - length, "+%#zx",
                                       (size_t)((const char *)address - (const char *)info.dli_fbase));
    }
    return buffer;
}
