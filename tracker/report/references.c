/* The works: a row each. One is cited where its label stands in what is said (the definitions of metrics among it), and only then
 * among the references. */
#include "tracker/report/internal.h"

#include <string.h>

struct work {
    const char *kind;    /* BibTeX's: article, inproceedings, book, misc, software */
    const char *authors; /* "Surname, Given and Surname, Given" */
    const char *title;
    const char *venue; /* journal, book of proceedings, publisher; NULL: none */
    const char *volume, *number, *pages;
    int year;
    const char *doi, *arxiv, *note;
};

/* clang-format off */
static const struct spt_report_citation CITATIONS[] = {
    {"Ruscio et al. 2025", "ruscio2025"},
    {"Gu et al. 2024", "gu2024"},
    {"Sun et al. 2024", "sun2024"},
    {"Kobayashi et al. 2020", "kobayashi2020"},
    {"Kushnareva et al. 2021", "kushnareva2021"},
    {"Bauer 2021", "bauer2021"},
    {"Bordenave, Caputo and Chafai 2012", "bordenave2012"},
    {"Dykema and Haagerup 2004", "dykema2004"},
    {"Marchenko and Pastur 1967", "marchenko1967"},
    {"Roy and Vetterli 2007", "roy2007"},
    {"Bell and Dean 1970", "bell1970"},
    {"Fiedler 1973", "fiedler1973"},
    {"Freeman 1979", "freeman1979"},
    {"Amari 1998", "amari1998"},
    {"Clauset et al. 2009", "clauset2009"},
    {"Martin and Mahoney 2021", "martin2021"},
    {"Efron 1979", "efron1979"},
    {"Golub and Pereyra 1973", "golub1973"},
    {"Hall and Wilson 1991", "hall1991"},
    {"Davison and Hinkley 1997", "davison1997"},
    {"Benjamini and Hochberg 1995", "benjamini1995"},
    {"Auger and Lawrence 1989", "auger1989"},
    {"Zhang and Siegmund 2007", "zhang2007"},
    {"Kaplan et al. 2020", "kaplan2020"},
    {"Anderson et al. 1999", "anderson1999"},
    {"Frigo and Johnson 2005", "frigo2005"},
    {"Williams et al. 2022", "gnuplot"},
};

