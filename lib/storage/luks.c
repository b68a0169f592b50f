#include "storage/luks.h"

#include <endian.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/id.h"

/* Everything is big-endian, in both formats. */
static void put16(unsigned char *p, uint16_t v)
{
    v = htobe16(v);
    memcpy(p, &v, sizeof(v));
}

static void put32(unsigned char *p, uint32_t v)
{
    v = htobe32(v);
    memcpy(p, &v, sizeof(v));
}

static void put64(unsigned char *p, uint64_t v)
{
    v = htobe64(v);
    memcpy(p, &v, sizeof(v));
}

static uint16_t get16(const unsigned char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof(v));
    return be16toh(v);
}

static uint32_t get32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return be32toh(v);
}

static uint64_t get64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof(v));
    return be64toh(v);
}

/* --- the header of LUKS (cryptsetup: "LUKS1 On-Disk Format Specification") */

#define SECTOR         512
#define SALT_SIZE      32
#define DIGEST_SIZE    20
#define HASH_SIZE      32 /* of SHA-256 */
#define KEY_SIZE       64 /* two keys of AES-256, as XTS takes them */
#define ROUNDS         1000
#define STRIPES        4000
#define SLOTS          8
#define SLOT_SECTORS   504 /* STRIPES * KEY_SIZE, and to the next 4 KiB */
#define FIRST_SLOT_END ((size_t)(8 + SLOT_SECTORS) * SECTOR)
#define SLOT_OPENS     0x00AC71F3
#define SLOT_EMPTY     0x0000DEAD

enum {
    AT_MAGIC = 0,
    AT_VERSION = 6,
    AT_CIPHER = 8,
    AT_MODE = 40,
    AT_HASH = 72,
    AT_PAYLOAD = 104,
    AT_KEY_SIZE = 108,
    AT_DIGEST = 112,
    AT_DIGEST_SALT = 132,
    AT_DIGEST_ROUNDS = 164,
    AT_UUID = 168,
    AT_SLOTS = 208,
    SLOT_SIZE = 48,
    SLOT_AT_ROUNDS = 4,
    SLOT_AT_SALT = 8,
    SLOT_AT_MATERIAL = 40,
    SLOT_AT_STRIPES = 44,
};

_Static_assert((8 + SLOTS * SLOT_SECTORS) * SECTOR == LUKS_HEADER_SIZE, "the slots fill it");

DEFINE_CLEANUP(cleanup_cipher, EVP_CIPHER_CTX, EVP_CIPHER_CTX_free)
#define _cleanup_cipher_ _cleanup_(cleanup_cipher)

struct secrets {
    unsigned char master[KEY_SIZE];
    unsigned char slot[KEY_SIZE]; /* what the master key is encrypted with */
    unsigned char stripes[STRIPES][KEY_SIZE];
};

static bool stretch(const void *from, size_t len, const unsigned char *salt, unsigned char *to,
                    size_t to_len)
{
    return PKCS5_PBKDF2_HMAC(from, (int)len, salt, SALT_SIZE, ROUNDS, EVP_sha256(), (int)to_len,
                             to) == 1;
}

/* Each part of the length of a hash, with its number. */
static bool diffuse(unsigned char block[KEY_SIZE])
{
    for (uint32_t i = 0; i < KEY_SIZE / HASH_SIZE; i++) {
        unsigned char part[4 + HASH_SIZE];
        unsigned char *at = block + (size_t)i * HASH_SIZE;
        put32(part, i);
        memcpy(part + 4, at, HASH_SIZE);
        bool ok = EVP_Digest(part, sizeof(part), at, NULL, EVP_sha256(), NULL) == 1;
        OPENSSL_cleanse(part, sizeof(part));
        if (!ok)
            return false;
    }
    return true;
}

/* So that whoever has all stripes but one has nothing. */
static bool split(struct secrets *s)
{
    unsigned char block[KEY_SIZE] = {0};
    bool ok = true;
    random_bytes(s->stripes, sizeof(s->stripes[0]) * (STRIPES - 1));
    for (size_t i = 0; ok && i < STRIPES - 1; i++) {
        for (size_t k = 0; k < KEY_SIZE; k++)
            block[k] ^= s->stripes[i][k];
        ok = diffuse(block);
    }
    for (size_t k = 0; k < KEY_SIZE; k++)
        s->stripes[STRIPES - 1][k] = block[k] ^ s->master[k];
    OPENSSL_cleanse(block, sizeof(block));
    return ok;
}

