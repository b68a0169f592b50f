#pragma once
/*
 * The hypervisor, as the jobs see it: domains that are started paused, resumed, shut down,
 * destroyed.
 *
 * Two drivers: libvirt (libvirt.h) and an in-memory one for API tests (fake.h). A domain's name is
 * the instance's id. Domains are transient: one exists exactly while its instance has a process,
 * and is built anew from the rows at each start; what is to be is in the store and nowhere else.
 *
 * All calls may block and may come from any worker thread at once; there is no global lock around
 * starts. They return 0 or -errno with `e` filled in; -ENOENT: no such domain; -ENOTCONN: the
 * hypervisor is away (try again later: nothing is known about the domain).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "core/volume_limits.h"

/* The root and 25 more (as EC2's /dev/sd[f-z] and beyond), the seed, 24 of an instance store. */
#define DOMAIN_DISKS_MAX 52

#define DISK_IO_URING   "io_uring"
#define DISK_IO_THREADS "threads"

struct domain_disk {
    const char *path;         /* a file; always <disk type='file'> */
    const char *format;       /* qcow2, raw */
    const char *const *below; /* the qcow2 files that it stands on, downwards; NULL-terminated */
    const char *target;       /* vda, vdb, … */
    const char *serial;       /* shown in the guest; at most 20 characters; NULL: none */
    const char *io;           /* how QEMU reads and writes it: DISK_IO_…; NULL: its own way */
    bool no_io_thread;        /* the domain that it comes to was started without one */
    bool read_only;
    int boot_order;              /* 1: boots from it; 0: no boot device */
    struct volume_limits limits; /* all zero: none */
    /*
     * The first so many of `path` and `below` are encrypted (LUKS in qcow2), all with one key: its
     * id, its text, which must not be written anywhere, and what libvirt calls it for the time of
     * the call, which the driver sets.
     */
    size_t n_encrypted;
    const char *key_id;
    const char *key;
    const char *secret;
};

struct domain_freeze {
    const char *serial; /* of the disk */
    const char *path;   /* what it writes into from now on */
    const char *key;    /* of that file; NULL: it is not encrypted */
};

struct domain_nic {
    const char *tap; /* name of the tap device that is made */
    const char *mac;
    int mtu;
};

/* Everything that the domain XML is made from. */
struct domain_spec {
    const char *instance_id;
    const char *uuid; /* begins with ec2 */
    const char *instance_type;
    const char *image_id;
    const char *name_tag;     /* the Name tag for virsh's title; NULL: none */
    const char *architecture; /* x86_64, arm64 */
    const char *driver;       /* "kvm" or "qemu", see host_info.kvm */
    int vcpus;
    int threads_per_core; /* a divisor of vcpus */
    int64_t memory_mib;
    const struct domain_disk *disks;
    size_t n_disks;
    const struct domain_nic *nics;
    size_t n_nics;
    const char *console_log;    /* file that the serial console is logged to */
    const char *console_socket; /* unix socket of the serial console */
};

enum domain_state {
    DOMAIN_PAUSED_NEW, /* created and never resumed */
    DOMAIN_RUNNING,    /* also: paused by somebody else, or on its way down */
    DOMAIN_GONE,
};

struct domain_seen {
    const char *instance_id;
    enum domain_state state;
    bool stalled; /* QEMU has paused it: a write of its disks found no room */
};

struct domain_list {
    struct domain_seen *v;
    size_t n;
};

struct host_info {
    int cpus;
    int64_t memory_mib;           /* of the server */
    int64_t memory_available_mib; /* right now: MemAvailable */
    bool kvm;                     /* false: software emulation */
    bool emulates_arm64;
    const char *version; /* "libvirt 9.0.0, QEMU 7.2.19"; static or owned by the driver */
};

/*
 * What happened to a domain. A hint to look at it, no more: a destroy of our own raises _DESTROYED
 * as well, and what happens while the hypervisor is away raises nothing but _CONNECTED afterwards.
 */
enum domain_event {
    DOMAIN_EVENT_SHUTDOWN,  /* the guest powered itself off */
    DOMAIN_EVENT_CRASHED,   /* the process died */
    DOMAIN_EVENT_DESTROYED, /* somebody ended it */
    DOMAIN_EVENT_STALLED,   /* paused: a write of its disks found no room */
    DOMAIN_EVENT_CONNECTED, /* the hypervisor is back: look at everything again (no instance_id) */
};

/* Called on a thread of the driver; must not block and must not call the driver. */
typedef void (*domain_event_fn)(void *ctx, enum domain_event what, const char *instance_id);

struct hypervisor;

