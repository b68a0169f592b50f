#pragma once
/*
 * A guest that is to let go of a disk or an interface is asked now and then, because one that is
 * starting does not hear it, and looked at in between. QEMU takes no second ask for five seconds
 * and has no way to take a PCI device from a guest, so a detach goes on until the guest has let go
 * or has ended.
 */
#include "jobs/worker.h"

struct detach_turn {
    bool ask;         /* or look only */
    int64_t again_ms; /* how soon the next turn is, if the guest has it still */
};

/* `hurried`: somebody wants to know soon, however long it takes. */
struct detach_turn detach_turn(const struct job *job, bool hurried);
