#include "network/remote.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/text.h"
#include "network/accept.h"
#include "network/intent.h"
#include "network/netd_frame.h"
#include "network/pack.h"
#include "network/remote_internal.h"

#define WAIT_MS   10000  /* for netd to be started, or started again */
#define ANSWER_MS 300000 /* for an answer: nft and dnsmasq may take long on a busy server */
#define RETRY_MS  50

struct remote_network {
    struct network base;
    struct sockaddr_un address;
    int wait_ms;
    void (*report)(void *ctx, const char *message);
    void *ctx;
    pthread_mutex_t lock; /* of the rest */
    bool away;
    char uplink[WORD_MAX + 1]; /* "": not known yet */
};

static struct remote_network *self(struct network *n)
{
    return (struct remote_network *)n;
}

/* --- a connection */

static void tell(struct remote_network *n, bool away, const char *message)
{
    (void)pthread_mutex_lock(&n->lock);
    bool news = n->away != away;
    n->away = away;
    (void)pthread_mutex_unlock(&n->lock);
    if (news && n->report != NULL)
        n->report(n->ctx, message);
}

static int try_to_connect(const struct remote_network *n, int *ret_fd)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&n->address, sizeof(n->address)) < 0)
        return -errno;
    *ret_fd = TAKE_FD(fd);
    return 0;
}

/* Nobody is at the door now; somebody may be soon. */
static bool may_come(int code)
{
    return code == -ENOENT || code == -ECONNREFUSED || code == -EAGAIN || code == -EINTR;
}

static int connect_by(struct remote_network *n, int64_t deadline, int *ret_fd, struct err *e)
{
    int r;
    while ((r = try_to_connect(n, ret_fd)) < 0 && may_come(r) && clock_monotonic() < deadline) {
        tell(n, true, "croft-netd does not answer: waiting for it");
        clock_sleep(RETRY_MS);
    }
    if (r < 0) {
        bool away = may_come(r);
        r = err_errno(e, -r, "croft-netd does not answer at %s", n->address.sun_path);
        return away ? -ENOTCONN : r;
    }
    tell(n, false, "croft-netd answers again");
    return netd_frame_limit(*ret_fd, ANSWER_MS);
}

/* --- a call */

static int read_answer(struct arena *a, const struct netd_description *d, const struct buf *got,
                       void *answer, struct err *e)
{
    struct netd_outcome outcome = {0};
    size_t at = 0;
    int r = pack_read_next(a, &shape_outcome, buf_str(got), got->len, &at, &outcome, e);
    if (r == 0 && outcome.code < 0)
        return err_set(e, -outcome.code, "%s", outcome.message == NULL ? d->name : outcome.message);
    return r < 0 ? r : pack_read(a, d->answer, buf_str(got) + at, got->len - at, answer, e);
}

/* -EPIPE: the connection broke. */
static int ask_once(struct remote_network *n, struct arena *a, enum netd_call call,
                    const struct buf *request, void *answer, int64_t deadline, int *ret_fd,
                    int *ret_socket, struct err *e)
{
    const struct netd_description *d = &netd_calls[call];
    _cleanup_buf_ struct buf got = BUF_INIT(PACK_MAX);
    _cleanup_close_ int socket = -1;
    _cleanup_close_ int fd = -1;
    enum netd_call answered = NETD_CALLS;
    int r = connect_by(n, deadline, &socket, e);
    if (r == 0)
        r = netd_frame_send(socket, call, request, -1, e);
    if (r == 0)
        r = netd_frame_receive(socket, &answered, &got, &fd, e);
    if (r < 0)
        return r;
    r = read_answer(a, d, &got, answer, e);
    if (r == 0 && (answered != call || (fd >= 0) != d->gives_fd))
        return err_set(e, EPROTO, "croft-netd answers something else");
    if (r == 0 && ret_fd != NULL)
        *ret_fd = TAKE_FD(fd);
    if (r == 0 && ret_socket != NULL)
        *ret_socket = TAKE_FD(socket);
    return r;
}

int remote_call(struct network *network, struct arena *a, enum netd_call call, const void *request,
                void *answer, int *ret_fd, int *ret_socket, struct err *e)
{
    struct remote_network *n = self(network);
    int64_t deadline = clock_monotonic() + n->wait_ms;
    _cleanup_buf_ struct buf packed = BUF_INIT(PACK_MAX);
    pack_write(netd_calls[call].request, request, &packed);
    int r = ask_once(n, a, call, &packed, answer, deadline, ret_fd, ret_socket, e);
    if (r == -EPIPE && netd_calls[call].again) {
        if (e != NULL)
            *e = (struct err){0};
        r = ask_once(n, a, call, &packed, answer, deadline, ret_fd, ret_socket, e);
    }
    return r == -EPIPE ? err_wrap(e, -ENOTCONN, "croft-netd ended during %s", netd_calls[call].name)
                       : r;
}

/* One that answers nothing, or a descriptor alone. */
static int ask(struct network *n, enum netd_call call, const void *request, int *ret_fd,
               struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    return remote_call(n, a, call, request, NULL, ret_fd, NULL, e);
}

/* --- operations */

static int remote_apply(struct network *n, const struct net_vpc *intent,
                        const struct net_part *part, struct err *e)
{
    struct netd_apply request = {.vpc = *intent, .has_part = part != NULL};
    if (part != NULL)
        request.part = *part;
    return ask(n, NETD_APPLY, &request, NULL, e);
}

static size_t remote_differing(struct network *n, const struct net_vpc *intent)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct netd_count count = {0};
    int r = remote_call(n, a, NETD_DIFFERING, intent, &count, NULL, NULL, NULL);
    return r < 0 ? 0 : (size_t)count.n;
}

