#pragma once
/*
 * Paging: MaxResults and NextToken.
 *
 * Items are visited in the order of their keys (ids), and a page ends after a key; the next begins
 * behind it. So a page is stable under inserts and deletes. The token is the last key with a MAC
 * over it, the action, the caller and the query, so a token of another query is refused.
 *
 *     struct page p;
 *     if (page_begin(c, in->max_results, in->next_token, in->instance_ids.n > 0, &p, f) < 0) return
 * -1; for each item in key order, that passes the filters: if (!page_admit(&p, key)) continue;   //
 * before the page, or the page is full append it out->next_token = page_end(c, &p);
 */
#include <stdbool.h>
#include <stdint.h>

#include "api/call.h"

#define PAGE_SIZE_MAX 1000

struct page {
    int64_t left;      /* items that still fit */
    const char *after; /* key that the page before ended with; NULL: the first page */
    const char *last;  /* key of the last item admitted */
    bool more;         /* an item did not fit */
};

/* has_ids: ids were named, which excludes MaxResults (InvalidParameterCombination). */
int page_begin(struct call *c, struct opt_int max_results, const char *next_token, bool has_ids,
               struct page *ret_page, struct fault *f);
bool page_admit(struct page *p, const char *key);
/* The token of the next page, or NULL at the end. */
const char *page_end(struct call *c, const struct page *p);
