#pragma once
/* What the server itself can do, as the kernel says: for libvirt.c only. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Can guests run on KVM? Only where the processor has vmx or svm and /dev/kvm makes a machine: the
 * node alone proves nothing (where KVM is nested without help from below, guests hang in it for
 * ever). When not, `e` says why.
 */
bool host_has_kvm(struct err *e);
/* Does the text of /proc/cpuinfo (x86) show vmx or svm? */
bool host_cpuinfo_has_kvm(const char *cpuinfo);
/* false: a /dev/kvm that QEMU's user cannot open; libvirt then probes QEMU anew on every call. */
bool host_kvm_is_shared(void);
int host_memory(int64_t *ret_total_mib, int64_t *ret_available_mib, struct err *e);
