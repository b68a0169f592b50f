#include "network/fake.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"

#define VPCS_MAX 65536

struct fake_tap {
    char *interface_id;
    char *nat_gateway_id; /* NULL: a guest's */
    char *tap;
};

struct fake_vpc {
    char *vpc_id;    /* or the id of a NAT gateway, which has a namespace of its own */
    bool listens[2]; /* IPv4, IPv6 */
    struct fake_tap *taps;
    size_t n_taps;
};

struct fake_network {
    struct network base;
    char *directory; /* of sockets; NULL: none */
    pthread_mutex_t lock;
    struct fake_vpc *vpcs;
    size_t n_vpcs;
};

static struct fake_network *self(struct network *n)
{
    return (struct fake_network *)n;
}

static char *copy(const char *s)
{
    char *c = strdup(s);
    CHECK_MEMORY(c != NULL);
    return c;
}

static void *grown(void *v, size_t n, size_t size)
{
    void *larger = reallocarray(v, n, size);
    CHECK_MEMORY(larger != NULL);
    return larger;
}

static struct fake_vpc *find_vpc(struct fake_network *f, const char *vpc_id)
{
    for (size_t i = 0; i < f->n_vpcs; i++)
        if (streq(f->vpcs[i].vpc_id, vpc_id))
            return &f->vpcs[i];
    return NULL;
}

static const struct net_port *find_port(const struct net_vpc *intent, const char *interface_id)
{
    for (size_t i = 0; i < intent->n_ports; i++)
        if (streq(intent->ports[i].interface_id, interface_id))
            return &intent->ports[i];
    return NULL;
}

/* One that is there stays. */
static void put_tap(struct fake_vpc *vpc, const struct net_port *port)
{
    for (size_t i = 0; i < vpc->n_taps; i++)
        if (streq(vpc->taps[i].interface_id, port->interface_id))
            return;
    vpc->taps = grown(vpc->taps, vpc->n_taps + 1, sizeof(*vpc->taps));
    vpc->taps[vpc->n_taps++] = (struct fake_tap){
        .interface_id = copy(port->interface_id),
        .nat_gateway_id = port->nat_gateway_id == NULL ? NULL : copy(port->nat_gateway_id),
        .tap = copy(port->tap)};
}

static void drop_tap(struct fake_vpc *vpc, size_t i)
{
    free(vpc->taps[i].interface_id);
    free(vpc->taps[i].nat_gateway_id);
    free(vpc->taps[i].tap);
    vpc->taps[i] = vpc->taps[--vpc->n_taps];
}

static void clear_vpc(struct fake_vpc *vpc)
{
    while (vpc->n_taps > 0)
        drop_tap(vpc, vpc->n_taps - 1);
    free(vpc->taps);
    free(vpc->vpc_id);
}

static void drop_vpc(struct fake_network *f, const char *vpc_id)
{
    struct fake_vpc *vpc = find_vpc(f, vpc_id);
    if (vpc == NULL)
        return;
    clear_vpc(vpc);
    *vpc = f->vpcs[--f->n_vpcs];
}

static int put_vpc(struct fake_network *f, const char *vpc_id, struct err *e)
{
    if (find_vpc(f, vpc_id) != NULL)
        return 0;
    if (f->n_vpcs == VPCS_MAX)
        return err_set(e, ENOSPC, "no more than %d VPCs fit", VPCS_MAX);
    f->vpcs = grown(f->vpcs, f->n_vpcs + 1, sizeof(*f->vpcs));
    f->vpcs[f->n_vpcs++] = (struct fake_vpc){.vpc_id = copy(vpc_id)};
    return 0;
}

static bool is_of(const struct net_part *part, const char *interface_id)
{
    for (size_t i = 0; part != NULL && i < part->n; i++)
        if (streq(part->interface_ids[i], interface_id))
            return true;
    return part == NULL;
}

/* Those that the VPC has, and no longer those that it had. */
static int put_nats(struct fake_network *f, const struct net_vpc *intent,
                    const struct net_part *part, struct err *e)
{
    struct fake_vpc *vpc = find_vpc(f, intent->vpc_id);
    int r = 0;
    for (size_t i = vpc->n_taps; i-- > 0;) {
        const struct net_port *port = find_port(intent, vpc->taps[i].interface_id);
        if (port != NULL || !is_of(part, vpc->taps[i].interface_id))
            continue;
        /* A tap goes with its guest; here the port's end is the only sign of that. */
        if (vpc->taps[i].nat_gateway_id != NULL) {
            drop_vpc(f, vpc->taps[i].nat_gateway_id);
            vpc = find_vpc(f, intent->vpc_id);
        }
        drop_tap(vpc, i);
    }
    for (size_t i = 0; i < intent->n_ports && r == 0; i++)
        if (intent->ports[i].nat_gateway_id != NULL) {
            r = put_vpc(f, intent->ports[i].nat_gateway_id, e);
            if (r == 0)
                put_tap(find_vpc(f, intent->vpc_id), &intent->ports[i]);
        }
    return r;
}

