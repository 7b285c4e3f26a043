#include "tracker/priority.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOWEST_NICE = 19 };

/* linux/ioprio.h, which glibc has no wrapper for. */
enum { IO_WHO_THREAD = 1, IO_CLASS_IDLE = 3, IO_CLASS_SHIFT = 13 };

/* All three take a thread's id where they speak of a process. A thread that ended meanwhile (ESRCH) needs nothing. */
static enum spt_status lower_thread(pid_t thread, struct spt_error *error) {
    enum spt_status status = SPT_OK;
    const struct sched_param none = {0};
    if (setpriority(PRIO_PROCESS, (id_t)thread, LOWEST_NICE) != 0 && errno != ESRCH)
        status = spt_fail_system(error, errno, NULL, "set nice 19");
    if (sched_setscheduler(thread, SCHED_IDLE, &none) != 0 && errno != ESRCH)
        status = spt_fail_system(error, errno, NULL, "schedule when the processor is idle");
    if (syscall(SYS_ioprio_set, IO_WHO_THREAD, thread, IO_CLASS_IDLE << IO_CLASS_SHIFT) != 0 && errno != ESRCH)
        status = spt_fail_system(error, errno, NULL, "set the idle class of I/O");
    return status;
}

/* A thread that starts meanwhile has what the one that starts it has: the caller, which comes first, starts none. */
enum spt_status spt_priority_lower(struct spt_error *error) {
    enum spt_status status = lower_thread((pid_t)syscall(SYS_gettid), error);
    DIR *threads = opendir("/proc/self/task");
    if (!threads) return spt_fail_system(error, errno, "/proc/self/task", "list the threads");
    for (const struct dirent *entry; (entry = readdir(threads));) {
        const long thread = strtol(entry->d_name, NULL, 10);
        if (thread <= 0) continue;
        const enum spt_status lowered = lower_thread((pid_t)thread, error);
        if (lowered != SPT_OK) status = lowered;
    }
    closedir(threads);
    return status;
}

void spt_priority_set(const struct spt_config *config, const struct spt_log *log) {
    struct spt_error error;
    if (config->priority == SPT_PRIORITY_LOW && spt_priority_lower(&error) != SPT_OK)
        spt_log(log, SPT_LOG_WARNING, "priority: %s", error.message);
}
