#include "core/prefix_list.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "core/cidr.h"

/*
 * Ids and blocks are those that AWS has published for us-east-1. Croft runs neither service: guests
 * reach AWS's, where the server's own network lets them.
 */
static const char *const dynamodb_blocks[] = {"52.94.0.0/22", "52.119.224.0/20", NULL};
static const char *const s3_blocks[] = {"3.5.0.0/19", "52.216.0.0/15", "54.231.0.0/16", NULL};

static const struct aws_prefix_list lists[] = {
    {"pl-02cd2c6b", "dynamodb", dynamodb_blocks, ARRAY_SIZE(dynamodb_blocks) - 1},
    {"pl-63a5400a", "s3", s3_blocks, ARRAY_SIZE(s3_blocks) - 1},
};

struct aws_prefix_lists aws_prefix_list_all(void)
{
    return (struct aws_prefix_lists){lists, ARRAY_SIZE(lists)};
}

const struct aws_prefix_list *aws_prefix_list_find(const char *id)
{
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        if (streq(lists[i].id, id))
            return &lists[i];
    return NULL;
}

const char *aws_prefix_list_name(struct arena *a, const struct aws_prefix_list *list,
                                 const char *region)
{
    return arena_printf(a, "com.amazonaws.%s.%s", region, list->service);
}

static int wrong_block(const char *text, bool is_ipv6, struct fault *f)
{
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "The CIDR '%.64s' is not a valid %s CIDR block for the prefix list", text,
                 is_ipv6 ? "IPv6" : "IPv4");
}

int prefix_list_block(struct arena *a, bool is_ipv6, const char *text, const char **ret_block,
                      struct fault *f)
{
    struct cidr block = {0};
    struct cidr6 block6 = {0};
    char canonical[CIDR6_TEXT_SIZE];
    if ((is_ipv6 ? cidr6_parse(text, &block6) : cidr_parse(text, &block)) < 0)
        return wrong_block(text, is_ipv6, f);
    bool has_host_bits = is_ipv6 ? cidr6_normalize(&block6) : cidr_normalize(&block);
    if (is_ipv6)
        cidr6_format(&block6, canonical);
    else
        cidr_format(&block, canonical);
    if (has_host_bits)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The CIDR '%.64s' is not valid: it has host bits set. Use %s", text,
                     canonical);
    *ret_block = arena_strdup(a, canonical);
    return 0;
}
