#include "network/linux.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/id.h"
#include "base/text.h"
#include "network/accept.h"
#include "network/applied.h"
#include "network/dnsmasq.h"
#include "network/edge.h"
#include "network/flow_capture.h"
#include "network/frame.h"
#include "network/intent.h"
#include "network/nat.h"
#include "network/netns.h"
#include "network/probe.h"
#include "network/rtnl.h"
#include "network/ruleset.h"

#define VPCS_MAX (EDGE_INDEX_MAX + 1)

struct linux_network {
    struct network base;
    char *directory;
    char *dnsmasq_user; /* NULL: its own choice */
    char *uplink;
    char *resolver;
    struct edge_config edge;
    pthread_mutex_t lock; /* of the list, not of what it points to */
    struct applied **vpcs;
    size_t n_vpcs;
    pthread_mutex_t probing;
};

static struct linux_network *self(struct network *n)
{
    return (struct linux_network *)n;
}

/* --- memory of what was applied */

static struct applied *find_locked(struct linux_network *n, const char *vpc_id)
{
    for (size_t i = 0; i < n->n_vpcs; i++)
        if (streq(applied_vpc_id(n->vpcs[i]), vpc_id))
            return n->vpcs[i];
    return NULL;
}

/* The entry stays where it is until remove(), which never runs beside an apply() of the VPC. */
static struct applied *find_or_add(struct linux_network *n, const char *vpc_id)
{
    (void)pthread_mutex_lock(&n->lock);
    struct applied *vpc = find_locked(n, vpc_id);
    if (vpc == NULL && n->n_vpcs < VPCS_MAX) {
        vpc = applied_new(vpc_id);
        n->vpcs = reallocarray(n->vpcs, n->n_vpcs + 1, sizeof(struct applied *));
        CHECK_MEMORY(n->vpcs != NULL);
        n->vpcs[n->n_vpcs++] = vpc;
    }
    (void)pthread_mutex_unlock(&n->lock);
    return vpc;
}

static struct applied *take_out(struct linux_network *n, const char *vpc_id)
{
    (void)pthread_mutex_lock(&n->lock);
    struct applied *vpc = find_locked(n, vpc_id);
    for (size_t i = 0; vpc != NULL && i < n->n_vpcs; i++)
        if (n->vpcs[i] == vpc) {
            n->vpcs[i] = n->vpcs[--n->n_vpcs];
            break;
        }
    (void)pthread_mutex_unlock(&n->lock);
    return vpc;
}

/* The id becomes the name of files and of the namespace. */
static int check_vpc_id(const char *vpc_id, struct err *e)
{
    if (vpc_id == NULL || !id_is_wellformed(vpc_id, "vpc"))
        return err_set(e, EINVAL, "not the id of a VPC: %s", vpc_id != NULL ? vpc_id : "");
    return 0;
}

static char *directory_of(const struct linux_network *n, struct arena *a, const char *vpc_id)
{
    return arena_printf(a, "%s/%s", n->directory, vpc_id);
}

/* --- operations */

static int check_intent(const struct linux_network *n, const struct net_vpc *intent, struct err *e)
{
    struct edge_addresses addresses = {0};
    int r = check_vpc_id(intent->vpc_id, e);
    if (r == 0)
        r = edge_addresses(intent->index, &addresses, e);
    if (r < 0)
        return r;
    if (!ruleset_word_ok(intent->domain) ||
        (intent->dhcp.domain_name != NULL && !ruleset_word_ok(intent->dhcp.domain_name)))
        return err_set(e, EINVAL, "not a domain name of %s", intent->vpc_id);
    for (size_t i = 0; i < intent->n_reverse_names; i++)
        if (!ruleset_word_ok(intent->reverse_names[i].name))
            return err_set(e, EINVAL, "not a name: %s", intent->reverse_names[i].name);
    for (size_t i = 0; i < intent->n_subnets; i++)
        if (!has_prefix(intent->subnets[i].bridge, "br") ||
            !ruleset_word_ok(intent->subnets[i].bridge) || strlen(intent->subnets[i].bridge) >= 16)
            return err_set(e, EINVAL, "not the name of a bridge: %s", intent->subnets[i].bridge);
    for (size_t i = 0; i < intent->n_ports; i++) {
        const struct net_port *port = &intent->ports[i];
        uint32_t address = 0;
        if (!ruleset_word_ok(port->hostname) ||
            (port->resource_a != NULL && !ruleset_word_ok(port->resource_a)) ||
            (port->resource_aaaa != NULL && !ruleset_word_ok(port->resource_aaaa)) ||
            strchr(port->interface_id, '/') != NULL)
            return err_set(e, EINVAL, "%s: not a name: %s", port->interface_id, port->hostname);
        if (intent_subnet(intent, port->subnet_id) == NULL)
            return err_set(e, EINVAL, "%s is in %s, which %s has not", port->interface_id,
                           port->subnet_id, intent->vpc_id);
        for (size_t k = 0; k < port->n_addresses; k++) {
            const char *public_ip = port->addresses[k].public_ip;
            if (public_ip != NULL && (ipv4_parse(public_ip, &address) < 0 ||
                                      !address_ranges_contain(&n->edge.pools, address)))
                return err_set(e, EINVAL, "%s is not of the pool of public addresses", public_ip);
        }
    }
    return 0;
}

