/* What a process may not do any more once it has been confined, tried in a child. */
#include "base/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "unit.h"

/* With arguments that do nothing, and fail otherwise where nobody forbids the call. */
static long packets(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}
static long netfilter(void)
{
    return socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
}
static long virtual_machines(void)
{
    return socket(AF_VSOCK, SOCK_STREAM, 0);
}
static long unshares(void)
{
    return syscall(SYS_unshare, 0);
}
static long enters(void)
{
    return syscall(SYS_setns, -1, 0);
}
static long mounts(void)
{
    return syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
}
static long unmounts(void)
{
    return syscall(SYS_umount2, NULL, 0);
}
static long mounts_otherwise(void)
{
    return syscall(SYS_move_mount, -1, "", -1, "", 0);
}
static long clones_a_user(void)
{
    return syscall(SYS_clone, CLONE_NEWUSER | CLONE_FS, NULL, NULL, NULL, NULL);
}
static long writes_to_others(void)
{
    return syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 1);
}
static long programs_the_kernel(void)
{
    return syscall(SYS_bpf, -1, NULL, 0);
}
static long loads_a_module(void)
{
    return syscall(SYS_finit_module, -1, "", 0);
}
static long opens_by_handle(void)
{
    return syscall(SYS_open_by_handle_at, -1, NULL, 0);
}
static long uses_keys(void)
{
    return syscall(SYS_keyctl, -1);
}
static long is_another(void)
{
    return syscall(SYS_personality, 0xffffffff);
}
static long changes_root(void)
{
    return syscall(SYS_chroot, NULL);
}
static long boots(void)
{
    return syscall(SYS_kexec_load, 0, 0, NULL, 0);
}
static long sets_the_clock(void)
{
    return syscall(SYS_clock_settime, -1, NULL);
}

static const struct {
    const char *what;
    long (*try)(void);
    int croftd; /* the errno that the filter gives; 0: it lets it pass */
    int netd;
} tries[] = {
    {"a socket of packets", packets, EAFNOSUPPORT, 0},
    {"a socket of netfilter", netfilter, EAFNOSUPPORT, 0},
    {"a socket of virtual machines", virtual_machines, EAFNOSUPPORT, 0},
    {"unshare", unshares, EPERM, 0},
    {"setns", enters, EPERM, 0},
    {"mount", mounts, EPERM, 0},
    {"umount", unmounts, EPERM, 0},
    {"move_mount", mounts_otherwise, EPERM, 0},
    {"clone into a user namespace", clones_a_user, EPERM, 0},
    {"process_vm_writev", writes_to_others, EPERM, EPERM},
    {"bpf", programs_the_kernel, EPERM, EPERM},
    {"finit_module", loads_a_module, EPERM, EPERM},
    {"open_by_handle_at", opens_by_handle, EPERM, EPERM},
    {"keyctl", uses_keys, EPERM, EPERM},
    {"personality", is_another, EPERM, EPERM},
    {"chroot", changes_root, EPERM, EPERM},
    {"kexec_load", boots, EPERM, EPERM},
    {"clock_settime", sets_the_clock, EPERM, EPERM},
};

static uint64_t capabilities(void)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    ck_assert_int_eq(syscall(SYS_capget, &head, data), 0);
    return data[0].permitted | (uint64_t)data[1].permitted << 32;
}

/* In the child; its status is 0 when all is as it should be, else the number of the try, and one.
 */
static int try_all(const struct confinement *c, bool is_netd)
{
    struct err e = {0};
    if (confine(c, &e) < 0)
        return 100;
    if ((capabilities() & ~c->capabilities) != 0)
        return 101;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        return 102;
    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        int expected = is_netd ? tries[i].netd : tries[i].croftd;
        if (expected == 0)
            continue;
        errno = 0;
        if (tries[i].try() != -1 || errno != expected)
            return (int)i + 1;
    }
    return 0;
}

