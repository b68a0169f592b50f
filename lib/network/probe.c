#include "network/probe.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/child.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/text.h"
#include "core/cidr.h"
#include "network/edge.h"
#include "network/netns.h"
#include "network/nft.h"
#include "network/packet.h"
#include "network/rtnl.h"
#include "network/ruleset.h"
#include "network/trace.h"

/*
 * Theory of operation: in each namespace a table croft_probe marks the probe's packets by their
 * ports for tracing, and lets us listen. The packet goes in; events come; each packet's first event
 * in a base chain carries its headers, which tell whether it is the question or the answer. It has
 * passed when it reaches the chain of ours behind the groups' chain (priority 200 of the forward
 * hook), which is also where the answer ends.
 */

#define TABLE       "croft_probe"
#define PASSED      "passed" /* our chain behind all others of the forward hook */
#define LINK        "probe0"
#define LINK_PEER   "probe1"
#define AGAIN_MS    700 /* a lost packet is sent again, as a guest would */
#define LINES_MAX   200
#define RULES_MAX   ((size_t)4 << 20)
#define PACKETS_MAX 8 /* that are followed at once */
#define SIDES       2

struct side {
    const char *vpc_id;
    int namespace_fd; /* -1: there is no second one */
    int trace_fd;
};

struct followed {
    uint32_t id;
    bool is_answer;
    bool known;
};

struct watch {
    struct arena *a;
    const struct net_probe *probe;
    struct side *side; /* that is being read */
    struct followed packets[PACKETS_MAX];
    size_t next;
    uint16_t source_port;
    uint32_t source, destination;
    bool passed, over;
    const char *last_chain; /* that the question, or the answer, went through */
    uint64_t dropped_by;    /* handle of the rule; 0: none of that chain */
    struct net_probed result;
};

/* --- what is put up and taken down */

static const char *rules_text(struct arena *a, const struct net_probe *p, uint16_t port,
                              bool catches)
{
    const char *there, *back;
    if (p->protocol == IPPROTO_ICMP) {
        there = arena_printf(a, "icmp type echo-request icmp id %u", port);
        back = arena_printf(a, "icmp type echo-reply icmp id %u", port);
    } else {
        const char *l4 = p->protocol == IPPROTO_TCP ? "tcp" : "udp";
        there = arena_printf(a, "%s dport %d %s sport %u", l4, p->port, l4, port);
        back = arena_printf(a, "%s sport %d %s dport %u", l4, p->port, l4, port);
    }
#define UNREACHABLE "icmp type destination-unreachable"
#define RULE        "add rule inet " TABLE " "
    const char *text = arena_printf(
        a,
        "add table inet " TABLE "\ndelete table inet " TABLE "\nadd table inet " TABLE "\n"
        "add chain inet " TABLE " watch { type filter hook prerouting priority -310; }\n"
        "add chain inet " TABLE " " PASSED " { type filter hook forward priority 200; }\n" //
        RULE "watch %s meta nftrace set 1\n" RULE "watch %s meta nftrace set 1\n",
        there, back);
    if (p->protocol == IPPROTO_UDP)
        text = arena_printf(a, "%s" RULE "watch " UNREACHABLE " meta nftrace set 1\n", text);
    if (catches)
        text = arena_printf(a, "%s" RULE PASSED " ip daddr %s %s drop\n", text, p->source, back);
    if (catches && p->protocol == IPPROTO_UDP)
        text = arena_printf(a, "%s" RULE PASSED " ip saddr %s " UNREACHABLE " drop\n", text,
                            p->destination);
    return text;
}

/* Also a table that a crash has left. */
static void take_down(const struct side *side)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    if (netns_enter(&visit, side->namespace_fd, NULL) == 0)
        (void)nft_run("add table inet " TABLE "\ndelete table inet " TABLE "\n", NULL);
}

static int put_up(struct watch *w, struct side *side, bool catches, struct err *e)
{
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    int r = netns_enter(&visit, side->namespace_fd, e);
    if (r == 0)
        r = trace_open(&side->trace_fd, e);
    if (r == 0)
        r = nft_run(rules_text(w->a, w->probe, w->source_port, catches), e);
    return r;
}

/* --- sending */

struct door {
    int fd;    /* AF_PACKET; -1: closed */
    int index; /* of the link to be dropped; 0: none */
    struct packet packet;
};

