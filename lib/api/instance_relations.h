#pragma once
/*
 * What belongs to instances: volumes, interfaces, addresses, groups, profiles, tags. Read for one
 * instance, or for all of the caller's region at once, in a handful of queries; then found by
 * binary search. So a reply with a thousand instances costs a few reads and not several thousand.
 */
#include "api/call.h"

struct instance_relations {
    struct volume_list volumes;                        /* sorted by instance_id */
    struct network_interface_list interfaces;          /* sorted by instance_id */
    struct interface_address_list addresses;           /* sorted by interface_id */
    struct address_list elastic;                       /* sorted by interface_id */
    struct interface_group_list groups;                /* sorted by interface_id */
    struct security_group_list names;                  /* sorted by id */
    struct tag_list tags;                              /* sorted by resource_id, key */
    struct instance_profile_association_list profiles; /* sorted by instance_id */
};

void relations_of_one(struct call *c, const char *instance_id, struct instance_relations *ret);
void relations_of_region(struct call *c, struct instance_relations *ret);

/* Slices of the lists above; nothing is copied. */
struct volume_list relations_volumes(const struct instance_relations *r, const char *instance_id);
struct network_interface_list relations_interfaces(const struct instance_relations *r,
                                                   const char *instance_id);
struct interface_address_list relations_addresses(const struct instance_relations *r,
                                                  const char *interface_id);
struct address_list relations_elastic(const struct instance_relations *r, const char *interface_id);
struct interface_group_list relations_groups(const struct instance_relations *r,
                                             const char *interface_id);
/* NULL: it has none. */
const struct instance_profile_association *relations_profile(const struct instance_relations *r,
                                                             const char *instance_id);
struct tag_list relations_tags(const struct instance_relations *r, const char *resource_id);
/* NULL when the group is not there. */
const char *relations_group_name(const struct instance_relations *r, const char *group_id);