/* Sectors are numbered from the first of the slot on. */
static bool encrypt_stripes(const struct secrets *s, unsigned char *to)
{
    _cleanup_cipher_ EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    const unsigned char *from = &s->stripes[0][0];
    bool ok = c != NULL && EVP_EncryptInit_ex(c, EVP_aes_256_xts(), NULL, s->slot, NULL) == 1;
    for (uint64_t i = 0; ok && i < sizeof(s->stripes) / SECTOR; i++) {
        unsigned char tweak[16] = {0};
        uint64_t number = htole64(i);
        int n = 0;
        memcpy(tweak, &number, sizeof(number));
        ok = EVP_EncryptInit_ex(c, NULL, NULL, NULL, tweak) == 1 &&
             EVP_EncryptUpdate(c, to + i * SECTOR, &n, from + i * SECTOR, SECTOR) == 1 &&
             n == SECTOR;
    }
    return ok;
}

static bool fill(const char *key, struct secrets *s, unsigned char *h)
{
    unsigned char *slot = h + AT_SLOTS;
    random_bytes(s->master, sizeof(s->master));
    random_bytes(h + AT_DIGEST_SALT, SALT_SIZE);
    random_bytes(slot + SLOT_AT_SALT, SALT_SIZE);
    return stretch(s->master, KEY_SIZE, h + AT_DIGEST_SALT, h + AT_DIGEST, DIGEST_SIZE) &&
           stretch(key, strlen(key), slot + SLOT_AT_SALT, s->slot, KEY_SIZE) && split(s) &&
           encrypt_stripes(s, h + (size_t)get32(slot + SLOT_AT_MATERIAL) * SECTOR);
}

int luks_header_make(const char *key, unsigned char ret[static LUKS_HEADER_SIZE], struct err *e)
{
    static const unsigned char magic[] = {'L', 'U', 'K', 'S', 0xba, 0xbe};
    char uuid[UUID_SIZE];
    memset(ret, 0, LUKS_HEADER_SIZE);
    memcpy(ret + AT_MAGIC, magic, sizeof(magic));
    put16(ret + AT_VERSION, 1);
    memcpy(ret + AT_CIPHER, "aes", sizeof("aes"));
    memcpy(ret + AT_MODE, "xts-plain64", sizeof("xts-plain64"));
    memcpy(ret + AT_HASH, "sha256", sizeof("sha256"));
    put32(ret + AT_PAYLOAD, LUKS_HEADER_SIZE / SECTOR);
    put32(ret + AT_KEY_SIZE, KEY_SIZE);
    put32(ret + AT_DIGEST_ROUNDS, ROUNDS);
    uuid_new(uuid);
    memcpy(ret + AT_UUID, uuid, UUID_SIZE);
    for (uint32_t i = 0; i < SLOTS; i++) {
        unsigned char *slot = ret + AT_SLOTS + (size_t)i * SLOT_SIZE;
        put32(slot, i == 0 ? SLOT_OPENS : SLOT_EMPTY);
        put32(slot + SLOT_AT_ROUNDS, i == 0 ? ROUNDS : 0);
        put32(slot + SLOT_AT_MATERIAL, 8 + i * SLOT_SECTORS);
        put32(slot + SLOT_AT_STRIPES, STRIPES);
    }
    struct secrets *s = OPENSSL_zalloc(sizeof(*s));
    CHECK_MEMORY(s != NULL);
    bool ok = fill(key, s, ret);
    OPENSSL_clear_free(s, sizeof(*s));
    return ok ? 0 : err_set(e, EIO, "OpenSSL cannot make the header of an encrypted layer");
}

/* --- qcow2 (QEMU: docs/interop/qcow2.txt) */

#define QCOW2_MAGIC   0x514649fb
#define LUKS_METHOD   2
#define EXTENSION     0x0537be77 /* says where the header of LUKS is */
#define EXTENSION_LEN 24
#define HEADER_MIN    104 /* of version 3 */

struct qcow2 {
    int fd;
    unsigned char *head;   /* the first cluster */
    uint32_t bits;         /* of a cluster's size, */
    size_t cluster;        /* which is so many bytes */
    unsigned char *counts; /* the first block of refcounts, a cluster */
    uint64_t counts_at;
};

static int bad(struct err *e)
{
    return err_set(e, EINVAL, "the new layer is not as qemu-img makes it");
}

static bool read_at(int fd, void *to, size_t len, uint64_t at)
{
    return pread(fd, to, len, (off_t)at) == (ssize_t)len;
}

static bool write_at(int fd, const void *from, size_t len, uint64_t at)
{
    return pwrite(fd, from, len, (off_t)at) == (ssize_t)len;
}