static int linux_apply(struct network *network, const struct net_vpc *intent,
                       const struct net_part *part, struct err *e)
{
    struct linux_network *n = self(network);
    int r = check_intent(n, intent, e);
    if (r == 0)
        r = edge_server_put(&n->edge, false, e);
    if (r < 0)
        return r;
    struct applied *vpc = find_or_add(n, intent->vpc_id);
    if (vpc == NULL)
        return err_set(e, ENOSPC, "no more than %d VPCs fit", VPCS_MAX);
    _cleanup_arena_ struct arena *a = arena_new();
    const struct applied_options options = {
        .directory = directory_of(n, a, intent->vpc_id),
        .dnsmasq_user = n->dnsmasq_user,
        .upstream = n->uplink != NULL ? n->resolver : NULL,
    };
    r = applied_change(vpc, &options, intent, part, e);
    return r < 0 ? r : edge_server_answer(&n->edge, e);
}

static size_t linux_differing(struct network *network, const struct net_vpc *intent)
{
    struct linux_network *n = self(network);
    (void)pthread_mutex_lock(&n->lock);
    const struct applied *vpc = find_locked(n, intent->vpc_id);
    (void)pthread_mutex_unlock(&n->lock);
    return vpc == NULL ? 0 : applied_differing(vpc, intent);
}

static int linux_plug(struct network *network, const struct net_vpc *intent,
                      const char *interface_id, struct err *e)
{
    (void)network;
    int r = check_vpc_id(intent->vpc_id, e);
    const struct net_port *port = intent_port(intent, interface_id);
    if (r < 0)
        return r;
    if (port == NULL)
        return err_set(e, ENOENT, "%s has no interface %s", intent->vpc_id, interface_id);
    const struct net_subnet *subnet = intent_subnet(intent, port->subnet_id);
    if (subnet == NULL)
        return err_set(e, ENOENT, "%s has no subnet %s", intent->vpc_id, port->subnet_id);
    _cleanup_close_ int namespace_fd = -1;
    r = netns_open(intent->vpc_id, &namespace_fd, e);
    if (r < 0)
        return r;

    _cleanup_rtnl_ struct rtnl home = RTNL_CLOSED;
    _cleanup_rtnl_ struct rtnl inside = RTNL_CLOSED;
    r = rtnl_open(&home, e);
    if (r < 0)
        return r;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    r = netns_enter(&visit, namespace_fd, e);
    if (r == 0)
        r = rtnl_open(&inside, e);
    int made = r == 0 ? rtnl_index(&home, port->tap) : 0;
    int left = made != 0 ? rtnl_index(&inside, port->tap) : 0;
    if (left != 0) /* of a guest before, whose end is not through yet */
        r = rtnl_link_drop(&inside, left, e);
    if (r == 0 && made != 0)
        r = rtnl_link_move(&home, made, namespace_fd, e);
    if (r == 0)
        r = frame_plug(&inside, port->tap, subnet->bridge, e);
    return r < 0 ? err_wrap(e, r, "cannot plug %s into %s", port->tap, intent->vpc_id) : 0;
}

