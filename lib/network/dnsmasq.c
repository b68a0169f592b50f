#include "network/dnsmasq.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/child.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "core/hostname.h"
#include "network/block.h"
#include "network/netns.h"
#include "network/rules.h"

#define LEASE_SECONDS 3600 /* as in EC2 */
#define LEASES_MAX    65536
#define HOST_MAX      8192 /* a file of hosts/ or names/: 50 addresses of each family fit */
#define CONFIG_MAX    (1 << 20)
#define FORWARDS_MAX  12288
#define CACHED_NAMES  1000
#define END_WAIT_MS   2000
#define START_WAIT_MS 15000

/* --- configuration */

/* The names under which DNS asks for the addresses of the block, as far as whole bytes go. */
static void add_reverse(struct buf *out, const struct net_block *block)
{
    buf_add_str(out, "local=/");
    for (int i = block->length / 8; i-- > 0;)
        buf_printf(out, "%u.", block->address.bytes[i]);
    buf_add_str(out, "in-addr.arpa/\n");
}

static int add_subnet(struct buf *out, const struct net_subnet *s, struct err *e)
{
    struct cidr block;
    struct net_block ipv6;
    if (cidr_parse(s->cidr, &block) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", s->subnet_id, s->cidr);
    (void)cidr_normalize(&block);
    char network[IPV4_TEXT_SIZE];
    char mask[IPV4_TEXT_SIZE];
    char router[IPV4_TEXT_SIZE];
    ipv4_format(block.address, network);
    ipv4_format(cidr_mask(&block), mask);
    ipv4_format(block.address + 1, router);
    buf_printf(out, "dhcp-range=set:%s,%s,static,%s,%d\n", s->bridge, network, mask, LEASE_SECONDS);
    buf_printf(out, "dhcp-option=tag:%s,option:router,%s\n", s->bridge, router);
    if (s->ipv6_cidr == NULL)
        return 0;
    if (net_block_parse(s->ipv6_cidr, &ipv6) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", s->subnet_id, s->ipv6_cidr);
    char first[NET_IP_TEXT_SIZE];
    net_ip_format(&ipv6.address, first);
    buf_printf(out, "dhcp-range=set:%s,%s,static,off-link,%d,%d\n", s->bridge, first, ipv6.length,
               LEASE_SECONDS);
    return 0;
}

/* A list of servers of one family, `own` for the VPC's own. An option without a value keeps
 * dnsmasq from naming itself. */
static void add_servers(struct buf *out, const char *option, const char *const *servers, size_t n,
                        bool is_ipv6, const char *own)
{
    const char *before = ",";
    buf_printf(out, "dhcp-option=%s", option);
    for (size_t i = 0; i < n; i++) {
        struct net_ip ip;
        if (streq(servers[i], NET_OWN_RESOLVER) && own != NULL)
            buf_printf(out, is_ipv6 ? ",[%s]" : ",%s", own);
        else if (net_ip_parse(servers[i], &ip) == 0 && ip.is_ipv6 == is_ipv6)
            buf_printf(out, is_ipv6 ? "%s[%s]" : "%s%s", before, servers[i]);
    }
    buf_add_char(out, '\n');
}

static void add_options(struct buf *out, const struct net_vpc *intent, const char *resolver)
{
    const struct net_dhcp *d = &intent->dhcp;
    if (!streq(d->domain_name, intent->domain))
        buf_printf(out, "dhcp-option=option:domain-name%s%s\n", d->domain_name == NULL ? "" : ",",
                   d->domain_name == NULL ? "" : d->domain_name);
    add_servers(out, "option:dns-server", d->name_servers, d->n_name_servers, false, resolver);
    if (d->n_ntp_servers > 0)
        add_servers(out, "option:ntp-server", d->ntp_servers, d->n_ntp_servers, false, NULL);
    if (d->n_netbios_name_servers > 0)
        add_servers(out, "option:netbios-ns", d->netbios_name_servers, d->n_netbios_name_servers,
                    false, NULL);
    if (d->netbios_node_type != NULL)
        buf_printf(out, "dhcp-option=option:netbios-nodetype,%s\n", d->netbios_node_type);
    if (intent->n_ipv6_cidrs == 0)
        return;
    add_servers(out, "option6:dns-server", d->name_servers, d->n_name_servers, true,
                RULES_RESOLVER_IPV6);
    if (d->n_ntp_servers > 0)
        add_servers(out, "option6:ntp-server", d->ntp_servers, d->n_ntp_servers, true, NULL);
}

int dnsmasq_config_build(const struct net_vpc *intent, const struct dnsmasq_options *options,
                         struct buf *out, struct err *e)
{
    struct net_block block;
    if (net_block_parse(intent->cidrs[0], &block) < 0)
        return err_set(e, EINVAL, "%s: not a CIDR block: %s", intent->vpc_id, intent->cidrs[0]);
    char resolver[NET_IP_TEXT_SIZE];
    struct net_ip second = net_block_nth(&block, 2);
    net_ip_format(&second, resolver);

    buf_printf(out, "# DHCP and DNS of %s. Written by croftd.\n", intent->vpc_id);
    buf_printf(out, "pid-file=%s/dnsmasq.pid\n", options->directory);
    if (options->user != NULL)
        buf_printf(out, "user=%s\n", options->user);
    buf_add_str(out, "except-interface=edge0\n"
                     "no-hosts\n"
                     "no-resolv\n"
                     "no-poll\n"
                     "domain-needed\n"
                     "bogus-priv\n");
    /* A question of a guest that nobody answers is kept for ten seconds; that many it may ask in
     * them (rules_limits.c), and others' find room beside. */
    buf_printf(out, "dns-forward-max=%d\ncache-size=%d\n", FORWARDS_MAX, CACHED_NAMES);
    buf_printf(out, "hostsdir=%s/names\n", options->directory);
    buf_printf(out, "domain=%s\n", intent->domain);
    /* Names of the VPC are answered here or not at all; they never go upstream. */
    buf_printf(out, "local=/%s/\n", intent->domain);
    for (size_t i = 0; i < intent->n_cidrs; i++) {
        if (net_block_parse(intent->cidrs[i], &block) < 0)
            return err_set(e, EINVAL, "%s: not a CIDR block: %s", intent->vpc_id, intent->cidrs[i]);
        add_reverse(out, &block);
    }
    for (size_t i = 0; i < intent->n_reverse_names; i++) {
        uint32_t ip = 0;
        if (ipv4_parse(intent->reverse_names[i].public_ip, &ip) < 0)
            return err_set(e, EINVAL, "not an address: %s", intent->reverse_names[i].public_ip);
        buf_printf(out, "ptr-record=%u.%u.%u.%u.in-addr.arpa,%s\n", ip & 255, ip >> 8 & 255,
                   ip >> 16 & 255, ip >> 24, intent->reverse_names[i].name);
    }
    if (options->upstream != NULL)
        buf_printf(out, "server=%s\n", options->upstream);
    else
        buf_add_str(out, "local=/#/\n");

    buf_printf(out, "dhcp-hostsdir=%s/hosts\n", options->directory);
    /* Leases follow from the hosts alone, so none are kept for the next start. No address is
     * probed before it is given out: nobody else can have it. */
    buf_add_str(out, "leasefile-ro\n"
                     "dhcp-authoritative\n"
                     "dhcp-rapid-commit\n"
                     "dhcp-ignore=tag:!known\n"
                     "dhcp-ignore-names\n" /* what a guest calls itself is no name of the VPC */
                     "no-ping\n"
                     "quiet-dhcp\n");
    if (intent->n_ipv6_cidrs > 0)
        buf_add_str(out, "enable-ra\n"
                         "quiet-dhcp6\n"
                         "quiet-ra\n");
    buf_printf(out, "dhcp-lease-max=%d\n", LEASES_MAX);
    add_options(out, intent, resolver);
    for (size_t i = 0; i < intent->n_subnets; i++) {
        int r = add_subnet(out, &intent->subnets[i], e);
        if (r < 0)
            return r;
    }
    return out->failed ? err_set(e, EFBIG, "%s has too many subnets", intent->vpc_id) : 0;
}

/* --- files */

static int path_of(char out[static PATH_MAX], const char *directory, const char *below,
                   const char *name, struct err *e)
{
    int n = snprintf(out, PATH_MAX, "%s/%s%s", directory, below, name);
    if (n < 0 || n >= PATH_MAX)
        return err_set(e, ENAMETOOLONG, "the path of %s is too long", name);
    return 0;
}

/* Readable for dnsmasq's user whatever the daemon's umask is. */
static int make_directory(const char *path, struct err *e)
{
    int r = dir_make(path, 0755, e);
    if (r == 0 && chmod(path, 0755) < 0)
        r = err_errno(e, errno, "cannot make %s readable", path);
    return r;
}

/* Written aside and renamed, so that dnsmasq never reads half of it; it skips names with a dot in
 * front. Not synced: what a power loss takes was of this boot. */
static int write_line(const char *directory, const char *below, const char *name, const char *line,
                      struct err *e)
{
    char path[PATH_MAX];
    char aside[PATH_MAX];
    char hidden[NAME_MAX];
    int n = snprintf(hidden, sizeof(hidden), ".%s", name);
    if (n < 0 || n >= (int)sizeof(hidden))
        return err_set(e, ENAMETOOLONG, "the name %s is too long", name);
    int r = path_of(path, directory, below, name, e);
    if (r == 0)
        r = path_of(aside, directory, below, hidden, e);
    if (r < 0)
        return r;
    _cleanup_close_ int fd =
        open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    size_t len = strlen(line);
    if (fd < 0 || fchmod(fd, 0644) < 0)
        return err_errno(e, errno, "cannot write %s", aside);
    ssize_t written = write(fd, line, len);
    if (written != (ssize_t)len)
        return err_errno(e, written < 0 ? errno : ENOSPC, "cannot write %s", aside);
    if (rename(aside, path) < 0)
        return err_errno(e, errno, "cannot rename %s", aside);
    return 0;
}

/* The names of an interface's first address. What is asked for the address hears the first of
 * them. */
static const char *first_names(struct arena *a, const char *domain, const struct net_port *port,
                               const char *ip_name)
{
    const char *ip = port->addresses[0].private_ip;
    if (port->resource_a == NULL)
        return arena_printf(a, "%s %s.%s\n", ip, ip_name, domain);
    bool by_address = streq(port->hostname, ip_name);
    return arena_printf(a, "%s %s.%s %s.%s\n", ip, by_address ? ip_name : port->resource_a, domain,
                        by_address ? port->resource_a : ip_name, domain);
}

/*
 * The name that DHCP gives. dnsmasq resolves it while there is a lease, to the addresses of both
 * families; so a name that is not to be resolved is not given (the guest has it from its seed).
 */
static const char *dhcp_name(struct arena *a, const struct net_port *port, const char *ip_name)
{
    bool is_told = streq(port->hostname, ip_name) ||
                   (port->resource_a != NULL && (port->n_ipv6 == 0 || port->resource_aaaa != NULL));
    return is_told ? arena_printf(a, ",%s", port->hostname) : "";
}

struct dnsmasq_host dnsmasq_host_of(struct arena *a, const char *domain,
                                    const struct net_port *port)
{
    const char *ip = port->addresses[0].private_ip;
    const char *addresses = ip;
    const char *ip_name = hostname_of(a, "ip", ip);
    const char *names = first_names(a, domain, port, ip_name);
    for (size_t i = 1; i < port->n_addresses; i++) {
        ip = port->addresses[i].private_ip;
        names = arena_printf(a, "%s%s %s.%s\n", names, ip, hostname_of(a, "ip", ip), domain);
    }
    if (port->resource_aaaa != NULL && port->n_ipv6 > 0)
        names = arena_printf(a, "%s%s %s.%s\n", names, port->ipv6[0], port->resource_aaaa, domain);
    for (size_t i = 0; i < port->n_ipv6; i++)
        addresses = arena_printf(a, "%s,[%s]", addresses, port->ipv6[i]);
    return (struct dnsmasq_host){
        .interface_id = port->interface_id,
        .mac = port->mac,
        .private_ip = port->addresses[0].private_ip,
        .has_ipv6 = port->n_ipv6 > 0,
        /* id:* has the MAC alone decide: one guest speaks with several client ids (firmware,
           initramfs, system). */
        .host =
            arena_printf(a, "%s,id:*,%s%s\n", port->mac, addresses, dhcp_name(a, port, ip_name)),
        .names = names,
    };
}

int dnsmasq_host_put(const char *directory, const struct dnsmasq_host *host, struct err *e)
{
    if (strlen(host->host) >= HOST_MAX || strlen(host->names) >= HOST_MAX)
        return err_set(e, E2BIG, "%s has too many addresses", host->interface_id);
    int r = write_line(directory, "names/", host->interface_id, host->names, e);
    return r < 0 ? r : write_line(directory, "hosts/", host->interface_id, host->host, e);
}

int dnsmasq_host_drop(const char *directory, const char *interface_id, struct err *e)
{
    static const char *const below[] = {"hosts/", "names/"};
    for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
        char path[PATH_MAX];
        int r = path_of(path, directory, below[i], interface_id, e);
        if (r < 0)
            return r;
        if (unlink(path) < 0 && errno != ENOENT)
            return err_errno(e, errno, "cannot remove %s", path);
    }
    return 0;
}

static const char *read_text(struct arena *a, const char *directory, const char *below,
                             const char *name)
{
    char path[PATH_MAX];
    _cleanup_buf_ struct buf text = BUF_INIT(HOST_MAX);
    if (path_of(path, directory, below, name, NULL) < 0 || file_read(path, &text, NULL) < 0)
        return NULL;
    return arena_strdup(a, buf_str(&text));
}

static bool read_host(struct arena *a, const char *directory, const char *name,
                      struct dnsmasq_host *ret_host)
{
    const char *host = read_text(a, directory, "hosts/", name);
    const char *names = read_text(a, directory, "names/", name);
    if (host == NULL)
        return false;
    char *rest = arena_strdup(a, host);
    const char *mac = strsep(&rest, ",");
    const char *id = strsep(&rest, ",");
    const char *address = strsep(&rest, ",\n");
    uint32_t value = 0;
    if (id == NULL || address == NULL || ipv4_parse(address, &value) < 0)
        return false;
    *ret_host = (struct dnsmasq_host){.interface_id = arena_strdup(a, name),
                                      .mac = mac,
                                      .private_ip = address,
                                      .has_ipv6 = strchr(host, '[') != NULL,
                                      .host = host,
                                      .names = names};
    return true;
}

int dnsmasq_hosts_read(const char *directory, struct arena *a, struct dnsmasq_hosts *ret_hosts,
                       struct err *e)
{
    char path[PATH_MAX];
    int r = path_of(path, directory, "hosts", "", e);
    if (r < 0)
        return r;
    struct dnsmasq_hosts hosts = {0};
    DIR *d = opendir(path);
    if (d == NULL && errno != ENOENT)
        return err_errno(e, errno, "cannot read %s", path);
    for (const struct dirent *entry; d != NULL && (entry = readdir(d)) != NULL;) {
        struct dnsmasq_host host;
        if (hosts.n < LEASES_MAX && entry->d_name[0] != '.' &&
            read_host(a, directory, entry->d_name, &host))
            *arena_append(a, &hosts) = host;
    }
    if (d != NULL)
        (void)closedir(d);
    *ret_hosts = hosts;
    return 0;
}

/* --- the process */

bool dnsmasq_has_ended(int pidfd)
{
    if (pidfd < 0)
        return true;
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, 0) != 0;
}

