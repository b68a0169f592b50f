/* Key material, held against OpenSSH's and PuTTY's own programs where they are installed. */
#include "core/key_material.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base64.h"
#include "base/child.h"
#include "base/file.h"
#include "base/text.h"
#include "unit.h"

static char directory[UNIT_DIRECTORY_SIZE];

static const char *path_of(const char *name)
{
    static char path[4][96];
    static int next;
    char *p = path[next++ % 4];
    (void)snprintf(p, sizeof(path[0]), "%s/%s", directory, name);
    return p;
}

static void begin(void)
{
    unit_directory(directory);
}

static void end(void)
{
    ck_assert_int_eq(dir_remove(directory, NULL), 0);
}

static void save(const char *name, const char *text)
{
    struct err e = {0};
    int r = file_write(path_of(name), text, strlen(text), 0600, &e);
    ck_assert_msg(r == 0, "%s", e.message);
}

/* The output of a program, without its last line end. */
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})
static const char *run(const char *const *argv)
{
    static char text[8192];
    _cleanup_buf_ struct buf out = BUF_INIT(sizeof(text) - 1);
    struct err e = {0};
    int r = child_run(&(struct child){.argv = argv, .output = &out}, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    (void)snprintf(text, sizeof(text), "%s", buf_str(&out));
    if (text[0] != '\0' && text[strlen(text) - 1] == '\n')
        text[strlen(text) - 1] = '\0';
    return text;
}

static struct key_material make(struct arena *a, const char *type, enum key_format format)
{
    struct key_material m;
    struct err e = {0};
    int r = key_material_make(a, type, format, "my key", &m, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    ck_assert_str_eq(m.key_type, type);
    return m;
}

START_TEST(ssh_reads_the_private_keys)
{
    static const struct {
        const char *type, *begins;
    } kinds[] = {{"rsa", "-----BEGIN RSA PRIVATE KEY-----\n"},
                 {"ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n"}};
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        struct arena *a = arena_new();
        struct key_material m = make(a, kinds[i].type, KEY_FORMAT_PEM);
        ck_assert(has_prefix(m.private_key, kinds[i].begins));
        save("key", m.private_key);
        const char *public = RUN("ssh-keygen", "-y", "-f", path_of("key"));
        /* RSA's PEM has no place for a comment. */
        ck_assert(has_prefix(m.public_key, public));
        arena_free(a);
    }
    end();
}
END_TEST

START_TEST(putty_reads_the_private_keys)
{
    static const char *const types[] = {"rsa", "ed25519"};
    begin();
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        struct arena *a = arena_new();
        struct key_material m = make(a, types[i], KEY_FORMAT_PPK);
        ck_assert(has_prefix(m.private_key, "PuTTY-User-Key-File-2: "));
        save("key.ppk", m.private_key);
        /* It checks the MAC, and that the halves belong together. */
        ck_assert_str_eq(RUN("puttygen", path_of("key.ppk"), "-L"), m.public_key);
        (void)RUN("puttygen", path_of("key.ppk"), "-O", "private-openssh", "-o", path_of("key"));
        ck_assert(has_prefix(m.public_key, RUN("ssh-keygen", "-y", "-f", path_of("key"))));
        arena_free(a);
    }
    end();
}
END_TEST

static const char *with_colons(struct arena *a, const char *hex)
{
    char *text = arena_alloc(a, strlen(hex) * 2);
    size_t n = 0;
    for (size_t i = 0; hex[i] != '\0'; i += 2) {
        if (i > 0)
            text[n++] = ':';
        text[n++] = hex[i];
        text[n++] = hex[i + 1];
    }
    return text;
}

/* `openssl dgst -r` prints the digest, a space and the file's name. */
static const char *digest_of_file(struct arena *a, const char *digest, const char *path)
{
    const char *line = RUN("openssl", "dgst", digest, "-r", path);
    return with_colons(a, arena_strndup(a, line, strcspn(line, " ")));
}

START_TEST(a_made_rsa_key_has_the_sha1_of_its_private_half)
{
    struct arena *a = arena_new();
    begin();
    struct key_material m = make(a, "rsa", KEY_FORMAT_PEM);
    save("key", m.private_key);
    (void)RUN("openssl", "pkcs8", "-in", path_of("key"), "-outform", "DER", "-topk8", "-nocrypt",
              "-out", path_of("der"));
    ck_assert_str_eq(m.fingerprint, digest_of_file(a, "-sha1", path_of("der")));
    ck_assert_uint_eq(strlen(m.fingerprint), 59);
    end();
    arena_free(a);
}
END_TEST

