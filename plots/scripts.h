/* The gnuplot scripts and the style sheets of plots/scripts, compiled in (embed.cmake). */
#ifndef SPT_PLOTS_SCRIPTS_H
#define SPT_PLOTS_SCRIPTS_H

struct spt_plot_script {
    const char *file;          /* "emergence.gp" */
    const unsigned char *text; /* NUL-terminated UTF-8 */
};

extern const struct spt_plot_script SPT_PLOT_SCRIPTS[]; /* ends with file NULL */

const char *spt_plot_script_find(const char *file); /* its text; NULL: there is none */

#endif