static int linux_unplug(struct network *network, const char *vpc_id, const char *tap, struct err *e)
{
    (void)network;
    _cleanup_close_ int namespace_fd = -1;
    int r = check_vpc_id(vpc_id, e);
    if (r == 0)
        r = netns_open(vpc_id, &namespace_fd, e);
    if (r < 0)
        return r;
    _cleanup_rtnl_ struct rtnl inside = RTNL_CLOSED;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    r = netns_enter(&visit, namespace_fd, e);
    if (r == 0)
        r = rtnl_open(&inside, e);
    int index = r == 0 ? rtnl_index(&inside, tap) : 0;
    if (r == 0 && index != 0)
        r = rtnl_link_drop(&inside, index, e);
    return r < 0 ? err_wrap(e, r, "cannot take %s out of %s", tap, vpc_id) : 0;
}

static int linux_remove(struct network *network, const char *vpc_id, int64_t index, struct err *e)
{
    struct linux_network *n = self(network);
    if (vpc_id != NULL && id_is_wellformed(vpc_id, "nat"))
        return netns_remove(vpc_id, e); /* its link goes with it */
    int r = check_vpc_id(vpc_id, e);
    if (r < 0)
        return r;
    struct applied *vpc = take_out(n, vpc_id);
    applied_free(vpc);
    _cleanup_arena_ struct arena *a = arena_new();
    /* Without its number the link is left to go with the namespace that its other end is in. */
    r = index < 0 ? 0 : edge_link_drop(index, e);
    if (r == 0)
        r = dnsmasq_remove(directory_of(n, a, vpc_id), e);
    if (r == 0)
        r = netns_remove(vpc_id, e);
    if (r == 0)
        r = edge_server_answer(&n->edge, e);
    return r < 0 ? err_wrap(e, r, "cannot remove the network of %s", vpc_id) : 0;
}

/* A socket stays in the namespace that it was made in. */
static int socket_inside(const char *vpc_id, int family, int *ret_fd, struct err *e)
{
    _cleanup_close_ int namespace_fd = -1;
    int r = netns_open(vpc_id, &namespace_fd, e);
    if (r < 0)
        return r;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    r = netns_enter(&visit, namespace_fd, e);
    if (r < 0)
        return r;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot make a socket in %s", vpc_id);
    *ret_fd = fd;
    return 0;
}

static int wait_connected(int fd, int timeout_ms)
{
    int64_t deadline = clock_monotonic() + timeout_ms;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        int64_t left = deadline - clock_monotonic();
        int ready = poll(&p, 1, left > 0 ? (int)left : 0);
        if (ready < 0 && errno != EINTR)
            return errno;
        if (ready == 0)
            return ETIMEDOUT;
        int code = 0;
        socklen_t len = sizeof(code);
        if (ready > 0)
            return getsockopt(fd, SOL_SOCKET, SO_ERROR, &code, &len) < 0 ? errno : code;
    }
}

