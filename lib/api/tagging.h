#pragma once
/* Tags on resources: what requests bring and replies show. */
#include "api/call.h"

/* "instance" of "i-…", or NULL for an id of no resource of ours. */
const char *tag_resource_type(const char *resource_id);
/* Is this the key of a tag that the service writes itself, and callers neither write nor delete? */
bool tag_is_reserved(const char *key);
/* Checks keys and values (AWS: "Tag restrictions"): length, reserved aws:, repeats, at most 50. */
int tags_check(const struct ec2_TagList *tags, struct fault *f);
/*
 * The tags that a request's TagSpecifications give to one type of resource. `allowed` are the types
 * that the action creates, NULL-terminated; another one is InvalidParameterValue.
 */
int tags_from_specifications(struct call *c, const struct ec2_TagSpecificationList *specifications,
                             const char *const *allowed, struct fault *f);
/* Writes them to a new resource of that type. */
void tags_put(struct call *c, const struct ec2_TagSpecificationList *specifications,
              const char *resource_type, const char *resource_id);
/* Writes checked tags to a resource, over those that it has. */
void tags_write(struct call *c, const struct ec2_TagList *tags, const char *resource_id);
/* The tags of a resource, for a reply, sorted by key. */
void tags_of(struct call *c, const char *resource_id, struct ec2_TagList *ret_tags);
/* A resource has gone. */
void tags_drop(struct call *c, const char *resource_id);
