/* Every figure of every kind of run, in every format: whole, drawn again by what is left beside it, and nothing else
 * left over. */
#include "tests/plots/folder.h"

#include "plots/gnuplot.h"
#include "plots/plot.h"
#include "tests/plots/fixture.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

static const struct spt_plot_options DEFAULTS = {.format = SPT_PLOT_SVG, .layer = -1, .head = -1};

static char *beside(const struct spt_figure *figure, const char *suffix, size_t *size) {
    char path[128];
    snprintf(path, sizeof path, "out/%s.%s", figure->name, suffix);
    return slurp(path, size);
}

/* The bytes of a figure without the moment it was made, which PDF records. */
static char *picture(const struct spt_figure *figure, enum spt_plot_format format, size_t *size) {
    char *data = beside(figure, spt_plot_format_name(format), size);
    if (format != SPT_PLOT_PDF) return data;
    char *date = memmem(data, *size, "/CreationDate", strlen("/CreationDate"));
    assert_non_null(date);
    for (; *date && *date != ')'; date++) *date = 'x';
    return data;
}

static unsigned big_endian(const char *bytes) {
    const unsigned char *b = (const unsigned char *)bytes;
    return (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
}

static void assert_is(enum spt_plot_format format, const char *data, size_t size) {
    assert_true(size > 500);
    if (format == SPT_PLOT_SVG) {
        assert_non_null(strstr(data, "<svg"));
        assert_non_null(strstr(data, "Produced by GNUPLOT"));
        assert_string_equal(data + size - strlen("</svg>\n\n"), "</svg>\n\n");
    } else if (format == SPT_PLOT_PNG) {
        assert_memory_equal(data, "\x89PNG\r\n\x1a\n", 8);
        assert_memory_equal(data + size - 8, "IEND\xae\x42\x60\x82", 8);
        unsigned width = big_endian(data + 16), height = big_endian(data + 20);
        /* 300 dots an inch: a column is 3.35 inches wide, a page 7. */
        assert_true(width >= 600 && width <= 2100 && height >= 250 && height <= 1500);
    } else {
        assert_memory_equal(data, "%PDF-1.", 7);
        assert_memory_equal(data + size - 6, "%%EOF\n", 6);
    }
}

/* A gnuplot that leaves what it complains of in a file. */
static void make_listener(void) {
    static const char SCRIPT[] = "#!/bin/sh\nexec gnuplot \"$@\" 2>>\"${0%/*}/complaints\"\n";
    if (access("listener", X_OK) == 0) return;
    assert_int_equal(spt_file_write_all("listener", SCRIPT, sizeof SCRIPT - 1, NULL), SPT_OK);
    assert_int_equal(chmod("listener", 0700), 0);
}

/* Draws into out, without a word from gnuplot. The picture is the caller's to free. */
static char *draw_once(const struct spt_figure *figure, struct fixture *fixture, const struct spt_plot_options *options,
                       size_t *size) {
    struct spt_plot_options heard = *options;
    struct spt_error error = {0};
    make_listener();
    heard.gnuplot = "./listener";
    enum spt_status status = spt_plot_render(figure, &fixture->source, &heard, "out", &error);
    if (status != SPT_OK) fail_msg("%s: %s %s", figure->name, spt_status_name(status), error.message);
    char *complaints = slurp("complaints", NULL);
    if (*complaints) fail_msg("%s: gnuplot says: %s", figure->name, complaints);
    free(complaints);
    assert_int_equal(count_names("out"), 3);
    char *data = picture(figure, options->format, size);
    assert_is(options->format, data, *size);
    return data;
}

/* Draws again by the script that is left in out: the same figure, without a word from gnuplot. */
static void draw_again(const struct spt_figure *figure, const struct spt_plot_options *options, const char *first,
                       size_t size) {
    struct spt_error error = {0};
    char path[128];
    snprintf(path, sizeof path, "out/%s.%s", figure->name, spt_plot_format_name(options->format));
    assert_int_equal(unlink(path), 0);
    snprintf(path, sizeof path, "%s.gp", figure->name);
    struct spt_text output = {0}, messages = {0};
    char *gnuplot = NULL;
    assert_int_equal(spt_gnuplot_find(NULL, &gnuplot, &error), SPT_OK);
    assert_int_equal(spt_gnuplot_run(gnuplot, "out", path, 60, &output, &messages, &error), SPT_OK);
    if (messages.length) fail_msg("%s: gnuplot says: %s", figure->name, messages.data);
    size_t again_size = 0;
    char *again = picture(figure, options->format, &again_size);
    assert_int_equal(size, again_size);
    assert_memory_equal(first, again, size);
    assert_int_equal(count_names("out"), 3);
    free(again);
    free(gnuplot);
    spt_text_release(&output);
    spt_text_release(&messages);
}

static void draw_twice(const struct spt_figure *figure, struct fixture *fixture,
                       const struct spt_plot_options *options) {
    size_t size = 0;
    char *first = draw_once(figure, fixture, options, &size);
    draw_again(figure, options, first, size);
    free(first);
    assert_int_equal(system("rm -r out"), 0);
}

/* One layer has no trajectory through the layers. */
static bool has_nothing(const struct spt_figure *figure, const struct fixture *fixture) {
    return fixture->source.layers < 2 && strcmp(figure->name, "betti_layers") == 0;
}

static void draw_all(struct fixture *fixture, enum spt_plot_format format, bool twice) {
    struct spt_plot_options options = DEFAULTS;
    options.format = format;
    size_t size = 0;
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) {
        if (SPT_FIGURES[i].compares) continue;
        if (has_nothing(&SPT_FIGURES[i], fixture)) {
            assert_int_equal(spt_plot_render(&SPT_FIGURES[i], &fixture->source, &options, "out", NULL), SPT_END);
        } else if (twice) {
            draw_twice(&SPT_FIGURES[i], fixture, &options);
        } else {
            free(draw_once(&SPT_FIGURES[i], fixture, &options, &size));
            assert_int_equal(system("rm -r out"), 0);
        }
    }
}

