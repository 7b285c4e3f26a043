/* Standing back reaches the threads that are there and those that come: the kernel itself is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/priority.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a thread is scheduled with. */
struct seen {
    int policy, nice, io;
};

static struct seen look(void) {
    return (struct seen){
        .policy = sched_getscheduler(0),
        .nice = getpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid)),
        .io = (int)syscall(SYS_ioprio_get, 1, 0) >> 13, /* class; 1: a process, 0: this thread */
    };
}

static void assert_low(const struct seen *seen) {
    assert_int_equal(seen->policy, SCHED_IDLE);
    assert_int_equal(seen->nice, 19);
    assert_int_equal(seen->io, 3); /* IOPRIO_CLASS_IDLE of linux/ioprio.h */
}

/* A thread that looks when it is let go. */
struct watcher {
    pthread_t thread;
    sem_t go;
    struct seen seen;
};

static void *watch(void *context) {
    struct watcher *watcher = context;
    while (sem_wait(&watcher->go) != 0) continue;
    watcher->seen = look();
    return NULL;
}

static void begin(struct watcher *watcher) {
    assert_int_equal(sem_init(&watcher->go, 0, 0), 0);
    assert_int_equal(pthread_create(&watcher->thread, NULL, watch, watcher), 0);
}

static struct seen end(struct watcher *watcher) {
    sem_post(&watcher->go);
    assert_int_equal(pthread_join(watcher->thread, NULL), 0);
    sem_destroy(&watcher->go);
    return watcher->seen;
}

static void normal_priority_changes_nothing(void **state) {
    (void)state;
    struct spt_config config = {.priority = SPT_PRIORITY_NORMAL};
    const struct seen before = look();
    spt_priority_set(&config, NULL);
    const struct seen after = look();
    assert_int_equal(after.policy, before.policy);
    assert_int_equal(after.nice, before.nice);
    assert_int_equal(after.io, before.io);
}

static void low_priority_reaches_threads_and_programs_before_and_after(void **state) {
    (void)state;
    struct spt_error error;
    struct watcher earlier, later;
    begin(&earlier);
    if (spt_priority_lower(&error) != SPT_OK) fail_msg("%s", error.message);
    begin(&later);
    const struct seen own = look(), before = end(&earlier), after = end(&later);
    assert_low(&own);
    assert_low(&before);
    assert_low(&after);
    const pid_t child = fork();
    if (child == 0) {
        const struct seen there = look();
        _exit(there.policy == SCHED_IDLE && there.nice == 19 && there.io == 3 ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_priority_changes_nothing), /* first: priority is never taken back */
        cmocka_unit_test(low_priority_reaches_threads_and_programs_before_and_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