static int mac_of(const char *link, uint8_t mac[6], struct err *e)
{
    struct ifreq request = {0};
    (void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", link);
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0)
        return err_errno(e, errno, "there is no link %s", link);
    memcpy(mac, request.ifr_hwaddr.sa_data, 6);
    return 0;
}

static int open_on(const char *link, int *ret_fd, struct err *e)
{
    _cleanup_close_ int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_protocol = htons(ETH_P_IP),
                             .sll_ifindex = (int)if_nametoindex(link)};
    if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        return err_errno(e, errno, "cannot send on %s", link);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* A veth whose frames come in at the tap, as though the guest had sent them. */
static int open_port(const struct net_probe *p, int namespace_fd, struct door *door, struct err *e)
{
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    int r = rtnl_open(&rtnl, e);
    if (r < 0)
        return r;
    if (rtnl_index(&rtnl, p->tap) == 0)
        return err_set(e, ENODEV, "the guest's end %s is not there", p->tap);
    int left = rtnl_index(&rtnl, LINK);
    if (left != 0)
        r = rtnl_link_drop(&rtnl, left, e);
    if (r == 0)
        r = rtnl_veth_make(&rtnl, LINK, LINK_PEER, namespace_fd, NULL, e);
    if (r < 0)
        return r;
    door->index = rtnl_index(&rtnl, LINK);
    r = rtnl_link_up(&rtnl, door->index, EDGE_MTU, e);
    if (r == 0)
        r = rtnl_link_up(&rtnl, rtnl_index(&rtnl, LINK_PEER), EDGE_MTU, e);
    if (r == 0)
        r = CHILD(e, "tc", "qdisc", "add", "dev", LINK, "clsact");
    if (r == 0)
        r = CHILD(e, "tc", "filter", "add", "dev", LINK, "egress", "protocol", "ip", "u32", "match",
                  "u32", "0", "0", "action", "mirred", "ingress", "redirect", "dev", p->tap);
    unsigned mac[6] = {0};
    if (r == 0 && sscanf(p->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &mac[0], &mac[1], &mac[2], &mac[3],
                         &mac[4], &mac[5]) != 6)
        r = err_set(e, EINVAL, "not a MAC address: %s", p->mac);
    for (int i = 0; i < 6; i++)
        door->packet.from_mac[i] = (uint8_t)mac[i];
    if (r == 0)
        r = mac_of(p->bridge, door->packet.to_mac, e);
    return r < 0 ? r : open_on(LINK, &door->fd, e);
}

static int open_door(const struct net_probe *p, int namespace_fd, struct door *door, struct err *e)
{
    char link[IFNAMSIZ];
    (void)snprintf(link, sizeof(link), EDGE_LINK, (int)p->index);
    {
        _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
        int r = netns_enter(&visit, namespace_fd, e);
        if (r == 0 && p->tap != NULL)
            return open_port(p, namespace_fd, door, e);
        if (r == 0)
            r = mac_of("edge0", door->packet.to_mac, e);
        if (r < 0)
            return r;
    }
    int r = mac_of(link, door->packet.from_mac, e);
    return r < 0 ? r : open_on(link, &door->fd, e);
}

static void close_door(struct door *door, int namespace_fd)
{
    cleanup_close(&door->fd);
    if (door->index == 0)
        return;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
    if (netns_enter(&visit, namespace_fd, NULL) == 0 && rtnl_open(&rtnl, NULL) == 0)
        (void)rtnl_link_drop(&rtnl, door->index, NULL);
}

static int send_packet(const struct door *door, struct err *e)
{
    uint8_t frame[PACKET_MAX];
    size_t len = packet_build(&door->packet, frame);
    return send(door->fd, frame, len, 0) < 0 ? err_errno(e, errno, "cannot send the probe") : 0;
}

/* --- following */

static uint16_t at16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static struct followed *packet_of(struct watch *w, uint32_t id)
{
    for (size_t i = 0; i < PACKETS_MAX; i++)
        if (w->packets[i].known && w->packets[i].id == id)
            return &w->packets[i];
    struct followed *p = &w->packets[w->next++ % PACKETS_MAX];
    *p = (struct followed){.id = id};
    return p;
}

