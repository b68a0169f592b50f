#include "base/confine.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "confine.c: which architecture is this?"
#endif
#define X32_BIT 0x40000000U /* the second set of calls of x86-64 */

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |  \
     CLONE_NEWNET)

#if defined(__SANITIZE_ADDRESS__)
#define LOOKS_FOR_LEAKS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LOOKS_FOR_LEAKS 1
#endif
#endif

/* Nobody's. */
static const int refused[] = {
    SYS_acct,
    SYS_add_key,
    SYS_bpf,
    SYS_chroot,
    SYS_clock_adjtime,
    SYS_clock_settime,
    SYS_delete_module,
    SYS_finit_module,
    SYS_init_module,
    SYS_kcmp,
    SYS_kexec_file_load,
    SYS_kexec_load,
    SYS_keyctl,
    SYS_lookup_dcookie,
    SYS_open_by_handle_at,
    SYS_perf_event_open,
    SYS_personality,
    SYS_pivot_root,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
#if !defined(LOOKS_FOR_LEAKS) /* the sanitizer traces its own process at the end */
    SYS_ptrace,
#endif
    SYS_quotactl,
    SYS_reboot,
    SYS_request_key,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_settimeofday,
    SYS_swapoff,
    SYS_swapon,
    SYS_syslog,
    SYS_userfaultfd,
    SYS_vhangup,
#if defined(__x86_64__)
    SYS_ioperm,
    SYS_iopl,
    SYS_modify_ldt,
#endif
};

/* Without `namespaces`. */
static const int of_namespaces[] = {
    SYS_setns,  SYS_unshare,    SYS_mount,  SYS_umount2,  SYS_open_tree,
    SYS_fsopen, SYS_move_mount, SYS_fspick, SYS_fsconfig, SYS_fsmount,
};

/* With `nothing_new`. */
static const int of_new_things[] = {
    SYS_execve,         SYS_execveat,    SYS_connect,       SYS_bind,         SYS_listen,
    SYS_io_uring_setup, SYS_pidfd_getfd, SYS_kill,          SYS_mknodat,      SYS_mkdirat,
    SYS_unlinkat,       SYS_linkat,      SYS_symlinkat,     SYS_fchmod,       SYS_fchmodat,
    SYS_fchown,         SYS_fchownat,    SYS_truncate,      SYS_renameat2,    SYS_setxattr,
    SYS_lsetxattr,      SYS_fsetxattr,   SYS_fanotify_init, SYS_memfd_create, SYS_shmget,
    SYS_msgget,         SYS_semget,      SYS_mq_open,
#if defined(__x86_64__)
    SYS_mknod,          SYS_mkdir,       SYS_unlink,        SYS_rmdir,        SYS_link,
    SYS_symlink,        SYS_chmod,       SYS_chown,         SYS_lchown,       SYS_rename,
    SYS_renameat,       SYS_creat,
#endif
};

#define CAPABILITY(name) CONFINE_CAPABILITY(CAP_##name)

const struct confinement confinement_croftd = {
    .capabilities = CAPABILITY(CHOWN) | CAPABILITY(FOWNER) | CAPABILITY(DAC_OVERRIDE) |
                    CAPABILITY(DAC_READ_SEARCH),
};

const struct confinement confinement_netd = {
    .capabilities = CAPABILITY(NET_ADMIN) | CAPABILITY(SYS_ADMIN) | CAPABILITY(NET_RAW) |
                    CAPABILITY(NET_BIND_SERVICE) | CAPABILITY(SETUID) | CAPABILITY(SETGID) |
                    CAPABILITY(SETPCAP) | CAPABILITY(CHOWN) | CAPABILITY(KILL) |
                    CAPABILITY(SYS_PTRACE),
    .namespaces = true,
    .packets = true,
};

const struct confinement confinement_metadata = {.nothing_new = true};

/* --- the program of the filter */

#define PROGRAM_MAX 256

struct program {
    struct sock_filter v[PROGRAM_MAX];
    unsigned short n;
};

static void add(struct program *p, struct sock_filter instruction)
{
    CHECK(p->n < PROGRAM_MAX);
    p->v[p->n++] = instruction;
}

static void load(struct program *p, size_t offset)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* The low half of an argument: all that are looked at fit. */
static void load_argument(struct program *p, size_t number)
{
    load(p, offsetof(struct seccomp_data, args) + number * sizeof(uint64_t));
}

