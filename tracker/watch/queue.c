#include "tracker/watch/queue.h"

#include "checkpoints/base/hash.h"
#include "checkpoints/base/memory.h"
#include "checkpoints/base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct spt_queue {
    struct spt_queue_times times;
    struct spt_queued *items; /* [count] */
    size_t *seen;             /* [count] number of the look that saw it last */
    size_t *order;            /* [count] indices by (branch, step, label) */
    size_t *news;             /* indices from news_head to news_end, each once */
    size_t count, capacity, news_head, news_end, looks;
    size_t *slots; /* [slot_count] index + 1 by hash of the uri, open addressing; 0: free */
    size_t slot_count;
    struct spt_watched *shown; /* [shown_capacity] what spt_queue_show gave out */
    size_t shown_capacity;
};

enum spt_status spt_queue_new(const struct spt_queue_times *times, struct spt_queue **queue, struct spt_error *error) {
    *queue = calloc(1, sizeof **queue);
    if (!*queue) return spt_fail_memory(error, sizeof **queue, "a queue of checkpoints");
    (*queue)->times = *times;
    return SPT_OK;
}

static void release_kept(struct spt_checkpoint_ref *kept) {
    free(kept->uri);
    free(kept->path);
    free(kept->label);
    free(kept->branch);
    *kept = (struct spt_checkpoint_ref){0};
}

void spt_queue_free(struct spt_queue *queue) {
    if (!queue) return;
    for (size_t i = 0; i < queue->count; i++) {
        release_kept(&queue->items[i].kept);
        free(queue->items[i].reason);
    }
    free(queue->items);
    free(queue->seen);
    free(queue->order);
    free(queue->news);
    free(queue->slots);
    free(queue->shown);
    free(queue);
}

size_t spt_queue_count(const struct spt_queue *queue) {
    return queue->count;
}

const struct spt_queued *spt_queue_item(const struct spt_queue *queue, size_t index) {
    return &queue->items[index];
}

/* --- by uri --- */

/* The slot of uri, or the free one where it belongs. slot_count is a power of two, and never full. */
static size_t slot_of(const struct spt_queue *queue, const char *uri) {
    const size_t mask = queue->slot_count - 1;
    size_t slot = (size_t)spt_hash_of(uri, strlen(uri)).low & mask;
    while (queue->slots[slot] && strcmp(queue->items[queue->slots[slot] - 1].kept.uri, uri) != 0)
        slot = (slot + 1) & mask;
    return slot;
}

size_t spt_queue_find(const struct spt_queue *queue, const char *uri) {
    if (!queue->slot_count) return SPT_QUEUE_NONE;
    const size_t entry = queue->slots[slot_of(queue, uri)];
    return entry ? entry - 1 : SPT_QUEUE_NONE;
}

/* At most half of the slots are taken. */
static bool grow_slots(struct spt_queue *queue) {
    if (queue->slot_count >= 2 * (queue->count + 1)) return true;
    const size_t wanted = queue->slot_count ? 2 * queue->slot_count : 64;
    size_t *slots = spt_alloc_zeroed(wanted, sizeof *slots);
    if (!slots) return false;
    free(queue->slots);
    queue->slots = slots;
    queue->slot_count = wanted;
    for (size_t i = 0; i < queue->count; i++) queue->slots[slot_of(queue, queue->items[i].kept.uri)] = i + 1;
    return true;
}

/* Room for one more in every list. */
static bool grow(struct spt_queue *queue) {
    const size_t need = queue->count + 1;
    size_t seen = queue->capacity, order = queue->capacity, news = queue->capacity;
    return spt_grow((void **)&queue->seen, &seen, need, sizeof *queue->seen) &&
           spt_grow((void **)&queue->order, &order, need, sizeof *queue->order) &&
           spt_grow((void **)&queue->news, &news, need, sizeof *queue->news) &&
           spt_grow((void **)&queue->items, &queue->capacity, need, sizeof *queue->items) && grow_slots(queue);
}

/* --- by step --- */

