/* A tree of files: the disk, or the disk with one archive on it that is seen as a folder.
 *
 * Whatever of checkpoints/ lists a folder, looks at a path or opens a file asks a tree, so that no layout and no reader
 * knows where its bytes lie. NULL is the disk: who knows files only need not think of trees. A path is what it is on
 * the disk; what lies in an archive is "<path of the archive>/<member>", and every other path of such a tree is one of
 * the disk.
 *
 *     look, list, open ... as with stat, readdir, open
 *     spt_tree_open  ->  spt_tree_read_at ...  ->  spt_tree_confirm  ->  spt_tree_close
 *
 * A file of an archive begins at some byte of the descriptor: read it by spt_tree_read_at only. One thread at a time
 * for each tree but the disk. Failures are those of the system (SPT_IO with errno in error->system, also of archives:
 * ENOENT, ENOTDIR), and SPT_INVALID where a tree refuses to lead there.
 *
 * To add a kind of tree: fill a struct spt_tree_operations.
 */
#ifndef SPT_BASE_TREE_H
#define SPT_BASE_TREE_H

#include "checkpoints/base/file.h"

enum spt_kind {
    SPT_KIND_UNKNOWN, /* a file system that does not tell when it lists: look */
    SPT_KIND_FILE,
    SPT_KIND_FOLDER,
    SPT_KIND_LINK,
    SPT_KIND_OTHER, /* a FIFO, socket or device */
};

struct spt_look {
    enum spt_kind kind;
    struct spt_file_identity identity;
};

struct spt_tree;

/* A file that is open. */
struct spt_tree_file {
    int fd;
    uint64_t base;                     /* its first byte in fd; 0 on the disk */
    struct spt_file_identity identity; /* its size is counted from base */
    bool sealed;                       /* an archive says the CRC of all its bytes, which nobody has looked at yet */
    uint32_t crc;                      /* then: CRC-32, 0 where its writer left it out */
};

/* A folder that is being listed. */
struct spt_tree_folder {
    struct spt_tree *tree;
    const char *path; /* borrowed */
    void *handle;     /* of the tree */
    size_t next, end; /* likewise */
};

struct spt_tree_entry {
    const char *name; /* until the next entry */
    enum spt_kind kind;
};

/* The same arguments and results as the functions below. */
struct spt_tree_operations {
    enum spt_status (*look)(struct spt_tree *tree, const char *path, bool follow, struct spt_look *look,
                            struct spt_error *error);
    enum spt_status (*list)(struct spt_tree *tree, const char *path, struct spt_tree_folder *folder,
                            struct spt_error *error);
    enum spt_status (*next)(struct spt_tree_folder *folder, struct spt_tree_entry *entry, struct spt_error *error);
    enum spt_status (*look_in)(struct spt_tree_folder *folder, const char *name, struct spt_look *look,
                               struct spt_error *error);
    void (*unlist)(struct spt_tree_folder *folder);
    enum spt_status (*open)(struct spt_tree *tree, const char *path, struct spt_tree_file *file,
                            struct spt_error *error);
    enum spt_status (*confirm)(struct spt_tree *tree, const struct spt_tree_file *file, const char *path,
                               struct spt_error *error);
    enum spt_status (*expect)(struct spt_tree *tree, const char *const *paths, size_t count, struct spt_error *error);
    void (*begin)(struct spt_tree *tree);
    char *(*real_path)(struct spt_tree *tree, const char *path);
    void (*free)(struct spt_tree *tree);
};

/* What every kind of tree begins with. */
struct spt_tree {
    const struct spt_tree_operations *operations;
    size_t holders;
};

/* One more who will let go; tree may be NULL. It is freed when the last one has. */
struct spt_tree *spt_tree_hold(struct spt_tree *tree);
void spt_tree_let_go(struct spt_tree *tree);

/* What is at path, or where its links lead. */
enum spt_status spt_tree_look(struct spt_tree *tree, const char *path, struct spt_look *look, struct spt_error *error);
/* The same, but a link as the last part of path is itself what is looked at. */
enum spt_status spt_tree_look_at_link(struct spt_tree *tree, const char *path, struct spt_look *look,
                                      struct spt_error *error);
/* Both follow links; false when there is nothing. */
bool spt_tree_is_folder(struct spt_tree *tree, const char *path);
bool spt_tree_is_file(struct spt_tree *tree, const char *path);
bool spt_tree_is_there(struct spt_tree *tree, const char *path); /* whatever it is; links are followed */

/* Lists a folder, in any order and without "." and ".."; links are not followed. Unlist after SPT_OK. */
enum spt_status spt_tree_list(struct spt_tree *tree, const char *path, struct spt_tree_folder *folder,
                              struct spt_error *error);
enum spt_status spt_tree_next(struct spt_tree_folder *folder, struct spt_tree_entry *entry,
                              struct spt_error *error); /* SPT_END: that was all */
/* What name in folder is or leads to; NULL: the folder itself. Cheaper than spt_tree_look. */
enum spt_status spt_tree_look_in(struct spt_tree_folder *folder, const char *name, struct spt_look *look,
                                 struct spt_error *error);
void spt_tree_unlist(struct spt_tree_folder *folder);

/* As spt_file_open. What is compressed in an archive is spooled first (archive/archive.h): then SPT_IO with ENOSPC
 * is what the spool may not hold, and SPT_RETRY an archive that ends too early. Close after SPT_OK. */
enum spt_status spt_tree_open(struct spt_tree *tree, const char *path, struct spt_tree_file *file,
                              struct spt_error *error);
void spt_tree_close(struct spt_tree_file *file); /* of one that is closed (fd < 0) too */

/* size bytes from offset of the file. SPT_RETRY when it ends before. path is for messages. */
enum spt_status spt_tree_read_at(const struct spt_tree_file *file, const char *path, uint64_t offset, void *out,
                                 size_t size, struct spt_error *error);

/* As spt_file_confirm: the file is still what it was, under its name. */
enum spt_status spt_tree_confirm(struct spt_tree *tree, const struct spt_tree_file *file, const char *path,
                                 struct spt_error *error);

/* As spt_file_read_all. */
enum spt_status spt_tree_read_all(struct spt_tree *tree, const char *path, size_t limit, char **data, size_t *size,
                                  struct spt_error *error);

/* A checkpoint begins: what was spooled for another may go. */
void spt_tree_begin(struct spt_tree *tree);

/* These files will be opened one after the other, in any order: whoever knows several beforehand says so, and a
 * compressed archive is passed over once instead of for each. What is not there is no failure yet.
 *   paths  [count] */
enum spt_status spt_tree_expect(struct spt_tree *tree, const char *const *paths, size_t count, struct spt_error *error);

/* path without links, owned; NULL: nothing is there, with errno. */
char *spt_tree_real_path(struct spt_tree *tree, const char *path);

#endif
