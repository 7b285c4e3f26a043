/* Singular values of bidiagonal matrices in lanes: the differential quotient-difference algorithm with shifts (Fernando
 * and Parlett 1994; Parlett and Marques 2000, LAPACK's dlasq).
 *
 * The squares q and e of the two diagonals stand for a tridiagonal matrix with the eigenvalues s^2. A sweep replaces
 * them by those of that matrix less a shift; once the last e is negligible, the last q and the shifts so far are an
 * eigenvalue, and the matrix is one smaller. Each lane has its own last index and its own shifts; a sweep runs to the
 * largest last index, and lanes that end before are held still. What takes the time is the chain of an addition, a
 * division and a multiplication from index to index; all else fits beside it.
 *
 *     start --> sweep --> all d >= 0: the shift counts, what has converged is dropped --> next waiting block, or done
 *                 ^  \--> a d < 0: the lane is put back and gets a smaller shift
 *                 |
 *                 \-- put back twice, or nothing dropped for long: a negligible e is looked for within the lane, and
 *                     what lies before it waits (a shift follows the smallest eigenvalue only if that is in the last
 *                     block)
 */
#include "analysis/lanes/kernel.h"
#include "analysis/lanes/vector.h"

#include <stdbool.h>

unsigned SPT_LANES_NAME(dqds)(const double *d, const double *e, size_t n, size_t patience, double *scratch, double *s);

/* An e is negligible below this times the eigenvalue it stands beside, or times the largest diagonal entry of the
 * matrix: its root is what a singular value can change by. */
#define NEGLIGIBLE          0x1p-104
#define NEGLIGIBLE_ABSOLUTE 0x1p-108

/* No q or e becomes smaller than this times the largest diagonal entry, so nothing is divided by zero. */
#define FLOOR 0x1p-200

/* Sweeps without a dropped value before a lane is searched for a negligible e. */
#define SLOW 8

/* One value a lane, for the lane's own code and for the vectors'. */
typedef union {
    vec all;
    double of[LANES];
} lanes;

struct state {
    vec *q, *e;                                    /* [n] */
    vec *new_q, *new_e;                            /* [n] what a sweep writes; exchanged with q and e after it */
    vec *waiting_q, *waiting_e;                    /* [n] blocks that wait, the next one on top */
    vec *waiting_end, *waiting_sum, *waiting_rest; /* [n] of each such block: its last index and its shifts */
    vec *values;                                   /* [n] squares of the singular values, out */
    lanes end;                                     /* last index; -1 when done */
    lanes sum, rest;  /* the shifts so far are sum + rest (rest: what rounding took from the sum) */
    lanes shift;      /* of the sweep */
    lanes next;       /* imposed on the next sweep where >= 0 */
    lanes least[3];   /* the last sweep's smallest d; without the last one; without the last two */
    lanes q0, q1, q2; /* q at end, end - 1, end - 2 */
    lanes e1, e2;     /* e at end - 1, end - 2 */
    lanes negligible, floor;
    lanes waited;   /* sweeps since a value was dropped */
    lanes failures; /* sweeps put back since the last good one */
    size_t found[LANES], filled[LANES], blocks[LANES];
};

/* --- one lane --- */

/* Not fmax and fmin, which are calls. */
static inline double larger_of(double a, double b) {
    return a > b ? a : b;
}

static inline double smaller_of(double a, double b) {
    return a < b ? a : b;
}

static inline double *at(vec *array, size_t i, size_t lane) {
    return (double *)(array + i) + lane;
}

static bool is_negligible(const struct state *s, size_t lane, double e, double q) {
    return e <= s->negligible.of[lane] || e <= NEGLIGIBLE * (s->sum.of[lane] + q);
}

static void emit(struct state *s, size_t lane, double q) {
    *at(s->values, s->found[lane]++, lane) = s->sum.of[lane] + (s->rest.of[lane] + q);
}

static void reload(struct state *s, size_t lane) {
    if (s->end.of[lane] < 2) return;
    const size_t end = (size_t)s->end.of[lane];
    s->q0.of[lane] = *at(s->q, end, lane);
    s->q1.of[lane] = *at(s->q, end - 1, lane);
    s->q2.of[lane] = *at(s->q, end - 2, lane);
    s->e1.of[lane] = *at(s->e, end - 1, lane);
    s->e2.of[lane] = *at(s->e, end - 2, lane);
}

static void swap_doubles(double *a, double *b) {
    const double kept = *a;
    *a = *b;
    *b = kept;
}

