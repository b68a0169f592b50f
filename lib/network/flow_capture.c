/*
 * Accepted: conntrack counts packets and bytes of each connection and direction. The counters are
 * cleared as they are read, so what an ended connection tells at last is what was not read before.
 *
 * Stopped: `inet croft_flow` logs what begins a connection right before the rules of croft and
 * right behind them. A beginning that is not followed by its second sight was stopped in between.
 * The kernel queues both at once, one after the other, so few are open at a time.
 */
#include "network/flow_capture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_log/libnetfilter_log.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "network/netns.h"
#include "network/nft.h"

#define LOG_GROUP       77
#define SNAP            96  /* bytes of a packet: IPv6, and the ports behind it */
#define PENDING_MAX     256 /* beginnings whose second sight has not come */
#define PENDING_SECONDS 1   /* it comes at once or never */
#define LOG_DELAY       10  /* hundredths of a second that the kernel may gather packets */
#define RECEIVE_BUFFER  (4 << 20)
#define BEGINNINGS      "5000" /* a second, looked at; more are not told as stopped */

struct beginning {
    struct flow_key key;
    uint32_t length;
    int64_t at;
};

struct capture {
    struct flow_capture base;
    char *name;
    int namespace_fd;
    struct nfct_handle *events, *dump;
    struct nflog_handle *log;
    struct nflog_g_handle *group;
    struct beginning pending[PENDING_MAX];
    size_t n_pending;
    bool discards; /* the first poll clears what came before */
    struct flow_listener listener;
    void *ctx;
};

static struct capture *self(struct flow_capture *c)
{
    return (struct capture *)c;
}

static const char table_gone[] =
    "{\"nftables\":[{\"add\":{\"table\":{\"family\":\"inet\",\"name\":\"croft_flow\"}}},"
    "{\"delete\":{\"table\":{\"family\":\"inet\",\"name\":\"croft_flow\"}}}]}";

#define CHAIN(name, prio)                                                                          \
    "{\"add\":{\"chain\":{\"family\":\"inet\",\"table\":\"croft_flow\",\"name\":\"" name           \
    "\",\"type\":\"filter\",\"hook\":\"forward\",\"prio\":" prio ",\"policy\":\"accept\"}}},"
