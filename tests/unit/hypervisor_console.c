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

START_TEST(all_who_look_on_see_the_same_and_any_may_type)
{
    int guest = -1;
    int clients[CONSOLE_WATCHERS_MAX];
    int more = -7;
    struct err e = {0};
    int listener = listen_like_qemu();
    open_console(listener, &guest, &clients[0]);
    for (int i = 1; i < CONSOLE_WATCHERS_MAX; i++)
        ck_assert_int_eq(console_open(path, "i-1", &clients[i], NULL), 0);
    ck_assert_int_eq(console_open(path, "i-1", &more, &e), -EBUSY);
    ck_assert_str_eq(e.message, "the console of i-1 has 16 clients, which is the limit");
    ck_assert_int_eq(send(guest, "login: ", 7, 0), 7);
    for (int i = 0; i < CONSOLE_WATCHERS_MAX; i++)
        read_exactly(clients[i], "login: ");
    ck_assert_int_eq(send(clients[3], "ro", 2, 0), 2);
    read_exactly(guest, "ro");
    (void)close(clients[3]);
    ck_assert_int_eq(send(clients[5], "ot", 2, 0), 2);
    read_exactly(guest, "ot");
    ck_assert_int_eq(send(guest, "\r\n", 2, 0), 2);
    read_exactly(clients[0], "\r\n");
    for (int i = 0; i < CONSOLE_WATCHERS_MAX; i++)
        if (i != 3)
            (void)close(clients[i]);
    char c = 0;
    ck_assert_int_eq(recv(guest, &c, 1, 0), 0); /* with the last of them the hub goes */
    (void)close(guest);
    finish(listener);
}
END_TEST

START_TEST(a_queue_that_is_full_is_an_answer)
{
    int others[8];
    int client = -7;
    int listener = listen_like_qemu();
    for (size_t i = 0; i < ARRAY_SIZE(others); i++) { /* another program's */
        struct sockaddr_un address = {.sun_family = AF_UNIX};
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        others[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(others[i], (const struct sockaddr *)&address, sizeof(address));
    }
    ck_assert_int_eq(console_open(path, "i-1", &client, NULL), -EBUSY);
    ck_assert_int_eq(client, -7);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        (void)close(others[i]);
    finish(listener);
}
END_TEST

UNIT_SUITE(text_goes_both_ways, a_client_that_does_not_read_does_not_hold_up_the_guest,
           the_end_of_the_guest_is_the_end_of_the_console, without_a_guest_there_is_no_console,
           all_who_look_on_see_the_same_and_any_may_type, a_queue_that_is_full_is_an_answer)