/* A block is at index 0 ... end: turned over if its large values are last, since values are dropped smallest first. */
static void start_block(struct state *s, size_t lane) {
    const size_t end = (size_t)s->end.of[lane];
    s->next.of[lane] = 0;
    s->waited.of[lane] = 0;
    s->failures.of[lane] = 0;
    if (!(1.5 * *at(s->q, 0, lane) < *at(s->q, end, lane))) return;
    for (size_t i = 0; i < end - i; i++) swap_doubles(at(s->q, i, lane), at(s->q, end - i, lane));
    for (size_t i = 0; end && i < end - 1 - i; i++) swap_doubles(at(s->e, i, lane), at(s->e, end - 1 - i, lane));
}

static bool next_block(struct state *s, size_t lane) {
    if (!s->blocks[lane]) return false;
    const size_t block = --s->blocks[lane], end = (size_t)*at(s->waiting_end, block, lane);
    s->filled[lane] -= end + 1;
    for (size_t i = 0; i <= end; i++) {
        *at(s->q, i, lane) = *at(s->waiting_q, s->filled[lane] + i, lane);
        *at(s->e, i, lane) = *at(s->waiting_e, s->filled[lane] + i, lane);
    }
    s->end.of[lane] = (double)end;
    s->sum.of[lane] = *at(s->waiting_sum, block, lane);
    s->rest.of[lane] = *at(s->waiting_rest, block, lane);
    start_block(s, lane);
    return true;
}

/* The last two, when e before them is negligible: the eigenvalues of a matrix of order two. */
static void emit_pair(struct state *s, size_t lane, double q, double e, double last) {
    const double larger = larger_of(q, last), smaller = smaller_of(q, last), gap = larger - smaller + e;
    const double top = 0.5 * (larger + e + smaller + sqrt(gap * gap + 4 * smaller * e));
    emit(s, lane, smaller * (larger / top));
    emit(s, lane, top);
}

static void drop(struct state *s, size_t lane, size_t count) {
    s->end.of[lane] -= (double)count;
    s->waited.of[lane] = 0;
    for (size_t i = 0; i < count; i++) {
        s->least[0].of[lane] = s->least[1].of[lane];
        s->least[1].of[lane] = s->least[2].of[lane];
    }
}

/* Drops what has converged at the end; goes on with the next block when this one is empty. */
static void drop_converged(struct state *s, size_t lane) {
    for (;;) {
        if (s->end.of[lane] < 0 && !next_block(s, lane)) return;
        const size_t end = (size_t)s->end.of[lane];
        const double last = *at(s->q, end, lane);
        if (end == 0 || is_negligible(s, lane, *at(s->e, end - 1, lane), last)) {
            emit(s, lane, last);
            drop(s, lane, 1);
        } else if (end == 1 || is_negligible(s, lane, *at(s->e, end - 2, lane), *at(s->q, end - 1, lane))) {
            emit_pair(s, lane, *at(s->q, end - 1, lane), *at(s->e, end - 1, lane), last);
            drop(s, lane, 2);
        } else {
            reload(s, lane);
            return;
        }
    }
}

/* Puts aside what lies before the last negligible e. */
static bool split(struct state *s, size_t lane) {
    const size_t end = (size_t)s->end.of[lane];
    size_t cut = end;
    while (cut > 0 && !is_negligible(s, lane, *at(s->e, cut - 1, lane),
                                     smaller_of(*at(s->q, cut - 1, lane), *at(s->q, cut, lane))))
        cut--;
    if (!cut) return false;
    const size_t block = s->blocks[lane]++;
    *at(s->waiting_end, block, lane) = (double)(cut - 1);
    *at(s->waiting_sum, block, lane) = s->sum.of[lane];
    *at(s->waiting_rest, block, lane) = s->rest.of[lane];
    for (size_t i = 0; i < cut; i++, s->filled[lane]++) {
        *at(s->waiting_q, s->filled[lane], lane) = *at(s->q, i, lane);
        *at(s->waiting_e, s->filled[lane], lane) = *at(s->e, i, lane);
    }
    for (size_t i = cut; i <= end; i++) {
        *at(s->q, i - cut, lane) = *at(s->q, i, lane);
        *at(s->e, i - cut, lane) = *at(s->e, i, lane);
    }
    s->end.of[lane] = (double)(end - cut);
    start_block(s, lane);
    drop_converged(s, lane);
    return true;
}

/* The next shift of a lane that was put back. If only its last d was < 0, shift + d is close to the eigenvalue and
 * below it. */
