/* What is asked of rows and runs that are read: where they are shown, tokens, why a row has no interval. */
#include "tracker/emergence/emergence.h"

#include <math.h>

double spt_emerged_tokens(const struct spt_emerged *e, double t) {
    const double step = exp2(t) - 1;
    size_t before = e->checkpoints, after = e->checkpoints;
    for (size_t i = 0; i < e->checkpoints; i++) {
        if (e->tokens[i] == SPT_NO_TOKENS) continue;
        if ((double)e->step[i] <= step) before = i;
        if ((double)e->step[i] >= step && after == e->checkpoints) after = i;
    }
    if (before == e->checkpoints || after == e->checkpoints) return NAN;
    const double low = (double)e->step[before], high = (double)e->step[after];
    const double share = high > low ? (step - low) / (high - low) : 0;
    return (double)e->tokens[before] + share * ((double)e->tokens[after] - (double)e->tokens[before]);
}

bool spt_emerged_shows(int row_layer, int row_head, struct spt_emerged_view view) {
    return (view.layer == SPT_EVERY_LAYER || row_layer == view.layer) &&
           (view.head == SPT_EVERY_HEAD || row_head == view.head);
}

enum { NO_HEADS, NO_DRAWS, POOLED, FEW_DRAWS };

const char *const SPT_EMERGED_NO_INTERVAL[SPT_EMERGED_NO_INTERVAL_COUNT] = {
    [NO_HEADS] = "of single heads no values are stored (spectail sweep --keep heads stores them)",
    [NO_DRAWS] = "no draws are stored (spectail sweep --force stores them, unless keep_draws is false)",
    [POOLED] = "pooled: no interval",
    [FEW_DRAWS] = "fewer than 20 draws have a value at every checkpoint",
};

static bool has_draws(const struct spt_metric *metric) {
    return metric->pooled_draws || metric->whole_draws || metric->level == SPT_LEVEL_RATIO ||
           metric->level == SPT_LEVEL_PAIRS;
}

const char *spt_emerged_no_interval(const struct spt_emerged_row *row) {
    const size_t i = spt_metric_find(row->metric);
    const bool bare = row->emergence.reason == SPT_EMERGENCE_FOUND && isnan(row->emergence.t0_lo);
    if (row->resampled) return bare ? SPT_EMERGED_NO_INTERVAL[FEW_DRAWS] : NULL;
    if (row->head != SPT_WHOLE_LAYER) return SPT_EMERGED_NO_INTERVAL[NO_HEADS];
    return SPT_EMERGED_NO_INTERVAL[i < SPT_METRIC_COUNT && has_draws(&SPT_METRICS[i]) ? NO_DRAWS : POOLED];
}
