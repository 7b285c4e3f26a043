/* Figures are drawn into a folder that lives as long as the telling, and from there into the page. */
#include "tracker/report/internal.h"

#include "checkpoints/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIGURE_BYTES_MAX = 64 << 20 };

static enum spt_status put_figure(struct spt_telling *t, const struct spt_figure *figure,
                                  const struct spt_plot_source *source, struct spt_error *error) {
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
    (void)source;
    free(svg);
    spt_text_release(&path);
    spt_text_release(&id);
    spt_text_release(&command);
    return status;
}

enum spt_status spt_tell_figures(struct spt_telling *t, const char *group, bool comparing, struct spt_error *error) {
    const struct spt_plot_source *source = &t->run->source.source;
    enum spt_status status = SPT_OK;
    for (size_t i = 0; i < SPT_FIGURE_COUNT && status == SPT_OK; i++) {
        const struct spt_figure *figure = &SPT_FIGURES[i];
        if (figure->compares != comparing || (group && strcmp(figure->group, group) != 0)) continue;
        status = spt_plot_render(figure, source, &t->reading->request->plot, t->folder, error);
        if (status == SPT_OK) status = put_figure(t, figure, source, error);
        if (status == SPT_END)
            status = SPT_OK;
        else if (status != SPT_OK)
            t->drawing = true;
    }
    return status;
}