static int compare(const struct spt_checkpoint_ref *a, const struct spt_checkpoint_ref *b) {
    const int branch = strcmp(a->branch, b->branch);
    if (branch) return branch;
    const int64_t x = a->step == SPT_NO_STEP ? INT64_MAX : a->step, y = b->step == SPT_NO_STEP ? INT64_MAX : b->step;
    if (x != y) return x < y ? -1 : 1;
    const int label = strcmp(a->label, b->label);
    return label ? label : strcmp(a->uri, b->uri);
}

/* Puts index into the first count of the order. */
static void put_in_order(struct spt_queue *queue, size_t index, size_t count) {
    size_t low = 0, high = count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare(&queue->items[queue->order[middle]].kept, &queue->items[index].kept) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    memmove(queue->order + low + 1, queue->order + low, (count - low) * sizeof *queue->order);
    queue->order[low] = index;
}

static void take_from_order(struct spt_queue *queue, size_t index) {
    size_t at = 0;
    while (queue->order[at] != index) at++;
    memmove(queue->order + at, queue->order + at + 1, (queue->count - at - 1) * sizeof *queue->order);
}

/* --- what is kept of each --- */

static bool copy_ref(struct spt_checkpoint_ref *kept, const struct spt_checkpoint_ref *ref) {
    *kept = (struct spt_checkpoint_ref){
        .uri = spt_strdup(ref->uri),
        .path = spt_strdup(ref->path),
        .label = spt_strdup(ref->label),
        .branch = spt_strdup(ref->branch),
        .step = ref->step,
        .tokens = ref->tokens,
        .fingerprint = ref->fingerprint,
    };
    if (kept->uri && kept->path && kept->label && kept->branch) return true;
    release_kept(kept);
    return false;
}

static enum spt_status add(struct spt_queue *queue, const struct spt_checkpoint_ref *ref, size_t *index,
                           struct spt_error *error) {
    struct spt_checkpoint_ref kept;
    if (!grow(queue) || !copy_ref(&kept, ref)) return spt_fail_memory(error, sizeof *queue->items, "a checkpoint");
    *index = queue->count;
    queue->items[*index] = (struct spt_queued){.kept = kept, .state = SPT_WATCHED_CHANGING, .next = INFINITY};
    queue->seen[*index] = 0;
    queue->slots[slot_of(queue, kept.uri)] = *index + 1;
    put_in_order(queue, *index, queue->count);
    queue->count++;
    return SPT_OK;
}

/* A checkpoint's step or label may become known late: with its trainer_state.json. */
static enum spt_status keep(struct spt_queue *queue, size_t index, const struct spt_checkpoint_ref *ref,
                            struct spt_error *error) {
    struct spt_checkpoint_ref *kept = &queue->items[index].kept;
    kept->tokens = ref->tokens;
    kept->fingerprint = ref->fingerprint;
    if (kept->step == ref->step && strcmp(kept->label, ref->label) == 0 && strcmp(kept->branch, ref->branch) == 0 &&
        strcmp(kept->path, ref->path) == 0)
        return SPT_OK;
    struct spt_checkpoint_ref copied;
    if (!copy_ref(&copied, ref)) return spt_fail_memory(error, sizeof copied, "a checkpoint");
    take_from_order(queue, index);
    release_kept(kept);
    *kept = copied;
    put_in_order(queue, index, queue->count - 1);
    return SPT_OK;
}

static enum spt_status set_reason(struct spt_queued *item, const char *reason, struct spt_error *error) {
    char *copied = reason ? spt_strdup(reason) : NULL;
    if (reason && !copied) return spt_fail_memory(error, strlen(reason), "a reason");
    free(item->reason);
    item->reason = copied;
    return SPT_OK;
}

static void forget_reason(struct spt_queued *item) {
    free(item->reason);
    item->reason = NULL;
}

/* --- looks --- */

static void add_news(struct spt_queue *queue, size_t index) {
    if (queue->items[index].is_news) return;
    if (queue->news_end == queue->capacity) { /* each is there once: the head has moved on */
        memmove(queue->news, queue->news + queue->news_head,
                (queue->news_end - queue->news_head) * sizeof *queue->news);
        queue->news_end -= queue->news_head;
        queue->news_head = 0;
    }
    queue->items[index].is_news = true;
    queue->news[queue->news_end++] = index;
}

