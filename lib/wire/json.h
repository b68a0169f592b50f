#pragma once
/*
 * The JSON doors: AWS JSON 1.1 (X-Amz-Target) and POST /v1/Action. Keys are AWS's member names,
 * numbers and booleans are JSON's own, times are seconds since 1970 (a fraction is allowed; ISO
 * 8601 text is taken, too), blobs are base64. `null` is an absent member; "" is an empty text.
 *
 * Decoding gives the same faults in the same order as query_decode(), with keys such as
 * `Filters[0].Name`. A body that is not one JSON object, is larger than JSON_TEXT_MAX or has a key
 * twice is MalformedQueryString; one with more than JSON_ELEMENTS_MAX list elements is
 * ResourceCountExceeded.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "core/fault.h"
#include "wire/model.h"

#define JSON_TEXT_MAX ((size_t)16 << 20)
/* Of all lists of a request: what a form may have (form.h), where each pair may begin four. */
#define JSON_ELEMENTS_MAX 80000

/* *ret_in as in query_decode(). No text at all is an empty object. */
int json_decode(struct arena *a, const struct wire_action *action, const char *text, size_t len,
                void **ret_in, struct fault *f);
/*
 * The other direction of json_encode_reply(), for clients and tests: members of replies, unknown
 * keys passed over. `s` is the structure of the reply.
 */
int json_decode_reply(struct arena *a, const struct wire_struct *s, const char *text, size_t len,
                      void **ret_out, struct fault *f);

enum json_style {
    JSON_PLAIN = 0,
    JSON_LISTS = 1,  /* lists of the top level are shown even when empty: replies */
    JSON_REDACT = 2, /* sensitive members become "***": logs */
    JSON_SORTED = 4, /* keys in order: digests */
};

/*
 * Append to `out`: a structure, the reply of an action ({"Return": true} when there is nothing to
 * say), a fault ({"__type": code, "message": sentence}). `beside` is one more member, NULL: none.
 * 0, or -EOVERFLOW when it does not fit.
 */
int json_encode(struct arena *a, const struct wire_struct *s, const void *value, unsigned style,
                struct buf *out);
int json_encode_reply(struct arena *a, const struct wire_action *action, const void *output,
                      const struct wire_beside *beside, struct buf *out);
int json_encode_fault(struct arena *a, const struct fault *f, const struct wire_beside *beside,
                      struct buf *out);
