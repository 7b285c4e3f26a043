/* Whether rectangles fill a tensor, without holes and without overlaps.
 *
 * They do when the sum of their indicator functions is the tensor's own; and two sums of indicators are equal when
 * their mixed derivatives are: sums of +1 and -1 at the corners, for each box the product over the dimensions of
 * (begin - end). With a random value for each coordinate in each dimension that product is a number, and the comparison
 * the test of a polynomial identity (Schwartz 1980, Zippel 1979): in a field of p elements a set that does not fill is
 * taken for one that does with probability rank / p at most. Two sets of values are compared. (Whoever reads the pieces
 * counts what they give: a forged set is no more than wrong figures.)
 */
#include "checkpoints/readers/reader.h"

#define PRIME UINT64_C(4294967291) /* 2^32 - 5 */

/* The finaliser of SplitMix64 (Steele, Lea and Flood 2014): as good as random, and the same each time. */
static uint64_t value_of(uint64_t seed, size_t dimension, uint64_t coordinate) {
    uint64_t x = coordinate + (seed + dimension) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return (x ^ x >> 31) % PRIME;
}

/*   begin  [rank]; NULL: zeros
 *   size   [rank] */
static uint64_t product_of(uint64_t seed, const size_t *begin, const size_t *size, size_t rank) {
    uint64_t product = 1;
    for (size_t i = 0; i < rank; i++) {
        const size_t first = begin ? begin[i] : 0;
        const uint64_t difference = value_of(seed, i, first) + PRIME - value_of(seed, i, first + size[i]);
        product = product * (difference % PRIME) % PRIME;
    }
    return product;
}

bool spt_pieces_fill(const size_t *shape, size_t rank, const struct spt_piece *pieces, size_t count) {
    static const uint64_t SEEDS[] = {100, 200};
    for (size_t s = 0; s < sizeof SEEDS / sizeof *SEEDS; s++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < count; i++)
            sum = (sum + product_of(SEEDS[s], pieces[i].begin, pieces[i].size, rank)) % PRIME;
        if (sum != product_of(SEEDS[s], NULL, shape, rank)) return false;
    }
    return true;
}
