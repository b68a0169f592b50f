#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "croft/catalog.h"
#include "unit.h"

#define SHA256_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA256_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define SHA256_b "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

#define WHOLE                                                                                      \
    "name one\nimage-name one-*\narchitecture x86_64\nfile one-*.qcow2\nchecksums SUMS\n"          \
    "root-device /dev/xvda\nuser me\ndescription of a test\n"

static int published(struct arena *a, const char *sums, const char *pattern, struct published *ret)
{
    struct err e = {0};
    return catalog_published(a, sums, pattern, ret, &e);
}

START_TEST(the_catalogue_that_is_built_in_can_be_read)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct catalog c;
    struct err e = {0};
    size_t to_pull = 0;

    ck_assert_msg(catalog_read(a, catalog_text, &c, &e) == 0, "%s", e.message);
    for (size_t i = 0; i < c.n; i++)
        to_pull += c.v[i].directory != NULL;
    ck_assert_uint_ge(to_pull, 8);
    ck_assert_uint_eq(c.n, to_pull + 1);
    ck_assert_str_eq(catalog_find(&c, "amazon-linux-2")->owner_alias, "amazon");
    ck_assert_ptr_null(catalog_find(&c, "debian-12-amd64")); /* is built, not published */
    ck_assert_ptr_null(catalog_find(&c, "no such"));
}
END_TEST

START_TEST(what_is_wrong_in_a_catalogue_is_named_with_its_line)
{
    static const struct {
        const char *text, *sentence;
    } bad[] = {
        {"name one\ncolour red\n", "line 2: there is no 'colour'"},
        {"name\n", "line 1: name has no value"},
        {"user me\n\n", "line 2: the image above has no name"},
        {"name one\ndirectory https://example.net/\n", "line 3: one has no image-name"},
        {WHOLE "directory https://example.net/images\n",
         "line 10: the directory of one is no URL that ends in a slash"},
        {WHOLE "directory ftp://example.net/\n",
         "line 10: the directory of one is no URL that ends in a slash"},
        {WHOLE "file *-*.qcow2\ndirectory https://example.net/\n",
         "line 11: a name of one has more than one *"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct catalog c;
        struct err e = {0};

        ck_assert_int_eq(catalog_read(a, bad[i].text, &c, &e), -EINVAL);
        ck_assert_str_eq(e.message, bad[i].sentence);
    }
}
END_TEST

START_TEST(blocks_end_with_an_empty_line_or_the_end)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct catalog c;
    struct err e = {0};

    ck_assert_int_eq(catalog_read(a,
                                  "# a remark\n\n" WHOLE
                                  "directory http://127.0.0.1:1/\r\n\n\nname  two\nroot-size 2",
                                  &c, &e),
                     0);
    ck_assert_uint_eq(c.n, 2);
    ck_assert_str_eq(c.v[0].directory, "http://127.0.0.1:1/");
    ck_assert_str_eq(c.v[1].name, "two");
    ck_assert_int_eq(catalog_read(a, "", &c, &e), 0);
    ck_assert_uint_eq(c.n, 0);
}
END_TEST

START_TEST(checksums_of_all_forms_are_read)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct published p;

    ck_assert_int_eq(published(a, SHA256_A "  x.img\n" SHA256_B " *y.img\n", "y.img", &p), 0);
    ck_assert_str_eq(p.digest, SHA256_b);
    ck_assert_str_eq(p.file, "y.img");
    ck_assert_ptr_null(p.version);
    ck_assert_int_eq(published(a, "# x.img: 3 bytes\nSHA256 (x.img) = " SHA256_A "\n", "x.img", &p),
                     0);
    ck_assert_str_eq(p.digest, SHA256_A);
    ck_assert_int_eq(published(a, SHA256_A SHA256_b "\n", "x.img", &p), 0);
    ck_assert_str_eq(p.digest, SHA256_A SHA256_b);
}
END_TEST

START_TEST(the_last_file_that_fits_gives_the_version)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct published p;

    ck_assert_int_eq(published(a,
                               SHA256_A "  os-2.0.1-x.qcow2\n" SHA256_b
                                        "  os-2.0.2-x.qcow2\n" SHA256_A "  os-2.0.3-x.vdi\n",
                               "os-*-x.qcow2", &p),
                     0);
    ck_assert_str_eq(p.version, "2.0.2");
    ck_assert_str_eq(p.digest, SHA256_b);
    ck_assert_str_eq(catalog_fill(a, "amzn2-*-gp2", p.version), "amzn2-2.0.2-gp2");
    ck_assert_str_eq(catalog_fill(a, "plain", p.version), "plain");
}
END_TEST

START_TEST(what_is_no_digest_or_no_plain_name_is_not_taken)
{
    static const char *const bad[] = {
        "",
        "d41d8cd98f00b204e9800998ecf8427e  x.img\n", /* MD5 */
        SHA256_A "  ../x.img\n",
        SHA256_A "  a/x.img\n",
        SHA256_A "  x.img?y\n",
        SHA256_A "\n", /* alone, of a pattern with a * */
        "SHA256 (x.img = " SHA256_A "\n",
        "<html>not found</html>\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        _cleanup_arena_ struct arena *a = arena_new();
        struct published p;

        ck_assert_int_eq(published(a, bad[i], "*", &p), -ENOENT);
    }
}
END_TEST

UNIT_SUITE(the_catalogue_that_is_built_in_can_be_read,
           what_is_wrong_in_a_catalogue_is_named_with_its_line,
           blocks_end_with_an_empty_line_or_the_end, checksums_of_all_forms_are_read,
           the_last_file_that_fits_gives_the_version,
           what_is_no_digest_or_no_plain_name_is_not_taken)