static void the_bundled_run_is_drawn_in_all_formats(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    for (int format = 0; format < SPT_PLOT_TERM; format++)
        draw_all(&fixture, (enum spt_plot_format)format, format == SPT_PLOT_SVG);
    fixture.source.control = &fixture.control;
    draw_all(&fixture, SPT_PLOT_PNG, false);
    fixture_release(&fixture);
}

static void a_large_run_with_gaps_and_duplicates_is_drawn(void **state) {
    (void)state;
    struct fixture fixture;
    fixture_init_pythia(&fixture, 36, 40);
    fixture.gaps = true;
    fixture.checkpoints[20].duplicate = fixture.checkpoints[153].duplicate = true;
    draw_all(&fixture, SPT_PLOT_PDF, false);
    fixture_release(&fixture);
}

static void small_and_odd_runs_are_drawn(void **state) {
    (void)state;
    static const struct {
        size_t layers, heads, count;
        int64_t steps[8];
    } RUNS[] = {
        {1, 1, 1, {5000}},
        {2, 3, 1, {0}},
        {1, 1, 2, {0, 1}},
        {12, 12, 8, {500, 1000, 1500, 2000, 2500, 3000, 3500, 4000}},
        {3, 2, 4, {100000, 100500, 101000, 101500}},
        {2, 2, 3, {0, 1000000, 2000000000}},
    };
    for (size_t i = 0; i < sizeof RUNS / sizeof *RUNS; i++) {
        struct fixture fixture;
        fixture_init(&fixture, RUNS[i].layers, RUNS[i].heads, RUNS[i].steps, RUNS[i].count);
        fixture.gaps = RUNS[i].count > 4;
        draw_all(&fixture, SPT_PLOT_SVG, false);
        fixture_release(&fixture);
    }
}