static const struct work WORKS[] = {
    {"inproceedings", "Ruscio, Valeria and Nanni, Umberto and Silvestri, Fabrizio", "What are you sinking? A geometric approach on attention sink", "Advances in Neural Information Processing Systems", NULL, NULL, NULL, 2025, NULL, "2508.02546", NULL},
    {"misc", "Gu, Xiangming and Pang, Tianyu and Du, Chao and Liu, Qian and Zhang, Fengzhuo and Du, Cunxiao and Wang, Ye and Lin, Min", "When Attention Sink Emerges in Language Models: An Empirical View", NULL, NULL, NULL, NULL, 2024, NULL, "2410.10781", "International Conference on Learning Representations, 2025"},
    {"misc", "Sun, Mingjie and Chen, Xinlei and Kolter, J. Zico and Liu, Zhuang", "Massive Activations in Large Language Models", NULL, NULL, NULL, NULL, 2024, NULL, "2402.17762", NULL},
    {"inproceedings", "Kobayashi, Goro and Kuribayashi, Tatsuki and Yokoi, Sho and Inui, Kentaro", "Attention is Not Only a Weight: Analyzing Transformers with Vector Norms", "Proceedings of the 2020 Conference on Empirical Methods in Natural Language Processing (EMNLP)", NULL, NULL, "7057--7075", 2020, "10.18653/v1/2020.emnlp-main.574", NULL, NULL},
    {"inproceedings", "Kushnareva, Laida and Cherniavskii, Daniil and Mikhailov, Vladislav and Artemova, Ekaterina and Barannikov, Serguei and Bernstein, Alexander and Piontkovskaya, Irina and Piontkovski, Dmitri and Burnaev, Evgeny", "Artificial Text Detection via Examining the Topology of Attention Maps", "Proceedings of the 2021 Conference on Empirical Methods in Natural Language Processing", NULL, NULL, NULL, 2021, "10.18653/v1/2021.emnlp-main.50", NULL, NULL},
    {"article", "Bauer, Ulrich", "Ripser: efficient computation of Vietoris-Rips persistence barcodes", "Journal of Applied and Computational Topology", "5", "3", "391--423", 2021, "10.1007/s41468-021-00071-5", NULL, NULL},
    {"article", "Bordenave, Charles and Caputo, Pietro and Chafaï, Djalil", "Circular law theorem for random Markov matrices", "Probability Theory and Related Fields", "152", NULL, "751--779", 2012, "10.1007/s00440-010-0336-1", NULL, NULL},
    {"article", "Dykema, Ken and Haagerup, Uffe", "DT-operators and decomposability of Voiculescu's circular operator", "American Journal of Mathematics", "126", "1", "121--189", 2004, NULL, NULL, NULL},
    {"article", "Marchenko, V. A. and Pastur, L. A.", "Distribution of eigenvalues for some sets of random matrices", "Mathematics of the USSR-Sbornik", "1", "4", "457--483", 1967, NULL, NULL, NULL},
    {"inproceedings", "Roy, Olivier and Vetterli, Martin", "The effective rank: A measure of effective dimensionality", "15th European Signal Processing Conference", NULL, NULL, "606--610", 2007, NULL, NULL, NULL},
    {"article", "Bell, R. J. and Dean, P.", "Atomic vibrations in vitreous silica", "Discussions of the Faraday Society", "50", NULL, "55--61", 1970, "10.1039/DF9705000055", NULL, NULL},
    {"article", "Fiedler, Miroslav", "Algebraic connectivity of graphs", "Czechoslovak Mathematical Journal", "23", "2", "298--305", 1973, NULL, NULL, NULL},
    {"article", "Freeman, Linton C.", "Centrality in social networks: Conceptual clarification", "Social Networks", "1", "3", "215--239", 1979, NULL, NULL, NULL},
    {"article", "Amari, Shun-ichi", "Natural Gradient Works Efficiently in Learning", "Neural Computation", "10", "2", "251--276", 1998, NULL, NULL, NULL},
    {"article", "Clauset, Aaron and Shalizi, Cosma Rohilla and Newman, M. E. J.", "Power-Law Distributions in Empirical Data", "SIAM Review", "51", "4", "661--703", 2009, NULL, "0706.1062", NULL},
    {"article", "Martin, Charles H. and Mahoney, Michael W.", "Implicit Self-Regularization in Deep Neural Networks: Evidence from Random Matrix Theory and Implications for Learning", "Journal of Machine Learning Research", "22", "165", "1--73", 2021, NULL, "1810.01075", NULL},
    {"article", "Efron, B.", "Bootstrap Methods: Another Look at the Jackknife", "The Annals of Statistics", "7", "1", "1--26", 1979, NULL, NULL, NULL},
    {"article", "Golub, G. H. and Pereyra, V.", "The Differentiation of Pseudo-Inverses and Nonlinear Least Squares Problems Whose Variables Separate", "SIAM Journal on Numerical Analysis", "10", "2", "413--432", 1973, NULL, NULL, NULL},
    {"article", "Hall, Peter and Wilson, Susan R.", "Two Guidelines for Bootstrap Hypothesis Testing", "Biometrics", "47", "2", "757--762", 1991, NULL, NULL, NULL},
    {"book", "Davison, A. C. and Hinkley, D. V.", "Bootstrap Methods and their Application", "Cambridge University Press", NULL, NULL, NULL, 1997, NULL, NULL, NULL},
    {"article", "Benjamini, Yoav and Hochberg, Yosef", "Controlling the False Discovery Rate: A Practical and Powerful Approach to Multiple Testing", "Journal of the Royal Statistical Society, Series B", "57", "1", "289--300", 1995, NULL, NULL, NULL},
    {"article", "Auger, Ivan E. and Lawrence, Charles E.", "Algorithms for the optimal identification of segment neighborhoods", "Bulletin of Mathematical Biology", "51", "1", "39--54", 1989, NULL, NULL, NULL},
    {"article", "Zhang, Nancy R. and Siegmund, David O.", "A Modified Bayes Information Criterion with Applications to the Analysis of Comparative Genomic Hybridization Data", "Biometrics", "63", "1", "22--32", 2007, "10.1111/j.1541-0420.2006.00662.x", NULL, NULL},
    {"misc", "Kaplan, Jared and McCandlish, Sam and Henighan, Tom and Brown, Tom B. and Chess, Benjamin and Child, Rewon and Gray, Scott and Radford, Alec and Wu, Jeffrey and Amodei, Dario", "Scaling Laws for Neural Language Models", NULL, NULL, NULL, NULL, 2020, NULL, "2001.08361", NULL},
    {"book", "Anderson, E. and Bai, Z. and Bischof, C. and Blackford, S. and Demmel, J. and Dongarra, J. and Du Croz, J. and Greenbaum, A. and Hammarling, S. and McKenney, A. and Sorensen, D.", "LAPACK Users' Guide", "Society for Industrial and Applied Mathematics", NULL, NULL, NULL, 1999, NULL, NULL, "third edition"},
    {"article", "Frigo, Matteo and Johnson, Steven G.", "The Design and Implementation of FFTW3", "Proceedings of the IEEE", "93", "2", "216--231", 2005, NULL, NULL, NULL},
    {"misc", "Williams, Thomas and Kelley, Colin and others", "Gnuplot 5.4: an interactive plotting program", NULL, NULL, NULL, NULL, 2022, NULL, NULL, "gnuplot.info"},
};
/* clang-format on */

enum { WORK_COUNT = sizeof WORKS / sizeof *WORKS };
_Static_assert(sizeof CITATIONS / sizeof *CITATIONS == WORK_COUNT, "each work is cited by a label of its own");

