/*
 * Sends probes between namespaces and tells which of them arrived, hundreds at a time: one process
 * holds the sockets of all namespaces, for a socket stays in the one that it was made in.
 *
 *     space NAME            a namespace of /run/netns, "-" is the one it was started in; answers
 * its number, from 0 listen SPACE PORT…    TCP, UDP and ICMP echo, IPv4 and IPv6; answers ok probe
 * SPACE tcp|udp|icmp SOURCE SOURCE_PORT TARGET PORT go LIMIT_MS QUIET_MS  sends the probes that
 * were named since the last go, until all are back, nothing has come for QUIET_MS, or LIMIT_MS are
 * over
 *
 * `go` answers a line for each probe: the number of the space in which it arrived (-1: nowhere),
 * the source address that was seen there (-: none), and 1 when the reply came back. Of TCP only a
 * whole connection is an arrival; a datagram also is one when its reply is lost.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/text.h"

#define SPACES_MAX 64
#define PROBES_MAX 4096
#define WORDS_MAX  32
#define MAGIC      0x43726f66U

/* What goes to and fro. */
struct payload {
    uint32_t magic;
    uint32_t number;
};

enum kind { LISTENER, DATAGRAMS, ECHOES, ACCEPTED, PROBE };

struct source {
    enum kind kind;
    int fd;
    int space;
    struct probe *probe; /* of PROBE */
    struct source *next; /* of ACCEPTED, and of who listens */
};

struct probe {
    int space;
    int protocol;
    struct sockaddr_storage from;
    struct sockaddr_storage to;
    struct source source;
    int arrived;
    char seen[INET6_ADDRSTRLEN];
    bool is_sent;
    bool is_back;
};

static struct {
    int fd; /* of the namespace */
    int raw[2];
} spaces[SPACES_MAX];
static int n_spaces;
static int home;
static int epoll;

static struct probe *probes;
static uint32_t n_probes;
static uint32_t base; /* number of the first probe; those of earlier rounds count no more */
static struct source *accepted;
static uint32_t n_open; /* not back */

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void enter(int fd)
{
    CHECK(setns(fd, CLONE_NEWNET) == 0);
}

static int new_socket(int space, int family, int type, int protocol)
{
    enter(spaces[space].fd);
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    enter(home);
    CHECK(fd >= 0);
    return fd;
}

static void watch(struct source *s, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = s};
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, s->fd, &event) == 0);
}

static void set_option(int fd, int level, int name, int value)
{
    CHECK(setsockopt(fd, level, name, &value, sizeof(value)) == 0);
}

static socklen_t address_size(const struct sockaddr_storage *a)
{
    return a->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static bool read_address(const char *text, const char *port, struct sockaddr_storage *out)
{
    struct sockaddr_in *four = (struct sockaddr_in *)out;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
    uint16_t number = htons((uint16_t)strtoul(port, NULL, 10));
    *out = (struct sockaddr_storage){0};
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = number;
        return true;
    }
    six->sin6_family = AF_INET6;
    six->sin6_port = number;
    return inet_pton(AF_INET6, text, &six->sin6_addr) == 1;
}

static void write_address(const struct sockaddr_storage *a, char out[INET6_ADDRSTRLEN])
{
    const void *bytes = a->ss_family == AF_INET
                            ? (const void *)&((const struct sockaddr_in *)a)->sin_addr
                            : (const void *)&((const struct sockaddr_in6 *)a)->sin6_addr;
    CHECK(inet_ntop(a->ss_family, bytes, out, INET6_ADDRSTRLEN) != NULL);
}

static bool same_address(const struct sockaddr_storage *a, const struct sockaddr_storage *b)
{
    char left[INET6_ADDRSTRLEN];
    char right[INET6_ADDRSTRLEN];
    write_address(a, left);
    write_address(b, right);
    return streq(left, right);
}

static struct probe *probe_of(const struct payload *p)
{
    return p->magic != MAGIC || p->number < base || p->number - base >= n_probes
               ? NULL
               : &probes[p->number - base];
}

static void arrive(struct probe *p, int space, const struct sockaddr_storage *from)
{
    p->arrived = space;
    write_address(from, p->seen);
}

static void come_back(struct probe *p)
{
    if (!p->is_back)
        n_open--;
    p->is_back = true;
}

/* --- who listens */

/* Who listens does so until the end. */
static struct source *listeners;