/* RST, or an unreachable port. */
static bool says_no(const struct watch *w, const struct trace_event *event)
{
    bool is_icmp = event->network_len >= sizeof(struct iphdr) &&
                   event->network[9] == IPPROTO_ICMP && w->probe->protocol != IPPROTO_ICMP;
    if (is_icmp)
        return true;
    return w->probe->protocol == IPPROTO_TCP && event->transport_len >= sizeof(struct tcphdr) &&
           (event->transport[13] & TH_RST) != 0;
}

static bool is_answer(const struct watch *w, const struct trace_event *event)
{
    if (w->probe->protocol == IPPROTO_ICMP)
        return event->transport[0] == ICMP_ECHOREPLY;
    if (event->network_len >= sizeof(struct iphdr) && event->network[9] == IPPROTO_ICMP)
        return true;
    return at16(event->transport + 2) == w->source_port;
}

static void line(struct watch *w, const struct trace_event *event, const struct followed *p)
{
    const char *what = event->verdict == TRACE_GO ? arena_printf(w->a, "goes to %s", event->target)
                       : event->verdict == TRACE_DROP   ? "drops it"
                       : event->verdict == TRACE_ACCEPT ? "accepts it"
                                                        : NULL;
    if (what == NULL || w->result.trace.n >= LINES_MAX)
        return;
    const char *by = event->type == TRACE_RULE
                         ? arena_printf(w->a, "rule %llu", (unsigned long long)event->handle)
                         : "policy";
    *arena_append(w->a, &w->result.trace) =
        arena_printf(w->a, "%s %s: %s %s %s", w->side->vpc_id, p->is_answer ? "answer" : "packet",
                     event->chain, by, what);
}

static void dropped(struct watch *w, const struct trace_event *event, const struct followed *p)
{
    /* The chain of a group that does not let it pass comes to its end, and one further up drops. */
    bool here = w->last_chain == NULL || streq(w->last_chain, event->chain);
    w->result.outcome = p->is_answer ? NET_PROBE_ANSWER_DROPPED : NET_PROBE_DROPPED;
    w->result.vpc_id = w->side->vpc_id;
    w->result.chain = here ? arena_strdup(w->a, event->chain) : w->last_chain;
    w->dropped_by = here && event->type == TRACE_RULE ? event->handle : 0;
    w->over = true;
}

static void follow(const struct trace_event *event, void *ctx)
{
    struct watch *w = ctx;
    struct followed *p = packet_of(w, event->id);
    if (event->transport_len >= 8) {
        bool answer = is_answer(w, event);
        if (!p->known || p->is_answer != answer)
            w->last_chain = NULL;
        p->known = true;
        p->is_answer = answer;
        if (answer && w->result.outcome < NET_PROBE_REFUSED)
            w->result.outcome = says_no(w, event) ? NET_PROBE_REFUSED : NET_PROBE_ANSWERED;
    }
    if (!p->known || w->over)
        return;
    if (streq(event->table, TABLE)) {
        if (!streq(event->chain, PASSED))
            return;
        w->passed = true;
        w->over = p->is_answer && event->verdict == TRACE_DROP; /* caught: it would be there */
        if (!p->is_answer && w->result.outcome == NET_PROBE_LOST)
            w->result.outcome = NET_PROBE_SILENT;
        return;
    }
    line(w, event, p);
    if (event->verdict == TRACE_GO)
        w->last_chain = arena_strdup(w->a, event->target);
    if (event->verdict == TRACE_DROP)
        dropped(w, event, p);
}

