/* What the looks before saw of a run's folders, so that the next one reads only what changed.
 *
 *     spt_folder_memory_new
 *       -> for each look: _check, and unless that says that nothing changed a listing, whose folders are read by _entries
 *          and _scan, and, if it succeeded, _keep
 *       -> spt_folder_memory_free
 *
 * A folder is not read again while its own identity is what it was, and its files are asked for by name: nothing is taken
 * for unchanged that spt_folder_scan would see. Of an entry that comes or goes the folder's times tell, and they are
 * trusted only
 *   - on file systems that are known to keep them (a table in folder_memory.c); elsewhere every folder is read at every
 *     look;
 *   - once a reading began so long after the change that the clock of the file system must have moved on since: before
 *     that, an entry made within the same tick as the last one would leave the times as they were.
 * Memory: some 500 bytes a folder of three files.
 */
#ifndef SPT_LAYOUTS_FOLDER_MEMORY_H
#define SPT_LAYOUTS_FOLDER_MEMORY_H

#include "checkpoints/layouts/folder.h"

struct spt_folder_memory;

struct spt_folder_memory *spt_folder_memory_new(void); /* NULL: out of memory */
void spt_folder_memory_free(struct spt_folder_memory *memory);

/* A look begins. place: of all that the listing depends on besides the folders. true: a listing would give what
 * the last one gave. Cost: a stat of each folder and file. */
bool spt_folder_memory_check(struct spt_folder_memory *memory, struct spt_hash place);

/* As spt_entries_read and spt_folder_scan. Entries are borrowed until the next check. HF Trainer's step is read too. */
enum spt_status spt_folder_memory_entries(struct spt_folder_memory *memory, const char *path,
                                          struct spt_entries *entries, struct spt_error *error);
enum spt_status spt_folder_memory_scan(struct spt_folder_memory *memory, const char *path, const char *only,
                                       const struct spt_log *log, struct spt_folder *folder, struct spt_error *error);

/* The reading of the whole folder that spt_folder_memory_scan gives with only NULL; borrowed until the next scan or check. */
enum spt_status spt_folder_memory_read(struct spt_folder_memory *memory, const char *path, const struct spt_log *log,
                                       const struct spt_folder_reading **reading, struct spt_error *error);

/* The listing depends on something else on disk: the next look lists again. memory may be NULL. */
void spt_folder_memory_look_past(struct spt_folder_memory *memory);

/* The listing succeeded: what it did not ask for is forgotten. */
void spt_folder_memory_keep(struct spt_folder_memory *memory);

#endif
