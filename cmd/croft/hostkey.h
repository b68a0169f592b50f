#pragma once
/*
 * Host keys of guests: trusted on first use, kept by instance id, and checked against what the
 * guest printed on its console, where cloud-init shows the fingerprints.
 */
#include <libssh/libssh.h>
#include <stdbool.h>
#include <stddef.h>

#include "croft/instances.h"

/* Prepares the session: which file to compare with. STATUS_OK, or an exit status. */
int hostkey_prepare(struct cli *c, ssh_session session, const char **ret_file);
/* After ssh_connect(): may we talk to it? STATUS_OK, or an exit status after the message. */
int hostkey_check(struct cli *c, ssh_session session, const struct guest *guest, const char *file);

/*
 * Looks for `fingerprint` ("SHA256:...") between cloud-init's BEGIN and END SSH HOST KEY
 * FINGERPRINTS. 1: it is there. 0: others are, but not this one. -1: there are none at all.
 */
int console_has_fingerprint(const char *console, const char *fingerprint);
