#pragma once
/*
 * A fault is what a caller of the API is told when a call is refused: one of EC2's own error codes
 * and a sentence that helps. The codes, their HTTP status and meaning are rows of faults.def; the
 * generated docs/errors.md is made from the same file.
 *
 *     return fault(f, FAULT_INVALID_KEY_PAIR_NOT_FOUND, "The key pair '%s' does not exist", name);
 *
 * fault() returns -1, so that a refusal is one line. A call that has raised a fault changes
 * nothing. Messages may carry what the caller sent (ids, names), never a secret and no details of
 * the machine.
 */
#include <stdbool.h>

enum fault_code {
#define FAULT(id, code, status, when) FAULT_##id,
#include "core/faults.def"
#undef FAULT
    FAULT_CODE_MAX
};

#define FAULT_MESSAGE_MAX 4096 /* an encoded authorization message is the longest part of one */

struct fault {
    enum fault_code code; /* meaningful when message[0] */
    char message[FAULT_MESSAGE_MAX];
};

/* Fills in *f (the first fault wins: a second call is ignored) and returns -1. */
int fault(struct fault *f, enum fault_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void fault_clear(struct fault *f);
/* "InvalidKeyPair.NotFound" */
const char *fault_code_name(enum fault_code code);
int fault_http_status(enum fault_code code);
/* Has a fault been raised? */
bool fault_is_set(const struct fault *f);