static int fake_apply(struct network *n, const struct net_vpc *intent, const struct net_part *part,
                      struct err *e)
{
    struct fake_network *f = self(n);
    int r = 0;
    (void)pthread_mutex_lock(&f->lock);
    if (part != NULL && find_vpc(f, intent->vpc_id) == NULL)
        r = err_set(e, ESTALE, "nothing of %s is known", intent->vpc_id);
    if (r == 0)
        r = put_vpc(f, intent->vpc_id, e);
    if (r == 0)
        r = put_nats(f, intent, part, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static size_t fake_differing(struct network *n, const struct net_vpc *intent)
{
    (void)n, (void)intent;
    return 0; /* it remembers no ports */
}

static int fake_plug(struct network *n, const struct net_vpc *intent, const char *interface_id,
                     struct err *e)
{
    struct fake_network *f = self(n);
    const struct net_port *port = find_port(intent, interface_id);
    if (port == NULL)
        return err_set(e, ENOENT, "%s has no interface %s", intent->vpc_id, interface_id);
    int r = 0;
    (void)pthread_mutex_lock(&f->lock);
    struct fake_vpc *vpc = find_vpc(f, intent->vpc_id);
    if (vpc == NULL)
        r = err_set(e, ENOENT, "there is no namespace %s", intent->vpc_id);
    else
        put_tap(vpc, port);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

static int fake_unplug(struct network *n, const char *vpc_id, const char *tap, struct err *e)
{
    struct fake_network *f = self(n);
    (void)e;
    (void)pthread_mutex_lock(&f->lock);
    struct fake_vpc *vpc = find_vpc(f, vpc_id);
    for (size_t i = vpc == NULL ? 0 : vpc->n_taps; i-- > 0;)
        if (streq(vpc->taps[i].tap, tap))
            drop_tap(vpc, i);
    (void)pthread_mutex_unlock(&f->lock);
    return 0;
}

static int fake_remove(struct network *n, const char *vpc_id, int64_t index, struct err *e)
{
    struct fake_network *f = self(n);
    (void)index;
    (void)e;
    (void)pthread_mutex_lock(&f->lock);
    drop_vpc(f, vpc_id);
    (void)pthread_mutex_unlock(&f->lock);
    return 0;
}

static int fake_connect(struct network *n, const char *vpc_id, const char *private_ip, int port,
                        int timeout_ms, int *ret_fd, struct err *e)
{
    (void)n;
    (void)timeout_ms;
    (void)ret_fd;
    return err_set(e, EOPNOTSUPP,
                   "cannot connect to %s port %d in %s: the network of this daemon is the fake one",
                   private_ip, port, vpc_id);
}

static int socket_path(const struct fake_network *f, const char *vpc_id, bool ipv6,
                       struct sockaddr_un *ret, struct err *e)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/%s%s", f->directory, vpc_id,
                     ipv6 ? "-ipv6" : "");
    if (n < 0 || n >= (int)sizeof(at.sun_path))
        return err_set(e, ENAMETOOLONG, "the path of the socket of %s is too long", vpc_id);
    *ret = at;
    return 0;
}

static int listen_locked(struct fake_network *f, const char *vpc_id, bool ipv6, int *ret_fd,
                         struct err *e)
{
    struct fake_vpc *vpc = find_vpc(f, vpc_id);
    struct sockaddr_un at;
    if (vpc == NULL)
        return err_set(e, ENOENT, "there is no namespace %s", vpc_id);
    if (vpc->listens[ipv6])
        return err_set(e, EADDRINUSE, "%s has a socket", vpc_id);
    int r = f->directory == NULL
                ? err_set(e, EOPNOTSUPP, "this network of the fake kind does not listen")
                : socket_path(f, vpc_id, ipv6, &at, e);
    if (r < 0)
        return r;
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_errno(e, errno, "cannot make a socket");
    (void)unlink(at.sun_path); /* of an earlier daemon */
    if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, SOMAXCONN) < 0)
        return err_errno(e, errno, "cannot listen on %s", at.sun_path);
    vpc->listens[ipv6] = true;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int fake_listen(struct network *n, const char *vpc_id, bool ipv6, int *ret_fd, struct err *e)
{
    struct fake_network *f = self(n);
    (void)pthread_mutex_lock(&f->lock);
    int r = listen_locked(f, vpc_id, ipv6, ret_fd, e);
    (void)pthread_mutex_unlock(&f->lock);
    return r;
}

