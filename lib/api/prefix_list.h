#pragma once
/* Managed prefix lists, as requests name them and the rest of the API counts with them. */
#include "api/call.h"

/* A list of the caller's own, or one that AWS manages; both NULL: there is none. */
struct prefix_list_ref {
    struct prefix_list *own;
    const struct aws_prefix_list *aws;
};

/* InvalidPrefixListID.NotFound when it is neither. */
int prefix_list_find(struct call *c, const char *id, struct prefix_list_ref *ret, struct fault *f);
/* How many rules or routes it counts as: its MaxEntries (AWS: "Amazon VPC quotas"). */
int64_t prefix_list_weight(const struct prefix_list_ref *ref);
/* The entries of a version, by block. */
struct prefix_list_entry_list prefix_list_entries_at(struct call *c, const char *id,
                                                     int64_t version);
/* The oldest version that is still kept. */
int64_t prefix_list_oldest(const struct prefix_list *list);

/* The groups and route tables that name the list, by id. */
struct wire_strings prefix_list_users(struct call *c, const char *id);
/*
 * Those of them that cannot take `max_entries` in place of what it counts as now, by id.
 */
struct wire_strings prefix_list_overfull(struct call *c, const struct prefix_list *list,
                                         int64_t max_entries);
/* Has the networks of its users follow. */
void prefix_list_changed(struct call *c, const char *id);
