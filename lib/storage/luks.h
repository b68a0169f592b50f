#pragma once
/*
 * LUKS (version 1) in qcow2 files, as QEMU itself makes it: AES-256-XTS with plain64, SHA-256.
 *
 * qemu-img makes such a file, too, but measures first how many rounds of PBKDF2 take a second, for
 * 2.5 seconds of a processor, and gives up where the kernel's clocks are too coarse for that. The
 * rounds make guessing a password slow; what opens a layer is no password but a key of 256 random
 * bits, so as few are taken as QEMU takes at least.
 */
#include <stddef.h>

#include "base/err.h"

/* The header with its eight slots for keys; what is encrypted has no place in it. */
#define LUKS_HEADER_SIZE 2068480

/* Makes one for a new master key, which opens with the text `key`. */
int luks_header_make(const char *key, unsigned char ret[static LUKS_HEADER_SIZE], struct err *e);

/*
 * Makes an empty qcow2 file (version 3), as qemu-img has just made it, an encrypted one. Nobody
 * else may have it open, and a file that this was cut short on is of no use. -EINVAL: it is no such
 * file.
 */
int luks_encrypt_qcow2(const char *path, const char *key, struct err *e);
