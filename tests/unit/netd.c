/* croftd's driver and croft-netd's work on both ends of a socket, with a fake network behind them.
 */
#include "network/netd.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/file.h"
#include "network/fake.h"
#include "network/message.h"
#include "network/netd_frame.h"
#include "network/pack.h"
#include "network/remote.h"
#include "unit.h"

#define VPC       "vpc-0123456789abcdef0"
#define INTERFACE "eni-0123456789abcdef0"
#define TAP       "eni0123456789ab"

struct server {
    struct netd_config config;
    int stop;
    pthread_t thread;
    int opened; /* how often the driver was made */
    int code;   /* of making it */
    int ended;  /* with what it did */
};

static char directory[UNIT_DIRECTORY_SIZE];
static char path[UNIT_DIRECTORY_SIZE + 16];
static struct server server;

static const char *const cidrs[] = {"10.0.0.0/16"};
static const struct net_subnet subnets[] = {
    {.subnet_id = "subnet-01234567", .cidr = "10.0.0.0/24", .bridge = "br0"}};
static const struct net_address addresses[] = {{"10.0.0.10", NULL, false}};
static const struct net_port ports[] = {{.interface_id = INTERFACE,
                                         .tap = TAP,
                                         .mac = "02:00:00:00:00:01",
                                         .subnet_id = "subnet-01234567",
                                         .addresses = addresses,
                                         .n_addresses = 1,
                                         .hostname = "ip-10-0-0-10"}};
static const struct net_vpc vpc = {.vpc_id = VPC,
                                   .region = "us-east-1",
                                   .cidrs = cidrs,
                                   .n_cidrs = 1,
                                   .domain = "ec2.internal",
                                   .edge_table = -1,
                                   .subnets = subnets,
                                   .n_subnets = 1,
                                   .ports = ports,
                                   .n_ports = 1};

static int open_network(void *ctx, struct network **ret_network, struct err *e)
{
    struct server *s = ctx;
    s->opened++;
    if (s->code != 0)
        return err_set(e, s->code, "the uplink is not there");
    *ret_network = fake_network_new(directory);
    return 0;
}

static int open_console(void *ctx, const char *instance_id, bool older, int *ret_fd, struct err *e)
{
    (void)ctx;
    (void)instance_id;
    if (older)
        return err_set(e, ENOENT, "there is no older one");
    *ret_fd = eventfd(5, EFD_CLOEXEC);
    return 0;
}

static void report(void *ctx, const char *message)
{
    (void)ctx;
    (void)message;
}

static void *serve(void *ctx)
{
    struct server *s = ctx;
    s->ended = netd_serve(&s->config, s->stop, NULL);
    return NULL;
}