struct hypervisor_ops {
    const char *name; /* "libvirt", "fake" */
    int (*host_info)(struct hypervisor *h, struct host_info *ret_info, struct err *e);
    /* Creates the domain paused. -EEXIST when there is one. On failure nothing is left. */
    int (*create_paused)(struct hypervisor *h, const struct domain_spec *spec, struct err *e);
    int (*resume)(struct hypervisor *h, const char *instance_id, struct err *e);
    /* Until it is resumed; its state is RUNNING meanwhile. One that is paused stays so. */
    int (*suspend)(struct hypervisor *h, const char *instance_id, struct err *e);
    /*
     * Asks the guest to power off (ACPI button, and its agent where it has one); returns within
     * seconds, long before the guest is off. A guest that is still starting may not hear it, so ask
     * again every few seconds; one that is on its way down does not mind.
     */
    int (*shutdown)(struct hypervisor *h, const char *instance_id, struct err *e);
    int (*reset)(struct hypervisor *h, const char *instance_id, struct err *e);
    /* Asks the guest to reboot; the domain stays. */
    int (*reboot)(struct hypervisor *h, const char *instance_id, struct err *e);
    /* Ends the process; a missing domain is success. Returns when the process is gone. */
    int (*destroy)(struct hypervisor *h, const char *instance_id, struct err *e);
    /*
     * Another interface for a domain that runs: it comes with its link down, because its tap is in
     * the server's namespace yet; nic_connect raises the link when it has moved. One that is there
     * already is success. A detach is as that of a disk, below.
     */
    int (*nic_attach)(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                      struct err *e);
    int (*nic_connect)(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                       struct err *e);
    int (*nic_detach)(struct hypervisor *h, const char *instance_id, const struct domain_nic *nic,
                      bool ask, bool *ret_gone, struct err *e);
    /* A missing domain is DOMAIN_GONE. */
    int (*state)(struct hypervisor *h, const char *instance_id, enum domain_state *ret_state,
                 struct err *e);
    /* Every domain of ours (recognised by Croft's metadata, not by its name). */
    int (*list)(struct hypervisor *h, struct arena *a, struct domain_list *ret_list, struct err *e);
    /*
     * Disks of a domain that runs, each known by its serial. Attaching one that is there and
     * detaching one that is not are successes. The target of a new one is chosen here. A detach
     * asks the guest to let go (or, without `ask`, only looks) and does not wait; *ret_gone says
     * that the domain has the disk no more, so look again until it does. The file may be open for a
     * moment longer. -ENOSPC: no more disks fit. -ENODEV: none of this serial.
     */
    int (*disk_attach)(struct hypervisor *h, const char *instance_id,
                       const struct domain_disk *disk, struct err *e);
    int (*disk_detach)(struct hypervisor *h, const char *instance_id, const char *serial, bool ask,
                       bool *ret_gone, struct err *e);
    /* The guest sees the new size at once. */
    int (*disk_resize)(struct hypervisor *h, const char *instance_id, const char *serial,
                       int64_t bytes, struct err *e);
    /* From now on; it may do at once what its bucket of a burst holds. */
    int (*disk_limit)(struct hypervisor *h, const char *instance_id, const char *serial,
                      const struct volume_limits *limits, struct err *e);
    /*
     * From one moment on the guest writes into other files: all of these disks, or none. Each file
     * is there, empty, on top of the one that the disk has had. A disk that has its file already is
     * passed over, one that is not there is -ENODEV. What copies data of these disks is ended.
     * `quiet`: the guest's agent, where there is one, freezes the file systems for that moment;
     * *ret_quiet says whether it did. It is not waited for long, and the freeze never fails for it.
     */
    int (*disks_freeze)(struct hypervisor *h, const char *instance_id,
                        const struct domain_freeze *disks, size_t n, bool quiet, bool *ret_quiet,
                        struct err *e);
    /*
     * Copies, while the guest runs: of a merge, what is in a file below a disk into the one that
     * this stands on, after which nothing names it; of a flattening, what is between a disk and
     * `base` (NULL: all that is below it) into the disk. *ret_done says that it is over; so ask
     * again until it is. Data that was copied before a crash is copied again.
     */
    int (*disk_merge)(struct hypervisor *h, const char *instance_id, const char *serial,
                      const char *top, const char *base, bool *ret_done, struct err *e);
    int (*disk_flatten)(struct hypervisor *h, const char *instance_id, const char *serial,
                        const char *base, bool *ret_done, struct err *e);
    /* A connected socket to the serial console. A client that does not read it misses text; the
     * guest never waits for it. -ENOENT: no guest; -EBUSY: too many clients. */
    int (*console)(struct hypervisor *h, const char *instance_id, const char *console_socket,
                   int *ret_fd, struct err *e);
    /*
     * What the guest shows on its screen, as JPEG, appended to *ret_jpeg. `wake`: a key that does
     * nothing is pressed before. -ENOENT: no guest; another -errno: it has no screen.
     */
    int (*screenshot)(struct hypervisor *h, const char *instance_id, bool wake,
                      struct buf *ret_jpeg, struct err *e);
    void (*free)(struct hypervisor *h);
};

/* Drivers embed this as their first member. */
struct hypervisor {
    const struct hypervisor_ops *ops;
};
