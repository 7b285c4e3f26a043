/* Oniguruma's Ruby syntax, written out in PCRE2's. One pass, no tree: what was written for the last atom is remembered
 * by its place in the output, so that a quantifier of a quantifier can put a group around it. */
#include "checkpoints/tokenizer/regex.h"

#include <stdint.h>
#include <string.h>

#include "checkpoints/base/unicode.h"

/* Oniguruma's characters of a word. Outside of classes it has six more, by a table of Latin-1: the superscript digits
 * and the fractions. */
#define WORD         "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"
#define WORD_OUTSIDE WORD "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}"

enum { GROUPS_MAX = 200, CLASSES_MAX = 64 };

struct group {
    size_t start; /* in the output */
    bool caseless;
};

struct translation {
    const char *pattern, *path;
    size_t length, at;
    struct spt_text *out;
    struct spt_error *error;
    size_t atom; /* where the last atom begins in the output, SIZE_MAX when there is none to repeat */
    struct group groups[GROUPS_MAX];
    size_t depth;
    bool caseless;
    uint32_t literal, previous; /* folds of the literals that this step wrote, and the one before; 0: none */
};

static enum spt_status unsupported(const struct translation *t, const char *what) {
    return spt_fail(t->error, SPT_UNSUPPORTED, t->path, "a regular expression uses %s, which is not supported: %.400s",
                    what, t->pattern);
}

static enum spt_status invalid(const struct translation *t, const char *what) {
    return spt_fail(t->error, SPT_INVALID, t->path, "bad regular expression, %s: %.400s", what, t->pattern);
}

static bool next_is(const struct translation *t, const char *text) {
    const size_t length = strlen(text);
    return t->length - t->at >= length && memcmp(t->pattern + t->at, text, length) == 0;
}

static char peek(const struct translation *t, size_t ahead) {
    return t->length - t->at > ahead ? t->pattern[t->at + ahead] : '\0'; /* patterns hold no NUL */
}

/* Takes one code point; the pattern is valid UTF-8. */
static uint32_t take(struct translation *t) {
    uint32_t code = 0;
    t->at += spt_unicode_decode(t->pattern + t->at, t->length - t->at, &code);
    return code;
}

static void put_code(struct translation *t, uint32_t code) {
    spt_text_format(t->out, "\\x{%x}", (unsigned)code);
}

/* All whose case folding is several characters, which PCRE2 does not know. */
static const uint16_t LONG_FOLDS[][2] = {
    {0xdf, 0xdf},     {0x130, 0x130},   {0x149, 0x149},   {0x1f0, 0x1f0},   {0x390, 0x390},   {0x3b0, 0x3b0},
    {0x587, 0x587},   {0x1e96, 0x1e9a}, {0x1e9e, 0x1e9e}, {0x1f50, 0x1f50}, {0x1f52, 0x1f52}, {0x1f54, 0x1f54},
    {0x1f56, 0x1f56}, {0x1f80, 0x1faf}, {0x1fb2, 0x1fb4}, {0x1fb6, 0x1fb7}, {0x1fbc, 0x1fbc}, {0x1fc2, 0x1fc4},
    {0x1fc6, 0x1fc7}, {0x1fcc, 0x1fcc}, {0x1fd2, 0x1fd3}, {0x1fd6, 0x1fd7}, {0x1fe2, 0x1fe4}, {0x1fe6, 0x1fe7},
    {0x1ff2, 0x1ff4}, {0x1ff6, 0x1ff7}, {0x1ffc, 0x1ffc}, {0xfb00, 0xfb06}, {0xfb13, 0xfb17},
};

enum { LONG_FOLD_COUNT = sizeof LONG_FOLDS / sizeof *LONG_FOLDS };

/* Within (?i): whether the range has such a one. */
static enum spt_status check_fold(const struct translation *t, uint32_t first, uint32_t last) {
    for (size_t i = 0; i < LONG_FOLD_COUNT && t->caseless; i++)
        if (first <= LONG_FOLDS[i][1] && last >= LONG_FOLDS[i][0])
            return unsupported(t, "a character within (?i) that folds to several");
    return SPT_OK;
}

