#pragma once
/* What the files that read and evaluate policies share. */
#include <jansson.h>
#include <stdint.h>

#include "auth/policy.h"
#include "auth/policy_decide.h"
#include "base/buf.h"
#include "core/cidr.h"

/*
 * Parts of a document. Each returns 0, or -EINVAL with the reason. A text, or a list of them that
 * is not empty; booleans and numbers only where `scalars` says so.
 */
int policy_read_texts(struct arena *a, const json_t *value, const char *element, bool scalars,
                      struct policy_texts *ret_texts, struct err *e);
int policy_read_conditions(struct arena *a, const json_t *value, struct policy_statement *s,
                           struct err *e);

/* An address is a block of one. */
struct policy_block {
    bool is_ipv6;
    struct cidr v4;
    struct cidr6 v6;
};

/* Values as their type has them; false: it is none of that type. */
bool policy_read_number(const char *text, double *ret_number);
/* "2026-01-02", "2026-01-02T03:04:05Z", with a fraction or an offset (W3C's profile of ISO 8601);
 * or seconds since 1970. */
bool policy_read_date(const char *text, int64_t *ret_milliseconds);
bool policy_read_block(const char *text, struct policy_block *ret_block);
bool policy_read_bool(const char *text, bool *ret_value);
bool policy_is_base64(const char *text);

/* One evaluation: what was asked, and room for one value with its variables replaced. */
struct policy_evaluation {
    const struct policy_question *q;
    bool has_variables; /* the document's version has them */
    struct buf scratch;
};

/* Does one of the values, as the document writes them, stand for the text? An ARN is compared part
 * by part. */
bool policy_matches_resource(struct policy_evaluation *ev, const struct policy_texts *patterns,
                             const char *resource);
bool policy_matches_action(struct policy_evaluation *ev, const struct policy_texts *patterns,
                           const char *action);
bool policy_condition_holds(struct policy_evaluation *ev, const struct policy_condition *c);
/*
 * What a value means in this request: variables replaced and, for a pattern, everything that
 * wildcard_match() takes as special and a document does not behind a backslash. NULL: a variable is
 * not known, or it is too long. Good until the next call.
 */
const char *policy_expand(struct policy_evaluation *ev, const char *text, size_t len,
                          bool is_pattern, size_t *ret_len);
/* Does the ARN, or its pattern, stand for this one? */
bool policy_arn_matches(struct policy_evaluation *ev, const char *pattern, const char *arn);