/* Neither nulls nor the law nor intervals nor a training loss, and curves of heads only. */
static void a_bare_run_is_drawn_all_the_same(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    fixture.bare = true;
    fixture.source.onset = NULL;
    draw_all(&fixture, SPT_PLOT_PNG, false);
    fixture_release(&fixture);
}

static void a_run_without_a_figures_metrics_leaves_nothing(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    fixture.only = "loss";
    fixture.source.attention = NULL;
    struct spt_plot_options options = DEFAULTS;
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) {
        const char *name = SPT_FIGURES[i].name;
        if (strcmp(name, "heatmap") == 0 || strcmp(name, "atlas") == 0) options.metric = "loss"; /* has no layers */
        enum spt_status status = spt_plot_render(&SPT_FIGURES[i], &fixture.source, &options, "out", NULL);
        assert_int_equal(status, strcmp(name, "emergence") == 0 ? SPT_OK : SPT_END);
        options.metric = NULL;
    }
    assert_int_equal(count_names("out"), 3);
    fixture.source.count = 0;
    assert_int_equal(spt_plot_render(spt_figure_find("emergence"), &fixture.source, &options, "none", NULL), SPT_END);
    assert_int_equal(count_names("none"), -1);
    assert_int_equal(system("rm -r out"), 0);
    fixture_release(&fixture);
}

static void one_panel_is_left_when_only_the_sink_is_known(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    fixture.only = "sink.first"; /* also begins sink.first_excess */
    draw_twice(spt_figure_find("emergence"), &fixture, &DEFAULTS);
    fixture_release(&fixture);
}

/* From the oracle's file: layer 5 ends highest, at 0.5767; its loss at step 0 is 7.1660. */
static void data_and_names_are_those_of_the_run(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    fixture.checkpoints[4].duplicate = true;
    const struct spt_figure *figure = spt_figure_find("emergence");
    assert_int_equal(spt_plot_render(figure, &fixture.source, &DEFAULTS, "out", NULL), SPT_OK);
    char *data = beside(figure, "dat", NULL), *svg = beside(figure, "svg", NULL);
    assert_non_null(strstr(svg, "<text>layer 5</text>"));
    assert_non_null(strstr(svg, ">onset 2k<"));
    const char *layer = strstr(data, "# sink, layer |\n# step x mean lo hi mark alone\n0 ");
    assert_non_null(layer);
    assert_non_null(strstr(layer, "\n8000 3.90308999 0.576684222 "));
    const char *loss = strstr(data, "\n# loss |\n");
    assert_non_null(loss);
    double step, x, mean, lo, hi;
    int mark, alone;
    assert_int_equal(sscanf(strchr(strchr(loss + 1, '\n') + 1, '\n'), "%lf %lf %lf %lf %lf %d %d", &step, &x, &mean,
                            &lo, &hi, &mark, &alone),
                     7);
    assert_true(step == 0 && x < 0 && fabs(mean - 7.1660) < 5e-5 && lo < mean && mean < hi && mark == 1 && alone == 1);
    /* The line ends at step 0, before the break; the duplicate is marked. */
    assert_non_null(strstr(loss, " 1 1\n\n1 0 "));
    const char *twin = strstr(loss, "\n8 0.903089987 ");
    assert_non_null(twin);
    assert_memory_equal(strchr(twin + 1, '\n') - 4, " 2 0", 4);
    free(data);
    free(svg);
    fixture_release(&fixture);
}

static void missing_values_leave_gaps(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    fixture.gaps = true;
    const struct spt_figure *figure = spt_figure_find("rmt");
    assert_int_equal(spt_plot_render(figure, &fixture.source, &DEFAULTS, "out", NULL), SPT_OK);
    char *data = beside(figure, "dat", NULL);
    assert_non_null(strstr(data, "\n4 0.602059991 NaN NaN NaN 1 1\n"));
    free(data);
    fixture_release(&fixture);
}