/* Does this process run from our configuration file? A pid file outlives its process. */
static bool runs_from(pid_t pid, const char *directory)
{
    char path[64];
    char option[PATH_MAX + 16];
    int n = snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
    int m = snprintf(option, sizeof(option), "--conf-file=%s/dnsmasq.conf", directory);
    (void)n;
    _cleanup_buf_ struct buf text = BUF_INIT((size_t)2 * PATH_MAX);
    if (m < 0 || m >= (int)sizeof(option) || file_read(path, &text, NULL) < 0)
        return false;
    const char *words = buf_str(&text);
    for (size_t at = 0; at < text.len; at += strlen(words + at) + 1)
        if (at > 0 && streq(words + at, option))
            return true;
    return false;
}

/* The process named by the pid file, or -1. Once the descriptor is open the pid cannot become
 * another's, so the look at its command line is about the process that the descriptor is about. */
static int find(const char *directory, pid_t *ret_pid)
{
    char path[PATH_MAX];
    _cleanup_buf_ struct buf text = BUF_INIT(32);
    if (path_of(path, directory, "dnsmasq.pid", "", NULL) < 0 || file_read(path, &text, NULL) < 0)
        return -1;
    char number[32];
    int n = snprintf(number, sizeof(number), "%.*s", (int)strcspn(buf_str(&text), "\n"),
                     buf_str(&text));
    int64_t pid = 0;
    if (n < 0 || parse_int64(number, &pid) < 0 || pid <= 1 || pid > INT32_MAX)
        return -1;
    _cleanup_close_ int fd = pidfd_open((pid_t)pid, 0);
    if (fd < 0 || !runs_from((pid_t)pid, directory) || dnsmasq_has_ended(fd))
        return -1;
    *ret_pid = (pid_t)pid;
    return TAKE_FD(fd);
}