/* Whether some character folds to these two, or to these and a third one. */
static bool is_long_fold(uint32_t first, uint32_t second) {
    uint32_t fold[3];
    for (size_t i = 0; i < LONG_FOLD_COUNT; i++)
        for (uint32_t code = LONG_FOLDS[i][0]; code <= LONG_FOLDS[i][1]; code++)
            if (spt_unicode_fold(code, fold) > 1 && fold[0] == first && fold[1] == second) return true;
    return false;
}

/* A character outside of classes. */
static enum spt_status put_literal(struct translation *t, uint32_t code) {
    if (t->caseless) {
        uint32_t fold[3];
        const enum spt_status status = check_fold(t, code, code);
        if (status != SPT_OK) return status;
        (void)spt_unicode_fold(code, fold);
        if (t->previous && is_long_fold(t->previous, fold[0]))
            return unsupported(t, "neighbours within (?i) that one character folds to, like ss");
        t->literal = fold[0];
    }
    put_code(t, code);
    return SPT_OK;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Hexadecimal digits, at least least, at most most. */
static bool take_hex(struct translation *t, size_t least, size_t most, uint32_t *code) {
    size_t count = 0;
    for (*code = 0; count < most && hex_digit(peek(t, 0)) >= 0; count++, t->at++)
        *code = *code << 4 | (uint32_t)hex_digit(peek(t, 0));
    return count >= least;
}

/* The rest of an escape that stands for one character, after \ and its letter; SPT_END when it stands for none. */
static enum spt_status take_character_escape(struct translation *t, char letter, uint32_t *code) {
    static const struct {
        char letter, code;
    } CONTROLS[] = {{'n', '\n'}, {'r', '\r'}, {'t', '\t'}, {'f', '\f'}, {'v', '\v'}, {'a', '\a'}, {'e', 0x1b}};
    for (size_t i = 0; i < sizeof CONTROLS / sizeof *CONTROLS; i++)
        if (letter == CONTROLS[i].letter) return *code = (uint32_t)CONTROLS[i].code, SPT_OK;
    char bytes[4];
    if (letter == 'u') {
        if (!take_hex(t, 4, 4, code) || !spt_unicode_encode(*code, bytes)) return invalid(t, "\\u wants a character");
        return SPT_OK;
    }
    if (letter != 'x') return SPT_END;
    if (peek(t, 0) == '{') {
        t->at++;
        if (!take_hex(t, 1, 6, code) || peek(t, 0) != '}' || !spt_unicode_encode(*code, bytes))
            return invalid(t, "\\x{ } wants a character");
        t->at++;
        return SPT_OK;
    }
    if (!take_hex(t, 1, 2, code)) return invalid(t, "\\x wants hexadecimal digits");
    return *code < 0x80 ? SPT_OK : unsupported(t, "a single byte of a character (\\x80 to \\xff)");
}

/* Properties PCRE2 knows by another name, or of which it thinks otherwise. Names are compared without case, spaces, '-'
 * and '_'. What is neither here nor a general category is taken for a script. */
static const struct {
    const char *name, *pcre2;
} PROPERTIES[] = {
    {"any", "Any"},
    {"lc", "L&"},
    {"casedletter", "L&"},
    {"letter", "L"},
    {"uppercaseletter", "Lu"},
    {"lowercaseletter", "Ll"},
    {"titlecaseletter", "Lt"},
    {"modifierletter", "Lm"},
    {"otherletter", "Lo"},
    {"mark", "M"},
    {"nonspacingmark", "Mn"},
    {"spacingmark", "Mc"},
    {"enclosingmark", "Me"},
    {"number", "N"},
    {"decimalnumber", "Nd"},
    {"letternumber", "Nl"},
    {"othernumber", "No"},
    {"punctuation", "P"},
    {"symbol", "S"},
    {"separator", "Z"},
    {"spaceseparator", "Zs"},
    {"other", "C"},
    {"control", "Cc"},
    {"format", "Cf"},
    {"unassigned", "Cn"},
    {"alpha", "Alphabetic"},
    {"alphabetic", "Alphabetic"},
    {"digit", "Nd"},
    {"space", "White_Space"},
    {"whitespace", "White_Space"},
    {"upper", "Uppercase"},
    {"uppercase", "Uppercase"},
    {"lower", "Lowercase"},
    {"lowercase", "Lowercase"},
    {"cntrl", "Cc"},
    {"emoji", "Emoji"},
};

static const char CATEGORIES[] = " c cc cf cn co cs l ll lm lo lt lu m mc me mn n nd nl no p pc pd pe pf pi po ps s sc "
                                 "sk sm so z zl zp zs ";

static bool is_category(const char *name) {
    char padded[8] = " ";
    const size_t length = strlen(name);
    if (length == 0 || length > 2) return false;
    memcpy(padded + 1, name, length);
    padded[length + 1] = ' ';
    return strstr(CATEGORIES, padded) != NULL;
}

static const char *find_property(const char *name, char category[3]) {
    if (is_category(name)) {
        category[0] = (char)(name[0] - 'a' + 'A');
        category[1] = name[1];
        category[2] = '\0';
        return category;
    }
    for (size_t i = 0; i < sizeof PROPERTIES / sizeof *PROPERTIES; i++)
        if (strcmp(name, PROPERTIES[i].name) == 0) return PROPERTIES[i].pcre2;
    return NULL;
}

static bool depends_on_case(const char *property) {
    static const char *const NAMES[] = {"Lu", "Ll", "Lt", "Uppercase", "Lowercase"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(property, NAMES[i]) == 0) return true;
    return false;
}

/* After \p or \P. */
static enum spt_status property(struct translation *t, bool negated) {
    char plain[64], name[64], category[3];
    size_t length = 0, plain_length = 0;
    if (peek(t, 0) != '{') return unsupported(t, "\\p without braces");
    t->at++;
    if (peek(t, 0) == '^') negated = !negated, t->at++;
    for (; peek(t, 0) && peek(t, 0) != '}' && length < sizeof name - 1; t->at++) {
        const char c = peek(t, 0);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && c != ' ' && c != '-' && c != '_') return invalid(t, "a property name of other characters");
        name[length++] = c == ' ' || c == '-' ? '_' : c;
        if (letter) plain[plain_length++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    if (peek(t, 0) != '}' || plain_length == 0) return invalid(t, "\\p{ } wants a name");
    t->at++;
    name[length] = plain[plain_length] = '\0';
    const char *known = find_property(plain, category);
    if (known && t->caseless && depends_on_case(known)) return unsupported(t, "properties of case within (?i)");
    spt_text_format(t->out, "\\%c{%s%s}", negated ? 'P' : 'p', known ? "" : "sc:", known ? known : name);
    return SPT_OK;
}

/* [:name:] within a class, after the '['. */
static enum spt_status posix_class(struct translation *t) {
    static const struct {
        const char *name, *pcre2;
    } CLASSES[] = {
        {":alpha:]", "\\p{Alphabetic}"},
        {":alnum:]", "\\p{Alphabetic}\\p{Nd}"},
        {":digit:]", "\\p{Nd}"},
        {":space:]", "\\p{White_Space}"},
        {":upper:]", "\\p{Uppercase}"},
        {":lower:]", "\\p{Lowercase}"},
        {":word:]", WORD},
        {":cntrl:]", "\\p{Cc}"},
        {":xdigit:]", "0-9a-fA-F"},
        {":blank:]", "\\p{Zs}\\x{9}"},
    };
    for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++) {
        if (!next_is(t, CLASSES[i].name)) continue;
        if (t->caseless && strstr(CLASSES[i].pcre2, "case}")) return unsupported(t, "properties of case within (?i)");
        t->at += strlen(CLASSES[i].name);
        spt_text_put(t->out, CLASSES[i].pcre2);
        return SPT_OK;
    }
    return unsupported(t,
                       "a POSIX class other than alpha, alnum, digit, space, upper, lower, word, cntrl, xdigit, blank");
}

/* One escape within a class: a set is written out at once (SPT_END), a character is given back (SPT_OK). */
static enum spt_status class_escape(struct translation *t, uint32_t *code) {
    static const struct {
        char letter;
        const char *pcre2;
    } SETS[] = {
        {'s', "\\p{White_Space}"}, {'S', "\\P{White_Space}"}, {'d', "\\p{Nd}"}, {'D', "\\P{Nd}"}, {'w', WORD},
        {'h', "0-9a-fA-F"},
    };
    const uint32_t letter = take(t);
    for (size_t i = 0; i < sizeof SETS / sizeof *SETS; i++)
        if (letter == (uint32_t)SETS[i].letter) return spt_text_put(t->out, SETS[i].pcre2), SPT_END;
    if (letter == 'p' || letter == 'P') {
        const enum spt_status status = property(t, letter == 'P');
        return status == SPT_OK ? SPT_END : status;
    }
    if (letter == 'b') return *code = '\b', SPT_OK;
    if (letter < 0x80) {
        const enum spt_status status = take_character_escape(t, (char)letter, code);
        if (status != SPT_END) return status;
        const bool plain = (letter >= '0' && letter <= '9') || ((letter | 0x20) >= 'a' && (letter | 0x20) <= 'z');
        if (plain)
            return unsupported(t, "an escape in a class that is none of \\s \\S \\d \\D \\w \\h \\p \\P \\x \\u");
    }
    *code = letter;
    return SPT_OK;
}

static enum spt_status class_member(struct translation *t, uint32_t *code) {
    if (t->at == t->length) return invalid(t, "a class has no end");
    *code = take(t);
    if (*code != '\\') return SPT_OK;
    if (t->at == t->length) return invalid(t, "it ends in a backslash");
    return class_escape(t, code);
}

/* A character that may begin a range. */
static enum spt_status class_range(struct translation *t) {
    uint32_t first, last;
    enum spt_status status = class_member(t, &first);
    if (status != SPT_OK) return status == SPT_END ? SPT_OK : status;
    put_code(t, first);
    if (peek(t, 0) != '-' || peek(t, 1) == ']' || peek(t, 1) == '\0') return check_fold(t, first, first);
    if (peek(t, 1) == '[') return unsupported(t, "a class as the end of a range");
    t->at++;
    spt_text_put(t->out, "-");
    status = class_member(t, &last);
    if (status == SPT_END) return unsupported(t, "a class as the end of a range");
    if (status != SPT_OK) return status;
    put_code(t, last);
    return check_fold(t, first, last);
}

/* Whether a member of a class, as it is written out, is a set that may have long folds: only letters have them. */
static bool has_long_folds(const char *member) {
    return strncmp(member, "\\P", 2) == 0 || (strncmp(member, "\\p{", 3) == 0 && !strchr("CMNPSWZ", member[3]));
}

/* From the '[' on. A class within a class adds its members to it. */
static enum spt_status character_class(struct translation *t) {
    size_t depth = 0;
    t->at++;
    spt_text_put(t->out, "[");
    const bool negated = peek(t, 0) == '^';
    if (negated) spt_text_put(t->out, "^"), t->at++;
    for (bool first = true;; first = false) {
        enum spt_status status = SPT_OK;
        const size_t start = t->out->length;
        const char c = peek(t, 0);
        if (c == ']' && !first) {
            t->at++;
            if (depth-- == 0) break;
        } else if (c == '[' && peek(t, 1) == ':') {
            t->at++;
            status = posix_class(t);
        } else if (c == '[') {
            t->at++;
            if (peek(t, 0) == '^') return unsupported(t, "a negated class within a class");
            if (peek(t, 0) == ']' || ++depth > CLASSES_MAX) return unsupported(t, "classes nested like this");
        } else if (next_is(t, "&&")) {
            return unsupported(t, "an intersection of classes (&&)");
        } else {
            status = class_range(t);
        }
        if (status != SPT_OK) return status;
        if (t->caseless && !negated && !t->out->failed && has_long_folds(t->out->data + start))
            return unsupported(t, "a set of letters in a class within (?i)");
    }
    spt_text_put(t->out, "]");
    return SPT_OK;
}

/* From the '\' on, outside a class. */
static enum spt_status escape(struct translation *t) {
    static const struct {
        char letter;
        bool repeatable;
        const char *pcre2;
    } ESCAPES[] = {
        {'s', true, "\\p{White_Space}"},
        {'S', true, "\\P{White_Space}"},
        {'d', true, "\\p{Nd}"},
        {'D', true, "\\P{Nd}"},
        {'w', true, "[" WORD_OUTSIDE "]"},
        {'W', true, "[^" WORD_OUTSIDE "]"},
        {'h', true, "[0-9a-fA-F]"},
        {'H', true, "[^0-9a-fA-F]"},
        {'R', true, "\\R"},
        {'b', false, "(?:(?<=[" WORD_OUTSIDE "])(?![" WORD_OUTSIDE "])|(?<![" WORD_OUTSIDE "])(?=[" WORD_OUTSIDE "]))"},
        {'B', false, "(?:(?<=[" WORD_OUTSIDE "])(?=[" WORD_OUTSIDE "])|(?<![" WORD_OUTSIDE "])(?![" WORD_OUTSIDE "]))"},
        {'A', false, "\\A"},
        {'z', false, "\\z"},
        {'Z', false, "\\Z"},
        {'G', false, "\\G"},
    };
    t->at++;
    if (t->at == t->length) return invalid(t, "it ends in a backslash");
    const size_t start = t->out->length;
    uint32_t code = take(t);
    for (size_t i = 0; i < sizeof ESCAPES / sizeof *ESCAPES; i++) {
        if (code != (uint32_t)ESCAPES[i].letter) continue;
        spt_text_put(t->out, ESCAPES[i].pcre2);
        t->atom = ESCAPES[i].repeatable ? start : SIZE_MAX;
        return SPT_OK;
    }
    t->atom = start;
    if (code == 'p' || code == 'P') return property(t, code == 'P');
    if (code >= '1' && code <= '9' && !(peek(t, 0) >= '0' && peek(t, 0) <= '9')) {
        if (t->caseless) return unsupported(t, "a back reference within (?i)");
        spt_text_format(t->out, "\\g{%c}", (char)code);
        return SPT_OK;
    }
    if (code < 0x80) {
        const enum spt_status status = take_character_escape(t, (char)code, &code);
        if (status != SPT_OK && status != SPT_END) return status;
        const bool plain = (code >= '0' && code <= '9') || ((code | 0x20) >= 'a' && (code | 0x20) <= 'z');
        if (status == SPT_END && plain) {
            char what[] = "the escape \\?";
            what[sizeof what - 2] = (char)code;
            return unsupported(t, what);
        }
    }
    return put_literal(t, code);
}

/* (?imx-imx: or (?imx-imx) at the very beginning; at "(?". */
static enum spt_status options(struct translation *t, bool *opens) {
    const bool leading = t->at == 0;
    bool off = false, caseless = t->caseless;
    spt_text_put(t->out, "(?");
    for (t->at += 2; peek(t, 0) != ':' && peek(t, 0) != ')'; t->at++) {
        switch (peek(t, 0)) {
        case 'i':
            caseless = !off;
            spt_text_put(t->out, "i");
            break;
        case 'm': /* what others call s: the dot matches a line feed */
            spt_text_put(t->out, "s");
            break;
        case '-':
            if (off) return invalid(t, "two '-' in a group's options");
            off = true;
            spt_text_put(t->out, "-");
            break;
        default:
            return unsupported(t, "a group that is none of (?: (?= (?! (?> (?<= (?<! (?i: (?m:");
        }
    }
    *opens = peek(t, 0) == ':';
    if (!*opens && !leading) return unsupported(t, "an option in the middle, like a(?i)b");
    spt_text_append(t->out, t->pattern + t->at++, 1);
    t->caseless = caseless;
    return SPT_OK;
}

static enum spt_status open_group(struct translation *t) {
    static const char *const HEADS[] = {"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"};
    const struct group group = {.start = t->out->length, .caseless = t->caseless};
    bool opens = true;
    t->literal = t->previous; /* Oniguruma looks through groups and comments */
    if (next_is(t, "(?#")) {
        const char *end = memchr(t->pattern + t->at, ')', t->length - t->at);
        if (!end) return invalid(t, "a comment has no end");
        t->at = (size_t)(end - t->pattern) + 1;
        return SPT_OK;
    }
    if (next_is(t, "(?")) {
        size_t i = 0;
        while (i < sizeof HEADS / sizeof *HEADS && !next_is(t, HEADS[i])) i++;
        if (i < sizeof HEADS / sizeof *HEADS) {
            spt_text_put(t->out, HEADS[i]);
            t->at += strlen(HEADS[i]);
        } else {
            const enum spt_status status = options(t, &opens);
            if (status != SPT_OK) return status;
        }
    } else {
        t->at++;
        if (peek(t, 0) == '*') return invalid(t, "nothing to repeat");
        spt_text_put(t->out, "(");
    }
    t->atom = SIZE_MAX;
    if (!opens) return SPT_OK;
    if (t->depth == GROUPS_MAX) return unsupported(t, "more than 200 groups in one another");
    t->groups[t->depth++] = group;
    return SPT_OK;
}

static bool take_number(struct translation *t, unsigned *number, bool *any) {
    *any = false;
    for (*number = 0; peek(t, 0) >= '0' && peek(t, 0) <= '9'; t->at++, *any = true) {
        *number = *number * 10 + (unsigned)(peek(t, 0) - '0');
        if (*number > 65535) return false;
    }
    return true;
}

/* Turns the last atom and what follows it in the output into a group, so that it can be repeated as a whole. */
static void wrap_atom(struct translation *t) {
    spt_text_put(t->out, "...)"); /* room for "(?:" in front */
    if (t->out->failed) return;
    char *atom = t->out->data + t->atom;
    memmove(atom + 3, atom, t->out->length - 4 - t->atom);
    memcpy(atom, "(?:", 3);
    t->out->data[t->out->length - 1] = ')';
}

/* {n}, {n,}, {,m}, {n,m}: an interval, else an ordinary brace. */
static enum spt_status interval(struct translation *t) {
    const size_t start = t->at++;
    unsigned least, most = 0;
    bool has_least, has_most = false, comma = false;
    if (!take_number(t, &least, &has_least)) return invalid(t, "a number beyond 65535");
    if (peek(t, 0) == ',') {
        comma = true;
        t->at++;
        if (!take_number(t, &most, &has_most)) return invalid(t, "a number beyond 65535");
    }
    if (peek(t, 0) != '}' || (!has_least && !has_most)) {
        t->at = start + 1;
        t->atom = t->out->length;
        return put_literal(t, '{');
    }
    t->at++;
    if (t->atom == SIZE_MAX) return invalid(t, "nothing to repeat");
    if (t->caseless && t->previous && (t->pattern[start - 1] == ')' || is_long_fold(t->previous, t->previous)))
        return unsupported(t, "an interval within (?i) of a group or of what two of fold to one");
    t->literal = t->previous; /* {1} is nothing */
    if (has_most && most < least) return unsupported(t, "an interval whose ends are the wrong way round");
    spt_text_format(t->out, comma ? "{%u," : "{%u", least);
    if (has_most) spt_text_format(t->out, "%u", most);
    spt_text_put(t->out, "}");
    /* Here + is no possessive mark, and ? none of reluctance when both ends are one number: they repeat the whole. */
    if (peek(t, 0) == '+' || (peek(t, 0) == '?' && !comma)) wrap_atom(t);
    return SPT_OK;
}

static enum spt_status step(struct translation *t) {
    switch (peek(t, 0)) {
    case '\\':
        return escape(t);
    case '[':
        t->atom = t->out->length;
        return character_class(t);
    case '(':
        return open_group(t);
    case ')':
        if (t->depth == 0) return invalid(t, "a ')' without '('");
        t->depth--;
        t->literal = t->previous;
        t->atom = t->groups[t->depth].start;
        t->caseless = t->groups[t->depth].caseless;
        break;
    case '{':
        return interval(t);
    case '|':
    case '^':
    case '$':
        t->atom = SIZE_MAX;
        break;
    case '.':
        t->atom = t->out->length;
        break;
    case '*':
    case '+':
    case '?':
        if (t->atom == SIZE_MAX) return invalid(t, "nothing to repeat");
        break;
    default:
        t->atom = t->out->length;
        return put_literal(t, take(t));
    }
    spt_text_append(t->out, t->pattern + t->at++, 1);
    return SPT_OK;
}

enum spt_status spt_regex_translate(const char *pattern, size_t length, const char *path, struct spt_text *out,
                                    struct spt_error *error) {
    struct translation t = {
        .pattern = pattern, .path = path, .length = length, .out = out, .error = error, .atom = SIZE_MAX};
    if (length > SPT_REGEX_MAX) return unsupported(&t, "more than 65536 bytes");
    enum spt_status status = SPT_OK;
    spt_text_append(out, "", 0);
    while (status == SPT_OK && t.at < length && !out->failed) {
        t.previous = t.literal;
        t.literal = 0;
        status = step(&t);
    }
    if (status == SPT_OK && t.depth > 0 && !out->failed) status = invalid(&t, "a '(' without ')'");
    if (status == SPT_OK && out->failed) status = spt_fail_memory(error, length, "a regular expression");
    return status;
}
