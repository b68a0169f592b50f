#pragma once
/*
 * A way to a guest's serial console that cannot hurt the guest: for libvirt.c only.
 *
 * A guest waits for its serial port: when the other end of QEMU's socket is not read, QEMU stops
 * taking characters, and a Linux guest that prints to its console stands still, kernel and all. So
 * nobody gets that socket itself. A thread here reads it whatever happens, and what a slow client
 * does not take in time is dropped; the console log has it.
 */
#include "base/err.h"

#define CONSOLES_MAX 64 /* open ones of the whole process */

/*
 * A socket whose other end is the console; the caller closes it, and gets end of file when the
 * guest is gone. -ENOENT: no guest listens there; -EBUSY: too many look on (QEMU talks to one
 * client at a time, a second one waits for the first to leave). `path` may be gone afterwards.
 */
int console_open(const char *path, const char *instance_id, int *ret_fd, struct err *e);
