/* File systems that are shared between machines are told from those that are not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "tracker/network.h"

#include <linux/magic.h>
#include <stdio.h>
#include <string.h>

static void network_file_systems_are_known_by_the_kernels_own_numbers(void **state) {
    (void)state;
    assert_string_equal(spt_network_name(NFS_SUPER_MAGIC, NULL), "NFS");
    assert_string_equal(spt_network_name(SMB_SUPER_MAGIC, NULL), "SMB");
    assert_string_equal(spt_network_name(CIFS_SUPER_MAGIC, NULL), "CIFS");
    assert_string_equal(spt_network_name(SMB2_SUPER_MAGIC, NULL), "SMB");
    assert_string_equal(spt_network_name(V9FS_MAGIC, NULL), "9p");
    assert_string_equal(spt_network_name(AFS_SUPER_MAGIC, NULL), "AFS");
    assert_string_equal(spt_network_name(AFS_FS_MAGIC, NULL), "AFS");
    assert_string_equal(spt_network_name(CODA_SUPER_MAGIC, NULL), "Coda");
    assert_string_equal(spt_network_name(CEPH_SUPER_MAGIC, NULL), "Ceph");
    assert_string_equal(spt_network_name(OCFS2_SUPER_MAGIC, NULL), "OCFS2");
    assert_string_equal(spt_network_name(0x0BD00BD0, NULL), "Lustre"); /* LL_SUPER_MAGIC of Lustre's lustre_user.h */
    assert_string_equal(spt_network_name(0x47504653, NULL), "GPFS");   /* "GPFS" in ASCII, as coreutils' stat has it */
}

static void local_file_systems_are_not(void **state) {
    (void)state;
    const uint64_t local[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC};
    for (size_t i = 0; i < sizeof local / sizeof *local; i++) assert_null(spt_network_name(local[i], NULL));
    assert_null(spt_network_name(EXT4_SUPER_MAGIC, "ext4"));
}

static void what_is_behind_fuse_is_told_by_the_mounts_type(void **state) {
    (void)state;
    assert_string_equal(spt_network_name(FUSE_SUPER_MAGIC, "fuse.sshfs"), "sshfs");
    assert_string_equal(spt_network_name(FUSE_SUPER_MAGIC, "fuse.rclone"), "rclone");
    assert_null(spt_network_name(FUSE_SUPER_MAGIC, "fuseblk")); /* ntfs-3g on a disk */
    assert_null(spt_network_name(FUSE_SUPER_MAGIC, "fuse.bindfs"));
    assert_null(spt_network_name(FUSE_SUPER_MAGIC, ""));
    assert_null(spt_network_name(FUSE_SUPER_MAGIC, NULL));
}

/* As proc(5) shows it, with and without optional fields. */
static const char MOUNTS[] = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
                             "37 35 0:52 / /home/a\\040-\\040b rw shared:2 master:3 - fuse.sshfs host:/x rw,user_id=0\n"
                             "38 35 0:5 / /dev rw - devtmpfs udev rw";

static void a_mounts_type_is_found_by_its_device(void **state) {
    (void)state;
    char type[16];
    spt_network_mount_type(MOUNTS, 98, 0, type, sizeof type);
    assert_string_equal(type, "ext3");
    spt_network_mount_type(MOUNTS, 0, 52, type, sizeof type);
    assert_string_equal(type, "fuse.sshfs");
    spt_network_mount_type(MOUNTS, 0, 5, type, sizeof type);
    assert_string_equal(type, "devtmpfs");
    spt_network_mount_type(MOUNTS, 7, 7, type, sizeof type);
    assert_string_equal(type, "");
}

static void a_torn_list_of_mounts_gives_no_type(void **state) {
    (void)state;
    char type[8], text[sizeof MOUNTS];
    for (size_t length = 0; length < sizeof MOUNTS; length++) {
        memcpy(text, MOUNTS, length);
        text[length] = '\0';
        spt_network_mount_type(text, 0, 52, type, sizeof type);
        assert_true(strlen(type) < sizeof type);
    }
    assert_string_equal(type, "fuse.ss"); /* cut to what there is room for */
}

static void count(void *context, enum spt_log_level level, const char *text) {
    (void)level, (void)text;
    ++*(size_t *)context;
}

static void a_store_on_a_local_disk_is_not_warned_of(void **state) {
    (void)state;
    size_t said = 0;
    const struct spt_log log = {.emit = count, .context = &said};
    spt_network_warn("/dev/shm/none.db", &log);
    spt_network_warn("/nowhere/at/all.db", &log);
    assert_int_equal(said, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_file_systems_are_known_by_the_kernels_own_numbers),
        cmocka_unit_test(local_file_systems_are_not),
        cmocka_unit_test(what_is_behind_fuse_is_told_by_the_mounts_type),
        cmocka_unit_test(a_mounts_type_is_found_by_its_device),
        cmocka_unit_test(a_torn_list_of_mounts_gives_no_type),
        cmocka_unit_test(a_store_on_a_local_disk_is_not_warned_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
