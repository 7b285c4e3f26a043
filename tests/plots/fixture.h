/* Sources of figures without a store: made-up series that turn like those of a training run, and the NumPy oracle's
 * figures of the bundled run (tests/data/demo-run.oracle.json), to which intervals and curves are made up. */
#ifndef SPT_TESTS_PLOTS_FIXTURE_H
#define SPT_TESTS_PLOTS_FIXTURE_H

#include "checkpoints/base/json.h"
#include "plots/plot.h"
#include "tests/plots/made_attention.h"

struct fixture {
    struct spt_plot_source source;
    struct spt_plot_source control; /* of the same series, turned half as far; source.control where it is to be drawn */
    struct made_attention attention;
    struct spt_plot_checkpoint *checkpoints;
    struct spt_json_document *oracle; /* NULL: made-up series */
    bool gaps;                        /* some values are undefined */
    bool bare;                        /* no nulls, law, curves of layers or the model, external series, intervals */
    const char *unit;                 /* of every metric; NULL: its own */
    const char *only;                 /* metrics whose name begins so; NULL: all */
};

void fixture_init(struct fixture *fixture, size_t layers, size_t heads, const int64_t *steps, size_t count);
/* The bundled run's 17 checkpoints, 6 layers and 4 heads. False when the oracle's file cannot be read. */
bool fixture_init_demo(struct fixture *fixture);
/* The 154 steps of the Pythia suite: 0, powers of two to 512, every 1000 to 143000. */
void fixture_init_pythia(struct fixture *fixture, size_t layers, size_t heads);
void fixture_release(struct fixture *fixture);

#endif
