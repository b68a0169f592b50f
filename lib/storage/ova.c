#include "storage/ova.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* POSIX.1-1988 (ustar): where fields of a header are. Numbers are octal texts. */
enum {
    NAME_AT = 0,
    NAME_LENGTH = 100,
    SIZE_AT = 124,
    SIZE_LENGTH = 12,
    SUM_AT = 148,
    SUM_LENGTH = 8,
    TYPE_AT = 156,
    MAGIC_AT = 257,
};

/* -1: no number. GNU's binary form, for sizes beyond eight GiB, has the first bit set. */
static int64_t number(const unsigned char *p, size_t len)
{
    int64_t value = 0;
    size_t i = 0;
    if ((p[0] & 0x80) != 0) {
        if (p[0] != 0x80) /* negative, or of more than 88 bits */
            return -1;
        for (i = 1; i < len; i++) {
            if (value >> 54 != 0)
                return -1;
            value = value << 8 | p[i];
        }
        return value;
    }
    while (i < len && p[i] == ' ')
        i++;
    if (i == len || p[i] < '0' || p[i] > '7')
        return -1;
    for (; i < len && p[i] >= '0' && p[i] <= '7'; i++)
        value = value << 3 | (p[i] - '0');
    return i == len || p[i] == ' ' || p[i] == '\0' ? value : -1;
}

/* The sum of all bytes, those of the sum itself taken for spaces. */
static bool is_header(const unsigned char *p)
{
    int64_t sum = 0;
    for (size_t i = 0; i < OVA_BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_LENGTH ? ' ' : p[i];
    return memcmp(p + MAGIC_AT, "ustar", 5) == 0 && number(p + SUM_AT, SUM_LENGTH) == sum;
}

bool ova_is_one(const void *head, size_t len)
{
    return len >= OVA_BLOCK && is_header(head);
}

static bool is_plain(const unsigned char *p)
{
    return p[TYPE_AT] == '0' || p[TYPE_AT] == '\0';
}

static bool ends_with(const unsigned char *header, const char *ending)
{
    const char *name = (const char *)header + NAME_AT;
    size_t len = strnlen(name, NAME_LENGTH);
    size_t n = strlen(ending);
    return len > n && strncasecmp(name + len - n, ending, n) == 0;
}

static bool is_end(const unsigned char *p)
{
    for (size_t i = 0; i < OVA_BLOCK; i++)
        if (p[i] != 0)
            return false;
    return true;
}

int ova_find_disk(int fd, int64_t size, struct ova_disk *ret, struct err *e)
{
    unsigned char header[OVA_BLOCK];
    struct ova_disk disk = {0};
    size_t disks = 0;
    bool described = false;
    int64_t at = 0;
    for (size_t members = 0; at <= size - OVA_BLOCK; members++) {
        if (members == OVA_MEMBERS_MAX)
            return err_set(e, EINVAL, "the OVA has more than %d members", OVA_MEMBERS_MAX);
        ssize_t n = pread(fd, header, sizeof(header), at);
        if (n < 0)
            return err_errno(e, errno, "cannot read the OVA");
        if (n == OVA_BLOCK && is_end(header))
            break;
        int64_t length =
            n == OVA_BLOCK && is_header(header) ? number(header + SIZE_AT, SIZE_LENGTH) : -1;
        at += OVA_BLOCK;
        if (length < 0 || length > size - at)
            return err_set(e, EINVAL, "the OVA is damaged or cut short");
        described |= is_plain(header) && ends_with(header, ".ovf");
        if (is_plain(header) && ends_with(header, ".vmdk")) {
            disk = (struct ova_disk){at, length};
            disks++;
        }
        at += (length + OVA_BLOCK - 1) / OVA_BLOCK * OVA_BLOCK;
    }
    if (!described)
        return err_set(e, EINVAL, "the OVA has no OVF description");
    if (disks != 1)
        return err_set(e, EINVAL, "the OVA has %zu disks (NAME.vmdk), and must have one", disks);
    *ret = disk;
    return 0;
}