static void lower_shift(struct state *s, size_t lane) {
    const double shift = s->shift.of[lane];
    if (s->failures.of[lane] < 2 && s->least[1].of[lane] >= 0)
        s->next.of[lane] = larger_of(0, (shift + s->least[0].of[lane]) * (1 - 0x1p-50));
    else if (!split(s, lane))
        s->next.of[lane] = s->failures.of[lane] < 3 ? 0.25 * shift : 0;
}

/* --- all lanes --- */

/* One sweep from q, e to new_q, new_e with s->shift. Before index `steady` no lane ends. */
static void sweep(struct state *s, size_t steady, size_t longest) {
    const vec *q = s->q, *e = s->e, shift = s->shift.all, floor = s->floor.all, end = s->end.all;
    vec *new_q = s->new_q, *new_e = s->new_e;
    vec d = q[0] - shift, least = d, least1 = d, least2 = d;
    size_t i = 0;
    for (; i < steady; i++) {
        const vec sum = d + e[i], ratio = q[i + 1] / sum;
        new_q[i] = sum;
        new_e[i] = vec_max(e[i] * ratio, floor);
        d = vec_fma(d, ratio, -shift);
        least2 = least1;
        least1 = least;
        least = vec_min(d, least);
    }
    vec q1 = vec_of(0), q2 = q1, e1 = q1, e2 = q1, index = vec_of((double)i);
    for (; i < longest; i++) {
        const lane_mask active = vec_less(index, end);
        const vec sum = d + e[i], ratio = q[i + 1] / sum, last_e = vec_max(e[i] * ratio, floor);
        new_q[i] = vec_pick(active, sum, d);
        new_e[i] = last_e;
        q2 = vec_pick(active, q1, q2);
        q1 = vec_pick(active, sum, q1);
        e2 = vec_pick(active, e1, e2);
        e1 = vec_pick(active, last_e, e1);
        d = vec_pick(active, vec_fma(d, ratio, -shift), d);
        least2 = vec_pick(active, least1, least2);
        least1 = vec_pick(active, least, least1);
        least = vec_min(d, least);
        index += vec_of(1);
    }
    new_q[longest] = d;
    s->q0.all = d;
    s->q1.all = q1;
    s->q2.all = q2;
    s->e1.all = e1;
    s->e2.all = e2;
    s->least[0].all = least;
    s->least[1].all = least1;
    s->least[2].all = least2;
    s->new_q = s->q;
    s->new_e = s->e;
    s->q = new_q;
    s->e = new_e;
}

/* The shift of each lane for its next sweep: below the smallest eigenvalue, as close to it as can be told cheaply.
 * The smaller eigenvalue of the last two rows and columns lies above it; the row before lowers it by about x^2 c / gap,
 * where c is the square of the entry between, x the second last component of the eigenvector and gap the distance to
 * what the rows before hold, about 3/4 of their smallest d (Parlett and Marques 2000, case 2). Tried and no better: the
 * smaller of the gap's three estimates, caps where the smallest d is not the last. */
static void choose_shifts(struct state *s) {
    const vec q0 = s->q0.all, q1 = s->q1.all, e1 = s->e1.all, e2 = s->e2.all;
    const vec zero = vec_of(0), a = q1 + e1, b = q0 * e1, difference = a - q0;
    const vec root = vec_sqrt(vec_fma(difference, difference, vec_of(4) * b));
    const vec pair = vec_of(2) * q0 * q1 / (a + q0 + root);
    const vec above = a - pair, gap = vec_of(0.75) * s->least[2].all - pair;
    const vec change = b * q1 * e2 / (vec_fma(above, above, b) * gap);
    const vec cautious = vec_of(0.4) * s->least[0].all;
    vec shift = vec_pick(vec_less(zero, gap), vec_max(pair - change, cautious), cautious);
    shift = vec_pick(vec_less(s->next.all, zero), shift, s->next.all);
    s->shift.all = vec_pick(vec_less(s->end.all, zero), zero, shift);
    s->next.all = vec_of(-1);
}

/* Adds the shifts of the lanes whose sweep was good, carrying what rounding takes. */
static void add_shifts(struct state *s, lane_mask failed) {
    const vec sum = s->sum.all, change = vec_pick(failed, vec_of(0), s->shift.all + s->rest.all);
    const vec total = sum + change, part = total - sum;
    s->rest.all = vec_pick(failed, s->rest.all, (sum - (total - part)) + (change - part));
    s->sum.all = vec_pick(failed, sum, total);
}