static struct source *new_listener(int space, enum kind kind)
{
    struct source *s = calloc(1, sizeof(*s));
    CHECK(s != NULL);
    s->kind = kind;
    s->space = space;
    s->next = listeners;
    listeners = s;
    return s;
}

static void end_listeners(void)
{
    for (struct source *s = listeners; s != NULL; s = listeners) {
        listeners = s->next;
        (void)close(s->fd);
        free(s);
    }
}

static void listen_at(int space, int family, int type, uint16_t port)
{
    struct source *s = new_listener(space, type == SOCK_STREAM ? LISTENER : DATAGRAMS);
    struct sockaddr_storage any = {.ss_family = (sa_family_t)family};
    s->fd = new_socket(space, family, type, 0);
    if (family == AF_INET)
        ((struct sockaddr_in *)&any)->sin_port = htons(port);
    else
        ((struct sockaddr_in6 *)&any)->sin6_port = htons(port);
    set_option(s->fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (family == AF_INET6)
        set_option(s->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    CHECK(bind(s->fd, (struct sockaddr *)&any, address_size(&any)) == 0);
    if (type == SOCK_STREAM)
        CHECK(listen(s->fd, 1024) == 0);
    else if (family == AF_INET)
        set_option(s->fd, IPPROTO_IP, IP_PKTINFO, 1);
    else
        set_option(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    watch(s, EPOLLIN);
}

static void listen_echoes(int space)
{
    static const int families[] = {AF_INET, AF_INET6};
    static const int protocols[] = {IPPROTO_ICMP, IPPROTO_ICMPV6};
    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        struct source *s = new_listener(space, ECHOES);
        s->fd = spaces[space].raw[i] = new_socket(space, families[i], SOCK_RAW, protocols[i]);
        set_option(s->fd, SOL_SOCKET, SO_RCVBUF, 1 << 20);
        watch(s, EPOLLIN);
    }
}

static void take_connections(const struct source *listener)
{
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    for (int fd; (fd = accept4(listener->fd, (struct sockaddr *)&from, &len,
                               SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;
         len = sizeof(from)) {
        struct source *s = calloc(1, sizeof(*s));
        CHECK(s != NULL);
        *s =
            (struct source){.kind = ACCEPTED, .fd = fd, .space = listener->space, .next = accepted};
        accepted = s;
        watch(s, EPOLLIN);
    }
}

static void serve(const struct source *s)
{
    struct payload word;
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    if (read(s->fd, &word, sizeof(word)) != (ssize_t)sizeof(word)) {
        (void)epoll_ctl(epoll, EPOLL_CTL_DEL, s->fd, NULL);
        return;
    }
    struct probe *p = probe_of(&word);
    if (p == NULL || getpeername(s->fd, (struct sockaddr *)&from, &len) < 0)
        return;
    arrive(p, s->space, &from);
    (void)!write(s->fd, &word, sizeof(word));
}

/* Answers from the address that was asked: the control message tells it, and goes back as it came.
 */
static void take_datagrams(const struct source *s)
{
    struct payload word;
    struct sockaddr_storage from = {0};
    char control[256];
    struct iovec part = {&word, sizeof(word)};
    struct msghdr m = {.msg_name = &from, .msg_iov = &part, .msg_iovlen = 1};
    for (;;) {
        m.msg_namelen = sizeof(from);
        m.msg_control = control;
        m.msg_controllen = sizeof(control);
        ssize_t n = recvmsg(s->fd, &m, 0);
        if (n < 0)
            return;
        struct probe *p = n == (ssize_t)sizeof(word) ? probe_of(&word) : NULL;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        if (p == NULL || c == NULL)
            continue;
        arrive(p, s->space, &from);
        if (c->cmsg_level == IPPROTO_IP) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            info.ipi_ifindex = 0;
            info.ipi_spec_dst = info.ipi_addr;
            memcpy(CMSG_DATA(c), &info, sizeof(info));
        }
        (void)!sendmsg(s->fd, &m, 0);
    }
}

static void take_echoes(const struct source *s)
{
    unsigned char data[2048];
    struct sockaddr_storage from = {0};
    socklen_t len = sizeof(from);
    for (ssize_t n;
         (n = recvfrom(s->fd, data, sizeof(data), 0, (struct sockaddr *)&from, &len)) > 0;
         len = sizeof(from)) {
        size_t head = from.ss_family == AF_INET ? (size_t)(data[0] & 15) * 4 : 0;
        struct payload word;
        if ((size_t)n != head + 8 + sizeof(word))
            continue;
        memcpy(&word, data + head + 8, sizeof(word));
        struct probe *p = probe_of(&word);
        if (p == NULL)
            continue;
        unsigned char type = data[head];
        if (type == ICMP_ECHO || type == ICMP6_ECHO_REQUEST)
            arrive(p, s->space, &from);
        else if (s->space == p->space && same_address(&from, &p->to))
            come_back(p);
    }
}

/* --- probes */

static void hear(struct probe *p)
{
    struct payload word = {MAGIC, base + (uint32_t)(p - probes)};
    struct payload answer = {0};
    if (p->protocol == IPPROTO_TCP && !p->is_sent) {
        int code = 0;
        socklen_t len = sizeof(code);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &p->source};
        if (getsockopt(p->source.fd, SOL_SOCKET, SO_ERROR, &code, &len) == 0 && code == 0 &&
            write(p->source.fd, &word, sizeof(word)) == (ssize_t)sizeof(word)) {
            p->is_sent = true;
            (void)epoll_ctl(epoll, EPOLL_CTL_MOD, p->source.fd, &event);
            return;
        }
    } else {
        ssize_t n = recv(p->source.fd, &answer, sizeof(answer), 0);
        if (n == (ssize_t)sizeof(answer) && answer.number == word.number)
            come_back(p);
        if (n < 0 && errno == EAGAIN)
            return;
    }
    (void)epoll_ctl(epoll, EPOLL_CTL_DEL, p->source.fd, NULL);
}

static uint16_t sum(const void *data, size_t size)
{
    uint32_t total = 0;
    for (size_t i = 0; i + 1 < size; i += 2) {
        uint16_t word;
        memcpy(&word, (const char *)data + i, 2);
        total += word;
    }
    while (total >> 16)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)~total;
}

/* By the raw socket of its namespace, with the source in a control message. */
static void send_echo(const struct probe *p, const struct payload *word)
{
    bool six = p->to.ss_family == AF_INET6;
    struct {
        uint8_t type, code;
        uint16_t sum, id, sequence;
        struct payload word;
    } echo = {.type = six ? ICMP6_ECHO_REQUEST : ICMP_ECHO,
              .id = htons((uint16_t)word->number),
              .word = *word};
    if (!six)
        echo.sum = sum(&echo, sizeof(echo));
    union {
        char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
        struct cmsghdr align;
    } control = {.bytes = {0}};
    struct iovec part = {&echo, sizeof(echo)};
    struct sockaddr_storage to = p->to;
    if (six)
        ((struct sockaddr_in6 *)&to)->sin6_port = 0;
    struct msghdr m = {.msg_name = &to,
                       .msg_namelen = address_size(&to),
                       .msg_iov = &part,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof(control)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (six) {
        struct in6_pktinfo info = {.ipi6_addr = ((const struct sockaddr_in6 *)&p->from)->sin6_addr};
        *c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IPV6, IPV6_PKTINFO};
        memcpy(CMSG_DATA(c), &info, sizeof(info));
    } else {
        struct in_pktinfo info = {.ipi_spec_dst = ((const struct sockaddr_in *)&p->from)->sin_addr};
        *c = (struct cmsghdr){CMSG_LEN(sizeof(info)), IPPROTO_IP, IP_PKTINFO};
        memcpy(CMSG_DATA(c), &info, sizeof(info));
        m.msg_controllen = CMSG_SPACE(sizeof(info));
    }
    (void)!sendmsg(spaces[p->space].raw[six], &m, 0);
}

static void begin(struct probe *p)
{
    struct payload word = {MAGIC, base + (uint32_t)(p - probes)};
    p->source = (struct source){.kind = PROBE, .fd = -1, .probe = p};
    if (p->protocol == IPPROTO_ICMP) {
        send_echo(p, &word);
        return;
    }
    bool stream = p->protocol == IPPROTO_TCP;
    int fd = p->source.fd =
        new_socket(p->space, p->to.ss_family, stream ? SOCK_STREAM : SOCK_DGRAM, 0);
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (p->from.ss_family == AF_INET)
        set_option(fd, IPPROTO_IP, IP_FREEBIND, 1);
    if (bind(fd, (struct sockaddr *)&p->from, address_size(&p->from)) < 0) {
        (void)fprintf(stderr, "prober: bind: %s\n", strerror(errno));
        return;
    }
    if (connect(fd, (struct sockaddr *)&p->to, address_size(&p->to)) < 0 && errno != EINPROGRESS)
        return;
    if (!stream)
        (void)!send(fd, &word, sizeof(word), 0);
    watch(&p->source, stream ? EPOLLOUT : EPOLLIN);
}

/* With a reset, so that neither side keeps anything. */
static void end(int fd)
{
    const struct linger at_once = {1, 0};
    if (fd < 0)
        return;
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    (void)close(fd);
}

static void handle(struct source *s)
{
    switch (s->kind) {
    case LISTENER:
        take_connections(s);
        break;
    case DATAGRAMS:
        take_datagrams(s);
        break;
    case ECHOES:
        take_echoes(s);
        break;
    case ACCEPTED:
        serve(s);
        break;
    case PROBE:
        hear(s->probe);
        break;
    }
}

/* False: nothing came within the time. */
static bool handle_events(int timeout_ms)
{
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, (int)ARRAY_SIZE(events), timeout_ms);
    for (int i = 0; i < n; i++)
        handle(events[i].data.ptr);
    return n > 0;
}

