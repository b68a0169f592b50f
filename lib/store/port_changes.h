#pragma once
/*
 * Which ports of a VPC may be other than they were: what port_changes.sql has noted, by commits.
 *
 * It is kept in memory, and as much of it as fits: whoever asks about what is older, or about
 * another run of the program, has to look at everything.
 */
#include "store/queries.h"

/*
 * The interfaces of the VPC whose ports may have changed since `since`, in the snapshot of this
 * read transaction; sorted, each once, those that have gone among them. *ret_now: the `since` of
 * the next look; never 0. False: nobody knows (`since` is too old, or 0), or the transaction has
 * failed.
 */
bool store_changed_ports(struct tx *tx, struct arena *a, const char *vpc_id, uint64_t since,
                         struct text_list *ret_ids, uint64_t *ret_now);
