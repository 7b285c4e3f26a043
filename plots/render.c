/* A figure is made in a folder of its own inside the output folder, by the very script that is left for the user, and
 * moved to its place when it is whole. So nothing half-made is ever seen under a figure's name, and the script is known
 * to work. */
#include "plots/figures/series.h"
#include "plots/gnuplot.h"
#include "plots/plot.h"
#include "plots/scripts.h"

#include "checkpoints/base/file.h"
#include "checkpoints/base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* A figure takes under a second; the largest (a head atlas of 36 x 40) a few. */
#define TIME_LIMIT_S 60

#define TERM_WIDTH 100

static const char *const FORMAT_NAMES[SPT_PLOT_FORMATS] = {"svg", "png", "pdf", "term"};

const char *spt_plot_format_name(enum spt_plot_format format) {
    return FORMAT_NAMES[format];
}

bool spt_plot_format_find(const char *name, enum spt_plot_format *format) {
    for (int i = 0; i < SPT_PLOT_FORMATS; i++)
        if (strcmp(FORMAT_NAMES[i], name) == 0) {
            *format = (enum spt_plot_format)i;
            return true;
        }
    return false;
}

const char *spt_plot_script_find(const char *file) {
    for (const struct spt_plot_script *script = SPT_PLOT_SCRIPTS; script->file; script++)
        if (strcmp(script->file, file) == 0) return (const char *)script->text;
    return NULL;
}

/* What names the figure stands in comments: a trailing backslash or a line break in the run's name must not reach the
 * next line. */
static void put_head(const struct spt_figure *figure, const struct spt_plot_source *source, struct spt_text *text) {
    spt_text_format(text, "# %s: %s. Run \"", figure->name, figure->title);
    spt_plain_put(text, source->title ? source->title : source->run);
    spt_text_format(text, "\", %zu checkpoints.\n", source->count);
}

/* The whole script: what to draw, then how. */
static enum spt_status put_script(const struct spt_figure *figure, const struct spt_plot_source *source,
                                  const struct spt_plot_options *options, const struct spt_text *settings,
                                  struct spt_text *script, struct spt_error *error) {
    const char *style = spt_plot_script_find("style.gp"), *body = spt_plot_script_find(figure->script);
    if (!style || !body) return spt_fail(error, SPT_INVALID, figure->script, "no such gnuplot script is compiled in");
    const char *format = spt_plot_format_name(options->format);
    put_head(figure, source, script);
    spt_text_format(script, "# `gnuplot %s.gp` in this folder draws %s.%s from %s.dat again.\n", figure->name,
                    figure->name, format, figure->name);
    spt_text_put(script, "# A copy under another name stays; this one is written anew with the figure.\n\nreset\n");
    spt_text_format(script, "format = '%s' # svg, png, pdf, or term for the terminal\n", format);
    spt_text_format(script, "data = '%s.dat'\nfigure = '%s.'.format\n", figure->name, figure->name);
    bool terminal = options->format == SPT_PLOT_TERM;
    spt_text_format(script, "colour = %d; columns = %u; rows = 30 # of the terminal\n",
                    terminal && isatty(STDOUT_FILENO) ? 1 : 0, options->term_width ? options->term_width : TERM_WIDTH);
    spt_text_append(script, settings->data, settings->length);
    if (options->term_height) spt_text_format(script, "rows = %u\n", options->term_height);
    spt_text_put(script, "\n");
    spt_text_put(script, style);
    spt_text_put(script, body);
    if (script->failed) return spt_fail_memory(error, script->length, "a gnuplot script");
    return SPT_OK;
}

/* --- the folder a figure is made in --- */

/* A lock on the folder tells that its maker lives. A folder that is left behind, since its maker was killed while gnuplot drew, is cleared
 * away by whoever makes the next one. */
struct workshop {
    char *path;
    int lock;
};

/* Between making a folder and locking it its maker is alive without a lock. */
#define UNLOCKED_AGE_S 5

/* Where folders cannot be locked (NFS), one is taken for left behind when no figure takes so long. */
#define LOCKLESS_AGE_S 600

static const char WORKSHOP_PREFIX[] = ".spectail-";

static void clear_folder(const char *path) {
    DIR *folder = opendir(path);
    if (folder) {
        for (struct dirent *entry; (entry = readdir(folder));)
            if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
                unlinkat(dirfd(folder), entry->d_name, 0);
        closedir(folder);
    }
    rmdir(path);
}