static int open_qcow2(struct qcow2 *q, struct err *e)
{
    unsigned char start[HEADER_MIN];
    unsigned char entry[8];
    if (!read_at(q->fd, start, sizeof(start), 0) || get32(start) != QCOW2_MAGIC ||
        get32(start + 4) != 3 || get32(start + 20) < 9 || get32(start + 20) > 21 ||
        get32(start + 32) != 0 || get32(start + 96) != 4 || get32(start + 100) < HEADER_MIN)
        return bad(e);
    q->bits = get32(start + 20);
    q->cluster = (size_t)1 << q->bits;
    q->head = calloc(2, q->cluster);
    CHECK_MEMORY(q->head != NULL);
    q->counts = q->head + q->cluster;
    if (!read_at(q->fd, q->head, q->cluster, 0) ||
        !read_at(q->fd, entry, sizeof(entry), get64(start + 48)))
        return bad(e);
    q->counts_at = get64(entry);
    return q->counts_at == 0 || !read_at(q->fd, q->counts, q->cluster, q->counts_at) ? bad(e) : 0;
}

/* Clusters behind all that are taken. */
static int allocate(struct qcow2 *q, size_t bytes, uint64_t *ret_at, struct err *e)
{
    size_t have = q->cluster / 2;
    size_t want = (bytes + q->cluster - 1) >> q->bits;
    size_t first = have;
    while (first > 0 && get16(q->counts + 2 * (first - 1)) == 0)
        first--;
    if (first + want > have)
        return bad(e);
    for (size_t i = first; i < first + want; i++)
        put16(q->counts + 2 * i, 1);
    *ret_at = (uint64_t)first * q->cluster;
    return ftruncate(q->fd, (off_t)((first + want) * q->cluster)) < 0
               ? err_errno(e, errno, "cannot grow the new layer")
               : 0;
}

/* Where the name of what is below follows on the extensions; or they end. */
static size_t end_of_extensions(const struct qcow2 *q)
{
    size_t at = get32(q->head + 100);
    while (at + 8 <= q->cluster && get32(q->head + at) != 0)
        at += 8 + ((size_t)get32(q->head + at + 4) + 7) / 8 * 8;
    return at + 8;
}

/* Puts the extension before all others, and moves those, and the name. */
static int name_luks(struct qcow2 *q, uint64_t luks_at, struct err *e)
{
    size_t begin = get32(q->head + 100);
    size_t end = end_of_extensions(q);
    uint64_t name_at = get64(q->head + 8);
    if (name_at != 0 && name_at < end)
        return bad(e);
    if (name_at != 0)
        end = name_at + get32(q->head + 16);
    if (begin > end || end + EXTENSION_LEN > q->cluster)
        return bad(e);
    memmove(q->head + begin + EXTENSION_LEN, q->head + begin, end - begin);
    put32(q->head + begin, EXTENSION);
    put32(q->head + begin + 4, EXTENSION_LEN - 8);
    put64(q->head + begin + 8, luks_at);
    put64(q->head + begin + 16, LUKS_HEADER_SIZE);
    put32(q->head + 32, LUKS_METHOD);
    if (name_at != 0)
        put64(q->head + 8, name_at + EXTENSION_LEN);
    return 0;
}

static int encrypt(struct qcow2 *q, const char *key, struct err *e)
{
    _cleanup_free_ unsigned char *luks = malloc(LUKS_HEADER_SIZE);
    uint64_t at = 0;
    CHECK_MEMORY(luks != NULL);
    int r = luks_header_make(key, luks, e);
    if (r == 0)
        r = open_qcow2(q, e);
    if (r < 0)
        return r;
    CHECK(q->head != NULL);
    r = allocate(q, LUKS_HEADER_SIZE, &at, e);
    if (r == 0)
        r = name_luks(q, at, e);
    if (r < 0)
        return r;
    /* Slots that nobody has used are left a hole. */
    bool ok = write_at(q->fd, luks, FIRST_SLOT_END, at) &&
              write_at(q->fd, q->counts, q->cluster, q->counts_at) &&
              write_at(q->fd, q->head, q->cluster, 0);
    return ok ? 0 : err_errno(e, errno == 0 ? EIO : errno, "cannot write the new layer");
}

int luks_encrypt_qcow2(const char *path, const char *key, struct err *e)
{
    _cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_errno(e, errno, "cannot open %s", path);
    struct qcow2 q = {.fd = fd};
    int r = encrypt(&q, key, e);
    free(q.head);
    return r;
}
