/* Structs as bytes between croftd and croft-netd. */
#include "network/pack.h"

#include <errno.h>
#include <string.h>

#include "network/intent.h"
#include "network/netd_calls.h"
#include "unit.h"

static struct arena *a;

static void begin(void)
{
    a = arena_new();
}

static void end(void)
{
    arena_free(a);
}

/* --- a struct with everything in it, made by its shape */

static const struct {
    enum word_kind kind;
    const char *good;
    const char *bad;
} words[] = {
    {WORD_VPC, "vpc-0123456789abcdef0", "vpc-../../etc"},
    {WORD_SUBNET, "subnet-01234567", "vpc-01234567"},
    {WORD_INTERFACE, "eni-0123456789abcdef0", "eth0"},
    {WORD_INSTANCE, "i-0123456789abcdef0", "i-0123456789ABCDEF0"},
    {WORD_NAT_GATEWAY, "nat-0123456789abcdef0", "nat-"},
    {WORD_NAMESPACE, "nat-0123456789abcdef0", "default"},
    {WORD_GROUP, "sg-0123456789abcdef0", "sg-0123456789abcdef0 accept"},
    {WORD_RULE, "sgr-0123456789abcdef0", "sgr-0123456789abcdef0\n"},
    {WORD_ACL, "acl-01234567", "acl-0123456"},
    {WORD_ROUTE_TABLE, "rtb-01234567", "main"},
    {WORD_PEERING, "pcx-01234567", "pcx-01234567/1"},
    {WORD_PREFIX_LIST, "pl-01234567", ""},
    {WORD_TARGET, "pcx-01234567", "igw-01234567"},
    {WORD_TAP, "eni0123456789ab", "eth0"},
    {WORD_BRIDGE, "br7", "br-lan"},
    {WORD_LINK, "enp3s0", "a name that is too long"},
    {WORD_MAC, "02:00:00:00:00:01", "02:00:00:00:00:01;reboot"},
    {WORD_IPV4, "10.0.0.1", "10.0.0.1/8"},
    {WORD_IPV6, "fd00::1", "10.0.0.1"},
    {WORD_ADDRESS, "fd00::1", "localhost"},
    {WORD_BLOCK4, "10.0.0.0/24", "10.0.0.0/33"},
    {WORD_BLOCK6, "fd00::/64", "10.0.0.0/24"},
    {WORD_BLOCK, "10.0.0.0/24", "0/0"},
    {WORD_REGION, "us-east-1", "/etc/passwd"},
    {WORD_DOMAIN, "ec2.internal", "ec2.internal\naddn-hosts=/etc/shadow"},
    {WORD_HOST, "ip-10-0-0-1", "a.b"},
    {WORD_PROTOCOL, "tcp", "256"},
    {WORD_SERVER, "AmazonProvidedDNS", "/run/resolv.conf"},
    {WORD_NODE, "8", "3"},
    {WORD_SENTENCE, "all is well", "\x1b[2J\xff"},
    {WORD_TOKEN, "X-Forwarded-For", "X Forwarded"},
    {WORD_LINE, "GET\t/\xff", "GET /\r\nHost: b"},
};

static size_t row_of(enum word_kind kind)
{
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (words[i].kind == kind)
            return i;
    ck_abort_msg("there is no sample of kind %d", (int)kind);
    return 0;
}

/* The text that is a bad one, counted down; none at a negative number. */
static void fill(const struct shape *shape, void *to, int *bad)
{
    for (size_t i = 0; i < shape->n_fields; i++) {
        const struct field *f = &shape->fields[i];
        char *at = (char *)to + f->at;
        switch (f->kind) {
        case FIELD_TEXT: {
            size_t row = row_of(f->word);
            *(const char **)at = (*bad)-- == 0 ? words[row].bad : words[row].good;
            break;
        }
        case FIELD_NUMBER:
            *(int64_t *)at = f->most;
            break;
        case FIELD_FLAG:
            *(bool *)at = true;
            break;
        case FIELD_CHOICE:
            *(int *)at = (int)f->least;
            break;
        case FIELD_STRUCT:
            fill(f->shape, at, bad);
            break;
        case FIELD_LIST: {
            char *list = arena_alloc(a, 2 * f->shape->size);
            fill(f->shape, list, bad);
            fill(f->shape, list + f->shape->size, bad);
            *(char **)at = list;
            *(size_t *)((char *)to + f->count) = 2;
            break;
        }
        case FIELD_BYTES:
            *(const char **)at = "\0\n";
            *(size_t *)((char *)to + f->count) = 2;
            break;
        }
    }
}

static void *filled(const struct shape *shape, int bad)
{
    void *made = arena_alloc(a, shape->size + 1);
    fill(shape, made, &bad);
    return made;
}

static void packed(const struct shape *shape, const void *from, struct buf *out)
{
    pack_write(shape, from, out);
    ck_assert(!out->failed);
}

START_TEST(a_vpc_with_everything_in_it_comes_back_the_same)
{
    _cleanup_buf_ struct buf out = BUF_INIT(PACK_MAX);
    const struct net_vpc *vpc = filled(&shape_vpc, -1);
    struct net_vpc back;
    struct err e = {0};
    packed(&shape_vpc, vpc, &out);
    ck_assert_msg(pack_read(a, &shape_vpc, out.data, out.len, &back, &e) == 0, "%s", e.message);
    ck_assert(intent_equal(vpc, &back, INTENT_ALL));
    ck_assert_str_eq(back.ports[1].addresses[1].public_ip, "10.0.0.1");
    ck_assert_int_eq(back.acls[1].entries[0].icmp_code, 255);
    ck_assert_str_eq(back.dhcp.netbios_node_type, "8");
}
END_TEST