/* Its age by the clock of its own file system: from its last change to now, when ours was made. */
static bool is_left_behind(const char *path, const struct stat *ours) {
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    if (fd < 0) return false;
    const bool known = fstat(fd, &status) == 0 && status.st_uid == geteuid();
    const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
    const bool busy = !locked && errno == EWOULDBLOCK;
    close(fd);
    return known && !busy && ours->st_mtime - status.st_mtime >= (locked ? UNLOCKED_AGE_S : LOCKLESS_AGE_S);
}

/* Names as open_workshop makes them: the prefix, a figure's name, six characters. */
static bool is_workshop(const char *name) {
    const size_t prefix = sizeof WORKSHOP_PREFIX - 1, length = strlen(name);
    if (strncmp(name, WORKSHOP_PREFIX, prefix) != 0) return false;
    for (size_t i = 0; i < SPT_FIGURE_COUNT; i++) {
        const size_t middle = strlen(SPT_FIGURES[i].name);
        if (length == prefix + middle + 7 && strncmp(name + prefix, SPT_FIGURES[i].name, middle) == 0 &&
            name[prefix + middle] == '-')
            return true;
    }
    return false;
}

static void clear_what_is_left(const char *directory, const struct workshop *ours) {
    struct stat status;
    DIR *folder = stat(ours->path, &status) == 0 ? opendir(directory) : NULL;
    if (!folder) return;
    for (struct dirent *entry; (entry = readdir(folder));) {
        char *path = is_workshop(entry->d_name) ? spt_file_join(directory, entry->d_name) : NULL;
        if (path && strcmp(path, ours->path) != 0 && is_left_behind(path, &status)) clear_folder(path);
        free(path);
    }
    closedir(folder);
}

