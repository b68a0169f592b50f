#include "network/trace.h"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

#define MESSAGES_MAX 65536
#define QUEUE_BYTES  (1 << 20)

int trace_open(int *ret_fd, struct err *e)
{
    _cleanup_close_ int fd =
        socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
    struct sockaddr_nl self = {.nl_family = AF_NETLINK};
    int group = NFNLGRP_NFTRACE;
    int bytes = QUEUE_BYTES;
    if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof(self)) < 0 ||
        setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
        return err_errno(e, errno, "cannot listen to the traces of nftables");
    /* It may be less than is asked for: what is lost then is told of as lost. */
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* --- attributes */

struct attributes {
    const char *at;
    size_t left;
};

/* The next attribute; false at the end, or where one is longer than what is there. */
static bool next(struct attributes *list, const struct nlattr **ret)
{
    const struct nlattr *a = (const struct nlattr *)list->at;
    if (list->left < NLA_HDRLEN || a->nla_len < NLA_HDRLEN || a->nla_len > list->left)
        return false;
    size_t step = NLA_ALIGN((size_t)a->nla_len);
    list->at += step < list->left ? step : list->left;
    list->left -= step < list->left ? step : list->left;
    *ret = a;
    return true;
}

static struct attributes within(const struct nlattr *a)
{
    return (struct attributes){(const char *)a + NLA_HDRLEN, a->nla_len - (size_t)NLA_HDRLEN};
}

static size_t take(const struct nlattr *a, void *out, size_t max)
{
    struct attributes value = within(a);
    size_t len = value.left < max ? value.left : max;
    memcpy(out, value.at, len);
    return len;
}

static uint32_t take_u32(const struct nlattr *a)
{
    uint32_t value = 0;
    (void)take(a, &value, sizeof(value));
    return ntohl(value);
}

static void take_text(const struct nlattr *a, char out[TRACE_NAME_MAX])
{
    out[take(a, out, TRACE_NAME_MAX - 1)] = '\0';
}

static void take_verdict(const struct nlattr *nest, struct trace_event *event)
{
    struct attributes list = within(nest);
    const struct nlattr *a = NULL;
    while (next(&list, &a))
        if ((a->nla_type & NLA_TYPE_MASK) == NFTA_VERDICT_CHAIN) {
            take_text(a, event->target);
        } else if ((a->nla_type & NLA_TYPE_MASK) == NFTA_VERDICT_CODE) {
            int32_t code = (int32_t)take_u32(a);
            event->verdict = code == NF_DROP                             ? TRACE_DROP
                             : code == NF_ACCEPT                         ? TRACE_ACCEPT
                             : code == NFT_JUMP || code == (int)NFT_GOTO ? TRACE_GO
                                                                         : TRACE_OTHER;
        }
}

static enum trace_type type_of(uint32_t type)
{
    return type == NFT_TRACETYPE_POLICY   ? TRACE_POLICY
           : type == NFT_TRACETYPE_RETURN ? TRACE_RETURN
                                          : TRACE_RULE;
}

static void parse(struct attributes list, trace_fn *each, void *ctx)
{
    struct trace_event event = {.verdict = TRACE_OTHER};
    const struct nlattr *a = NULL;
    while (next(&list, &a))
        switch (a->nla_type & NLA_TYPE_MASK) {
        case NFTA_TRACE_ID:
            event.id = take_u32(a);
            break;
        case NFTA_TRACE_TABLE:
            take_text(a, event.table);
            break;
        case NFTA_TRACE_CHAIN:
            take_text(a, event.chain);
            break;
        case NFTA_TRACE_RULE_HANDLE:
            (void)take(a, &event.handle, sizeof(event.handle));
            event.handle = be64toh(event.handle);
            break;
        case NFTA_TRACE_TYPE:
            event.type = type_of(take_u32(a));
            break;
        case NFTA_TRACE_VERDICT:
            take_verdict(a, &event);
            break;
        case NFTA_TRACE_POLICY:
            event.verdict = take_u32(a) == NF_DROP ? TRACE_DROP : TRACE_ACCEPT;
            break;
        case NFTA_TRACE_NETWORK_HEADER:
            event.network_len = take(a, event.network, sizeof(event.network));
            break;
        case NFTA_TRACE_TRANSPORT_HEADER:
            event.transport_len = take(a, event.transport, sizeof(event.transport));
            break;
        default:
            break;
        }
    each(&event, ctx);
}

int trace_read(int fd, trace_fn *each, void *ctx, struct err *e)
{
    _cleanup_free_ char *messages = malloc(MESSAGES_MAX);
    if (messages == NULL)
        return err_set(e, ENOMEM, "no memory to read a trace");
    for (;;) {
        ssize_t got = recv(fd, messages, MESSAGES_MAX, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno == EAGAIN ? 0 : err_errno(e, errno, "cannot read a trace of nftables");
        size_t len = (size_t)got;
        for (struct nlmsghdr *m = (struct nlmsghdr *)messages; NLMSG_OK(m, len);
             m = NLMSG_NEXT(m, len)) {
            size_t head = NLMSG_SPACE(sizeof(struct nfgenmsg));
            if (m->nlmsg_type == ((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_TRACE) &&
                m->nlmsg_len >= head)
                parse((struct attributes){(const char *)m + head, m->nlmsg_len - head}, each, ctx);
        }
    }
}
