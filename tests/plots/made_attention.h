/* Attention made up for figures: a sink at the first token, the rest by distance, of tokens that a figure has to survive. */
#ifndef SPT_TESTS_PLOTS_MADE_ATTENTION_H
#define SPT_TESTS_PLOTS_MADE_ATTENTION_H

#include "plots/plot.h"

struct made_attention {
    size_t n, layers, heads;
    size_t window;              /* of odd layers; 0: none */
    bool bidirectional, broken; /* broken: layer or head 1 is not finite */
    const char *const *tokens;  /* [token_count] in turn; NULL: "t0", "t1" ... */
    size_t token_count;
    size_t looks; /* counted */
    struct spt_plot_look last;
};

/* Sets source's attention to made, which must outlive it. */
void made_attention_attach(struct made_attention *made, struct spt_plot_source *source);

/* What query gives key. */
double made_attention_value(const struct made_attention *made, size_t panel, size_t query, size_t key);

#endif
