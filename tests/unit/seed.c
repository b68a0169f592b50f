#include "seed/seed.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/file.h"
#include "golden.h"
#include "seed/iso9660.h"
#include "unit.h"

static const struct seed_interface one = {.mac = "0a:58:ac:1f:00:0a"};

static const struct seed_facts facts = {
    .instance_id = "i-0123456789abcdef0",
    .hostname = "ip-172-31-0-10",
    .domain = "ec2.internal",
    .public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@\"desk\": #1 \\",
    .key_name = "desk",
    .mac = "0a:58:ac:1f:00:0a",
    .private_ip = "172.31.0.10",
    .interfaces = &one,
    .n_interfaces = 1,
    .mtu = 1450,
    .region = "us-east-1",
    .zone = "us-east-1a",
    .instance_type = "t3.micro",
    .image_id = "ami-0123456789abcdef0",
};

static char dir[UNIT_DIRECTORY_SIZE];

static void put_template(const char *name, const char *text)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    ck_assert_int_eq(file_write(path, text, strlen(text), 0644, NULL), 0);
}

static void check_text(const char *golden, const char *text)
{
    golden_check(golden, text, strlen(text));
}

START_TEST(the_compiled_in_templates)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct seed_texts texts;
    struct err e = {0};
    ck_assert_msg(seed_build(a, NULL, &facts, &texts, &e) == 0, "%s", e.message);
    check_text("seed/meta-data", texts.meta_data);
    check_text("seed/network-config", texts.network_config);
    check_text("seed/vendor-data", texts.vendor_data);
    check_text("seed/user-data", texts.user_data);
    ck_assert_uint_eq(texts.user_data_len, strlen(texts.user_data));
}
END_TEST

START_TEST(each_interface_has_what_dhcp_does_not_give)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct seed_facts f = facts;
    struct seed_texts texts;
    const char *more[] = {"172.31.0.11/20", "172.31.0.12/20", "fd00:1:2:3::99/128"};
    const struct seed_interface three[] = {
        {.mac = "0a:58:ac:1f:00:0a", .dhcp6 = true, .addresses = more, .n_addresses = 3},
        {.device_index = 1, .mac = "0a:58:ac:1f:00:0b"},
        {.device_index = 4, .mac = "0a:58:ac:1f:00:0c", .dhcp6 = true},
    };
    f.interfaces = three;
    f.n_interfaces = ARRAY_SIZE(three);
    ck_assert_int_eq(seed_build(a, NULL, &f, &texts, NULL), 0);
    check_text("seed/network-config-of-three", texts.network_config);
}
END_TEST

START_TEST(an_instance_without_a_key_has_an_empty_list)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct seed_facts f = facts;
    struct seed_texts texts;
    f.public_key = NULL;
    f.key_name = NULL;
    ck_assert_int_eq(seed_build(a, NULL, &f, &texts, NULL), 0);
    check_text("seed/meta-data-without-key", texts.meta_data);
}
END_TEST

START_TEST(user_data_is_passed_on_byte_for_byte)
{
    _cleanup_arena_ struct arena *a = arena_new();
    static const char gzip[] = "\x1f\x8b\x08\0${hostname}\n\"'\xff\0end";
    struct seed_facts f = facts;
    struct seed_texts texts;
    f.user_data = gzip;
    f.user_data_len = sizeof(gzip) - 1;
    ck_assert_int_eq(seed_build(a, NULL, &f, &texts, NULL), 0);
    ck_assert_uint_eq(texts.user_data_len, sizeof(gzip) - 1);
    ck_assert_mem_eq(texts.user_data, gzip, sizeof(gzip) - 1);
}
END_TEST

START_TEST(the_owners_templates_come_first_one_by_one)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct seed_texts texts;
    unit_directory(dir);
    put_template("meta-data", "cost: 5$$\nkey: ${key_name}\nmtu: ${mtu}\nin: ${domain}\n");
    ck_assert_int_eq(seed_build(a, dir, &facts, &texts, NULL), 0);
    ck_assert_str_eq(texts.meta_data, "cost: 5$\nkey: \"desk\"\nmtu: 1450\nin: \"ec2.internal\"\n");
    check_text("seed/network-config", texts.network_config);
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}
END_TEST

START_TEST(a_template_with_an_unknown_value_is_refused)
{
    static const char *const wrong[] = {"a: ${unknown}", "a: ${}",         "a: $hostname",
                                        "a: ${hostname", "a: ${Hostname}", "a: $",
                                        "a: \xff",       "a: ${hostname }"};
    _cleanup_arena_ struct arena *a = arena_new();
    unit_directory(dir);
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct seed_texts texts;
        put_template("vendor-data", wrong[i]);
        ck_assert_msg(seed_build(a, dir, &facts, &texts, NULL) == -EINVAL, "%s", wrong[i]);
    }
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}
END_TEST