static void go(int64_t limit_ms, int quiet_ms)
{
    int64_t until = now_ms() + limit_ms;
    n_open = n_probes;
    for (uint32_t i = 0; i < n_probes; i++) {
        begin(&probes[i]);
        if (i % 32 == 31)
            (void)handle_events(0);
    }
    while (n_open > 0 && now_ms() < until && handle_events(quiet_ms))
        ;
    for (uint32_t i = 0; i < n_probes; i++) {
        struct probe *p = &probes[i];
        (void)printf("%d %s %d\n", p->arrived, p->arrived < 0 ? "-" : p->seen, p->is_back);
        end(p->source.fd);
    }
    for (struct source *s; (s = accepted) != NULL;) {
        accepted = s->next;
        end(s->fd);
        free(s);
    }
    base += n_probes;
    n_probes = 0;
}

/* --- what is asked */

static void add_space(const char *name)
{
    char path[256];
    CHECK(n_spaces < SPACES_MAX);
    (void)snprintf(path, sizeof(path), "/run/netns/%s", name);
    int fd = streq(name, "-") ? home : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        (void)fprintf(stderr, "prober: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    spaces[n_spaces].fd = fd;
    (void)printf("%d\n", n_spaces++);
}

static bool add_probe(char **word)
{
    CHECK(n_probes < PROBES_MAX);
    struct probe *p = &probes[n_probes];
    *p = (struct probe){.space = atoi(word[1]), .arrived = -1};
    p->protocol = streq(word[2], "tcp")   ? IPPROTO_TCP
                  : streq(word[2], "udp") ? IPPROTO_UDP
                                          : IPPROTO_ICMP;
    n_probes++;
    return p->space >= 0 && p->space < n_spaces && read_address(word[3], word[4], &p->from) &&
           read_address(word[5], word[6], &p->to);
}

static bool obey(char *line)
{
    char *word[WORDS_MAX] = {NULL};
    int n = 0;
    for (char *at = strtok(line, " \n"); at != NULL && n < WORDS_MAX; at = strtok(NULL, " \n"))
        word[n++] = at;
    if (n == 2 && streq(word[0], "space")) {
        add_space(word[1]);
    } else if (n >= 2 && streq(word[0], "listen")) {
        int space = atoi(word[1]);
        for (int i = 2; i < n; i++)
            for (int k = 0; k < 4; k++)
                listen_at(space, k < 2 ? AF_INET : AF_INET6, k % 2 ? SOCK_STREAM : SOCK_DGRAM,
                          (uint16_t)atoi(word[i]));
        listen_echoes(space);
        (void)printf("ok\n");
    } else if (n == 7 && streq(word[0], "probe")) {
        return add_probe(word);
    } else if (n == 3 && streq(word[0], "go")) {
        go(atoi(word[1]), atoi(word[2]));
    } else {
        return false;
    }
    (void)fflush(stdout);
    return true;
}

int main(void)
{
    struct rlimit files;
    CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
    files.rlim_cur = files.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
    home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    probes = calloc(PROBES_MAX, sizeof(*probes));
    CHECK(home >= 0 && epoll >= 0 && probes != NULL);
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0)
        if (!obey(line)) {
            (void)fprintf(stderr, "prober: not understood\n");
            return 2;
        }
    end_listeners();
    free(line);
    free(probes);
    return 0;
}
