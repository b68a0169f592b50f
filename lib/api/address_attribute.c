/* DescribeAddressesAttribute, ModifyAddressAttribute, ResetAddressAttribute: the one attribute is
 * the name that an elastic address has in the reverse zone. */
#include <ctype.h>
#include <string.h>

#include "api/address.h"
#include "api/lookup.h"
#include "api/page.h"

#define DOMAIN_NAME_MAX 253 /* RFC 1035, without the last dot */
#define LABEL_MAX       63

static struct ec2_AddressAttribute attribute_view(struct call *c, const struct address *a)
{
    return (struct ec2_AddressAttribute){
        .public_ip = a->public_ip,
        .allocation_id = a->id,
        .ptr_record = a->domain_name == NULL ? NULL : arena_printf(c->arena, "%s.", a->domain_name),
    };
}

int act_ec2_DescribeAddressesAttribute(struct call *c, const ec2_DescribeAddressesAttribute_in *in,
                                       ec2_DescribeAddressesAttribute_out *out, struct fault *f)
{
    struct address_list rows;
    struct page page;
    if (page_begin(c, in->max_results, in->next_token, in->allocation_ids.n > 0, &page, f) < 0 ||
        lookup_addresses(c, &in->allocation_ids, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n && !page.more; i++)
        if (page_admit(&page, rows.v[i].id))
            *arena_append(c->arena, &out->addresses) = attribute_view(c, &rows.v[i]);
    out->next_token = page_end(c, &page);
    return 0;
}

/* Labels of letters, digits and hyphens, at least two; `len` leaves the last dot out. */
static bool is_domain_name(const char *name, size_t len)
{
    size_t label = 0;
    size_t dots = 0;
    for (size_t i = 0; i < len; i++) {
        bool at_edge = label == 0 || i + 1 == len || name[i + 1] == '.';
        if (name[i] == '.') {
            if (label == 0)
                return false;
            dots++;
            label = 0;
            continue;
        }
        if ((!isalnum((unsigned char)name[i]) && (name[i] != '-' || at_edge)) ||
            ++label > LABEL_MAX)
            return false;
    }
    return len <= DOMAIN_NAME_MAX && dots > 0 && label > 0;
}

void reverse_names_changed(struct call *c)
{
    struct vpc_list all = store_vpcs(c->tx, c->arena);
    for (size_t i = 0; i < all.n; i++)
        store_enqueue(c->tx, "vpc", all.v[i].id, c->now);
}

static void put_name(struct call *c, struct address *a, const char *name,
                     struct ec2_AddressAttribute **ret_view)
{
    a->domain_name = name;
    store_update_address(c->tx, a);
    reverse_names_changed(c);
    *ret_view = arena_new_of(c->arena, struct ec2_AddressAttribute);
    **ret_view = attribute_view(c, a);
}

int act_ec2_ModifyAddressAttribute(struct call *c, const ec2_ModifyAddressAttribute_in *in,
                                   ec2_ModifyAddressAttribute_out *out, struct fault *f)
{
    if (in->domain_name == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter DomainName");
    size_t len = strlen(in->domain_name);
    if (len > 0 && in->domain_name[len - 1] == '.')
        len--;
    if (!is_domain_name(in->domain_name, len))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter DomainName is invalid. It must be a fully "
                     "qualified domain name",
                     in->domain_name);
    struct address *a = lookup_address(c, in->allocation_id, f);
    if (a == NULL)
        return -1;
    put_name(c, a, arena_strndup(c->arena, in->domain_name, len), &out->address);
    return 0;
}

int act_ec2_ResetAddressAttribute(struct call *c, const ec2_ResetAddressAttribute_in *in,
                                  ec2_ResetAddressAttribute_out *out, struct fault *f)
{
    struct address *a = lookup_address(c, in->allocation_id, f);
    if (a == NULL)
        return -1;
    put_name(c, a, NULL, &out->address);
    return 0;
}