static void maps_show_the_metric_asked_for_or_refuse_it(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    struct spt_plot_options options = DEFAULTS;
    const struct spt_figure *figure = spt_figure_find("heatmap");
    options.metric = "topology.b1@0.1";
    assert_int_equal(spt_plot_render(figure, &fixture.source, &options, "out", NULL), SPT_OK);
    char *svg = beside(figure, "svg", NULL);
    assert_non_null(strstr(svg, ">topology.b1@0.1 (cycles)<"));
    free(svg);
    options.metric = "no.such";
    struct spt_error error = {0};
    assert_int_equal(spt_plot_render(figure, &fixture.source, &options, "out", &error), SPT_INVALID);
    assert_string_equal(error.message, "there is no metric \"no.such\"");
    options = DEFAULTS;
    options.layer = 6;
    assert_int_equal(spt_plot_render(spt_figure_find("spectra"), &fixture.source, &options, "out", &error),
                     SPT_INVALID);
    assert_string_equal(error.message, "there is no layer 6: the run's layers are 0 to 5");
    fixture_release(&fixture);
}

/* One value everywhere still has a scale of colours. */
static void a_constant_metric_can_be_mapped(void **state) {
    (void)state;
    struct fixture fixture;
    const int64_t steps[] = {0, 1, 2};
    fixture_init(&fixture, 3, 4, steps, 3);
    struct spt_plot_options options = DEFAULTS;
    options.metric = "constant";
    draw_twice(spt_figure_find("heatmap"), &fixture, &options);
    draw_twice(spt_figure_find("atlas"), &fixture, &options);
    fixture_release(&fixture);
}

static void hostile_names_are_only_text(void **state) {
    (void)state;
    static const char *const NAMES[] = {
        "`touch pwned`",
        "a'b\"c",
        "x{/=20 y}_^@",
        "line\nsystem('touch pwned')",
        "ends in \\",
        "@run $(touch pwned)",
        "'.system('touch pwned').'",
        "\xff\xfe not UTF-8",
        "# } {",
        "<script>alert(1)</script>",
        "%s%n",
        "",
    };
    struct fixture fixture;
    const int64_t steps[] = {0, 1, 8, 64};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        fixture_init(&fixture, 2, 2, steps, 4);
        fixture.source.run = fixture.unit = NAMES[i];
        for (size_t j = 0; j < 4; j++) fixture.checkpoints[j].label = NAMES[i];
        draw_twice(spt_figure_find("heatmap"), &fixture, &DEFAULTS);
        draw_twice(spt_figure_find("emergence"), &fixture, &DEFAULTS);
        draw_twice(spt_figure_find("fiedler"), &fixture, &DEFAULTS);
        assert_int_not_equal(access("pwned", F_OK), 0);
        fixture_release(&fixture);
    }
}

static void an_output_folder_that_cannot_be_made_is_named(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    assert_int_equal(spt_file_write_all("file", "x", 1, NULL), SPT_OK);
    struct spt_error error = {0};
    assert_int_equal(spt_plot_render(&SPT_FIGURES[0], &fixture.source, &DEFAULTS, "file/figures", &error), SPT_IO);
    assert_non_null(strstr(error.path, "file"));
    assert_true(error.message[0] != '\0' && error.system != 0);
    fixture_release(&fixture);
}