static void start(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    (void)unlink(path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    server.stop = eventfd(0, EFD_CLOEXEC);
    server.config = (struct netd_config){.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                                         .user = geteuid(),
                                         .open = open_network,
                                         .open_console = open_console,
                                         .report = report,
                                         .ctx = &server};
    ck_assert_int_eq(bind(server.config.listener, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(server.config.listener, 8), 0);
    ck_assert_int_eq(pthread_create(&server.thread, NULL, serve, &server), 0);
}

static void stop(void)
{
    (void)eventfd_write(server.stop, 1);
    (void)pthread_join(server.thread, NULL);
    (void)close(server.stop);
    (void)close(server.config.listener);
}

static void begin(void)
{
    unit_directory(directory);
    (void)snprintf(path, sizeof(path), "%s/netd.sock", directory);
    server = (struct server){0};
    start();
}

static void end(void)
{
    stop();
    (void)dir_remove(directory, NULL);
}

static struct network *client(void)
{
    struct network *n = NULL;
    struct err e = {0};
    const struct remote_network_config config = {.socket_path = path, .wait_ms = 2000};
    ck_assert_msg(remote_network_new(&config, &n, &e) == 0, "%s", e.message);
    return n;
}

START_TEST(what_is_asked_is_done_on_the_other_side)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct network *n = client();
    struct net_names names = {0};
    struct err e = {0};
    ck_assert_msg(n->ops->apply(n, &vpc, NULL, &e) == 0, "%s", e.message);
    ck_assert_msg(n->ops->plug(n, &vpc, INTERFACE, &e) == 0, "%s", e.message);
    ck_assert_int_eq(n->ops->list(n, a, &names, &e), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_str_eq(names.v[0], VPC);
    ck_assert_int_eq(n->ops->taps(n, a, VPC, &names, &e), 0);
    ck_assert_uint_eq(names.n, 1);
    ck_assert_str_eq(names.v[0], TAP);
    ck_assert_uint_eq(n->ops->differing(n, &vpc), 0);
    ck_assert_int_eq(n->ops->unplug(n, VPC, TAP, &e), 0);
    ck_assert_int_eq(n->ops->taps(n, a, VPC, &names, &e), 0);
    ck_assert_uint_eq(names.n, 0);
    ck_assert_int_eq(n->ops->remove(n, VPC, 0, &e), 0);
    ck_assert_int_eq(n->ops->list(n, a, &names, &e), 0);
    ck_assert_uint_eq(names.n, 0);
    n->ops->free(n);
}
END_TEST

START_TEST(descriptors_come_over)
{
    struct network *n = client();
    struct err e = {0};
    int fd = -1;
    eventfd_t value = 0;
    ck_assert_int_eq(remote_open_console(n, "i-01234567", false, &fd, &e), 0);
    ck_assert_int_eq(eventfd_read(fd, &value), 0);
    ck_assert_uint_eq(value, 5);
    (void)close(fd);
    ck_assert_int_eq(remote_open_console(n, "i-01234567", true, &fd, &e), -ENOENT);
    ck_assert_str_eq(e.message, "there is no older one");
    ck_assert_int_eq(n->ops->apply(n, &vpc, NULL, &e), 0);
    ck_assert_int_eq(n->ops->listen(n, VPC, false, &fd, &e), 0);
    int accepts = 0;
    socklen_t len = sizeof(accepts);
    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &accepts, &len), 0);
    ck_assert_int_eq(accepts, 1);
    (void)close(fd);
    n->ops->free(n);
}
END_TEST

START_TEST(errors_keep_their_code_and_their_sentence)
{
    struct network *n = NULL;
    struct err e = {0};
    const struct remote_network_config config = {.socket_path = path, .wait_ms = 2000};
    server.code = ENODEV;
    ck_assert_int_eq(remote_network_new(&config, &n, &e), -ENODEV);
    ck_assert_str_eq(e.message, "the uplink is not there");
    server.code = 0;
    n = client();
    struct net_part part = {0};
    ck_assert_int_eq(n->ops->apply(n, &vpc, &part, &e), -ESTALE);
    n->ops->free(n);
}
END_TEST

START_TEST(a_tap_of_another_interface_is_refused)
{
    struct network *n = client();
    struct net_port foreign = ports[0];
    struct net_vpc with = vpc;
    struct err e = {0};
    with.ports = &foreign;
    foreign.tap = "eni9999999999ab";
    ck_assert_int_eq(n->ops->apply(n, &with, NULL, &e), -EINVAL);
    ck_assert_str_eq(e.message, "eni9999999999ab is not the tap of " INTERFACE);
    ck_assert_int_eq(n->ops->plug(n, &with, INTERFACE, &e), -EINVAL);
    foreign.tap = "docker0";
    ck_assert_int_eq(n->ops->apply(n, &with, NULL, &e), -EINVAL);
    ck_assert_str_eq(e.message, "shape_port.tap: it is not the name of a tap");
    ck_assert_int_eq(n->ops->unplug(n, "default", TAP, &e), -EINVAL);
    ck_assert_int_eq(n->ops->remove(n, "../host", 0, &e), -EINVAL);
    n->ops->free(n);
}
END_TEST

