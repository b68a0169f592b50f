#pragma once
/*
 * An OVA: a tar of an OVF description and of disks. What is wanted of it is where its one disk
 * lies; names of members are compared and never used as names of files. Pure, but for the reading.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define OVA_BLOCK       512  /* of a header, and what members are padded to */
#define OVA_MEMBERS_MAX 1024 /* an OVA has a handful */

struct ova_disk {
    int64_t offset, length; /* bytes of the file that are the disk */
};

/* Does a file begin as a tar does? Of its first OVA_BLOCK bytes. */
bool ova_is_one(const void *head, size_t len);
/*
 * Looks through an OVA of so many bytes. -EINVAL: it is damaged, has no description, or not exactly
 * one member NAME.vmdk.
 */
int ova_find_disk(int fd, int64_t size, struct ova_disk *ret, struct err *e);