const struct spt_report_citation *spt_reference_citations(size_t *count) {
    *count = WORK_COUNT;
    return CITATIONS;
}

/* --- BibTeX --- */

static void put_field(struct spt_text *out, const char *name, const char *value) {
    if (value) spt_text_format(out, "  %s = {%s},\n", name, value);
}

static const char *venue_field(const struct work *work) {
    if (strcmp(work->kind, "article") == 0) return "journal";
    return strcmp(work->kind, "inproceedings") == 0 ? "booktitle" : "publisher";
}

static void put_entry(struct spt_text *out, const struct work *work, const char *key) {
    spt_text_format(out, "@%s{%s,\n", work->kind, key);
    put_field(out, "author", work->authors);
    spt_text_format(out, "  title = {{%s}},\n", work->title);
    put_field(out, venue_field(work), work->venue);
    put_field(out, "volume", work->volume);
    put_field(out, "number", work->number);
    put_field(out, "pages", work->pages);
    spt_text_format(out, "  year = {%d},\n", work->year);
    put_field(out, "doi", work->doi);
    put_field(out, "eprint", work->arxiv);
    if (work->arxiv) put_field(out, "archiveprefix", "arXiv");
    put_field(out, "note", work->note);
    spt_text_put(out, "}\n");
}

void spt_reference_put_bibtex(struct spt_text *out, const bool *cited) {
    spt_text_put(out, "@misc{spectail,\n  title = {{spectail: attention geometry over training checkpoints}},\n"
                      "  note = {Version " SPT_VERSION "},\n}\n");
    for (size_t i = 0; i < WORK_COUNT; i++)
        if (cited[i]) put_entry(out, &WORKS[i], CITATIONS[i].key);
}

/* --- the list --- */

/* "A. Surname, B. Other and C. Third" of "Surname, A. and Other, B. and Third, C." */
static void put_authors(struct spt_text *line, const char *authors) {
    bool first = true;
    for (const char *from = authors; from;) {
        const char *end = strstr(from, " and ");
        const size_t length = end ? (size_t)(end - from) : strlen(from);
        const char *comma = memchr(from, ',', length);
        if (!first) spt_text_put(line, end ? ", " : " and ");
        if (comma) {
            spt_text_append(line, comma + 2, length - (size_t)(comma + 2 - from));
            spt_text_put(line, " ");
            spt_text_append(line, from, (size_t)(comma - from));
        } else {
            spt_text_append(line, from, length);
        }
        first = false;
        from = end ? end + strlen(" and ") : NULL;
    }
}

static void put_pages(struct spt_text *line, const char *pages) {
    const char *dash = strstr(pages, "--");
    spt_text_put(line, ", ");
    spt_text_append(line, pages, dash ? (size_t)(dash - pages) : strlen(pages));
    if (dash) spt_text_format(line, "–%s", dash + 2);
}

static void put_work(struct spt_telling *t, const struct work *work) {
    struct spt_text line = {0};
    put_authors(&line, work->authors);
    spt_text_format(&line, ". %s.", work->title);
    if (work->venue) spt_text_format(&line, " %s", work->venue);
    if (work->volume) spt_text_format(&line, " %s", work->volume);
    if (work->number) spt_text_format(&line, "(%s)", work->number);
    if (work->pages) put_pages(&line, work->pages);
    spt_text_format(&line, work->venue ? ", %d." : " %d.", work->year);
    if (work->doi) spt_text_format(&line, " doi:%s.", work->doi);
    if (work->arxiv) spt_text_format(&line, " arXiv:%s.", work->arxiv);
    if (work->note) spt_text_format(&line, " %s.", work->note);
    spt_report_text(&t->page, line.data ? line.data : "");
    t->page.body.failed = t->page.body.failed || line.failed;
    spt_text_release(&line);
}

enum spt_status spt_tell_references(struct spt_telling *t, struct spt_error *error) {
    struct spt_text bibtex = {0};
    (void)error;
    spt_report_chapter(&t->page, "references", "References");
    spt_report_open(&t->page, SPT_REPORT_REFERENCES);
    for (size_t i = 0; i < WORK_COUNT; i++) {
        if (!t->page.cited[i]) continue;
        spt_report_reference(&t->page, CITATIONS[i].key);
        put_work(t, &WORKS[i]);
        spt_report_close(&t->page, SPT_REPORT_ITEM);
    }
    spt_report_close(&t->page, SPT_REPORT_REFERENCES);
    spt_reference_put_bibtex(&bibtex, t->page.cited);
    spt_report_fold(&t->page, "BibTeX");
    spt_report_listing(&t->page, "To be copied", bibtex.data ? bibtex.data : "");
    spt_report_end_fold(&t->page);
    t->page.body.failed = t->page.body.failed || bibtex.failed;
    spt_text_release(&bibtex);
    return SPT_OK;
}
