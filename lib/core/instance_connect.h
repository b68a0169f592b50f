#pragma once
/*
 * EC2 Instance Connect: a public key that somebody has sent for a user of an instance, and that its
 * sshd takes for a minute, because its metadata shows it (managed-ssh-keys/active-keys/USER).
 */
#include <stdbool.h>
#include <stdint.h>

#define MANAGED_KEY_MS   INT64_C(60000)
#define MANAGED_KEYS_MAX 16 /* of one instance at a time */

struct managed_ssh_key {
    const char *id; /* of the request that brought it */
    const char *instance_id;
    const char *os_user;
    const char *public_key; /* one OpenSSH line */
    const char *caller;     /* an ARN */
    int64_t expires_at;     /* milliseconds */
};

/* AWS's pattern for InstanceOSUser: "ec2-user", "jane.doe@EXAMPLE.COM", "machine$", "1st". */
bool os_user_is_legal(const char *name);