static enum spt_status open_workshop(struct workshop *shop, const char *directory, const char *name,
                                     struct spt_error *error) {
    struct spt_text path = {0};
    spt_text_format(&path, "%s/%s%s-XXXXXX", directory, WORKSHOP_PREFIX, name);
    if (path.failed) return spt_fail_memory(error, strlen(directory), "a path");
    if (!mkdtemp(path.data)) {
        int failed = errno;
        spt_text_release(&path);
        return spt_fail_system(error, failed, directory, "write in this folder");
    }
    shop->path = path.data;
    shop->lock = open(shop->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (shop->lock >= 0) (void)flock(shop->lock, LOCK_EX); /* who looks at it lets go at once */
    clear_what_is_left(directory, shop);
    return SPT_OK;
}

static void close_workshop(struct workshop *shop) {
    if (!shop->path) return;
    clear_folder(shop->path);
    if (shop->lock >= 0) close(shop->lock);
    free(shop->path);
    shop->path = NULL;
}

/* name.suffix in the workshop. */
static char *inside(const char *folder, const char *name, const char *suffix) {
    struct spt_text path = {0};
    spt_text_format(&path, "%s/%s.%s", folder, name, suffix);
    if (!path.failed) return path.data;
    spt_text_release(&path);
    return NULL;
}

static enum spt_status write_file(const struct workshop *shop, const char *name, const char *suffix,
                                  const struct spt_text *text, struct spt_error *error) {
    char *path = inside(shop->path, name, suffix);
    if (!path) return spt_fail_memory(error, text->length, "a path");
    enum spt_status status = spt_file_write_all(path, text->data, text->length, error);
    free(path);
    return status;
}

static enum spt_status move_out(const struct workshop *shop, const char *directory, const char *name,
                                const char *suffix, struct spt_error *error) {
    char *from = inside(shop->path, name, suffix), *to = inside(directory, name, suffix);
    enum spt_status status = SPT_OK;
    if (!from || !to)
        status = spt_fail_memory(error, strlen(directory), "a path");
    else if (rename(from, to) != 0)
        status = spt_fail_system(error, errno, to, "write this file");
    free(from);
    free(to);
    return status;
}

/* gnuplot ends well although its output could not be written (a full disk): the figure must be there and hold
 * something. */
static enum spt_status confirm(const struct workshop *shop, const char *directory, const char *name, const char *suffix,
                               struct spt_error *error) {
    char *path = inside(shop->path, name, suffix);
    if (!path) return spt_fail_memory(error, strlen(name), "a path");
    struct stat status;
    bool whole = stat(path, &status) == 0 && status.st_size > 0;
    free(path);
    return whole ? SPT_OK : spt_fail(error, SPT_IO, directory, "gnuplot wrote no %s.%s", name, suffix);
}

/* --- the terminal --- */

/* gnuplot begins with a form feed and fills every line with blanks. */
static enum spt_status show(const struct spt_figure *figure, const struct spt_plot_source *source,
                            const struct spt_text *drawing, struct spt_error *error) {
    struct spt_text page = {0};
    spt_text_format(&page, "%s: ", figure->title);
    spt_plain_put(&page, source->title ? source->title : source->run);
    spt_text_put(&page, "\n");
    const char *line = drawing->data, *end = line + drawing->length;
    bool begun = false;
    while (line < end) {
        const char *next = memchr(line, '\n', (size_t)(end - line));
        const char *stop = next ? next : end;
        while (line < stop && *line == '\f') line++;
        const char *last = stop;
        while (last > line && last[-1] == ' ') last--;
        if (last > line || begun) {
            spt_text_append(&page, line, (size_t)(last - line));
            spt_text_put(&page, "\n");
            begun = true;
        }
        line = next ? next + 1 : end;
    }
    while (page.length > 1 && page.data[page.length - 2] == '\n') page.length--;
    if (isatty(STDOUT_FILENO)) spt_text_put(&page, "\033[0m");
    enum spt_status status = SPT_OK;
    if (page.failed)
        status = spt_fail_memory(error, drawing->length, "a drawing");
    else if (fwrite(page.data, 1, page.length, stdout) != page.length || fflush(stdout) != 0)
        status = spt_fail_system(error, errno, NULL, "write to the standard output");
    spt_text_release(&page);
    return status;
}

/* --- */

static enum spt_status draw(const struct spt_figure *figure, const struct spt_plot_source *source,
                            const struct spt_plot_options *options, const char *directory, const char *gnuplot,
                            const struct spt_text *data, const struct spt_text *script, struct spt_error *error) {
    struct workshop shop = {.lock = -1};
    struct spt_text output = {0}, messages = {0}, file = {0};
    const char *format = spt_plot_format_name(options->format);
    bool terminal = options->format == SPT_PLOT_TERM;
    enum spt_status status = open_workshop(&shop, directory, figure->name, error);
    if (status == SPT_OK) status = write_file(&shop, figure->name, "dat", data, error);
    if (status == SPT_OK) status = write_file(&shop, figure->name, "gp", script, error);
    spt_text_format(&file, "%s.gp", figure->name);
    if (status == SPT_OK && file.failed) status = spt_fail_memory(error, strlen(figure->name), "a name");
    if (status == SPT_OK)
        status = spt_gnuplot_run(gnuplot, shop.path, file.data, TIME_LIMIT_S, &output, &messages, error);
    if (status == SPT_OK && terminal) status = show(figure, source, &output, error);
    if (status == SPT_OK && !terminal) {
        status = confirm(&shop, directory, figure->name, format, error);
        const char *const suffixes[] = {"dat", "gp", format};
        for (size_t i = 0; status == SPT_OK && i < sizeof suffixes / sizeof *suffixes; i++)
            status = move_out(&shop, directory, figure->name, suffixes[i], error);
    }
    close_workshop(&shop);
    spt_text_release(&output);
    spt_text_release(&messages);
    spt_text_release(&file);
    return status;
}

enum spt_status spt_plot_render(const struct spt_figure *figure, const struct spt_plot_source *source,
                                const struct spt_plot_options *options, const char *directory,
                                struct spt_error *error) {
    if (source->count == 0) return SPT_END;
    char *gnuplot = NULL;
    enum spt_status status = spt_gnuplot_find(options->gnuplot, &gnuplot, error);
    if (status != SPT_OK) return status;
    struct spt_text data = {0}, settings = {0}, script = {0};
    put_head(figure, source, &data);
    status = figure->write(source, options, &data, &settings, error);
    if (status == SPT_OK) status = put_script(figure, source, options, &settings, &script, error);
    if (status == SPT_OK && options->format == SPT_PLOT_TERM) {
        const char *temporary = getenv("TMPDIR");
        directory = temporary && *temporary ? temporary : "/tmp";
    } else if (status == SPT_OK) {
        status = spt_file_make_directories(directory, error);
    }
    if (status == SPT_OK) status = draw(figure, source, options, directory, gnuplot, &data, &script, error);
    free(gnuplot);
    spt_text_release(&data);
    spt_text_release(&settings);
    spt_text_release(&script);
    return status;
}