/* Undoes the sweep in these lanes. */
static void put_back(struct state *s, lane_mask failed, unsigned bits, size_t longest) {
    for (size_t i = 0; i <= longest; i++) {
        s->q[i] = vec_pick(failed, s->new_q[i], s->q[i]);
        s->e[i] = vec_pick(failed, s->new_e[i], s->e[i]);
    }
    for (; bits; bits &= bits - 1) {
        const size_t lane = (size_t)__builtin_ctz(bits);
        reload(s, lane);
        lower_shift(s, lane);
    }
}

static void after_sweep(struct state *s, size_t longest) {
    const vec zero = vec_of(0);
    const lane_mask failed = vec_less(s->least[0].all, zero);
    const unsigned running = lane_bits(vec_less(zero, s->end.all)), bad = lane_bits(failed) & running;
    add_shifts(s, failed);
    s->waited.all += vec_of(1);
    s->failures.all = vec_pick(failed, s->failures.all + vec_of(1), zero);
    const vec limit = vec_max(s->negligible.all, vec_of(NEGLIGIBLE) * (s->sum.all + vec_max(s->q0.all, s->q1.all)));
    const unsigned slow = lane_bits(vec_less(vec_of(SLOW), s->waited.all)) & running & ~bad;
    unsigned small = lane_bits(vec_less(s->e1.all, limit)) | lane_bits(vec_less(s->e2.all, limit));
    if (bad) put_back(s, failed, bad, longest);
    for (small &= running & ~bad; small; small &= small - 1) drop_converged(s, (size_t)__builtin_ctz(small));
    for (unsigned left = slow; left; left &= left - 1) {
        const size_t lane = (size_t)__builtin_ctz(left);
        if (s->waited.of[lane] <= SLOW) continue;
        s->waited.of[lane] = 0;
        split(s, lane);
    }
}

/* --- the whole --- */

/* Squares of both diagonals, and what is negligible beside them. A lane of zeros has nothing to do. */
static void start(struct state *s, const vec *diagonal, const vec *superdiagonal, size_t n) {
    const vec zero = vec_of(0);
    vec largest = zero;
    for (size_t i = 0; i < n; i++) {
        s->q[i] = diagonal[i] * diagonal[i];
        s->e[i] = superdiagonal[i] * superdiagonal[i];
        s->values[i] = zero;
        largest = vec_max(s->q[i] + s->e[i], largest);
    }
    const lane_mask some = vec_less(zero, largest);
    s->negligible.all = vec_of(NEGLIGIBLE_ABSOLUTE) * largest;
    s->floor.all = vec_pick(some, vec_of(FLOOR) * largest, vec_of(1));
    s->end.all = vec_pick(some, vec_of((double)n - 1), vec_of(-1));
    for (size_t i = 0; i < n; i++) {
        s->q[i] = vec_max(s->q[i], s->floor.all);
        s->e[i] = vec_max(s->e[i], s->floor.all);
    }
    for (size_t lane = 0; lane < LANES; lane++) {
        if (s->end.of[lane] < 0) continue;
        start_block(s, lane);
        drop_converged(s, lane);
    }
}

unsigned SPT_LANES_NAME(dqds)(const double *d, const double *e, size_t n, size_t patience, double *scratch,
                              double *values) {
    vec *free_space = (vec *)scratch;
    struct state s = {
        .q = free_space,
        .e = free_space + n,
        .new_q = free_space + 2 * n,
        .new_e = free_space + 3 * n,
        .waiting_q = free_space + 4 * n,
        .waiting_e = free_space + 5 * n,
        .waiting_end = free_space + 6 * n,
        .waiting_sum = free_space + 7 * n,
        .waiting_rest = free_space + 8 * n,
        .values = (vec *)values,
    };
    start(&s, (const vec *)d, (const vec *)e, n);
    unsigned running;
    for (size_t sweeps = 0;; sweeps++) {
        running = lane_bits(vec_less(vec_of(0), s.end.all));
        if (!running || sweeps > patience * (n + 3)) break;
        double shortest = (double)n, longest = -1;
        for (size_t lane = 0; lane < LANES; lane++) {
            longest = larger_of(longest, s.end.of[lane]);
            if (s.end.of[lane] > 0) shortest = smaller_of(shortest, s.end.of[lane]);
        }
        choose_shifts(&s);
        sweep(&s, (size_t)shortest - 2, (size_t)longest);
        after_sweep(&s, (size_t)longest);
    }
    for (size_t i = 0; i < n; i++) s.values[i] = vec_sqrt(vec_max(s.values[i], vec_of(0)));
    return running;
}
