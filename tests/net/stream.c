/*
 * TCP throughput between two namespaces of /run/netns ("-": this one), for benches.
 *
 *     stream LISTENER CONNECTOR ADDRESS PORT MS up|down
 *
 * Somebody in CONNECTOR connects to ADDRESS and sends (up) or receives (down) for MS milliseconds.
 * Prints the bits per second that the receiver has read.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"
#include "base/text.h"

#define CHUNK (128 << 10)

static int64_t now_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A socket there, for this process. */
static int socket_in(const char *name)
{
    char path[256];
    if (!streq(name, "-")) {
        (void)snprintf(path, sizeof(path), "/run/netns/%s", name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        CHECK(fd >= 0 && setns(fd, CLONE_NEWNET) == 0);
        (void)close(fd);
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    return fd;
}

static void send_for(int fd, int64_t ms)
{
    static char chunk[CHUNK];
    int64_t until = now_us() + ms * 1000;
    while (now_us() < until && write(fd, chunk, sizeof(chunk)) > 0)
        ;
    (void)shutdown(fd, SHUT_WR);
    (void)!read(fd, chunk, 1);
}

static void receive(int fd)
{
    static char chunk[CHUNK];
    int64_t began = 0;
    int64_t total = 0;
    for (ssize_t n; (n = read(fd, chunk, sizeof(chunk))) > 0; total += n)
        if (began == 0)
            began = now_us();
    int64_t took = now_us() - began;
    (void)printf("%lld\n", (long long)(took > 0 ? total * 8 * 1000000 / took : 0));
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    struct sockaddr_in to = {.sin_family = AF_INET};
    int ready[2];
    if (argc != 7 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1)
        return 2;
    bool up = streq(argv[6], "up");
    int64_t ms = atoi(argv[5]);
    to.sin_port = htons((uint16_t)atoi(argv[4]));
    CHECK(pipe(ready) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = to.sin_port};
        const int on = 1;
        int listener = socket_in(argv[1]);
        CHECK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
        CHECK(bind(listener, (const struct sockaddr *)&any, sizeof(any)) == 0);
        CHECK(listen(listener, 1) == 0 && write(ready[1], "", 1) == 1);
        int fd = accept(listener, NULL, NULL);
        CHECK(fd >= 0);
        if (up)
            receive(fd);
        else
            send_for(fd, ms);
        return 0;
    }
    char byte;
    CHECK(read(ready[0], &byte, 1) == 1);
    int fd = socket_in(argv[2]);
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        perror("connect");
        return 1;
    }
    if (up)
        send_for(fd, ms);
    else
        receive(fd);
    (void)close(fd);
    int status = 0;
    (void)waitpid(child, &status, 0);
    return status == 0 ? 0 : 1;
}