/* Whose address is the client's socket bound to? */
static int guest_of(const struct sockaddr_un *from, socklen_t len, struct sockaddr_storage *ret)
{
    char address[INET6_ADDRSTRLEN] = "";
    struct sockaddr_storage guest = {0};
    struct sockaddr_in *v4 = (struct sockaddr_in *)&guest;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&guest;
    size_t head = offsetof(struct sockaddr_un, sun_path) + 1;
    size_t n = 0;
    if (len <= head || from->sun_path[0] != '\0')
        return -EPERM;
    while (n < len - head && n < sizeof(address) - 1 && from->sun_path[1 + n] != '/')
        n++;
    memcpy(address, from->sun_path + 1, n);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1)
        guest.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1)
        guest.ss_family = AF_INET6;
    else
        return -EPERM;
    *ret = guest;
    return 0;
}

static int fake_accept(struct network *n, int listener, struct sockaddr_storage *ret_from,
                       int *ret_fd)
{
    (void)n;
    struct sockaddr_un from = {0};
    socklen_t len = sizeof(from);
    _cleanup_close_ int fd =
        accept4(listener, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return -errno;
    int r = guest_of(&from, len, ret_from);
    if (r == 0)
        *ret_fd = TAKE_FD(fd);
    return r;
}

static int fake_probe(struct network *n, struct arena *a, const struct net_probe *probe,
                      struct net_probed *ret, struct err *e)
{
    (void)n;
    (void)a;
    (void)ret;
    return err_set(e, EOPNOTSUPP,
                   "cannot send a packet to %s in %s: the network of this daemon is the fake one",
                   probe->destination, probe->vpc_id);
}

/* Nobody is connected to anything. */
static int fake_nat_connections(struct network *n, const char *nat_gateway_id,
                                const char *private_ip, size_t *ret_n, struct err *e)
{
    (void)n, (void)nat_gateway_id, (void)private_ip, (void)e;
    *ret_n = 0;
    return 0;
}

static const char *fake_answers_on(struct network *n, const char *public_ip)
{
    (void)n;
    (void)public_ip;
    return NULL;
}

static int fake_list(struct network *n, struct arena *a, struct net_names *ret_vpc_ids,
                     struct err *e)
{
    struct fake_network *f = self(n);
    struct net_names names = {0};
    (void)e;
    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < f->n_vpcs; i++)
        *arena_append(a, &names) = arena_strdup(a, f->vpcs[i].vpc_id);
    (void)pthread_mutex_unlock(&f->lock);
    *ret_vpc_ids = names;
    return 0;
}

static int fake_taps(struct network *n, struct arena *a, const char *vpc_id,
                     struct net_names *ret_taps, struct err *e)
{
    struct fake_network *f = self(n);
    struct net_names names = {0};
    (void)e;
    (void)pthread_mutex_lock(&f->lock);
    const struct fake_vpc *vpc = find_vpc(f, vpc_id);
    for (size_t i = 0; vpc != NULL && i < vpc->n_taps; i++)
        *arena_append(a, &names) = arena_strdup(a, vpc->taps[i].tap);
    (void)pthread_mutex_unlock(&f->lock);
    *ret_taps = names;
    return 0;
}

static int fake_follow(struct network *n, const char *vpc_id, const struct flow_listener *listener,
                       void *ctx, struct flow_capture **ret, struct err *e)
{
    (void)n;
    (void)listener;
    (void)ctx;
    (void)ret;
    return err_set(e, EOPNOTSUPP, "nothing flows in %s", vpc_id);
}

static void fake_free(struct network *n)
{
    struct fake_network *f = self(n);
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n_vpcs; i++)
        clear_vpc(&f->vpcs[i]);
    free(f->vpcs);
    free(f->directory);
    (void)pthread_mutex_destroy(&f->lock);
    free(f);
}

static const struct network_ops fake_ops = {
    .name = "fake",
    .apply = fake_apply,
    .differing = fake_differing,
    .plug = fake_plug,
    .unplug = fake_unplug,
    .remove = fake_remove,
    .connect = fake_connect,
    .listen = fake_listen,
    .accept = fake_accept,
    .probe = fake_probe,
    .nat_connections = fake_nat_connections,
    .answers_on = fake_answers_on,
    .list = fake_list,
    .taps = fake_taps,
    .follow = fake_follow,
    .free = fake_free,
};

struct network *fake_network_new(const char *directory)
{
    struct fake_network *f = calloc(1, sizeof(*f));
    CHECK_MEMORY(f != NULL);
    f->base.ops = &fake_ops;
    f->directory = directory == NULL ? NULL : copy(directory);
    (void)pthread_mutex_init(&f->lock, NULL);
    return &f->base;
}