static int in_child(int (*what)(const struct confinement *, bool), const struct confinement *c,
                    bool is_netd)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        _exit(what(c, is_netd));
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void check_tries(const struct confinement *c, bool is_netd)
{
    int status = in_child(try_all, c, is_netd);
    ck_assert_msg(status == 0, "%s (%d)",
                  status > 0 && status <= (int)ARRAY_SIZE(tries) ? tries[status - 1].what
                                                                 : "it was not confined",
                  status);
}

/* Each try is a sign only if it ends otherwise where nobody forbids it. */
static int try_freely(const struct confinement *c, bool is_netd)
{
    (void)c;
    (void)is_netd;
    int differ = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
        errno = 0;
        long r = tries[i].try();
        if (tries[i].try == clones_a_user && r == 0)
            _exit(0);
        differ += r != -1 || errno != tries[i].croftd;
    }
    return differ;
}

START_TEST(croftd_is_refused_all_but_its_work)
{
    check_tries(&confinement_croftd, false);
}
END_TEST

START_TEST(netd_is_refused_what_no_network_takes)
{
    check_tries(&confinement_netd, true);
}
END_TEST

static long runs_a_program(void)
{
    char *argv[] = {"true", NULL};
    return execve("/bin/true", argv, argv + 1);
}
static long connects(void)
{
    return connect(-1, NULL, 0);
}
static long binds(void)
{
    return bind(-1, NULL, 0);
}
static long listens(void)
{
    return listen(-1, 1);
}
static long kills(void)
{
    return kill(getpid(), 0);
}
static long makes_a_directory(void)
{
    return mkdirat(-1, "", 0);
}
static long removes(void)
{
    return unlinkat(-1, "", 0);
}

/* In the child, as try_all(); nobody else is refused these. */
static int try_new_things(const struct confinement *c, bool is_confined)
{
    static long (*const all[])(void) = {connects,          binds,         listens, kills, removes,
                                        makes_a_directory, runs_a_program};
    struct err e = {0};
    if (is_confined && confine(c, &e) < 0)
        return 100;
    for (size_t i = 0; i < ARRAY_SIZE(all) - (is_confined ? 0 : 1); i++) {
        errno = 0;
        if ((all[i]() == -1 && errno == EPERM) != is_confined)
            return (int)i + 1;
    }
    for (int family = AF_INET; is_confined && family < AF_MAX; family++)
        if (socket(family, SOCK_STREAM, 0) != -1 || errno != EAFNOSUPPORT)
            return 101;
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || socket(AF_UNIX, SOCK_DGRAM, 0) < 0 ? 102
                                                                                               : 0;
}

START_TEST(who_speaks_with_guests_makes_nothing_new)
{
    check_tries(&confinement_metadata, false);
    ck_assert_int_eq(in_child(try_new_things, &confinement_metadata, true), 0);
    ck_assert_int_eq(in_child(try_new_things, &confinement_metadata, false), 0);
}
END_TEST

START_TEST(the_same_calls_are_not_refused_to_others)
{
    ck_assert_int_ge(in_child(try_freely, NULL, false), 10);
}
END_TEST

static int do_ordinary_things(const struct confinement *c, bool is_netd)
{
    (void)is_netd;
    if (confine(c, NULL) < 0)
        return 1;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0 || socket(AF_INET, SOCK_STREAM, 0) < 0 ||
        socket(AF_INET6, SOCK_STREAM, 0) < 0)
        return 2;
    if (socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) < 0)
        return 3; /* resolvers look at the addresses of the server */
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 7)
        return 4;
    return 0;
}

START_TEST(sockets_and_children_are_left_to_both)
{
    ck_assert_int_eq(in_child(do_ordinary_things, &confinement_croftd, false), 0);
    ck_assert_int_eq(in_child(do_ordinary_things, &confinement_netd, true), 0);
}
END_TEST

UNIT_SUITE(croftd_is_refused_all_but_its_work, who_speaks_with_guests_makes_nothing_new,
           netd_is_refused_what_no_network_takes, the_same_calls_are_not_refused_to_others,
           sockets_and_children_are_left_to_both)