static int remote_plug(struct network *n, const struct net_vpc *intent, const char *interface_id,
                       struct err *e)
{
    const struct net_port *port = intent_port(intent, interface_id);
    const struct net_subnet *subnet = port == NULL ? NULL : intent_subnet(intent, port->subnet_id);
    if (port == NULL || subnet == NULL)
        return err_set(e, ENOENT, "%s has no interface %s", intent->vpc_id, interface_id);
    const struct netd_plug request = {intent->vpc_id, interface_id, port->tap, subnet->bridge};
    return ask(n, NETD_PLUG, &request, NULL, e);
}

static int remote_unplug(struct network *n, const char *vpc_id, const char *tap, struct err *e)
{
    const struct netd_unplug request = {vpc_id, tap};
    return ask(n, NETD_UNPLUG, &request, NULL, e);
}

static int remote_remove(struct network *n, const char *id, int64_t index, struct err *e)
{
    const struct netd_remove request = {id, index};
    return ask(n, NETD_REMOVE, &request, NULL, e);
}

static int remote_connect(struct network *n, const char *vpc_id, const char *private_ip, int port,
                          int timeout_ms, int *ret_fd, struct err *e)
{
    const struct netd_connect request = {vpc_id, private_ip, port, timeout_ms};
    return ask(n, NETD_CONNECT, &request, ret_fd, e);
}

static int remote_listen(struct network *n, const char *vpc_id, bool ipv6, int *ret_fd,
                         struct err *e)
{
    const struct netd_listen request = {vpc_id, ipv6};
    return ask(n, NETD_LISTEN, &request, ret_fd, e);
}

static int remote_probe(struct network *n, struct arena *a, const struct net_probe *probe,
                        struct net_probed *ret, struct err *e)
{
    return remote_call(n, a, NETD_PROBE, probe, ret, NULL, NULL, e);
}

static int remote_nat_connections(struct network *n, const char *nat_gateway_id,
                                  const char *private_ip, size_t *ret_n, struct err *e)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct netd_nat request = {nat_gateway_id, private_ip};
    struct netd_count count = {0};
    int r = remote_call(n, a, NETD_NAT_CONNECTIONS, &request, &count, NULL, NULL, e);
    if (r == 0)
        *ret_n = (size_t)count.n;
    return r;
}

/* There is one uplink, and it is the same as long as this process lives. */
static const char *remote_answers_on(struct network *network, const char *public_ip)
{
    struct remote_network *n = self(network);
    _cleanup_arena_ struct arena *a = arena_new();
    const struct netd_address request = {public_ip};
    struct netd_link link = {0};
    int r = remote_call(network, a, NETD_ANSWERS_ON, &request, &link, NULL, NULL, NULL);
    if (r < 0 || link.link == NULL)
        return NULL;
    (void)pthread_mutex_lock(&n->lock);
    if (n->uplink[0] == '\0')
        memcpy(n->uplink, link.link, strlen(link.link) + 1);
    (void)pthread_mutex_unlock(&n->lock);
    return n->uplink;
}

static int remote_list(struct network *n, struct arena *a, struct net_names *ret_ids, struct err *e)
{
    return remote_call(n, a, NETD_LIST, NULL, ret_ids, NULL, NULL, e);
}

static int remote_taps(struct network *n, struct arena *a, const char *vpc_id,
                       struct net_names *ret_taps, struct err *e)
{
    const struct netd_vpc request = {vpc_id};
    return remote_call(n, a, NETD_TAPS, &request, ret_taps, NULL, NULL, e);
}

int remote_open_console(struct network *network, const char *instance_id, bool older, int *ret_fd,
                        struct err *e)
{
    const struct netd_console request = {instance_id, older};
    return ask(network, NETD_CONSOLE, &request, ret_fd, e);
}

static void remote_free(struct network *network)
{
    struct remote_network *n = self(network);
    if (n == NULL)
        return;
    (void)pthread_mutex_destroy(&n->lock);
    free(n);
}

static const struct network_ops remote_ops = {
    .name = "remote",
    .apply = remote_apply,
    .differing = remote_differing,
    .plug = remote_plug,
    .unplug = remote_unplug,
    .remove = remote_remove,
    .connect = remote_connect,
    .listen = remote_listen,
    .accept = network_accept,
    .probe = remote_probe,
    .nat_connections = remote_nat_connections,
    .answers_on = remote_answers_on,
    .list = remote_list,
    .taps = remote_taps,
    .follow = remote_follow,
    .free = remote_free,
};

int remote_network_new(const struct remote_network_config *config, struct network **ret_network,
                       struct err *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(config->socket_path) >= sizeof(address.sun_path))
        return err_set(e, ENAMETOOLONG, "too long a path for a socket: %s", config->socket_path);
    memcpy(address.sun_path, config->socket_path, strlen(config->socket_path) + 1);
    struct remote_network *n = calloc(1, sizeof(*n));
    CHECK_MEMORY(n != NULL);
    *n = (struct remote_network){
        .base.ops = &remote_ops,
        .address = address,
        .wait_ms = config->wait_ms > 0 ? config->wait_ms : WAIT_MS,
        .report = config->report,
        .ctx = config->ctx,
    };
    (void)pthread_mutex_init(&n->lock, NULL);
    int r = ask(&n->base, NETD_BEGIN, NULL, NULL, e);
    if (r < 0) {
        remote_free(&n->base);
        return r;
    }
    *ret_network = &n->base;
    return 0;
}