static int end(int pidfd, struct err *e)
{
    static const int signals[] = {SIGTERM, SIGKILL};
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        if (pidfd_send_signal(pidfd, signals[i], NULL, 0) < 0 && errno != ESRCH)
            return err_errno(e, errno, "cannot end dnsmasq");
        struct pollfd p = {.fd = pidfd, .events = POLLIN};
        if (poll(&p, 1, END_WAIT_MS) > 0)
            return 0;
    }
    return err_set(e, ETIMEDOUT, "dnsmasq does not end");
}

static bool is_in_namespace(pid_t pid, int namespace_fd)
{
    char path[64];
    struct stat its;
    struct stat wanted;
    int n = snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
    (void)n;
    return stat(path, &its) == 0 && fstat(namespace_fd, &wanted) == 0 &&
           its.st_dev == wanted.st_dev && its.st_ino == wanted.st_ino;
}

static bool has_config(const char *directory, const char *config)
{
    char path[PATH_MAX];
    _cleanup_buf_ struct buf text = BUF_INIT(CONFIG_MAX);
    return path_of(path, directory, "dnsmasq.conf", "", NULL) == 0 &&
           file_read(path, &text, NULL) == 0 && streq(buf_str(&text), config);
}

static int run(const char *directory, int namespace_fd, struct err *e)
{
    char option[PATH_MAX + 16];
    int n = snprintf(option, sizeof(option), "--conf-file=%s/dnsmasq.conf", directory);
    if (n < 0 || n >= (int)sizeof(option))
        return err_set(e, ENAMETOOLONG, "the path %s is too long", directory);
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    int r = netns_enter(&visit, namespace_fd, e);
    if (r < 0)
        return r;
    /* It returns when its child serves and the pid file is written. */
    return child_run(&(struct child){.argv = (const char *const[]){"dnsmasq", option, NULL},
                                     .timeout_ms = START_WAIT_MS},
                     e);
}