/* A limit on the size of files stands for a full disk. */
static void a_full_disk_leaves_the_old_figure_and_nothing_else(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    const struct spt_figure *figure = spt_figure_find("spectra");
    assert_int_equal(spt_plot_render(figure, &fixture.source, &DEFAULTS, "out", NULL), SPT_OK);
    size_t size = 0, after_size = 0;
    char *before = picture(figure, SPT_PLOT_SVG, &size);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 3000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    struct spt_error error = {0};
    enum spt_status status = spt_plot_render(figure, &fixture.source, &DEFAULTS, "out", &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(status, SPT_IO);
    char *after = picture(figure, SPT_PLOT_SVG, &after_size);
    assert_int_equal(size, after_size);
    assert_memory_equal(before, after, size);
    assert_int_equal(count_names("out"), 3);
    free(before);
    free(after);
    assert_int_equal(system("rm -r out"), 0);
    fixture_release(&fixture);
}

static void without_gnuplot_nothing_is_made(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    struct spt_plot_options options = DEFAULTS;
    options.gnuplot = "/nonexistent/gnuplot";
    struct spt_error error = {0};
    assert_int_equal(spt_plot_render(&SPT_FIGURES[0], &fixture.source, &options, "absent", &error), SPT_UNSUPPORTED);
    assert_non_null(strstr(error.message, "apt-get install gnuplot-nox"));
    assert_int_equal(count_names("absent"), -1);
    fixture_release(&fixture);
}

static enum spt_status write_nonsense(const struct spt_plot_source *source, const struct spt_plot_options *options,
                                      struct spt_text *data, struct spt_text *settings, struct spt_error *error) {
    (void)source;
    (void)options;
    (void)error;
    spt_text_put(data, "1 2\n");
    spt_text_put(settings, "set nonsense\n");
    return SPT_OK;
}

static void what_gnuplot_refuses_is_quoted_and_leaves_nothing(void **state) {
    (void)state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    const struct spt_figure figure = {"nonsense", "", "", write_nonsense, "spectra.gp", false, "rmt"};
    struct spt_error error = {0};
    assert_int_equal(spt_plot_render(&figure, &fixture.source, &DEFAULTS, "empty", &error), SPT_INVALID);
    assert_non_null(strstr(error.message, "\"nonsense.gp\" line "));
    assert_non_null(strstr(error.message, "set nonsense"));
    assert_int_equal(count_names("empty"), 0);
    fixture_release(&fixture);
}

/* What a figure writes on the standard output, which is a file and not a terminal. */
static char *drawn_on_terminal(const struct spt_figure *figure, struct fixture *fixture,
                               const struct spt_plot_options *options) {
    fflush(stdout);
    int kept = dup(STDOUT_FILENO);
    assert_non_null(freopen("screen", "w", stdout));
    enum spt_status status = spt_plot_render(figure, &fixture->source, options, "unused", NULL);
    fflush(stdout);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    assert_int_equal(status, SPT_OK);
    return slurp("screen", NULL);
}

static void figures_on_a_terminal_keep_to_its_width_and_leave_no_file(void **state) {
    struct folder *folder = *state;
    struct fixture fixture;
    assert_true(fixture_init_demo(&fixture));
    fixture.source.run = "a\033[31m run";
    assert_int_equal(mkdir("temporary", 0777), 0);
    char temporary[128];
    snprintf(temporary, sizeof temporary, "%s/temporary", folder->path);
    assert_int_equal(setenv("TMPDIR", temporary, 1), 0);
    struct spt_plot_options options = DEFAULTS;
    options.format = SPT_PLOT_TERM;
    for (unsigned width = 80; width <= 120; width += 20)
        for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) {
            options.term_width = width;
            options.term_height = width == 120 ? 40 : 0;
            if (SPT_FIGURES[i].compares) continue;
            char *screen = drawn_on_terminal(&SPT_FIGURES[i], &fixture, &options);
            assert_memory_equal(screen, SPT_FIGURES[i].title, strlen(SPT_FIGURES[i].title));
            assert_null(strchr(screen, '\033'));
            size_t column = 0, lines = 0;
            for (const char *c = screen; *c; c++) {
                column = *c == '\n' ? 0 : column + (((unsigned char)*c & 0xC0) != 0x80);
                lines += *c == '\n';
                assert_true(column <= width);
            }
            assert_true(lines >= 10 && lines <= 60);
            free(screen);
        }
    assert_int_equal(count_names("temporary"), 0);
    assert_int_equal(count_names("unused"), -1);
    unsetenv("TMPDIR");
    fixture_release(&fixture);
}