static int listen_to(struct watch *w, struct side *sides, int wait_ms, struct err *e)
{
    struct pollfd polled[SIDES];
    for (int i = 0; i < SIDES; i++)
        polled[i] = (struct pollfd){.fd = sides[i].trace_fd, .events = POLLIN};
    if (poll(polled, SIDES, wait_ms) < 0 && errno != EINTR)
        return err_errno(e, errno, "cannot wait for a trace");
    for (int i = 0; i < SIDES; i++) {
        w->side = &sides[i];
        int r = sides[i].trace_fd < 0 ? 0 : trace_read(sides[i].trace_fd, follow, w, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int talk(struct watch *w, struct side *sides, struct door *door, struct err *e)
{
    int64_t begun = clock_monotonic();
    int64_t end = begun + w->probe->timeout_ms;
    int64_t again = begun;
    int r = 0;
    while (!w->over && r == 0) {
        int64_t now = clock_monotonic();
        if (now >= end)
            break;
        if (now >= again) {
            r = send_packet(door, e);
            again = now + AGAIN_MS;
        }
        int64_t until = again < end ? again : end;
        if (r == 0)
            r = listen_to(w, sides, (int)(until - now), e);
    }
    bool answered = w->result.outcome >= NET_PROBE_REFUSED;
    /* It began its way back, and neither rules nor we have seen the end of it. */
    if (answered && !w->over)
        w->result.outcome = NET_PROBE_ANSWER_DROPPED;
    /* The destination has a connection half open: end it. */
    if (r == 0 && w->probe->protocol == IPPROTO_TCP && answered) {
        door->packet.tcp_flags = TH_RST;
        door->packet.sequence++;
        (void)send_packet(door, NULL);
    }
    return r;
}

/* --- the names of rules */

static const char *comment_in(struct arena *a, const json_t *listed, uint64_t handle)
{
    size_t i;
    const json_t *entry;
    json_array_foreach(json_object_get(listed, "nftables"), i, entry)
    {
        const json_t *rule = json_object_get(entry, "rule");
        if ((uint64_t)json_integer_value(json_object_get(rule, "handle")) == handle)
            return arena_strdup(a, json_string_value(json_object_get(rule, "comment")));
    }
    return NULL;
}

static void name_rule(struct watch *w, struct side *sides, struct err *e)
{
    if (w->dropped_by == 0)
        return;
    for (int i = 0; i < SIDES; i++) {
        if (!streq(sides[i].vpc_id, w->result.vpc_id))
            continue;
        _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
        _cleanup_buf_ struct buf out = BUF_INIT(RULES_MAX);
        if (netns_enter(&visit, sides[i].namespace_fd, e) < 0 ||
            nft_query(arena_printf(w->a, "list chain inet " RULESET_TABLE " %s\n", w->result.chain),
                      &out, e) < 0)
            return;
        json_t *listed = json_loadb(out.data, out.len, 0, NULL);
        w->result.rule = comment_in(w->a, listed, w->dropped_by);
        json_decref(listed);
    }
}

static int check(const struct net_probe *p, struct watch *w, struct err *e)
{
    if (ipv4_parse(p->source, &w->source) < 0 || ipv4_parse(p->destination, &w->destination) < 0)
        return err_set(e, EINVAL, "not two addresses of IPv4: %s, %s", p->source, p->destination);
    if (p->protocol != IPPROTO_ICMP && (p->port < 1 || p->port > 65535))
        return err_set(e, EINVAL, "not a port: %d", p->port);
    return 0;
}

int probe_run(struct arena *a, const struct net_probe *probe, int namespace_fd, int peer_fd,
              struct net_probed *ret, struct err *e)
{
    struct watch w = {.a = a, .probe = probe};
    struct side sides[SIDES] = {{probe->vpc_id, namespace_fd, -1},
                                {probe->peer_vpc_id, peer_fd, -1}};
    struct door door = {.fd = -1};
    int r = check(probe, &w, e);
    if (r < 0)
        return r;
    uint16_t dice = 0;
    random_bytes(&dice, sizeof(dice));
    random_bytes(&door.packet.sequence, sizeof(door.packet.sequence));
    w.source_port = (uint16_t)(32768 + dice % 28000);
    door.packet.source = w.source;
    door.packet.destination = w.destination;
    door.packet.protocol = probe->protocol;
    door.packet.source_port = w.source_port;
    door.packet.destination_port = (uint16_t)probe->port;
    door.packet.tcp_flags = TH_SYN;

    for (int i = 0; i < SIDES && r == 0; i++)
        if (sides[i].namespace_fd >= 0)
            r = put_up(&w, &sides[i], i == 0, e);
    if (r == 0)
        r = open_door(probe, namespace_fd, &door, e);
    if (r == 0)
        r = talk(&w, sides, &door, e);
    if (r == 0)
        name_rule(&w, sides, e);
    close_door(&door, namespace_fd);
    for (int i = 0; i < SIDES; i++) {
        cleanup_close(&sides[i].trace_fd);
        if (sides[i].namespace_fd >= 0)
            take_down(&sides[i]);
    }
    if (r < 0)
        return err_wrap(e, r, "cannot probe %s", probe->vpc_id);
    *ret = w.result;
    return 0;
}
