/*
 * MODE, and a text. `token`: the text is the NextToken of a client, and no such token is ever
 * taken. Any other mode: the text is a key; the token that is made of it is taken and gives the key
 * back, and is not taken with one character changed (which one and how, the mode says) or for
 * another query.
 */
#include "api/page.h"

#include "base/text.h"
#include "fuzz.h"

#define KEY_MAX 1000

static bool accepts(struct call *c, const char *token, const char **ret_after)
{
    struct page page = {0};
    struct fault f = {0};
    if (page_begin(c, (struct opt_int){0}, token, false, &page, &f) < 0) {
        CHECK(f.code == FAULT_INVALID_PAGINATION_TOKEN);
        return false;
    }
    *ret_after = page.after;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const struct api_config config = {.page_secret = "0123456789abcdef"};
    const struct principal principal = {.account_id = "123456789012"};
    const struct region region = {.name = "us-east-1"};
    ec2_DescribeInstances_in in = {0};
    struct call c = {
        .config = &config,
        .action = wire_action_find(&ec2_service, "DescribeInstances"),
        .principal = &principal,
        .region = &region,
        .arena = a,
        .in = &in,
    };
    const char *mode = fuzz_line(a, &data, &size);
    const char *text = arena_strndup(a, (const char *)data, size);
    const char *after = NULL;
    if (streq(mode, "token")) {
        CHECK(!accepts(&c, text, &after));
        return 0;
    }
    if (*text == '\0' || strlen(text) > KEY_MAX)
        return 0;
    char *token = arena_strdup(a, page_end(&c, &(struct page){.last = text, .more = true}));
    CHECK(accepts(&c, token, &after) && streq(after, text));

    const char *const states[] = {"running"};
    struct ec2_Filter filter = {"instance-state-name", {(const char **)(uintptr_t)states, 1}};
    in.filters = (struct ec2_FilterList){&filter, 1};
    CHECK(!accepts(&c, token, &after));
    in = (ec2_DescribeInstances_in){0};

    unsigned number = 0;
    for (const char *p = mode; *p != '\0'; p++)
        number = number * 31 + (unsigned char)*p;
    char *changed = &token[number % strlen(token)];
    char with = (char)(number / strlen(token) % 127 + 1);
    /* The last character may stand for bits that are not used. */
    if (*changed != with && changed[1] != '\0')
        CHECK((*changed = with) != '\0' && !accepts(&c, token, &after));
    return 0;
}
