#include "faults.h"

#include <sqlite3.h>
#include <string.h>

/* A test program has one SQLite, and so one state. */
static struct {
    sqlite3_vfs *real_vfs, vfs;
    sqlite3_mem_methods real_memory;
    bool armed, following, failed;
    enum faults_kind kind;
    size_t left, counted;
} faults;

static bool strike(enum faults_kind kind) {
    const bool counts = faults.armed && (faults.kind == kind || (faults.kind == FAULTS_FILES && kind == FAULTS_WRITES));
    if (!counts) return false;
    faults.counted++;
    if (faults.left > 0) {
        faults.left--;
        return false;
    }
    if (faults.failed && !faults.following) return false;
    return faults.failed = true;
}

void faults_arm(enum faults_kind kind, size_t nth, bool all_that_follow) {
    faults.kind = kind;
    faults.left = nth;
    faults.following = all_that_follow;
    faults.failed = false;
    faults.counted = 0;
    faults.armed = true;
}

size_t faults_counted(void) {
    return faults.counted;
}

bool faults_disarm(void) {
    faults.armed = false;
    return faults.failed;
}

/* --- files --- */

struct faulty {
    sqlite3_file base;
    sqlite3_file *real; /* behind it */
};

#define REAL(file) (((struct faulty *)(file))->real)

static int full_or(int code) {
    return faults.kind == FAULTS_WRITES ? SQLITE_FULL : code;
}
static int on_close(sqlite3_file *file) {
    return REAL(file)->pMethods ? REAL(file)->pMethods->xClose(REAL(file)) : SQLITE_OK;
}
static int on_read(sqlite3_file *file, void *out, int size, sqlite3_int64 at) {
    return strike(FAULTS_FILES) ? SQLITE_IOERR_READ : REAL(file)->pMethods->xRead(REAL(file), out, size, at);
}
static int on_write(sqlite3_file *file, const void *in, int size, sqlite3_int64 at) {
    if (!strike(FAULTS_WRITES)) return REAL(file)->pMethods->xWrite(REAL(file), in, size, at);
    if (size > 1) (void)REAL(file)->pMethods->xWrite(REAL(file), in, size / 2, at); /* torn, as disks do it */
    return full_or(SQLITE_IOERR_WRITE);
}
static int on_truncate(sqlite3_file *file, sqlite3_int64 size) {
    return strike(FAULTS_WRITES) ? full_or(SQLITE_IOERR_TRUNCATE) : REAL(file)->pMethods->xTruncate(REAL(file), size);
}
static int on_sync(sqlite3_file *file, int flags) {
    (void)file, (void)flags; /* not asked of the disk: the machine does not crash here */
    return strike(FAULTS_WRITES) ? full_or(SQLITE_IOERR_FSYNC) : SQLITE_OK;
}
static int on_size(sqlite3_file *file, sqlite3_int64 *size) {
    return strike(FAULTS_FILES) ? SQLITE_IOERR_FSTAT : REAL(file)->pMethods->xFileSize(REAL(file), size);
}
static int on_lock(sqlite3_file *file, int level) {
    return strike(FAULTS_FILES) ? SQLITE_IOERR_LOCK : REAL(file)->pMethods->xLock(REAL(file), level);
}
static int on_unlock(sqlite3_file *file, int level) {
    return REAL(file)->pMethods->xUnlock(REAL(file), level);
}
static int on_reserved(sqlite3_file *file, int *out) {
    return REAL(file)->pMethods->xCheckReservedLock(REAL(file), out);
}
static int on_control(sqlite3_file *file, int code, void *argument) {
    return REAL(file)->pMethods->xFileControl(REAL(file), code, argument);
}
static int on_sector(sqlite3_file *file) {
    return REAL(file)->pMethods->xSectorSize(REAL(file));
}
static int on_device(sqlite3_file *file) {
    return REAL(file)->pMethods->xDeviceCharacteristics(REAL(file));
}
static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out) {
    return strike(FAULTS_FILES) ? SQLITE_IOERR_SHMMAP
                                : REAL(file)->pMethods->xShmMap(REAL(file), page, size, extend, out);
}
static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags) {
    return REAL(file)->pMethods->xShmLock(REAL(file), offset, count, flags);
}
static void on_shm_barrier(sqlite3_file *file) {
    REAL(file)->pMethods->xShmBarrier(REAL(file));
}
static int on_shm_unmap(sqlite3_file *file, int remove) {
    return REAL(file)->pMethods->xShmUnmap(REAL(file), remove);
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_reserved,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_device,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags, int *out) {
    (void)vfs;
    struct faulty *faulty = (struct faulty *)file;
    faulty->base.pMethods = NULL;
    if (strike(FAULTS_FILES)) return SQLITE_CANTOPEN;
    faulty->real = (sqlite3_file *)(faulty + 1);
    const int code = faults.real_vfs->xOpen(faults.real_vfs, name, faulty->real, flags, out);
    if (faulty->real->pMethods) faulty->base.pMethods = &METHODS;
    return code;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    return strike(FAULTS_FILES) ? SQLITE_IOERR_DELETE : faults.real_vfs->xDelete(faults.real_vfs, name, sync);
}

static int on_access(sqlite3_vfs *vfs, const char *name, int flags, int *out) {
    (void)vfs;
    return strike(FAULTS_FILES) ? SQLITE_IOERR_ACCESS : faults.real_vfs->xAccess(faults.real_vfs, name, flags, out);
}

/* --- memory --- */

static void *on_malloc(int size) {
    return strike(FAULTS_MEMORY) ? NULL : faults.real_memory.xMalloc(size);
}
static void *on_realloc(void *old, int size) {
    return strike(FAULTS_MEMORY) ? NULL : faults.real_memory.xRealloc(old, size);
}

void faults_install(void) {
    sqlite3_config(SQLITE_CONFIG_GETMALLOC, &faults.real_memory);
    sqlite3_mem_methods memory = faults.real_memory;
    memory.xMalloc = on_malloc;
    memory.xRealloc = on_realloc;
    sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    faults.real_vfs = sqlite3_vfs_find(NULL);
    faults.vfs = *faults.real_vfs;
    faults.vfs.zName = "faulty";
    faults.vfs.pNext = NULL;
    faults.vfs.szOsFile = (int)sizeof(struct faulty) + faults.real_vfs->szOsFile;
    faults.vfs.xOpen = on_open;
    faults.vfs.xDelete = on_delete;
    faults.vfs.xAccess = on_access;
    sqlite3_vfs_register(&faults.vfs, 1);
}
