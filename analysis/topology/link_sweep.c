#include "analysis/topology/link_sweep.h"

#include <stdbool.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Tried without gain: one word, the first steps of grow without a branch (28.1 instead of 27.3 us at n = 50); vertices
 * renumbered by nearness, so that the lowest vertex of a link covers more of it (a fifth fewer steps, which is what the
 * sorting costs). */

size_t spt_link_words(size_t n) {
    const size_t words = (n + 63) / 64;
    if (words <= 2) return words;
    return words <= 4 ? 4 : (words + 7) / 8 * 8;
}

#define SWEEP(name) name##_plain
#define TARGET
#define LANES         1
#define VECTOR        uint64_t
#define LOAD(p)       (*(p))
#define STORE(p, v)   (*(p) = (v))
#define AND(a, b)     ((a) & (b))
#define OR(a, b)      ((a) | (b))
#define WITHOUT(a, b) ((a) & ~(b))
#define NONZERO(v)    ((unsigned)((v) != 0))
#include "analysis/topology/link_sweep_body.h"

static size_t sweep_plain_words(struct spt_link_sweep *sweep, size_t from) {
    if (sweep->words == 2) return sweep_plain(sweep, from, 2, sweep->link, sweep->component);
    if (sweep->words > 2) return sweep_plain(sweep, from, sweep->words, sweep->link, sweep->component);
    uint64_t link = 0, component = 0; /* in registers, unlike what sweep points to */
    const size_t r = sweep_plain(sweep, from, 1, &link, &component);
    *sweep->link = link;
    *sweep->component = component;
    return r;
}

#if defined(__x86_64__)

#define SWEEP(name)   name##_avx2
#define TARGET        __attribute__((target("avx2,bmi")))
#define LANES         4
#define VECTOR        __m256i
#define LOAD(p)       _mm256_load_si256((const __m256i *)(p))
#define STORE(p, v)   _mm256_store_si256((__m256i *)(p), v)
#define AND(a, b)     _mm256_and_si256(a, b)
#define OR(a, b)      _mm256_or_si256(a, b)
#define WITHOUT(a, b) _mm256_andnot_si256(b, a)
#define NONZERO(v)                                                                                                     \
    (15u ^ (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_cmpeq_epi64(v, _mm256_setzero_si256()))))
#include "analysis/topology/link_sweep_body.h"

static __attribute__((target("avx2,bmi"))) size_t sweep_avx2_words(struct spt_link_sweep *sweep, size_t from) {
    switch (sweep->words) {
    case 4:
        return sweep_avx2(sweep, from, 1, sweep->link, sweep->component);
    case 8:
        return sweep_avx2(sweep, from, 2, sweep->link, sweep->component);
    default:
        return sweep_avx2(sweep, from, sweep->words / 4, sweep->link, sweep->component);
    }
}

#define SWEEP(name)   name##_avx512
#define TARGET        __attribute__((target("avx512f,bmi")))
#define LANES         8
#define VECTOR        __m512i
#define LOAD(p)       _mm512_load_si512(p)
#define STORE(p, v)   _mm512_store_si512(p, v)
#define AND(a, b)     _mm512_and_si512(a, b)
#define OR(a, b)      _mm512_or_si512(a, b)
#define WITHOUT(a, b) _mm512_andnot_si512(b, a)
#define NONZERO(v)    ((unsigned)_mm512_test_epi64_mask(v, v))
#include "analysis/topology/link_sweep_body.h"

static __attribute__((target("avx512f,bmi"))) size_t sweep_avx512_words(struct spt_link_sweep *sweep, size_t from) {
    if (sweep->words == 8) return sweep_avx512(sweep, from, 1, sweep->link, sweep->component);
    return sweep_avx512(sweep, from, sweep->words / 8, sweep->link, sweep->component);
}

#endif

bool spt_link_kernel_runs(enum spt_link_kernel kernel, size_t words) {
#if defined(__x86_64__)
    if (kernel == SPT_LINK_AVX2)
        return words % 4 == 0 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
    if (kernel == SPT_LINK_AVX512)
        return words % 8 == 0 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("bmi");
#endif
    (void)words;
    return kernel == SPT_LINK_PLAIN;
}

enum spt_link_kernel spt_link_kernel_best(size_t words) {
    if (spt_link_kernel_runs(SPT_LINK_AVX512, words)) return SPT_LINK_AVX512;
    return spt_link_kernel_runs(SPT_LINK_AVX2, words) ? SPT_LINK_AVX2 : SPT_LINK_PLAIN;
}

size_t spt_link_sweep_on(struct spt_link_sweep *sweep, size_t from) {
#if defined(__x86_64__)
    if (sweep->kernel == SPT_LINK_AVX512) return sweep_avx512_words(sweep, from);
    if (sweep->kernel == SPT_LINK_AVX2) return sweep_avx2_words(sweep, from);
#endif
    return sweep_plain_words(sweep, from);
}

void spt_link_component(const uint64_t *near, size_t words, const uint64_t *link, uint64_t *component) {
    size_t lowest = 0;
    while (!link[lowest]) ++lowest;
    const uint64_t *around = near + (lowest * 64 + (size_t)__builtin_ctzll(link[lowest])) * words;
    for (size_t w = 0; w < words; ++w) component[w] = around[w] & link[w];
    grow_plain(near, words, link, component);
}