size_t spt_queue_news(struct spt_queue *queue) {
    if (queue->news_head == queue->news_end) {
        queue->news_head = queue->news_end = 0;
        return SPT_QUEUE_NONE;
    }
    const size_t index = queue->news[queue->news_head++];
    queue->items[index].is_news = false;
    return index;
}

static void become_changing(struct spt_queue *queue, size_t index, const struct spt_sight *sight) {
    struct spt_queued *item = &queue->items[index];
    item->state = SPT_WATCHED_CHANGING;
    item->files = sight->state;
    item->changed = sight->since;
    item->next = INFINITY;
    item->wait = 0;
    item->awaits = false;
    forget_reason(item);
    add_news(queue, index);
}

/* What the look says of one whose files are as they were: whether it is quiet by now, whether its marker is there. */
static enum spt_status go_on(struct spt_queue *queue, size_t index, double now, struct spt_error *error) {
    struct spt_queued *item = &queue->items[index];
    const char *awaits = item->ref->awaits;
    if (item->awaits && !awaits) {
        item->awaits = false;
        item->state = SPT_WATCHED_QUIET;
        forget_reason(item);
    }
    if (item->state == SPT_WATCHED_CHANGING && now - item->changed >= queue->times.quiet)
        item->state = SPT_WATCHED_QUIET;
    const bool waits = item->state == SPT_WATCHED_QUIET || item->state == SPT_WATCHED_WAITING;
    if (!awaits || !waits || item->awaits) return SPT_OK;
    item->state = SPT_WATCHED_WAITING;
    item->awaits = true;
    item->patient = false;
    item->next = INFINITY;
    add_news(queue, index);
    struct spt_text reason = {0};
    spt_text_format(&reason, "no %s yet, which its writer adds last", awaits);
    const enum spt_status status =
        reason.failed ? spt_fail_memory(error, strlen(awaits), "a reason") : set_reason(item, reason.data, error);
    spt_text_release(&reason);
    return status;
}

static enum spt_status see(struct spt_queue *queue, const struct spt_sight *sight, double now,
                           struct spt_error *error) {
    size_t index = spt_queue_find(queue, sight->ref->uri);
    enum spt_status status =
        index == SPT_QUEUE_NONE ? add(queue, sight->ref, &index, error) : keep(queue, index, sight->ref, error);
    if (status != SPT_OK) return status;
    struct spt_queued *item = &queue->items[index];
    const bool same = item->ref && spt_hash_equal(item->files, sight->state);
    item->ref = sight->ref;
    queue->seen[index] = queue->looks;
    if (!same) become_changing(queue, index, sight);
    return go_on(queue, index, now, error);
}

/* Gone. What was analysed stays so. */
static void lose(struct spt_queue *queue, size_t index) {
    struct spt_queued *item = &queue->items[index];
    item->ref = NULL;
    item->state = item->analysed ? SPT_WATCHED_ANALYSED : SPT_WATCHED_CHANGING;
    item->awaits = false;
    add_news(queue, index);
}

enum spt_status spt_queue_look(struct spt_queue *queue, const struct spt_sight *sights, size_t count, double now,
                               struct spt_error *error) {
    enum spt_status status = SPT_OK;
    queue->looks++;
    for (size_t i = 0; status == SPT_OK && i < count; i++) status = see(queue, &sights[i], now, error);
    for (size_t i = 0; status == SPT_OK && i < queue->count; i++)
        if (queue->items[i].ref && queue->seen[i] != queue->looks) lose(queue, i);
    return status;
}

enum spt_status spt_queue_remember(struct spt_queue *queue, const struct spt_checkpoint_ref *ref, size_t *index,
                                   struct spt_error *error) {
    *index = spt_queue_find(queue, ref->uri);
    const enum spt_status status = *index == SPT_QUEUE_NONE ? add(queue, ref, index, error) : SPT_OK;
    if (status != SPT_OK) return status;
    struct spt_queued *item = &queue->items[*index];
    item->analysed = true;
    if (!item->ref) item->state = SPT_WATCHED_ANALYSED;
    return SPT_OK;
}

/* --- what is next --- */

static bool is_ready(const struct spt_queued *item, double now) {
    return item->ref && (item->state == SPT_WATCHED_QUIET || (item->state == SPT_WATCHED_WAITING && item->next <= now));
}