static int linux_connect(struct network *network, const char *vpc_id, const char *private_ip,
                         int port, int timeout_ms, int *ret_fd, struct err *e)
{
    (void)network;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int r = check_vpc_id(vpc_id, e);
    if (r < 0)
        return r;
    if (port < 1 || port > 65535 || inet_pton(AF_INET, private_ip, &to.sin_addr) != 1)
        return err_set(e, EINVAL, "not an address and port: %s, %d", private_ip, port);
    _cleanup_close_ int fd = -1;
    r = socket_inside(vpc_id, AF_INET, &fd, e);
    if (r < 0)
        return r;
    int code = 0;
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
        code = errno == EINPROGRESS ? wait_connected(fd, timeout_ms) : errno;
    if (code != 0)
        return err_errno(e, code, "cannot connect to %s port %d in %s", private_ip, port, vpc_id);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int linux_listen(struct network *network, const char *vpc_id, bool ipv6, int *ret_fd,
                        struct err *e)
{
    (void)network;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } at = {0};
    const char *address = ipv6 ? NETWORK_METADATA_IPV6 : NETWORK_METADATA_IPV4;
    _cleanup_close_ int fd = -1;
    int on = 1;
    int r = check_vpc_id(vpc_id, e);
    if (r == 0)
        r = socket_inside(vpc_id, ipv6 ? AF_INET6 : AF_INET, &fd, e);
    if (r < 0)
        return r;
    at.any.sa_family = ipv6 ? AF_INET6 : AF_INET;
    at.v4.sin_port = htons(80); /* of both: it is in the same place */
    CHECK(inet_pton(at.any.sa_family, address,
                    ipv6 ? (void *)&at.v6.sin6_addr : (void *)&at.v4.sin_addr) == 1);
    /* Connections of an earlier daemon may still be ending. */
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, &at.any, ipv6 ? sizeof(at.v6) : sizeof(at.v4)) < 0 || listen(fd, SOMAXCONN) < 0)
        return err_errno(e, errno, "cannot listen on %s in %s", address, vpc_id);
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int linux_probe(struct network *network, struct arena *a, const struct net_probe *probe,
                       struct net_probed *ret, struct err *e)
{
    struct linux_network *n = self(network);
    _cleanup_close_ int namespace_fd = -1;
    _cleanup_close_ int peer_fd = -1;
    int r = check_vpc_id(probe->vpc_id, e);
    if (r == 0 && probe->peer_vpc_id != NULL)
        r = check_vpc_id(probe->peer_vpc_id, e);
    if (r == 0)
        r = netns_open(probe->vpc_id, &namespace_fd, e);
    if (r == 0 && probe->peer_vpc_id != NULL)
        r = netns_open(probe->peer_vpc_id, &peer_fd, e);
    if (r < 0)
        return r;
    /* What a probe puts up has names of its own: one at a time. */
    (void)pthread_mutex_lock(&n->probing);
    r = probe_run(a, probe, namespace_fd, peer_fd, ret, e);
    (void)pthread_mutex_unlock(&n->probing);
    return r;
}

static int linux_nat_connections(struct network *network, const char *nat_gateway_id,
                                 const char *private_ip, size_t *ret_n, struct err *e)
{
    (void)network;
    return nat_connections(nat_gateway_id, private_ip, ret_n, e);
}

static const char *linux_answers_on(struct network *network, const char *public_ip)
{
    struct linux_network *n = self(network);
    struct net_block address;
    if (n->uplink == NULL || net_ip_parse(public_ip, &address.address) < 0)
        return NULL;
    address = net_block_of(&address.address);
    return edge_server_is_of_lan(&n->edge, &address) ? n->uplink : NULL;
}

static int linux_list(struct network *network, struct arena *a, struct net_names *ret_ids,
                      struct err *e)
{
    (void)network;
    static const char *const kinds[] = {"vpc", "nat"};
    struct net_names ids = {0};
    for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
        struct net_names all = {0};
        int r = netns_list(a, arena_printf(a, "%s-", kinds[k]), &all, e);
        if (r < 0)
            return r;
        for (size_t i = 0; i < all.n; i++)
            if (id_is_wellformed(all.v[i], kinds[k]))
                *arena_append(a, &ids) = all.v[i];
    }
    *ret_ids = ids;
    return 0;
}

static int linux_taps(struct network *network, struct arena *a, const char *vpc_id,
                      struct net_names *ret_taps, struct err *e)
{
    (void)network;
    int r = check_vpc_id(vpc_id, e);
    if (r < 0)
        return r;
    _cleanup_close_ int namespace_fd = -1;
    struct rtnl_links links = {0};
    struct net_names taps = {0};
    r = netns_open(vpc_id, &namespace_fd, e);
    if (r == -ENOENT) {
        *ret_taps = taps;
        return 0;
    }
    {
        _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
        _cleanup_rtnl_ struct rtnl rtnl = RTNL_CLOSED;
        if (r == 0)
            r = netns_enter(&visit, namespace_fd, e);
        if (r == 0)
            r = rtnl_open(&rtnl, e);
        if (r == 0)
            r = rtnl_links(&rtnl, a, &links, e);
    }
    if (r < 0)
        return err_wrap(e, r, "cannot list the taps of %s", vpc_id);
    for (size_t i = 0; i < links.n; i++)
        if (links.v[i].master != 0)
            *arena_append(a, &taps) = links.v[i].name;
    *ret_taps = taps;
    return 0;
}

static int linux_follow(struct network *network, const char *vpc_id,
                        const struct flow_listener *listener, void *ctx, struct flow_capture **ret,
                        struct err *e)
{
    (void)network;
    int r = check_vpc_id(vpc_id, e);
    return r < 0 ? r : flow_capture_open(vpc_id, listener, ctx, ret, e);
}