START_TEST(what_does_not_belong_together_is_refused)
{
    struct network *n = client();
    const struct net_port twice[] = {ports[0], ports[0]};
    struct net_vpc with = vpc;
    struct err e = {0};
    with.ports = twice;
    with.n_ports = 2;
    ck_assert_int_eq(n->ops->apply(n, &with, NULL, &e), -EINVAL);
    ck_assert_str_eq(e.message, INTERFACE " is there twice");

    const char *const ids[] = {INTERFACE, INTERFACE};
    const struct net_part part = {ids, 2};
    ck_assert_int_eq(n->ops->apply(n, &vpc, &part, &e), -EINVAL);
    ck_assert_str_eq(e.message, "the interfaces of a part are not in order");

    const struct net_route nowhere[] = {{"0.0.0.0/0", NET_ROUTE_PORT, NULL}};
    const struct net_route_table tables[] = {{"rtb-01234567", 0, nowhere, 1}};
    with = vpc;
    with.tables = tables;
    with.n_tables = 1;
    ck_assert_int_eq(n->ops->apply(n, &with, NULL, &e), -EINVAL);
    ck_assert_str_eq(e.message, "the route to 0.0.0.0/0 has no target of its kind");

    with = vpc;
    with.n_cidrs = 0;
    ck_assert_int_eq(n->ops->apply(n, &with, NULL, &e), -EINVAL);
    n->ops->free(n);
}
END_TEST

START_TEST(another_start_forgets_what_was_applied)
{
    struct network *n = client();
    ck_assert_int_eq(n->ops->apply(n, &vpc, NULL, NULL), 0);
    struct network *again = client();
    ck_assert_int_eq(server.opened, 2);
    const struct net_part part = {0};
    ck_assert_int_eq(again->ops->apply(again, &vpc, &part, NULL), -ESTALE);
    n->ops->free(n);
    again->ops->free(again);
}
END_TEST

static void *come_back(void *ctx)
{
    (void)ctx;
    const struct timespec soon = {.tv_nsec = 200000000};
    (void)nanosleep(&soon, NULL);
    start();
    return NULL;
}

START_TEST(a_call_waits_for_netd_to_come_back)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct network *n = client();
    struct net_names names = {0};
    struct err e = {0};
    pthread_t thread;
    stop();
    ck_assert_int_eq(pthread_create(&thread, NULL, come_back, NULL), 0);
    ck_assert_msg(n->ops->list(n, a, &names, &e) == 0, "%s", e.message);
    (void)pthread_join(thread, NULL);
    n->ops->free(n);
}
END_TEST

START_TEST(it_waits_no_longer_than_it_may)
{
    struct network *n = NULL;
    struct err e = {0};
    const struct remote_network_config config = {.socket_path = path, .wait_ms = 100};
    ck_assert_int_eq(remote_network_new(&config, &n, &e), 0);
    stop();
    ck_assert_int_eq(n->ops->remove(n, VPC, 0, &e), -ENOTCONN);
    ck_assert_ptr_nonnull(strstr(e.message, "croft-netd does not answer at "));
    start();
    n->ops->free(n);
}
END_TEST

static void *hang_up(void *ctx)
{
    const int *listener = ctx;
    for (int i = 0; i < 2; i++) {
        int fd = accept(*listener, NULL, NULL);
        (void)close(fd);
    }
    return NULL;
}

/* Twice: a call that comes to the same is asked again. */
START_TEST(a_netd_that_ends_during_a_call_is_away)
{
    struct network *n = client();
    struct err e = {0};
    pthread_t thread;
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    stop();
    (void)unlink(path);
    memcpy(at.sun_path, path, strlen(path) + 1);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, hang_up, &listener), 0);
    ck_assert_int_eq(n->ops->plug(n, &vpc, INTERFACE, &e), -ENOTCONN);
    ck_assert_ptr_nonnull(strstr(e.message, "croft-netd ended during plug"));
    (void)pthread_join(thread, NULL);
    (void)close(listener);
    start();
    n->ops->free(n);
}
END_TEST