static int start(const char *directory, int namespace_fd, int *pidfd, struct err *e)
{
    pid_t pid = 0;
    int r = run(directory, namespace_fd, e);
    if (r < 0)
        return r;
    int started = find(directory, &pid);
    if (started < 0)
        return err_set(e, EIO, "dnsmasq ended at once");
    cleanup_close(pidfd);
    *pidfd = started;
    return 0;
}

int dnsmasq_ensure(const char *directory, const char *config, int namespace_fd, int *pidfd,
                   struct err *e)
{
    char path[PATH_MAX];
    static const char *const below[] = {"", "hosts", "names"};
    for (size_t i = 0; i < ARRAY_SIZE(below); i++) {
        int r = path_of(path, directory, below[i], "", e);
        if (r == 0)
            r = make_directory(path, e);
        if (r < 0)
            return r;
    }

    pid_t pid = 0;
    _cleanup_close_ int found = find(directory, &pid);
    if (found >= 0 && is_in_namespace(pid, namespace_fd) && has_config(directory, config)) {
        cleanup_close(pidfd);
        *pidfd = TAKE_FD(found);
        return 0;
    }
    int r = found >= 0 ? end(found, e) : 0;
    if (r == 0)
        r = write_line(directory, "", "dnsmasq.conf", config, e);
    return r < 0 ? r : start(directory, namespace_fd, pidfd, e);
}

