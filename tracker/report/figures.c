/* Figures are drawn into a folder that lives as long as the telling, and from there into the page. */
#include "tracker/report/internal.h"

#include "checkpoints/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIGURE_BYTES_MAX = 64 << 20 };

static enum spt_status put_figure(struct spt_telling *t, const struct spt_figure *figure, struct spt_error *error) {
    struct spt_text path = {0}, id = {0}, command = {0};
    char *svg = NULL;
    size_t size = 0;
    spt_text_format(&path, "%s/%s.svg", t->folder, figure->name);
    spt_text_format(&id, "%sfigure-%s", t->run->prefix, figure->name);
    spt_text_format(&command, "spectail plot %s", figure->name);
    enum spt_status status = path.failed || id.failed || command.failed
                                 ? spt_fail_memory(error, path.length, "a figure")
                                 : spt_file_read_all(path.data, FIGURE_BYTES_MAX, &svg, &size, error);
    if (status == SPT_OK) spt_report_figure(&t->page, id.data, figure->title, figure->caption, command.data, svg, size);
    free(svg);
    spt_text_release(&path);
    spt_text_release(&id);
    spt_text_release(&command);
    return status;
}

static enum spt_status draw(struct spt_telling *t, const struct spt_figure *figure, struct spt_error *error) {
    enum spt_status status =
        spt_plot_render(figure, &t->run->source.source, &t->reading->request->plot, t->folder, error);
    if (status == SPT_OK) status = put_figure(t, figure, error);
    if (status == SPT_END) return SPT_OK;
    t->drawing = status != SPT_OK;
    return status;
}

enum spt_status spt_tell_figures(struct spt_telling *t, const char *group, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < SPT_FIGURE_COUNT && status == SPT_OK; i++)
        if (!SPT_FIGURES[i].compares && strcmp(SPT_FIGURES[i].group, group) == 0)
            status = draw(t, &SPT_FIGURES[i], error);
    return status;
}

enum spt_status spt_tell_other_figures(struct spt_telling *t, const char *const *groups, size_t count,
                                       struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < SPT_FIGURE_COUNT && status == SPT_OK; i++) {
        bool told = SPT_FIGURES[i].compares;
        for (size_t g = 0; g < count; g++) told = told || strcmp(SPT_FIGURES[i].group, groups[g]) == 0;
        if (!told) status = draw(t, &SPT_FIGURES[i], error);
    }
    return status;
}

enum spt_status spt_tell_comparing_figures(struct spt_telling *t, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < SPT_FIGURE_COUNT && status == SPT_OK; i++)
        if (SPT_FIGURES[i].compares) status = draw(t, &SPT_FIGURES[i], error);
    return status;
}
