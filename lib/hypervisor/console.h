#pragma once
/*
 * A way to a guest's serial console that cannot hurt the guest, for several people at once: for
 * libvirt.c only.
 *
 * A guest waits for its serial port: when the other end of QEMU's socket is not read, QEMU stops
 * taking characters, and a Linux guest that prints to its console stands still, kernel and all. So
 * nobody gets that socket itself. A thread here reads it whatever happens and gives all clients the
 * same; what a slow one does not take in time is dropped for it, and the console log has it. What
 * any of them types goes to the guest. QEMU talks to one client at a time: that is this process.
 */
#include "base/err.h"

#define CONSOLES_MAX         64 /* guests whose console is open */
#define CONSOLE_WATCHERS_MAX 16 /* clients of one */

/*
 * A socket whose other end is the console; the caller closes it, and gets end of file when the
 * guest is gone. -ENOENT: no guest listens there; -EBUSY: too many look on, or another program has
 * QEMU's socket. `path` may be gone afterwards.
 */
int console_open(const char *path, const char *instance_id, int *ret_fd, struct err *e);