START_TEST(an_ed25519_key_has_the_sha256_that_openssh_shows_with_padding)
{
    struct arena *a = arena_new();
    begin();
    struct key_material m = make(a, "ed25519", KEY_FORMAT_PEM);
    save("key.pub", m.public_key);
    const char *line = RUN("ssh-keygen", "-l", "-f", path_of("key.pub"));
    const char *expected = strstr(line, "SHA256:") + strlen("SHA256:");
    size_t len = strcspn(expected, " ");
    ck_assert_uint_eq(len, 43);
    ck_assert(strncmp(m.fingerprint, expected, len) == 0);
    ck_assert_str_eq(m.fingerprint + len, "=");
    end();
    arena_free(a);
}
END_TEST

static struct key_material read_ok(struct arena *a, const char *data, size_t len)
{
    struct key_material m;
    struct fault f = {0};
    int r = key_material_read(a, data, len, "name", &m, &f);
    ck_assert_msg(r == 0, "%s", f.message);
    ck_assert_ptr_null(m.private_key);
    return m;
}

static const char *load(struct arena *a, const char *name, size_t *ret_len)
{
    _cleanup_buf_ struct buf out = BUF_INIT(16384);
    struct err e = {0};
    int r = file_read(path_of(name), &out, &e);
    ck_assert_msg(r == 0, "%s", e.message);
    *ret_len = out.len;
    return arena_memdup(a, buf_str(&out), out.len + 1);
}

START_TEST(a_public_key_is_the_same_in_every_form)
{
    struct arena *a = arena_new();
    begin();
    (void)RUN("ssh-keygen", "-q", "-m", "PEM", "-t", "rsa", "-b", "2048", "-N", "", "-C", "her key",
              "-f", path_of("key"));
    (void)RUN("openssl", "pkey", "-in", path_of("key"), "-pubout", "-outform", "DER", "-out",
              path_of("spki"));
    (void)RUN("openssl", "pkey", "-in", path_of("key"), "-pubout", "-out", path_of("spki.pem"));
    (void)RUN("openssl", "rsa", "-in", path_of("key"), "-RSAPublicKey_out", "-out",
              path_of("pkcs1.pem"));
    save("rfc4716", RUN("ssh-keygen", "-e", "-m", "RFC4716", "-f", path_of("key.pub")));

    size_t len = 0;
    const char *line = load(a, "key.pub", &len);
    struct key_material first = read_ok(a, line, len);
    ck_assert_str_eq(first.key_type, "rsa");
    ck_assert_str_eq(first.fingerprint, digest_of_file(a, "-md5", path_of("spki")));
    size_t key_len = strcspn(line + 8, " ") + 8;
    ck_assert(strncmp(first.public_key, line, key_len) == 0);
    ck_assert_str_eq(first.public_key + key_len, " name");

    static const char *const forms[] = {"spki", "spki.pem", "pkcs1.pem", "rfc4716"};
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        const char *data = load(a, forms[i], &len);
        struct key_material m = read_ok(a, data, len);
        ck_assert_str_eq(m.public_key, first.public_key);
        ck_assert_str_eq(m.fingerprint, first.fingerprint);
    }
    const char *der = load(a, "spki", &len);
    const char *text = base64_encode(a, der, len);
    ck_assert_str_eq(read_ok(a, text, strlen(text)).public_key, first.public_key);
    end();
    arena_free(a);
}
END_TEST

static void add_u32(struct buf *b, size_t n)
{
    const unsigned char bytes[] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
                                   (unsigned char)(n >> 8), (unsigned char)n};
    buf_add(b, bytes, sizeof(bytes));
}

/* An OpenSSH line with a modulus of so many bits, which is of no use for anything else. */
static const char *rsa_line(struct arena *a, size_t bits, unsigned char exponent,
                            unsigned char last)
{
    _cleanup_buf_ struct buf blob = BUF_INIT(1024);
    add_u32(&blob, 7);
    buf_add_str(&blob, "ssh-rsa");
    add_u32(&blob, 1);
    buf_add_char(&blob, (char)exponent);
    add_u32(&blob, bits / 8 + 1);
    buf_add_char(&blob, 0);
    for (size_t i = 0; i + 1 < bits / 8; i++)
        buf_add_char(&blob, (char)0xc5);
    buf_add_char(&blob, (char)last);
    return arena_printf(a, "ssh-rsa %s me", base64_encode(a, blob.data, blob.len));
}

static int read_line(struct arena *a, const char *line, struct fault *f)
{
    struct key_material m;
    fault_clear(f);
    return key_material_read(a, line, strlen(line), "name", &m, f);
}