START_TEST(every_call_and_answer_comes_back_the_same)
{
    for (size_t i = 0; i < NETD_CALLS; i++)
        for (int side = 0; side < 2; side++) {
            const struct shape *shape = side == 0 ? netd_calls[i].request : netd_calls[i].answer;
            _cleanup_buf_ struct buf first = BUF_INIT(PACK_MAX);
            _cleanup_buf_ struct buf again = BUF_INIT(PACK_MAX);
            void *back = arena_alloc(a, shape->size + 1);
            struct err e = {0};
            packed(shape, filled(shape, -1), &first);
            ck_assert_msg(pack_read(a, shape, first.data, first.len, back, &e) == 0, "%s: %s",
                          netd_calls[i].name, e.message);
            packed(shape, back, &again);
            ck_assert_uint_eq(first.len, again.len);
            ck_assert(first.len == 0 || memcmp(first.data, again.data, first.len) == 0);
        }
}
END_TEST

START_TEST(what_ends_early_or_goes_on_is_refused)
{
    _cleanup_buf_ struct buf out = BUF_INIT(PACK_MAX);
    struct net_vpc back;
    packed(&shape_vpc, filled(&shape_vpc, -1), &out);
    for (size_t len = 0; len < out.len; len++) {
        _cleanup_arena_ struct arena *other = arena_new();
        ck_assert_int_eq(pack_read(other, &shape_vpc, out.data, len, &back, NULL), -EINVAL);
    }
    buf_add_char(&out, '\0');
    ck_assert_int_eq(pack_read(a, &shape_vpc, out.data, out.len, &back, NULL), -EINVAL);
}
END_TEST

START_TEST(each_text_that_is_not_of_its_kind_is_refused)
{
    int n = 0;
    for (;; n++) {
        _cleanup_buf_ struct buf out = BUF_INIT(PACK_MAX);
        int bad = n;
        struct net_vpc vpc;
        struct net_vpc back;
        struct err e = {0};
        fill(&shape_vpc, &vpc, &bad);
        if (bad >= 0)
            break; /* there are no more texts */
        packed(&shape_vpc, &vpc, &out);
        ck_assert_int_eq(pack_read(a, &shape_vpc, out.data, out.len, &back, &e), -EINVAL);
        ck_assert_msg(strstr(e.message, ": it is not ") != NULL, "%s", e.message);
    }
    ck_assert_int_gt(n, 100);
}
END_TEST

START_TEST(no_kind_of_request_takes_what_leads_elsewhere)
{
    static const char *const foreign[] = {
        "",
        ".",
        "..",
        "/",
        "/etc/passwd",
        "../x",
        "a b",
        "a;b",
        "a\nb",
        "$(id)",
        "`id`",
        "-x",
        "eth0",
        "lo",
        "docker0",
        "\xc3\xa4",
        "a/b",
        "br",
        "br0x",
        "eni",
        "vpc-",
        "eni0123456789ab\n",
    };
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        enum word_kind kind = words[i].kind;
        ck_assert_msg(word_is(kind, words[i].good), "%s", words[i].good);
        ck_assert_msg(!word_is(kind, words[i].bad), "%s", words[i].bad);
        for (size_t k = 0; k < ARRAY_SIZE(foreign); k++) {
            bool plain = kind == WORD_HOST || kind == WORD_DOMAIN; /* names of guests: text alone */
            bool shows = kind == WORD_SENTENCE || kind == WORD_LINK; /* in answers alone */
            shows |= kind == WORD_TOKEN || kind == WORD_LINE;        /* never of croft-netd */
            if (!shows && (!plain || strpbrk(foreign[k], "/\n;$` ") != NULL))
                ck_assert_msg(!word_is(kind, foreign[k]), "kind %d: %s", (int)kind, foreign[k]);
        }
    }
}
END_TEST

START_TEST(numbers_and_lists_have_their_bounds)
{
    _cleanup_buf_ struct buf out = BUF_INIT(PACK_MAX);
    struct netd_connect c = {"vpc-01234567", "10.0.0.1", 65536, 10};
    struct netd_connect back;
    const struct shape *shape = netd_calls[NETD_CONNECT].request;
    packed(shape, &c, &out);
    ck_assert_int_eq(pack_read(a, shape, out.data, out.len, &back, NULL), -EINVAL);

    /* A list that says it is long takes no memory for what is not there. */
    buf_reset(&out);
    uint32_t many = UINT32_MAX;
    buf_add(&out, &many, sizeof(many));
    struct net_part part;
    ck_assert_int_eq(pack_read(a, &shape_part, out.data, out.len, &part, NULL), -EINVAL);
}
END_TEST

START_TEST(what_is_longer_than_any_request_is_not_read)
{
    struct net_part part;
    ck_assert_int_eq(pack_read(a, &shape_part, "", PACK_MAX + 1, &part, NULL), -EFBIG);
}
END_TEST

UNIT_SUITE_WITH(begin, end, a_vpc_with_everything_in_it_comes_back_the_same,
                every_call_and_answer_comes_back_the_same, what_ends_early_or_goes_on_is_refused,
                each_text_that_is_not_of_its_kind_is_refused,
                no_kind_of_request_takes_what_leads_elsewhere, numbers_and_lists_have_their_bounds,
                what_is_longer_than_any_request_is_not_read)
