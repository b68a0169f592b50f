#pragma once
/*
 * A guest that is to let go of a disk or an interface is asked now and then, because one that is
 * starting does not hear it, and looked at in between. QEMU takes no second ask for five seconds
 * and has no way to take a PCI device from a guest, so a detach goes on until the guest has let go
 * or has ended. One that comes is tried a few times.
 */
#include "jobs/worker.h"

struct detach_turn {
    bool ask;         /* or look only */
    int64_t again_ms; /* how soon the next turn is, if the guest has it still */
};

/* Whether an attachment that failed with -errno is not tried again. A guest's QEMU or libvirt may
 * be busy for a moment; while libvirt is away it is waited for. */
bool attach_is_given_up(const struct job *job, int r);
/* `hurried`: somebody wants to know soon, however long it takes. */
struct detach_turn detach_turn(const struct job *job, bool hurried);