START_TEST(keys_of_the_supported_kinds_are_read_and_others_refused)
{
    static const size_t taken[] = {1024, 2048, 3072, 4096};
    static const size_t refused[] = {512, 1536, 4104, 6144};
    struct arena *a = arena_new();
    struct fault f;
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
        ck_assert_int_eq(read_line(a, rsa_line(a, taken[i], 3, 0xc5), &f), 0);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
        ck_assert_int_eq(read_line(a, rsa_line(a, refused[i], 3, 0xc5), &f), -1);
        ck_assert_int_eq(f.code, FAULT_INVALID_KEY_PAIR_FORMAT);
    }
    /* An even modulus, an exponent that is even or leaves all as it is. */
    ck_assert_int_eq(read_line(a, rsa_line(a, 2048, 3, 0xc4), &f), -1);
    ck_assert_int_eq(read_line(a, rsa_line(a, 2048, 2, 0xc5), &f), -1);
    ck_assert_int_eq(read_line(a, rsa_line(a, 2048, 1, 0xc5), &f), -1);

    begin();
    (void)RUN("ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", path_of("key"));
    size_t len = 0;
    ck_assert_int_eq(read_line(a, load(a, "key.pub", &len), &f), -1);
    (void)RUN("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path_of("other"));
    ck_assert_int_eq(read_line(a, load(a, "other.pub", &len), &f), 0);
    end();
    arena_free(a);
}
END_TEST

#define PRIVATE                                                                                    \
    "This is a private key: keep it to yourself and import its public half (ssh-keygen -y prints " \
    "it)"

START_TEST(a_private_key_is_refused_in_every_form)
{
    struct arena *a = arena_new();
    begin();
    struct key_material rsa = make(a, "rsa", KEY_FORMAT_PEM);
    save("key", rsa.private_key);
    (void)RUN("openssl", "pkey", "-in", path_of("key"), "-outform", "DER", "-out", path_of("der"));
    size_t der_len = 0;
    const char *der = load(a, "der", &der_len);
    const char *const texts[] = {
        rsa.private_key,
        make(a, "rsa", KEY_FORMAT_PPK).private_key,
        make(a, "ed25519", KEY_FORMAT_PEM).private_key,
        make(a, "ed25519", KEY_FORMAT_PPK).private_key,
        base64_encode(a, der, der_len),
    };
    struct key_material m;
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct fault f = {0};
        ck_assert_int_eq(key_material_read(a, texts[i], strlen(texts[i]), "name", &m, &f), -1);
        ck_assert_int_eq(f.code, FAULT_INVALID_KEY_FORMAT);
        ck_assert_str_eq(f.message, PRIVATE);
    }
    struct fault f = {0};
    ck_assert_int_eq(key_material_read(a, der, der_len, "name", &m, &f), -1);
    ck_assert_str_eq(f.message, PRIVATE);
    /* Wiped up to the NUL that ends it, and no further. */
    char marked[4096];
    memset(marked, 'x', sizeof(marked));
    memcpy(marked, "PRIVATE KEY", sizeof("PRIVATE KEY"));
    struct arena *small = arena_new();
    fault_clear(&f);
    ck_assert_int_eq(key_material_read(small, marked, sizeof(marked), "name", &m, &f), -1);
    ck_assert_str_eq(f.message, PRIVATE);
    arena_free(small);
    end();
    arena_free(a);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
    static const char *const bad[] = {
        "",
        "x",
        "hello world",
        "ssh-rsa",
        "ssh-rsa ",
        "ssh-rsa !!!! me",
        "ssh-rsa AAAA me",
        "ssh-rsa AAAAB3NzaC1yc2E= me",
        "ssh-rsa AAAAB3NzaC1yc2H/////AAAA me",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAH0000000000000000000000000000000000000000000 me",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "---- BEGIN SSH2 PUBLIC KEY ----",
        "---- BEGIN SSH2 PUBLIC KEY ----\nComment: \\\n",
        "0",
        "MIIB",
    };
    struct arena *a = arena_new();
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct key_material m;
        struct fault f = {0};
        ck_assert_int_eq(key_material_read(a, bad[i], strlen(bad[i]), "name", &m, &f), -1);
        ck_assert_int_eq(f.code, FAULT_INVALID_KEY_FORMAT);
        ck_assert_str_eq(f.message, "Key is not in valid OpenSSH public key format");
    }
    arena_free(a);
}
END_TEST

START_TEST(names_are_printable_ascii)
{
    ck_assert(key_name_is_legal("a"));
    ck_assert(key_name_is_legal("my key (2)"));
    ck_assert(!key_name_is_legal(""));
    ck_assert(!key_name_is_legal(" a"));
    ck_assert(!key_name_is_legal("a "));
    ck_assert(!key_name_is_legal("a\nssh-rsa AAAA"));
    ck_assert(!key_name_is_legal("sch\xc3\xb6n"));
    char name[257];
    memset(name, 'x', 256);
    name[255] = '\0';
    ck_assert(key_name_is_legal(name));
    name[255] = 'x';
    name[256] = '\0';
    ck_assert(!key_name_is_legal(name));
}
END_TEST

UNIT_SUITE(ssh_reads_the_private_keys, putty_reads_the_private_keys,
           a_made_rsa_key_has_the_sha1_of_its_private_half,
           an_ed25519_key_has_the_sha256_that_openssh_shows_with_padding,
           a_public_key_is_the_same_in_every_form,
           keys_of_the_supported_kinds_are_read_and_others_refused,
           a_private_key_is_refused_in_every_form, what_is_no_key_is_refused,
           names_are_printable_ascii)
