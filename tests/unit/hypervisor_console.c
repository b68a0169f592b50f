#include "hypervisor/console.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "unit.h"

static char dir[UNIT_DIRECTORY_SIZE];
static char path[64];

/* What QEMU does: listens, and takes one client. */
static int listen_like_qemu(void)
{
    unit_directory(dir);
    (void)snprintf(path, sizeof(path), "%s/console", dir);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    return fd;
}

static void finish(int listener)
{
    (void)close(listener);
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}

static void open_console(int listener, int *ret_guest, int *ret_client)
{
    struct err e = {0};
    ck_assert_msg(console_open(path, "i-1", ret_client, &e) == 0, "%s", e.message);
    *ret_guest = accept(listener, NULL, NULL);
    ck_assert_int_ge(*ret_guest, 0);
}

static void read_exactly(int fd, const char *text)
{
    char got[64] = "";
    ck_assert_int_eq(recv(fd, got, strlen(text), MSG_WAITALL), (int)strlen(text));
    ck_assert_str_eq(got, text);
}

START_TEST(text_goes_both_ways)
{
    int guest = -1;
    int client = -1;
    int listener = listen_like_qemu();
    open_console(listener, &guest, &client);
    ck_assert_int_eq(send(guest, "login: ", 7, 0), 7);
    read_exactly(client, "login: ");
    ck_assert_int_eq(send(client, "root\r", 5, 0), 5);
    read_exactly(guest, "root\r");
    (void)close(client);
    char c = 0;
    ck_assert_int_eq(recv(guest, &c, 1, 0), 0); /* the next client gets its turn */
    (void)close(guest);
    finish(listener);
}
END_TEST

START_TEST(a_client_that_does_not_read_does_not_hold_up_the_guest)
{
    static char chunk[65536];
    int guest = -1;
    int client = -1;
    int listener = listen_like_qemu();
    open_console(listener, &guest, &client);
    for (int i = 0; i < 64; i++) { /* 4 MiB: far more than sockets hold */
        struct pollfd writable = {.fd = guest, .events = POLLOUT};
        ck_assert_int_eq(poll(&writable, 1, 5000), 1);
        ck_assert_int_gt(send(guest, chunk, sizeof(chunk), 0), 0);
    }
    ck_assert_int_eq(send(client, "x", 1, 0), 1);
    read_exactly(guest, "x");
    (void)close(client);
    (void)close(guest);
    finish(listener);
}
END_TEST

START_TEST(the_end_of_the_guest_is_the_end_of_the_console)
{
    int guest = -1;
    int client = -1;
    int listener = listen_like_qemu();
    open_console(listener, &guest, &client);
    ck_assert_int_eq(send(guest, "bye", 3, 0), 3);
    (void)close(guest);
    read_exactly(client, "bye");
    char c = 0;
    ck_assert_int_eq(recv(client, &c, 1, 0), 0);
    (void)close(client);
    finish(listener);
}
END_TEST

START_TEST(without_a_guest_there_is_no_console)
{
    int client = -7;
    int listener = listen_like_qemu();
    (void)close(listener); /* the file stays, as after a kill of QEMU */
    ck_assert_int_eq(console_open(path, "i-1", &client, NULL), -ENOENT);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(console_open(path, "i-1", &client, NULL), -ENOENT);
    char longer[200];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    ck_assert_int_eq(console_open(longer, "i-1", &client, NULL), -ENAMETOOLONG);
    ck_assert_int_eq(client, -7);
    ck_assert_int_eq(dir_remove(dir, NULL), 0);
}
END_TEST

START_TEST(a_queue_that_is_full_is_an_answer)
{
    int clients[8];
    int n = 0;
    int r = 0;
    int listener = listen_like_qemu();
    while (n < (int)ARRAY_SIZE(clients) && (r = console_open(path, "i-1", &clients[n], NULL)) == 0)
        n++;
    ck_assert_int_eq(r, -EBUSY);
    while (n > 0)
        (void)close(clients[--n]);
    finish(listener);
}
END_TEST

UNIT_SUITE(text_goes_both_ways, a_client_that_does_not_read_does_not_hold_up_the_guest,
           the_end_of_the_guest_is_the_end_of_the_console, without_a_guest_there_is_no_console,
           a_queue_that_is_full_is_an_answer)
