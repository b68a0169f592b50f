#include <string.h>

#include "storage/format.h"
#include "unit.h"

static unsigned char head[FORMAT_HEAD];
static unsigned char tail[FORMAT_TAIL];

static int recognise(struct format_seen *seen)
{
    struct err e = {0};
    int r = format_recognise(head, sizeof(head), tail, sizeof(tail), 1 << 20, seen, &e);
    ck_assert_int_eq(r, -e.code);
    return r;
}

static void qcow2(unsigned char version)
{
    memset(head, 0, sizeof(head));
    memcpy(head, "QFI\xfb", 4);
    head[7] = version;
    head[28] = 0x40; /* 1 GiB */
    head[103] = 104;
}

START_TEST(a_qcow2_image_tells_its_size)
{
    struct format_seen seen;
    for (unsigned char version = 2; version <= 3; version++) {
        qcow2(version);
        ck_assert_int_eq(recognise(&seen), 0);
        ck_assert_int_eq(seen.format, FORMAT_QCOW2);
        ck_assert_int_eq(seen.virtual_size, (int64_t)1 << 30);
        ck_assert(seen.plain);
    }
}
END_TEST

START_TEST(a_qcow2_image_that_needs_repair_or_has_snapshots_is_not_plain)
{
    struct format_seen seen;
    qcow2(3);
    head[63] = 1; /* one snapshot */
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert(!seen.plain);
    qcow2(3);
    head[79] = 1; /* dirty */
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert(!seen.plain);
    qcow2(3);
    head[79] = 2; /* corrupt */
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert(!seen.plain);
}
END_TEST

START_TEST(a_qcow2_image_that_leads_elsewhere_is_refused)
{
    struct format_seen seen;
    qcow2(3);
    head[15] = 0x70; /* backing file */
    ck_assert_int_eq(recognise(&seen), -EINVAL);
    qcow2(3);
    head[79] = 4; /* external data file */
    ck_assert_int_eq(recognise(&seen), -EINVAL);
    qcow2(3);
    head[35] = 2; /* LUKS */
    ck_assert_int_eq(recognise(&seen), -EINVAL);
    qcow2(4); /* no such version */
    ck_assert_int_eq(recognise(&seen), -EINVAL);
    qcow2(3);
    memset(head + 24, 0xff, 8); /* 16 EiB */
    ck_assert_int_eq(recognise(&seen), -EINVAL);
    qcow2(3);
    ck_assert_int_eq(format_recognise(head, 80, NULL, 0, 80, &seen, NULL), -EINVAL);
}
END_TEST

START_TEST(a_raw_disk_has_a_boot_signature)
{
    struct format_seen seen;
    memset(head, 0, sizeof(head));
    head[510] = 0x55;
    head[511] = 0xaa;
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert_int_eq(seen.format, FORMAT_RAW);
    ck_assert_int_eq(seen.virtual_size, 1 << 20);
    ck_assert_int_eq(format_recognise(head, 512, NULL, 0, 513, &seen, NULL), 0);
    ck_assert_int_eq(seen.virtual_size, 1024);
    head[511] = 0;
    ck_assert_int_eq(recognise(&seen), -EINVAL);
}
END_TEST

START_TEST(what_is_no_disk_is_refused)
{
    struct format_seen seen;
    static const char text[] = "#!/bin/sh\necho hello\n";
    ck_assert_int_eq(format_recognise("", 0, NULL, 0, 0, &seen, NULL), -EINVAL);
    ck_assert_int_eq(format_recognise(text, sizeof(text), NULL, 0, sizeof(text), &seen, NULL),
                     -EINVAL);
    memset(head, 0, sizeof(head));
    memcpy(head + 257, "ustar", 5);
    ck_assert_int_eq(recognise(&seen), -EINVAL);
    memset(head, 0, sizeof(head));
    ck_assert_int_eq(recognise(&seen), -EINVAL);
}
END_TEST

START_TEST(a_vmdk_is_one_file)
{
    struct format_seen seen;
    memset(head, 0, sizeof(head));
    memcpy(head, "KDMV", 4);
    ck_assert_int_eq(recognise(&seen), -EINVAL); /* capacity 0: the text decides */
    head[13] = 1;
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert_int_eq(seen.format, FORMAT_VMDK);
    memset(head, 0, sizeof(head));
    memcpy(head, "# Disk DescriptorFile\nversion=1\n", 32);
    ck_assert_int_eq(recognise(&seen), -EINVAL);
}
END_TEST

START_TEST(a_vhd_has_its_mark_in_front_or_behind)
{
    struct format_seen seen;
    memset(head, 0, sizeof(head));
    memcpy(head, "conectix", 8);
    head[63] = 3;
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert_int_eq(seen.format, FORMAT_VHD);
    head[63] = 4; /* differencing */
    ck_assert_int_eq(recognise(&seen), -EINVAL);

    memset(head, 0, sizeof(head));
    head[510] = 0x55; /* a fixed one begins as the disk does */
    head[511] = 0xaa;
    memcpy(tail, "conectix", 8);
    tail[63] = 2;
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert_int_eq(seen.format, FORMAT_VHD);
    memset(tail, 0, sizeof(tail));
}
END_TEST

START_TEST(packed_files_are_known)
{
    struct format_seen seen;
    memset(head, 0, sizeof(head));
    memcpy(head, "\xfd\x37zXZ\0", 6);
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert_int_eq(seen.format, FORMAT_XZ);
    ck_assert(format_is_compressed(seen.format));
    memcpy(head, "\x1f\x8b\x08", 3);
    ck_assert_int_eq(recognise(&seen), 0);
    ck_assert_int_eq(seen.format, FORMAT_GZIP);
    ck_assert(format_is_compressed(seen.format));
    ck_assert(!format_is_compressed(FORMAT_RAW));
}
END_TEST

START_TEST(what_is_said_to_be_raw_is_raw_unless_it_says_otherwise_itself)
{
    struct format_seen seen;
    struct err e = {0};
    memset(head, 'x', sizeof(head));
    memset(tail, 0, sizeof(tail));
    ck_assert_int_eq(recognise(&seen), -EINVAL);
    ck_assert_int_eq(format_recognise_raw(head, sizeof(head), tail, sizeof(tail), 1000, &seen, &e),
                     0);
    ck_assert_int_eq(seen.format, FORMAT_RAW);
    ck_assert_int_eq(seen.virtual_size, 1024);
    ck_assert_int_eq(format_recognise_raw(head, 0, tail, 0, 0, &seen, &e), -EINVAL);
    memcpy(head, "vhdxfile", 8);
    ck_assert_int_eq(format_recognise_raw(head, sizeof(head), tail, sizeof(tail), 1000, &seen, &e),
                     0);
    ck_assert_int_eq(seen.format, FORMAT_VHDX);
    qcow2(3);
    head[15] = 0x70; /* backing file */
    ck_assert_int_eq(format_recognise_raw(head, sizeof(head), tail, sizeof(tail), 1000, &seen, &e),
                     -EINVAL);
}
END_TEST

UNIT_SUITE(a_qcow2_image_tells_its_size,
           a_qcow2_image_that_needs_repair_or_has_snapshots_is_not_plain,
           a_qcow2_image_that_leads_elsewhere_is_refused, a_raw_disk_has_a_boot_signature,
           what_is_no_disk_is_refused, a_vmdk_is_one_file, a_vhd_has_its_mark_in_front_or_behind,
           packed_files_are_known, what_is_said_to_be_raw_is_raw_unless_it_says_otherwise_itself)