#define RULE(name, limit)                                                                          \
    "{\"add\":{\"rule\":{\"family\":\"inet\",\"table\":\"croft_flow\",\"chain\":\"" name           \
    "\",\"expr\":[{\"match\":{\"op\":\"==\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":"      \
    "{\"set\":[\"new\",\"invalid\",\"untracked\"]}}}," limit "{\"log\":{\"prefix\":\"" name        \
    "\",\"group\":77,\"snaplen\":96}}]}}}"

static const char table_made[] =
    "{\"nftables\":[{\"add\":{\"table\":{\"family\":\"inet\",\"name\":\"croft_flow\"}}},"
    "{\"flush\":{\"table\":{\"family\":\"inet\",\"name\":\"croft_flow\"}}}," CHAIN("before", "-1")
        CHAIN("behind", "1") RULE("before", "{\"limit\":{\"rate\":" BEGINNINGS
                                            ",\"per\":\"second\",\"burst\":" BEGINNINGS
                                            "}},") "," RULE("behind", "") "]}";

/* --- accepted */

static struct flow_key key_of(const struct nf_conntrack *ct, bool reply)
{
    struct flow_key key;
    memset(&key, 0, sizeof(key));
    key.protocol = nfct_get_attr_u8(ct, ATTR_L4PROTO);
    key.is_ipv6 = nfct_get_attr_u8(ct, ATTR_L3PROTO) == AF_INET6;
    const void *src =
        nfct_get_attr(ct, key.is_ipv6 ? (reply ? ATTR_REPL_IPV6_SRC : ATTR_ORIG_IPV6_SRC)
                                      : (reply ? ATTR_REPL_IPV4_SRC : ATTR_ORIG_IPV4_SRC));
    const void *dst =
        nfct_get_attr(ct, key.is_ipv6 ? (reply ? ATTR_REPL_IPV6_DST : ATTR_ORIG_IPV6_DST)
                                      : (reply ? ATTR_REPL_IPV4_DST : ATTR_ORIG_IPV4_DST));
    if (src != NULL)
        memcpy(key.src, src, key.is_ipv6 ? 16 : 4);
    if (dst != NULL)
        memcpy(key.dst, dst, key.is_ipv6 ? 16 : 4);
    if (key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP) {
        key.sport = ntohs(nfct_get_attr_u16(ct, reply ? ATTR_REPL_PORT_SRC : ATTR_ORIG_PORT_SRC));
        key.dport = ntohs(nfct_get_attr_u16(ct, reply ? ATTR_REPL_PORT_DST : ATTR_ORIG_PORT_DST));
    }
    return key;
}

static struct flow_key turned(const struct flow_key *key)
{
    struct flow_key other = *key;
    memcpy(other.src, key->dst, sizeof(other.src));
    memcpy(other.dst, key->src, sizeof(other.dst));
    other.sport = key->dport;
    other.dport = key->sport;
    return other;
}

/*
 * The one who began sees the first tuple, whoever answers sees the second one turned: between them
 * addresses may be translated.
 */
static void tell_connection(struct capture *c, const struct nf_conntrack *ct)
{
    int64_t now = time(NULL);
    int64_t began = (int64_t)(nfct_get_attr_u64(ct, ATTR_TIMESTAMP_START) / 1000000000);
    const struct flow_key there = key_of(ct, false);
    const struct flow_key back = key_of(ct, true);
    const struct flow_key there_behind = turned(&back);
    const struct flow_key back_behind = turned(&there);
    const struct flow_key *keys[2][2] = {{&there, &back_behind}, {&there_behind, &back}};
    for (int side = 0; side < 2; side++) {
        const uint8_t *own = side == 0 ? there.src : back.src;
        for (int reply = 0; reply < 2; reply++) {
            struct flow_seen seen = {
                .key = *keys[side][reply],
                .packets = nfct_get_attr_u64(ct, reply == 1 ? ATTR_REPL_COUNTER_PACKETS
                                                            : ATTR_ORIG_COUNTER_PACKETS),
                .bytes = nfct_get_attr_u64(ct, reply == 1 ? ATTR_REPL_COUNTER_BYTES
                                                          : ATTR_ORIG_COUNTER_BYTES),
                .first = began,
                .last = now,
            };
            if (seen.packets > 0)
                c->listener.seen(c->ctx, &seen, own);
        }
    }
}

static int on_connection(enum nf_conntrack_msg_type type, struct nf_conntrack *ct, void *data)
{
    (void)type;
    struct capture *c = data;
    if (!c->discards)
        tell_connection(c, ct);
    return NFCT_CB_CONTINUE;
}

static int poll_counters(struct capture *c, struct err *e)
{
    static const uint32_t families[] = {AF_INET, AF_INET6};
    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        if (nfct_query(c->dump, NFCT_Q_DUMP_RESET, &families[i]) < 0)
            return err_set(e, errno, "cannot read the connections of %s", c->name);
    return 0;
}

/* --- stopped */

static bool key_of_packet(const unsigned char *p, int len, struct flow_key *ret_key,
                          uint32_t *ret_length)
{
    struct flow_key key;
    memset(&key, 0, sizeof(key));
    const unsigned char *ports = NULL;
    if (len >= 20 && p[0] >> 4 == 4) {
        int header = (p[0] & 15) * 4;
        key.protocol = p[9];
        memcpy(key.src, p + 12, 4);
        memcpy(key.dst, p + 16, 4);
        *ret_length = (uint32_t)(p[2] << 8 | p[3]);
        ports = len >= header + 4 ? p + header : NULL;
    } else if (len >= 40 && p[0] >> 4 == 6) {
        key.is_ipv6 = true;
        key.protocol = p[6];
        memcpy(key.src, p + 8, 16);
        memcpy(key.dst, p + 24, 16);
        *ret_length = 40U + (uint32_t)(p[4] << 8 | p[5]);
        ports = len >= 44 ? p + 40 : NULL;
    } else {
        return false;
    }
    if (ports != NULL && (key.protocol == IPPROTO_TCP || key.protocol == IPPROTO_UDP)) {
        key.sport = (uint16_t)(ports[0] << 8 | ports[1]);
        key.dport = (uint16_t)(ports[2] << 8 | ports[3]);
    }
    *ret_key = key;
    return true;
}

static void tell_stopped(struct capture *c, const struct beginning *b)
{
    struct flow_seen seen = {
        .key = b->key, .packets = 1, .bytes = b->length, .first = b->at, .last = b->at};
    seen.key.is_reject = true;
    c->listener.seen(c->ctx, &seen, NULL);
}

/* Those that have waited long enough. */
static void settle(struct capture *c, int64_t before)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n_pending; i++)
        if (c->pending[i].at < before)
            tell_stopped(c, &c->pending[i]);
        else
            c->pending[kept++] = c->pending[i];
    c->n_pending = kept;
}

static int on_packet(struct nflog_g_handle *group, struct nfgenmsg *message,
                     struct nflog_data *data, void *ctx)
{
    (void)group;
    (void)message;
    struct capture *c = ctx;
    char *payload = NULL;
    struct beginning b = {.at = time(NULL)};
    int len = nflog_get_payload(data, &payload);
    const char *prefix = nflog_get_prefix(data);
    if (len <= 0 || prefix == NULL ||
        !key_of_packet((const unsigned char *)payload, len, &b.key, &b.length))
        return 0;
    if (prefix[0] == 'b' && prefix[2] == 'f') { /* before */
        if (c->n_pending == PENDING_MAX) {
            c->n_pending = 0;
            c->listener.lost(c->ctx);
        }
        c->pending[c->n_pending++] = b;
        return 0;
    }
    for (size_t i = c->n_pending; i > 0; i--)
        if (memcmp(&c->pending[i - 1].key, &b.key, sizeof(b.key)) == 0) {
            c->pending[i - 1] = c->pending[--c->n_pending];
            break;
        }
    return 0;
}

/* --- both */