int dnsmasq_restart(const char *directory, int namespace_fd, int *pidfd, struct err *e)
{
    int r = end(*pidfd, e);
    return r < 0 ? r : start(directory, namespace_fd, pidfd, e);
}

int dnsmasq_remove(const char *directory, struct err *e)
{
    pid_t pid = 0;
    _cleanup_close_ int found = find(directory, &pid);
    int r = found >= 0 ? end(found, e) : 0;
    return r < 0 ? r : dir_remove(directory, e);
}

int dnsmasq_reload(int pidfd, struct err *e)
{
    if (pidfd_send_signal(pidfd, SIGHUP, NULL, 0) < 0)
        return err_errno(e, errno, "cannot signal dnsmasq");
    return 0;
}

/* --- RFC 2131 */

struct __attribute__((packed)) dhcp_packet {
    uint8_t op, hardware_type, hardware_length, hops;
    uint32_t transaction;
    uint16_t seconds, flags;
    uint32_t client, yours, server, relay;
    uint8_t hardware[16], server_name[64], file[128];
    uint32_t magic;
    uint8_t options[64];
};

int dnsmasq_release(const struct dnsmasq_host *host, const char *bridge, const char *router,
                    struct err *e)
{
    struct dhcp_packet p = {.op = 1, .hardware_type = 1, .hardware_length = 6};
    unsigned int mac[6];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(67)};
    if (sscanf(host->mac, "%2x:%2x:%2x:%2x:%2x:%2x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
               &mac[5]) != 6 ||
        inet_pton(AF_INET, host->private_ip, &p.client) != 1 ||
        inet_pton(AF_INET, router, &to.sin_addr) != 1)
        return err_set(e, EINVAL, "%s has a malformed address", host->interface_id);
    for (size_t i = 0; i < ARRAY_SIZE(mac); i++)
        p.hardware[i] = (uint8_t)mac[i];
    p.transaction = p.client;
    p.magic = htonl(0x63825363);
    uint8_t *o = p.options;
    *o++ = 53; /* message type */
    *o++ = 1;
    *o++ = 7;  /* DHCPRELEASE */
    *o++ = 54; /* server */
    *o++ = 4;
    memcpy(o, &to.sin_addr, 4);
    o += 4;
    *o = 255;

    /* Over loopback, but bound to the bridge: by its interface dnsmasq knows the subnet. */
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, bridge, (socklen_t)strlen(bridge) + 1) < 0 ||
        sendto(fd, &p, sizeof(p), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
        return err_errno(e, errno, "cannot release the lease of %s", host->private_ip);
    return 0;
}
