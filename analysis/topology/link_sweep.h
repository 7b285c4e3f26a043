/* The sweep over the edges in their order, with the neighbourhoods so far as bit sets.
 *
 * The link of an edge ij is the set of k with both ik and jk before it. The edge enters the complex together with the
 * triangles ijk, k in the link, and what that does to homology in dimension 1 is told by the link alone, as a graph of
 * the edges so far: empty          the edge joins two components or closes a loop (an edge of the relative
 * neighbourhood graph); connected      nothing: the edge is a sum of two earlier ones, ik + kj, and all its triangles
 * say the same. Nearly all edges are of this kind; c components   c - 1 relations: the four-cycles i k j k', k and k'
 * in different components, become boundaries.
 */
#ifndef SPT_LINK_SWEEP_H
#define SPT_LINK_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPT_RANK_NONE UINT32_MAX

/* Widths of vectors; all give the same. */
enum spt_link_kernel { SPT_LINK_PLAIN, SPT_LINK_AVX2, SPT_LINK_AVX512 };

bool spt_link_kernel_runs(enum spt_link_kernel kernel, size_t words); /* here, on sets of so many words */
enum spt_link_kernel spt_link_kernel_best(size_t words);

struct spt_link_sweep {
    enum spt_link_kernel kernel;
    size_t n, words;       /* of a neighbourhood: n bits, words = spt_link_words(n) */
    const uint64_t *edges; /* [count] in order, codes in the low 32 bits */
    size_t count;
    uint64_t *near; /* [n, words] bit j of row i: j == i, or ij is before the edge at hand */
    uint32_t
        *rank; /* [n, n] rank of edge ij, i < j, among the edges; SPT_RANK_NONE: not met yet, or of a spanning tree */
    uint32_t *via;       /* [count] for an edge with a link: one k of it, the lowest */
    uint64_t *link;      /* [words] of the edge at which the sweep has stopped; 0: empty. This,
                          * component and near are aligned to 64 bytes */
    uint64_t *component; /* [words] the link's component of its lowest vertex */
};

size_t spt_link_words(size_t n);

/* Goes on from edge `from`, with all edges before it entered; returns the first edge whose link is not connected
 * (empty, or of several components: link and component are set), itself not yet entered, or count. */
size_t spt_link_sweep_on(struct spt_link_sweep *sweep, size_t from);

/* Enters edge r. */
static inline void spt_link_sweep_enter(struct spt_link_sweep *sweep, size_t r) {
    const uint32_t code = (uint32_t)sweep->edges[r];
    const size_t i = code >> 16, j = code & 0xffff;
    sweep->near[i * sweep->words + j / 64] |= (uint64_t)1 << j % 64;
    sweep->near[j * sweep->words + i / 64] |= (uint64_t)1 << i % 64;
}

/* The component, within link, of its lowest vertex. link is not empty.
 *   near [n, words]   link, component [words] */
void spt_link_component(const uint64_t *near, size_t words, const uint64_t *link, uint64_t *component);

#endif
