#include <string.h>

#include "golden.h"
#include "hypervisor/domain_xml.h"
#include "unit.h"

static const struct domain_disk disks[] = {
    {.path = "/var/lib/croft/volumes/vol-0123456789abcdef0.qcow2",
     .format = "qcow2",
     .io = DISK_IO_URING,
     .below = (const char *const[]){"/var/lib/croft/images/ami-0123456789abcdef0.qcow2", NULL},
     .target = "vda",
     .serial = "vol0123456789abcdef0",
     .boot_order = 1},
    {.path = "/var/lib/croft/instances/i-0123456789abcdef0/seed.img",
     .format = "raw",
     .io = DISK_IO_THREADS,
     .target = "vdb",
     .read_only = true},
};
static const struct domain_nic nics[] = {
    {.tap = "tap0123456789", .mac = "0a:58:ac:1f:00:0a", .mtu = 1450},
};
static const struct domain_spec spec = {
    .instance_id = "i-0123456789abcdef0",
    .uuid = "ec2c0de0-1234-4678-8abc-0123456789ab",
    .instance_type = "t3.micro",
    .image_id = "ami-0123456789abcdef0",
    .name_tag = "web",
    .architecture = "x86_64",
    .driver = "kvm",
    .vcpus = 2,
    .threads_per_core = 2,
    .memory_mib = 1024,
    .disks = disks,
    .n_disks = ARRAY_SIZE(disks),
    .nics = nics,
    .n_nics = ARRAY_SIZE(nics),
    .console_log = "/var/lib/croft/instances/i-0123456789abcdef0/console.log",
    .console_socket = "/var/lib/croft/instances/i-0123456789abcdef0/console.sock",
};

static const char *build(struct arena *a, const struct domain_spec *s)
{
    const char *xml = NULL;
    struct err e = {0};
    ck_assert_msg(domain_xml_build(a, s, &xml, &e) == 0, "%s", e.message);
    return xml;
}

START_TEST(a_domain_on_kvm)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *xml = build(a, &spec);
    golden_check("domain/kvm.xml", xml, strlen(xml));
}
END_TEST

START_TEST(a_domain_in_software_emulation_without_a_name)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct domain_spec s = spec;
    s.driver = "qemu";
    s.name_tag = NULL;
    const char *xml = build(a, &s);
    golden_check("domain/qemu.xml", xml, strlen(xml));
}
END_TEST

START_TEST(a_domain_of_an_arm_instance)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct domain_spec s = spec;
    s.driver = "qemu";
    s.architecture = "arm64";
    const char *xml = build(a, &s);
    golden_check("domain/arm64.xml", xml, strlen(xml));
}
END_TEST

START_TEST(a_disk_with_limits)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct domain_disk limited = disks[0];
    const char *xml = NULL;
    struct err e = {0};
    limited.limits = (struct volume_limits){
        .operations = {300, 3000, 1800}, .bytes = {.base = 134217728}, .operation_bytes = 262144};
    ck_assert_msg(domain_disk_xml_build(a, &limited, &xml, &e) == 0, "%s", e.message);
    golden_check("domain/limited-disk.xml", xml, strlen(xml));
}
END_TEST

START_TEST(a_disk_of_a_domain_without_an_io_thread)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct domain_disk d = disks[0];
    const char *xml = NULL;
    ck_assert_int_eq(domain_disk_xml_build(a, &d, &xml, NULL), 0);
    ck_assert_ptr_nonnull(strstr(xml, " iothread=\"1\""));
    d.no_io_thread = true;
    ck_assert_int_eq(domain_disk_xml_build(a, &d, &xml, NULL), 0);
    ck_assert_ptr_null(strstr(xml, "iothread"));
}
END_TEST

START_TEST(an_encrypted_disk_on_an_image)
{
    _cleanup_arena_ struct arena *a = arena_new();
    static const char *const below[] = {"/var/lib/croft/volumes/vol-1.qcow2",
                                        "/var/lib/croft/images/ami-1.qcow2", NULL};
    struct domain_disk d = disks[0];
    const char *xml = NULL;
    struct err e = {0};
    d.below = below;
    d.n_encrypted = 2;
    d.key = "never to be seen";
    d.secret = "01234567-0123-4123-8123-0123456789ab";
    ck_assert_msg(domain_disk_xml_build(a, &d, &xml, &e) == 0, "%s", e.message);
    ck_assert_ptr_null(strstr(xml, d.key));
    golden_check("domain/encrypted-disk.xml", xml, strlen(xml));
    const struct frozen_disk frozen[] = {{"vda", "/v/vol-1.3.qcow2", d.secret},
                                         {"vdb", NULL, NULL}};
    ck_assert_msg(domain_freeze_xml_build(a, frozen, 2, &xml, &e) == 0, "%s", e.message);
    golden_check("domain/encrypted-freeze.xml", xml, strlen(xml));
}
END_TEST

START_TEST(a_name_cannot_end_an_element)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct domain_spec s = spec;
    s.name_tag = "</title><os/>\"'&\nsecond line";
    const char *xml = build(a, &s);
    ck_assert_ptr_nonnull(
        strstr(xml, "<title>&lt;/title&gt;&lt;os/&gt;&quot;'&amp; second line</title>"));
}
END_TEST

START_TEST(what_xml_cannot_say_is_refused)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *xml = NULL;
    struct err e = {0};
    struct domain_spec s = spec;
    s.name_tag = "bell\a";
    ck_assert_int_eq(domain_xml_build(a, &s, &xml, &e), -EINVAL);
    s.name_tag = "latin \xe9";
    ck_assert_int_eq(domain_xml_build(a, &s, &xml, &e), -EINVAL);
    s = spec;
    s.architecture = "riscv64";
    ck_assert_int_eq(domain_xml_build(a, &s, &xml, &e), -EINVAL);
    s = spec;
    s.threads_per_core = 0;
    ck_assert_int_eq(domain_xml_build(a, &s, &xml, &e), -EINVAL);
    s = spec;
    s.driver = "xen";
    ck_assert_int_eq(domain_xml_build(a, &s, &xml, &e), -EINVAL);
    ck_assert_ptr_null(xml);
}
END_TEST

UNIT_SUITE(a_domain_on_kvm, a_domain_in_software_emulation_without_a_name,
           a_domain_of_an_arm_instance, a_disk_with_limits, a_disk_of_a_domain_without_an_io_thread,
           an_encrypted_disk_on_an_image, a_name_cannot_end_an_element,
           what_xml_cannot_say_is_refused)
