/* Comma separated values (RFC 4180) in UTF-8, with 17 digits; an empty field is what is undefined, or absent. */
#include "tracker/formats/format.h"

#include "checkpoints/base/text.h"
#include "checkpoints/base/unicode.h"
#include "checkpoints/run.h"

#include <string.h>

void spt_csv_put_text(struct spt_text *out, const char *text) {
    const size_t length = strlen(text);
    const bool quoted = text[strcspn(text, ",\"\r\n")] != '\0';
    if (quoted) spt_text_put(out, "\"");
    for (size_t i = 0; i < length;) {
        uint32_t code;
        const size_t step = spt_unicode_decode(text + i, length - i, &code);
        if (text[i] == '"')
            spt_text_put(out, "\"\"");
        else if (step == 0)
            spt_text_put(out, "\xef\xbf\xbd");
        else
            spt_text_append(out, text + i, step);
        i += step ? step : 1;
    }
    if (quoted) spt_text_put(out, "\"");
}

static void put_step(struct spt_text *out, int64_t step) {
    if (step != SPT_NO_STEP) spt_text_format(out, "%lld", (long long)step);
}

static void put_measure(struct spt_text *out, const char *run, const struct spt_store_measure *m) {
    const double numbers[] = {m->mean, m->sd, m->lo, m->hi};
    spt_csv_put_text(out, run);
    spt_text_put(out, ",");
    spt_csv_put_text(out, m->checkpoint->branch);
    spt_text_put(out, ",");
    put_step(out, m->checkpoint->step);
    spt_text_put(out, ",");
    spt_csv_put_text(out, m->checkpoint->label);
    spt_text_put(out, ",");
    spt_csv_put_text(out, m->metric);
    spt_text_format(out, ",%d,%d", m->layer, m->head);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        spt_text_put(out, ",");
        spt_text_put_number(out, numbers[i]);
    }
    spt_text_format(out, ",%lld,%lld\n", (long long)m->n, (long long)m->bad);
}

static void put_event(struct spt_text *out, const char *run, const struct spt_store_event *event) {
    const char *const texts[] = {event->rule, event->text, spt_delivery_name(event->delivery), event->outcome};
    spt_csv_put_text(out, run ? run : "");
    spt_text_put(out, ",");
    spt_csv_put_text(out, event->branch ? event->branch : "");
    spt_text_put(out, ",");
    put_step(out, event->step);
    spt_text_put(out, ",");
    spt_csv_put_text(out, event->time ? event->time : "");
    spt_text_put(out, ",");
    spt_csv_put_text(out, event->kind);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        spt_text_put(out, ",");
        if (texts[i]) spt_csv_put_text(out, texts[i]);
    }
    spt_text_put(out, "\n");
}

enum spt_status spt_csv_figures(const struct spt_export *export, struct spt_destination *output,
                                struct spt_error *error) {
    return spt_export_measures(export, "run,branch,step,label,metric,layer,head,mean,sd,lo,hi,n,bad\n", put_measure,
                               output, error);
}

enum spt_status spt_csv_events(const struct spt_export *export, struct spt_destination *output,
                               struct spt_error *error) {
    return spt_export_events(export, "run,branch,step,time,kind,rule,text,delivery,outcome\n", put_event, output,
                             error);
}