START_TEST(a_value_cannot_begin_a_line_of_its_own)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct seed_facts f = facts;
    struct seed_texts texts;
    f.public_key = "ssh-rsa AAAA\nruncmd: [reboot]";
    ck_assert_int_eq(seed_build(a, NULL, &f, &texts, NULL), -EINVAL);
    f.public_key = "ssh-rsa AAAA \x7f";
    ck_assert_int_eq(seed_build(a, NULL, &f, &texts, NULL), -EINVAL);
}
END_TEST

/* The readers of others must find in the image what was put in. */
static void check_file(const char *image, const char *option, const char *name, const char *text)
{
    _cleanup_buf_ struct buf out = BUF_INIT(65536);
    char path[64];
    (void)snprintf(path, sizeof(path), "/%s", name);
    const char *argv[] = {"isoinfo", "-i", image, "-x", path, option, NULL};
    struct err e = {0};
    int r = child_run(&(struct child){.argv = argv, .output = &out}, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    ck_assert_str_eq(buf_str(&out), text);
}

START_TEST(the_image_is_read_by_others)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct seed_texts texts;
    struct stat st;
    char path[256];
    unit_directory(dir);
    (void)snprintf(path, sizeof(path), "%s/seed.img", dir);
    ck_assert_int_eq(seed_build(a, NULL, &facts, &texts, NULL), 0);
    _cleanup_buf_ struct buf image = BUF_INIT(SEED_IMAGE_MAX);
    ck_assert_int_eq(seed_image_build(&texts, &image, NULL), 0);
    ck_assert_int_eq(file_write(path, image.data, image.len, 0600, NULL), 0);
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_int_eq(st.st_size % 2048, 0);
    if (CHILD(NULL, "isoinfo", "-version") == 0) {
        check_file(path, "-J", "meta-data", texts.meta_data);
        check_file(path, "-J", "network-config", texts.network_config);
        check_file(path, "-J", "user-data", texts.user_data);
        check_file(path, "-J", "vendor-data", texts.vendor_data);
        check_file(path, NULL, "META-DATA.;1", texts.meta_data);
        check_file(path, NULL, "VENDOR-DATA.;1", texts.vendor_data);
    }
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}
END_TEST

START_TEST(the_same_files_make_the_same_image)
{
    const struct iso9660_file files[] = {{"a", "one", 3}, {"b", "", 0}, {"c", "three", 5}};
    struct buf first = BUF_INIT(1 << 20);
    struct buf second = BUF_INIT(1 << 20);
    ck_assert_int_eq(iso9660_build("cidata", files, 3, &first), 0);
    buf_add_str(&second, "before");
    ck_assert_int_eq(iso9660_build("cidata", files, 3, &second), 0);
    ck_assert_uint_eq(first.len, 27 * 2048);
    ck_assert_uint_eq(second.len, first.len + 6);
    ck_assert_mem_eq(first.data, second.data + 6, first.len);
    /* Where libblkid looks for the label. */
    ck_assert_mem_eq(first.data + 32768, "\1CD001\1", 7);
    ck_assert_mem_eq(first.data + 32768 + 40, "cidata  ", 8);
    buf_done(&first);
    buf_done(&second);
}
END_TEST

START_TEST(a_list_that_makes_no_image_is_refused)
{
    const struct iso9660_file unsorted[] = {{"b", "", 0}, {"a", "", 0}};
    const struct iso9660_file twice[] = {{"a", "", 0}, {"a", "", 0}};
    const struct iso9660_file longer[] = {{"a-name-that-is-31-characters-ab", "", 0}};
    _cleanup_buf_ struct buf out = BUF_INIT(1 << 20);
    ck_assert_int_eq(iso9660_build("cidata", unsorted, 2, &out), -EINVAL);
    ck_assert_int_eq(iso9660_build("cidata", twice, 2, &out), -EINVAL);
    ck_assert_int_eq(iso9660_build("cidata", longer, 1, &out), -EINVAL);
    ck_assert_uint_eq(out.len, 0);
    _cleanup_buf_ struct buf small = BUF_INIT(4096);
    ck_assert_int_eq(iso9660_build("cidata", longer, 0, &small), -ENOSPC);
}
END_TEST

UNIT_SUITE(the_compiled_in_templates, each_interface_has_what_dhcp_does_not_give,
           an_instance_without_a_key_has_an_empty_list, user_data_is_passed_on_byte_for_byte,
           the_owners_templates_come_first_one_by_one, a_template_with_an_unknown_value_is_refused,
           a_value_cannot_begin_a_line_of_its_own, the_image_is_read_by_others,
           the_same_files_make_the_same_image, a_list_that_makes_no_image_is_refused)
