#include "analysis/information/information_metrics.h"

#include "analysis/information/remainder.h"
#include "analysis/information/rows.h"

#include <math.h>

double spt_information_kl_uniform(const struct spt_head *head, double unused) {
    (void)unused;
    double sum = 0;
    size_t rows = 0;
    for (size_t i = 0; i < head->n; i++) {
        if (head->mask->sees[i] < 2) continue;
        sum += log((double)head->mask->sees[i]) - head->rows->entropy[i];
        rows++;
    }
    return rows ? sum / (double)rows : NAN;
}

double spt_information_fisher(const struct spt_head *head, double unused) {
    (void)unused;
    double sum = 0;
    size_t rows = 0;
    for (size_t i = 0; i < head->n; i++) {
        if (head->mask->sees[i] < 2) continue;
        sum += 1 - head->rows->squares[i];
        rows++;
    }
    return rows ? sum / (double)rows : NAN;
}

double spt_information_kl_no_sink(const struct spt_head *head, double unused) {
    (void)unused;
    return head->remainder->kl_no_sink;
}

double spt_information_kl_drop(const struct spt_head *head, double unused) {
    (void)unused;
    return head->remainder->kl_same - head->remainder->kl_no_sink;
}

double spt_information_fisher_sink(const struct spt_head *head, double unused) {
    (void)unused;
    return head->remainder->fisher_sink;
}

double spt_information_kl_same(const struct spt_head *head, double unused) {
    (void)unused;
    return head->remainder->kl_same;
}