static void refuse(struct program *p, int code)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)code));
}

static void allow(struct program *p)
{
    add(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

/* Skips the next `n` instructions unless what is loaded is (or, of `set`, has a bit of) `value`. */
static void unless_equal(struct program *p, uint32_t value, uint8_t n)
{
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n));
}

static void unless_set(struct program *p, uint32_t value, uint8_t n)
{
    add(p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, value, 0, n));
}

static void refuse_calls(struct program *p, const int *calls, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unless_equal(p, (uint32_t)calls[i], 1);
        refuse(p, EPERM);
    }
}

/* To tell systemd, and nothing else. */
static void unix_sockets_alone(struct program *p)
{
    unless_equal(p, SYS_socket, 4);
    load_argument(p, 0);
    unless_equal(p, AF_UNIX, 1);
    allow(p);
    refuse(p, EAFNOSUPPORT);
}

/* AF_UNIX, AF_INET, AF_INET6, and the routes of netlink, which resolvers look at. */
static void sockets_of_few(struct program *p)
{
    static const uint32_t families[] = {AF_UNIX, AF_INET, AF_INET6};
    const uint8_t length = 1 + 2 * ARRAY_SIZE(families) + 5;
    unless_equal(p, SYS_socket, length);
    load_argument(p, 0);
    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        unless_equal(p, families[i], 1);
        allow(p);
    }
    unless_equal(p, AF_NETLINK, 3);
    load_argument(p, 2);
    unless_equal(p, NETLINK_ROUTE, 1);
    allow(p);
    refuse(p, EAFNOSUPPORT);
}

/* Flags behind a pointer cannot be looked at: libraries fall back from clone3 to clone. */
static void no_new_namespaces(struct program *p)
{
    unless_equal(p, SYS_clone3, 1);
    refuse(p, ENOSYS);
    unless_equal(p, SYS_clone, 4);
    load_argument(p, 0);
    unless_set(p, NEW_NAMESPACES, 1);
    refuse(p, EPERM);
    allow(p);
}

static int filter(const struct confinement *c, struct err *e)
{
    struct program p = {.n = 0};
    load(&p, offsetof(struct seccomp_data, arch));
    add(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    refuse(&p, EPERM);
    load(&p, offsetof(struct seccomp_data, nr));
    add(&p, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
    refuse(&p, EPERM);
    refuse_calls(&p, refused, ARRAY_SIZE(refused));
    if (!c->namespaces) {
        refuse_calls(&p, of_namespaces, ARRAY_SIZE(of_namespaces));
        no_new_namespaces(&p);
    }
    if (c->nothing_new) {
        refuse_calls(&p, of_new_things, ARRAY_SIZE(of_new_things));
        unix_sockets_alone(&p);
    } else if (!c->packets) {
        sockets_of_few(&p);
    }
    allow(&p);
    const struct sock_fprog program = {p.n, p.v};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        return err_errno(e, errno, "cannot filter system calls");
    return 0;
}

/* --- capabilities */

static int keep_capabilities(uint64_t kept, struct err *e)
{
    struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};
    if (syscall(SYS_capget, &head, data) < 0)
        return err_errno(e, errno, "cannot tell the capabilities");
    /* What programs that it runs as root could get; needs CAP_SETPCAP, which is in the set yet. */
    bool may = (data[CAP_SETPCAP / 32].effective & (1U << CAP_SETPCAP % 32)) != 0;
    for (int i = 0; may && prctl(PR_CAPBSET_READ, i) >= 0; i++)
        if ((kept & CONFINE_CAPABILITY(i)) == 0 && prctl(PR_CAPBSET_DROP, i) < 0)
            return err_errno(e, errno, "cannot give up a capability");
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    for (int i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        data[i].permitted &= (uint32_t)(kept >> 32 * i);
        data[i].effective = data[i].permitted;
        data[i].inheritable = 0;
    }
    if (syscall(SYS_capset, &head, data) < 0)
        return err_errno(e, errno, "cannot give up capabilities");
    return 0;
}

int confine(const struct confinement *c, struct err *e)
{
    int r = keep_capabilities(c->capabilities, e);
    if (r == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        r = err_errno(e, errno, "cannot give up new privileges");
    return r < 0 ? r : filter(c, e);
}
