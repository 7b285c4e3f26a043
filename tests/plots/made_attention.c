#include "tests/plots/made_attention.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t window_of(const struct made_attention *made, size_t panel) {
    return made->window && panel % 2 ? made->window : made->n;
}

static bool sees(const struct made_attention *made, size_t panel, size_t query, size_t key) {
    return made->bidirectional || (key <= query && query - key < window_of(made, panel));
}

/* Before it is divided by the sum of its row. */
static double weight(const struct made_attention *made, size_t panel, size_t query, size_t key) {
    if (!sees(made, panel, query, key)) return 0;
    if (made->broken && panel == 1) return NAN;
    return key == 0 ? 1 + (double)panel : 0.3 * exp(-0.5 * fabs((double)query - (double)key)) + 1e-6;
}

static double sum_of_row(const struct made_attention *made, size_t panel, size_t query) {
    double sum = 0;
    for (size_t k = 0; k < made->n; k++) sum += weight(made, panel, query, k);
    return sum;
}

double made_attention_value(const struct made_attention *made, size_t panel, size_t query, size_t key) {
    return weight(made, panel, query, key) / sum_of_row(made, panel, query);
}

static void fill(const struct made_attention *made, size_t panel, struct spt_plot_attention *a) {
    const size_t n = made->n;
    a->window[panel] = window_of(made, panel);
    a->finite[panel] = made->broken && panel == 1 ? 0 : 1;
    a->is_reference[panel * n] = n > 1 && a->finite[panel];
    for (size_t i = 0; i < n; i++) {
        const double sum = sum_of_row(made, panel, i);
        size_t count = 0;
        for (size_t k = 0; k < n; k++) count += sees(made, panel, i, k);
        for (size_t k = 0; k < n; k++) {
            const double value = weight(made, panel, i, k) / sum;
            if (a->matrices) a->matrices[(panel * n + i) * n + k] = (float)value;
            a->received[panel * n + k] += value / (double)n;
            if (sees(made, panel, i, k)) a->uniform[panel * n + k] += 1 / (double)count / (double)n;
        }
    }
}

static enum spt_status look(void *context, const struct spt_plot_look *asked, struct spt_plot_attention *a,
                            struct spt_error *error) {
    struct made_attention *made = context;
    const size_t n = made->n, panels = asked->layer < 0 ? made->layers : asked->head < 0 ? made->heads : 1;
    made->looks++;
    made->last = *asked;
    *a = (struct spt_plot_attention){.n = n, .panels = panels, .bidirectional = made->bidirectional};
    a->about = strdup("sample 0");
    a->token = calloc(n, sizeof *a->token);
    if (asked->matrices) a->matrices = calloc(panels * n * n, sizeof(float));
    a->received = calloc(panels * n, sizeof(double));
    a->uniform = calloc(panels * n, sizeof(double));
    a->is_reference = calloc(panels, n);
    a->finite = calloc(panels, 1);
    a->window = calloc(panels, sizeof(size_t));
    if (!a->about || !a->token || (asked->matrices && !a->matrices) || !a->received || !a->uniform ||
        !a->is_reference || !a->finite || !a->window)
        return spt_fail_memory(error, panels * n * n, "made-up attention");
    for (size_t k = 0; k < n; k++) {
        char name[32];
        snprintf(name, sizeof name, "t%zu", k);
        a->token[k] = strdup(made->tokens ? made->tokens[k % made->token_count] : name);
        if (!a->token[k]) return spt_fail_memory(error, sizeof name, "made-up attention");
    }
    for (size_t p = 0; p < panels; p++) fill(made, p, a);
    return SPT_OK;
}

void made_attention_attach(struct made_attention *made, struct spt_plot_source *source) {
    source->attention = look;
    source->attention_context = made;
}
