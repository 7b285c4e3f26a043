/* Texts to values, without regard to where they stand. */
#include "tracker/config/internal.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool integer_before(const char *text, char **end, int64_t *value) {
    if (!is_digit(text[*text == '-'])) return false; /* strtoll would take blanks and a plus */
    errno = 0;
    const long long number = strtoll(text, end, 10);
    *value = number;
    return errno == 0;
}

bool spt_config_parse_integer(const char *text, int64_t *value) {
    char *end;
    return integer_before(text, &end, value) && *end == '\0';
}

bool spt_config_parse_bytes(const char *text, int64_t *value) {
    static const char units[] = "KMG";
    char *end;
    if (!integer_before(text, &end, value)) return false;
    const char *unit = *end ? strchr(units, *end) : NULL;
    if (!unit) return *end == '\0';
    const int64_t factor = (int64_t)1 << 10 * (unit - units + 1);
    return end[1] == '\0' && !__builtin_mul_overflow(*value, factor, value);
}

bool spt_config_parse_bool(const char *text, bool *value) {
    static const char *const words[] = {"false", "no", "off", "true", "yes", "on"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(text, words[i]) != 0) continue;
        *value = i >= 3;
        return true;
    }
    return false;
}

/* Decimal only: strtod would take blanks, hexadecimal digits, infinities and NaN too. */
static bool number_before(const char *text, char **end, double *value) {
    const char *digits = text + (*text == '-');
    if (!is_digit(digits[*digits == '.']) || (digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X'))) return false;
    *value = strtod(text, end);
    return isfinite(*value);
}

bool spt_config_parse_number(const char *text, double *value) {
    char *end;
    return number_before(text, &end, value) && *end == '\0';
}

bool spt_config_parse_seconds(const char *text, double *value) {
    static const struct {
        char letter;
        double seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    if (!number_before(text, &end, value) || *text == '-') return false;
    if (*end == '\0') return true;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (*end != units[i].letter || end[1] != '\0') continue;
        *value *= units[i].seconds;
        return isfinite(*value);
    }
    return false;
}

bool spt_config_parse_shard(const char *text, struct spt_config_shard *shard) {
    char *end;
    return integer_before(text, &end, &shard->index) && *end == '/' &&
           spt_config_parse_integer(end + 1, &shard->count) && 1 <= shard->index && shard->index <= shard->count &&
           shard->count <= SPT_CONFIG_SHARDS_MAX;
}

/* --- steps --- */
bool spt_config_parse_steps(const char *text, struct spt_config_steps *steps) {
    struct spt_config_steps found = {0, INT64_MAX};
    const char *colon = strchr(text, ':');
    char *end = (char *)text;
    if (colon != text && !integer_before(text, &end, &found.first)) return false;
    if (!colon) found.last = found.first;
    if (*end != (colon ? ':' : '\0')) return false;
    if (colon && colon[1] && !spt_config_parse_integer(colon + 1, &found.last)) return false;
    if (colon == text && !colon[1]) return false;
    if (found.first < 0 || found.last < found.first) return false;
    *steps = found;
    return true;
}

bool spt_config_steps_has(struct spt_config_steps steps, int64_t step) {
    return steps.first <= step && step <= steps.last;
}

bool spt_config_parse_step_range(const char *text, struct spt_config_step_range *range) {
    char *end;
    if (!integer_before(text, &end, &range->first)) return false;
    range->last = range->first;
    range->stride = 1;
    if (*end == ':' && !integer_before(end + 1, &end, &range->last)) return false;
    if (*end == ':' && !integer_before(end + 1, &end, &range->stride)) return false;
    if (*end != '\0' || range->first < 0 || range->last < range->first || range->stride < 1) return false;
    range->last -= (range->last - range->first) % range->stride;
    return true;
}

static uint64_t steps_in(const struct spt_config_step_range *range) {
    return (uint64_t)((range->last - range->first) / range->stride) + 1;
}

size_t spt_config_step_count(const struct spt_config_step_ranges *ranges) {
    uint64_t count = 0;
    for (size_t i = 0; i < ranges->count; i++) count += steps_in(&ranges->items[i]);
    return (size_t)count;
}

void spt_config_step_list(const struct spt_config_step_ranges *ranges, int64_t *steps) {
    for (size_t i = 0; i < ranges->count; i++) {
        const struct spt_config_step_range *range = &ranges->items[i];
        const uint64_t count = steps_in(range);
        for (uint64_t k = 0; k < count; k++) *steps++ = range->first + (int64_t)k * range->stride;
    }
}
