#pragma once
/* The owner's ranges of public addresses, beside what the rows say. */
#include "base/err.h"
#include "core/address_range.h"
#include "store/store.h"

/*
 * Before anything is made of the ranges. -EINVAL: a VPC has a block that overlaps one, so that its
 * guests would not reach these addresses; or an address is in use that is of none, and would not be
 * led anywhere.
 */
int public_addresses_check(struct store *s, const struct address_ranges *ranges, struct err *e);
