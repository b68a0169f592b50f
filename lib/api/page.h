#pragma once
/*
 * Paging: MaxResults and NextToken.
 *
 * Items are visited in the order of their keys (ids), and a page ends after a key; the next begins
 * behind it. So a page is stable under inserts and deletes. The token is the last key with a MAC
 * over it, the action, the caller and the query, so a token of another query is refused.
 *
 *     if (page_begin(c, in->max_results, in->next_token, has_ids, &page, f) < 0)
 *         return -1;
 *     for (i = 0; i < rows.n && !page.more; i++)       // in the order of keys
 *         if (filters_match(&filters, &item, NULL) && page_admit(&page, item.id))
 *             append the item
 *     out->next_token = page_end(c, &page);
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

/* has_ids: ids were named, which excludes MaxResults and NextToken
 * (InvalidParameterCombination). Another token's fault is InvalidPaginationToken. */
int page_begin(struct call *c, struct opt_int max_results, const char *next_token, bool has_ids,
               struct page *ret_page, struct fault *f);
/* Was the key on an earlier page? Spares building an item that page_admit() would not let in. */
bool page_has_passed(const struct page *p, const char *key);
/* False: before the page, or behind it (then `more` is set). The key must outlive the page. */
bool page_admit(struct page *p, const char *key);
/* The token of the next page, or NULL at the end. */
const char *page_end(struct call *c, const struct page *p);
