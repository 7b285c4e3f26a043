#include "tracker/shell_word.h"

#include <string.h>

void spt_shell_word_put(struct spt_text *text, const char *word) {
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=@%+,-";
    if (*word && strspn(word, PLAIN) == strlen(word)) {
        spt_text_put(text, word);
        return;
    }
    spt_text_put(text, "'");
    for (const char *c = word; *c; c++) {
        if (*c == '\'')
            spt_text_put(text, "'\\''");
        else
            spt_text_append(text, c, 1);
    }
    spt_text_put(text, "'");
}