/* A folder in out with one file in it, last changed a minute ago unless it is fresh; its descriptor, for locks. */
static int leave_work(const char *name, bool fresh) {
    char path[128];
    snprintf(path, sizeof path, "out/%s", name);
    assert_int_equal(mkdir(path, 0700), 0);
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    const int file = openat(fd, "emergence.dat", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    close(file);
    const struct timespec times[2] = {{.tv_sec = time(NULL) - 60}, {.tv_sec = time(NULL) - 60}};
    if (!fresh) assert_int_equal(futimens(fd, times), 0);
    return fd;
}

static void what_a_killed_drawing_left_is_cleared_away_and_nothing_else(void **state) {
    (void)state;
    struct fixture fixture;
    const int64_t steps[] = {0, 1, 2, 4};
    fixture_init(&fixture, 2, 2, steps, 4);
    assert_int_equal(mkdir("out", 0700), 0);
    close(leave_work(".spectail-emergence-a1B2c3", false));
    close(leave_work(".spectail-heatmap-a1B2c3", false));
    close(leave_work(".spectail-mine-a1B2c3", false));     /* no figure of that name */
    close(leave_work(".spectail-emergence-now123", true)); /* its maker may be about to lock it */
    const int locked = leave_work(".spectail-emergence-lives1", false);
    assert_int_equal(flock(locked, LOCK_EX | LOCK_NB), 0); /* its maker lives */
    assert_int_equal(spt_plot_render(spt_figure_find("heatmap"), &fixture.source, &DEFAULTS, "out", NULL), SPT_OK);
    assert_int_not_equal(access("out/.spectail-emergence-a1B2c3", F_OK), 0);
    assert_int_not_equal(access("out/.spectail-heatmap-a1B2c3", F_OK), 0);
    assert_int_equal(access("out/.spectail-mine-a1B2c3/emergence.dat", F_OK), 0);
    assert_int_equal(access("out/.spectail-emergence-now123/emergence.dat", F_OK), 0);
    assert_int_equal(access("out/.spectail-emergence-lives1/emergence.dat", F_OK), 0);
    assert_int_equal(count_names("out"), 6); /* these three, and the figure's */
    close(locked);
    fixture_release(&fixture);
}

static void figures_and_formats_are_found_by_name(void **state) {
    (void)state;
    assert_string_equal(spt_figure_find("betti")->title, "Betti trajectories over training");
    assert_null(spt_figure_find("Betti"));
    enum spt_plot_format format;
    assert_true(spt_plot_format_find("pdf", &format));
    assert_int_equal(format, SPT_PLOT_PDF);
    assert_false(spt_plot_format_find("jpeg", &format));
    assert_string_equal(spt_plot_format_name(SPT_PLOT_TERM), "term");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_bundled_run_is_drawn_in_all_formats, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_large_run_with_gaps_and_duplicates_is_drawn, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(small_and_odd_runs_are_drawn, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_bare_run_is_drawn_all_the_same, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_run_without_a_figures_metrics_leaves_nothing, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(one_panel_is_left_when_only_the_sink_is_known, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(data_and_names_are_those_of_the_run, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(missing_values_leave_gaps, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(maps_show_the_metric_asked_for_or_refuse_it, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_constant_metric_can_be_mapped, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(hostile_names_are_only_text, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(an_output_folder_that_cannot_be_made_is_named, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_old_figure_and_nothing_else, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(without_gnuplot_nothing_is_made, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(what_gnuplot_refuses_is_quoted_and_leaves_nothing, enter_folder, leave_folder),
        cmocka_unit_test_setup_teardown(figures_on_a_terminal_keep_to_its_width_and_leave_no_file, enter_folder,
                                        leave_folder),
        cmocka_unit_test_setup_teardown(what_a_killed_drawing_left_is_cleared_away_and_nothing_else, enter_folder,
                                        leave_folder),
        cmocka_unit_test(figures_and_formats_are_found_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