static void read_log(struct capture *c)
{
    char packet[8192] __attribute__((aligned(8)));
    for (;;) {
        ssize_t n = recv(nflog_fd(c->log), packet, sizeof(packet), MSG_DONTWAIT);
        if (n > 0) {
            (void)nflog_handle_packet(c->log, packet, (int)n);
        } else if (n < 0 && errno == ENOBUFS) {
            c->n_pending = 0; /* their second sights may be among what is lost */
            c->listener.lost(c->ctx);
        } else if (n == 0 || errno != EINTR) {
            return;
        }
    }
}

static void capture_read(struct flow_capture *capture)
{
    struct capture *c = self(capture);
    while (nfct_catch(c->events) < 0 && (errno == EINTR || errno == ENOBUFS))
        if (errno == ENOBUFS)
            c->listener.lost(c->ctx);
    read_log(c);
    settle(c, time(NULL) - PENDING_SECONDS);
}

static int enlarge(int fd)
{
    int size = RECEIVE_BUFFER;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* In the namespace. */
static int begin(struct capture *c, struct err *e)
{
    int r = netns_sysctl("net/netfilter/nf_conntrack_acct", "1", e);
    if (r == 0)
        r = netns_sysctl("net/netfilter/nf_conntrack_timestamp", "1", e);
    if (r < 0)
        return r;
    c->events = nfct_open(CONNTRACK, NF_NETLINK_CONNTRACK_DESTROY);
    c->dump = nfct_open(CONNTRACK, 0);
    c->log = nflog_open();
    if (c->events == NULL || c->dump == NULL || c->log == NULL)
        return err_set(e, errno, "cannot follow the connections of %s", c->name);
    c->group = nflog_bind_group(c->log, LOG_GROUP);
    if (c->group == NULL || nflog_set_mode(c->group, NFULNL_COPY_PACKET, SNAP) < 0)
        return err_set(e, errno, "cannot follow what is stopped in %s", c->name);
    (void)nflog_set_timeout(c->group, LOG_DELAY);
    (void)nflog_callback_register(c->group, on_packet, c);
    if (nfct_callback_register(c->events, NFCT_T_DESTROY, on_connection, c) < 0 ||
        nfct_callback_register(c->dump, NFCT_T_ALL, on_connection, c) < 0 ||
        enlarge(nfct_fd(c->events)) < 0 || enlarge(nflog_fd(c->log)) < 0)
        return err_set(e, errno, "cannot follow the connections of %s", c->name);
    c->discards = true;
    r = poll_counters(c, e);
    c->discards = false;
    return r < 0 ? r : nft_run(table_made, e);
}

static void close_handles(struct capture *c)
{
    if (c->events != NULL)
        (void)nfct_close(c->events);
    if (c->dump != NULL)
        (void)nfct_close(c->dump);
    if (c->group != NULL)
        (void)nflog_unbind_group(c->group);
    if (c->log != NULL)
        (void)nflog_close(c->log);
    cleanup_close(&c->namespace_fd);
    free(c->name);
    free(c);
}

static int capture_poll(struct flow_capture *capture, struct err *e)
{
    return poll_counters(self(capture), e);
}

static void capture_tell(struct flow_capture *capture, void *ctx)
{
    self(capture)->ctx = ctx;
}

static void capture_close(struct flow_capture *capture)
{
    struct capture *c = self(capture);
    struct err none = {0};
    struct netns_visit visit = NETNS_AT_HOME;
    if (netns_enter(&visit, c->namespace_fd, &none) == 0)
        (void)nft_run(table_gone, &none);
    netns_leave(&visit);
    close_handles(c);
}

static bool capture_is_alive(const struct flow_capture *capture)
{
    const struct capture *c = (const struct capture *)capture;
    return netns_is(c->namespace_fd, c->name);
}

static void capture_fds(const struct flow_capture *capture, int ret_fds[2])
{
    const struct capture *c = (const struct capture *)capture;
    ret_fds[0] = nfct_fd(c->events);
    ret_fds[1] = nflog_fd(c->log);
}

static const struct flow_capture_ops capture_ops = {
    .tell = capture_tell,
    .close = capture_close,
    .is_alive = capture_is_alive,
    .fds = capture_fds,
    .read = capture_read,
    .poll = capture_poll,
};

int flow_capture_open(const char *name, const struct flow_listener *listener, void *ctx,
                      struct flow_capture **ret, struct err *e)
{
    struct capture *c = calloc(1, sizeof(*c));
    CHECK_MEMORY(c != NULL);
    *c = (struct capture){.base.ops = &capture_ops,
                          .name = strdup(name),
                          .namespace_fd = -1,
                          .listener = *listener,
                          .ctx = ctx};
    CHECK_MEMORY(c->name != NULL);
    int r = netns_open(name, &c->namespace_fd, e);
    struct netns_visit visit = NETNS_AT_HOME;
    if (r == 0)
        r = netns_enter(&visit, c->namespace_fd, e);
    if (r == 0)
        r = begin(c, e);
    netns_leave(&visit);
    if (r < 0) {
        close_handles(c);
        return r;
    }
    *ret = &c->base;
    return 0;
}