/* Smaller steps first, whatever the branch; what has no step last. */
static bool is_earlier(const struct spt_queued *a, const struct spt_queued *b) {
    const int64_t x = a->kept.step == SPT_NO_STEP ? INT64_MAX : a->kept.step;
    const int64_t y = b->kept.step == SPT_NO_STEP ? INT64_MAX : b->kept.step;
    return x != y ? x < y : compare(&a->kept, &b->kept) < 0;
}

size_t spt_queue_take(const struct spt_queue *queue, double now) {
    size_t best = SPT_QUEUE_NONE;
    for (size_t i = 0; i < queue->count; i++)
        if (is_ready(&queue->items[i], now) &&
            (best == SPT_QUEUE_NONE || is_earlier(&queue->items[i], &queue->items[best])))
            best = i;
    return best;
}

static double overdue_at(const struct spt_queue *queue, const struct spt_queued *item) {
    return item->patient ? INFINITY : item->changed + queue->times.deadline;
}

size_t spt_queue_overdue(const struct spt_queue *queue, double now) {
    for (size_t i = 0; i < queue->count; i++) {
        const struct spt_queued *item = &queue->items[i];
        if (item->ref && item->state == SPT_WATCHED_WAITING && overdue_at(queue, item) <= now) return i;
    }
    return SPT_QUEUE_NONE;
}

double spt_queue_due(const struct spt_queue *queue, double now) {
    double due = INFINITY;
    for (size_t i = 0; i < queue->count; i++) {
        const struct spt_queued *item = &queue->items[i];
        if (!item->ref) continue;
        if (item->state == SPT_WATCHED_CHANGING) due = fmin(due, item->changed + queue->times.quiet);
        if (item->state == SPT_WATCHED_QUIET) due = now;
        if (item->state == SPT_WATCHED_WAITING) due = fmin(due, fmin(item->next, overdue_at(queue, item)));
    }
    return fmax(due, now);
}

/* --- what became of it --- */

void spt_queue_analysed(struct spt_queue *queue, size_t index) {
    struct spt_queued *item = &queue->items[index];
    item->state = SPT_WATCHED_ANALYSED;
    item->analysed = true;
    item->next = INFINITY;
    item->wait = 0;
    forget_reason(item);
}

enum spt_status spt_queue_refuse(struct spt_queue *queue, size_t index, const char *reason, struct spt_error *error) {
    struct spt_queued *item = &queue->items[index];
    const enum spt_status status = set_reason(item, reason, error);
    if (status != SPT_OK) return status;
    item->state = SPT_WATCHED_REFUSED;
    item->next = INFINITY;
    return SPT_OK;
}

enum spt_status spt_queue_put_back(struct spt_queue *queue, size_t index, double now, const char *reason, bool patient,
                                   struct spt_error *error) {
    struct spt_queued *item = &queue->items[index];
    const enum spt_status status = set_reason(item, reason, error);
    if (status != SPT_OK) return status;
    item->patient = patient;
    item->wait = item->wait > 0 ? fmin(2 * item->wait, queue->times.retry_most) : queue->times.retry_first;
    item->state = SPT_WATCHED_WAITING;
    item->next = now + item->wait;
    return SPT_OK;
}

/* --- what is shown --- */

enum spt_status spt_queue_show(struct spt_queue *queue, const struct spt_watched **items, size_t *count,
                               size_t states[SPT_WATCHED_REFUSED + 1], struct spt_error *error) {
    if (!spt_grow((void **)&queue->shown, &queue->shown_capacity, queue->count, sizeof *queue->shown))
        return spt_fail_memory(error, queue->count * sizeof *queue->shown, "a list of checkpoints");
    *count = 0;
    for (size_t i = 0; i <= SPT_WATCHED_REFUSED; i++) states[i] = 0;
    for (size_t i = 0; i < queue->count; i++) {
        const struct spt_queued *item = &queue->items[queue->order[i]];
        if (!item->ref && !item->analysed) continue;
        queue->shown[(*count)++] = (struct spt_watched){
            .label = item->kept.label,
            .branch = item->kept.branch,
            .reason = item->reason,
            .step = item->kept.step,
            .state = item->state,
            .changed = item->changed,
            .next = item->next,
        };
        states[item->state]++;
    }
    *items = queue->shown;
    return SPT_OK;
}