static int knock(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    memcpy(at.sun_path, path, strlen(path) + 1);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

START_TEST(what_is_no_request_is_not_answered)
{
    char byte;
    int fd = knock();
    struct message_head head = {.fingerprint = netd_fingerprint() + 1, .call = NETD_LIST};
    ck_assert_int_eq(send(fd, &head, sizeof(head), 0), sizeof(head));
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
    fd = knock();
    head = (struct message_head){.fingerprint = netd_fingerprint(), .call = NETD_CALLS};
    ck_assert_int_eq(send(fd, &head, sizeof(head), 0), sizeof(head));
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
    (void)close(fd);
}
END_TEST

START_TEST(a_request_that_says_too_little_is_refused)
{
    _cleanup_arena_ struct arena *a = arena_new();
    _cleanup_buf_ struct buf request = BUF_INIT(64);
    _cleanup_buf_ struct buf got = BUF_INIT(4096);
    enum netd_call call = NETD_CALLS;
    struct netd_outcome outcome = {0};
    int fd = knock();
    int none = -1;
    buf_add_str(&request, "\x16");
    ck_assert_int_eq(netd_frame_send(fd, NETD_TAPS, &request, -1, NULL), 0);
    ck_assert_int_eq(netd_frame_receive(fd, &call, &got, &none, NULL), 0);
    ck_assert_int_eq(call, NETD_TAPS);
    ck_assert_int_eq(pack_read(a, &shape_outcome, got.data, got.len, &outcome, NULL), 0);
    ck_assert_int_eq(outcome.code, -EINVAL);
    ck_assert_str_eq(outcome.message, "one.vpc_id: it ends early");
    (void)close(fd);
}
END_TEST

/* Beyond the callers that it has at once one more waits at the door, and is not let in at the end.
 */
START_TEST(a_full_house_ends_when_it_is_told)
{
    int fds[NETD_CALLS_MAX + 1];
    for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
        fds[i] = knock();
    const struct timespec soon = {.tv_nsec = 200000000};
    (void)nanosleep(&soon, NULL); /* for all to be let in */
    (void)eventfd_write(server.stop, 1);
    (void)nanosleep(&soon, NULL);
    for (size_t i = 0; i < NETD_CALLS_MAX; i++)
        (void)close(fds[i]);
    stop();
    (void)close(fds[NETD_CALLS_MAX]);
    ck_assert_int_eq(server.ended, 0);
    start();
}
END_TEST

/* Ten looks a second at whether there are descriptors again, and no more. */
START_TEST(without_descriptors_it_waits_and_does_not_spin)
{
    struct rlimit limit;
    struct timespec before;
    struct timespec after;
    const struct timespec while_without = {.tv_nsec = 500000000};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, path, strlen(path) + 1);
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int next = dup(fd);
    (void)close(next);
    const struct rlimit none = {(rlim_t)next, limit.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    int connected = connect(fd, (struct sockaddr *)&at, sizeof(at));
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    (void)nanosleep(&while_without, NULL);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert_int_eq(connected, 0);
    int64_t used_us =
        (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
    ck_assert_int_lt(used_us, 100000);
    struct message_head head = {.fingerprint = netd_fingerprint() + 1, .call = NETD_LIST};
    char byte;
    ck_assert_int_eq(send(fd, &head, sizeof(head), 0), sizeof(head));
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0); /* it was let in, and heard */
    (void)close(fd);
}
END_TEST

UNIT_SUITE_WITH(begin, end, what_is_asked_is_done_on_the_other_side, descriptors_come_over,
                errors_keep_their_code_and_their_sentence, a_tap_of_another_interface_is_refused,
                what_does_not_belong_together_is_refused, another_start_forgets_what_was_applied,
                a_call_waits_for_netd_to_come_back, it_waits_no_longer_than_it_may,
                a_netd_that_ends_during_a_call_is_away, what_is_no_request_is_not_answered,
                a_request_that_says_too_little_is_refused, a_full_house_ends_when_it_is_told,
                without_descriptors_it_waits_and_does_not_spin)