static void linux_free(struct network *network)
{
    struct linux_network *n = self(network);
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->n_vpcs; i++)
        applied_free(n->vpcs[i]);
    free(n->vpcs);
    free(n->directory);
    free(n->dnsmasq_user);
    free(n->uplink);
    free(n->resolver);
    (void)pthread_mutex_destroy(&n->lock);
    (void)pthread_mutex_destroy(&n->probing);
    free(n);
}

static const struct network_ops linux_ops = {
    .name = "linux",
    .apply = linux_apply,
    .differing = linux_differing,
    .plug = linux_plug,
    .unplug = linux_unplug,
    .remove = linux_remove,
    .connect = linux_connect,
    .listen = linux_listen,
    .accept = network_accept,
    .probe = linux_probe,
    .nat_connections = linux_nat_connections,
    .answers_on = linux_answers_on,
    .list = linux_list,
    .taps = linux_taps,
    .follow = linux_follow,
    .free = linux_free,
};

DEFINE_CLEANUP(cleanup_network, struct network, linux_free)

static char *copy(const char *s)
{
    char *c = str_empty(s) ? NULL : strdup(s);
    CHECK_MEMORY(c != NULL || str_empty(s));
    return c;
}

static int check_config(const struct linux_network_config *config, struct err *e)
{
    uint32_t address = 0;
    if (geteuid() != 0)
        return err_set(e, EPERM, "the network needs root");
    if (str_empty(config->runtime_dir) || config->runtime_dir[0] != '/')
        return err_set(e, EINVAL, "the runtime directory is not an absolute path");
    if (!str_empty(config->uplink) &&
        (!ruleset_word_ok(config->uplink) || strlen(config->uplink) > 15))
        return err_set(e, EINVAL, "not the name of an interface: %s", config->uplink);
    if (!str_empty(config->resolver) && ipv4_parse(config->resolver, &address) < 0)
        return err_set(e, EINVAL, "not the IPv4 address of a name server: %s", config->resolver);
    return 0;
}

/* What root writes must not be led elsewhere by somebody who may write beside it. */
static int make_directory(const char *path, struct err *e)
{
    struct stat st;
    int r = dir_make(path, 0755, e);
    if (r == 0 && lstat(path, &st) < 0)
        r = err_errno(e, errno, "cannot look at %s", path);
    if (r == 0 && (!S_ISDIR(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) != 0))
        r = err_set(e, EPERM, "%s is not a directory that root alone may write: remove it", path);
    return r;
}

int linux_network_new(const struct linux_network_config *config, struct network **ret_network,
                      struct err *e)
{
    int r = check_config(config, e);
    if (r < 0)
        return r;
    struct linux_network *n = calloc(1, sizeof(*n));
    CHECK_MEMORY(n != NULL);
    _cleanup_(cleanup_network) struct network *network = &n->base;
    n->base.ops = &linux_ops;
    (void)pthread_mutex_init(&n->lock, NULL);
    (void)pthread_mutex_init(&n->probing, NULL);
    n->uplink = copy(config->uplink);
    n->resolver = copy(config->resolver);
    n->edge.pools = config->public_addresses;
    n->edge.uplink = n->uplink;
    n->edge.resolver = n->resolver;
    n->edge.has_prefix = !str_empty(config->ipv6_prefix);
    if (n->edge.has_prefix && (net_block_parse(config->ipv6_prefix, &n->edge.prefix) < 0 ||
                               !n->edge.prefix.address.is_ipv6))
        return err_set(e, EINVAL, "not a block of IPv6: %s", config->ipv6_prefix);
    /* Debian's package makes a user for it; elsewhere it has its own idea. */
    n->dnsmasq_user = getpwnam("dnsmasq") != NULL ? copy("dnsmasq") : NULL;
    if (asprintf(&n->directory, "%s/" LINUX_NETWORK_DIRECTORY, config->runtime_dir) < 0)
        n->directory = NULL;
    CHECK_MEMORY(n->directory != NULL);
    r = make_directory(n->directory, e);
    if (r == 0)
        r = edge_server_put(&n->edge, true, e);
    if (r < 0)
        return r;
    *ret_network = TAKE(network);
    return 0;
}
