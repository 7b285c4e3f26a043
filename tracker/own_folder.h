/* Folders that spectail makes, lets others fill, and removes again: and never any other.
 *
 *     spt_own_folder_clean (what an earlier process left)
 *     spt_own_folder_make  ->  somebody fills it  ->  spt_own_folder_settle  ->  spt_own_folder_remove
 *
 * Beside the folder NAME stands a file ".spectail-fetch.NAME" that says which folder it is (inode and time of birth), from before the folder
 * is there until after it is gone. A process that is killed in between leaves the file, and the next one knows what it may remove: a folder
 * of that name that is another one (a copy, or what a user put in its place) is left alone. While its process lives the file is locked, so
 * that several may work in one parent. The file is beside the folder and not in it, since what fills the folder may empty it first.
 *
 * Removal follows no symbolic link, leaves no file system, and never leaves the parent.
 */
#ifndef SPT_OWN_FOLDER_H
#define SPT_OWN_FOLDER_H

#include "checkpoints/base/error.h"
#include "checkpoints/base/log.h"

#include <stdbool.h>

struct spt_own_folder {
    int parent; /* descriptor, borrowed */
    char *name; /* in it */
    char *path; /* absolute */
    char *mark; /* name of the file beside it */
    int lock;   /* descriptor of that file; -1: not ours */
    bool ours;  /* we made it; false: it was there before, and stays */
};

/* Removes what processes that are gone left in parent; says so through log. SPT_IO where it cannot be removed.
 *   path  the parent's absolute path, for messages */
enum spt_status spt_own_folder_clean(int parent, const char *path, const struct spt_log *log, struct spt_error *error);

/* Makes an empty folder, or finds what is there under this name (then ours is false). name has no slash and does not begin with a dot.
 * SPT_IO; SPT_RETRY: another process is at work on it. Release after SPT_OK. */
enum spt_status spt_own_folder_make(struct spt_own_folder *folder, int parent, const char *path, const char *name,
                                    struct spt_error *error);

/* After somebody filled it: whoever replaced the folder by another did so on our behalf. SPT_RETRY: there is no folder, or nothing in it. */
enum spt_status spt_own_folder_settle(struct spt_own_folder *folder, struct spt_error *error);

/* Removes it with all that is in it, where it is ours, and releases. */
enum spt_status spt_own_folder_remove(struct spt_own_folder *folder, struct spt_error *error);

#endif
