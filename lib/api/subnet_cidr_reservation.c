/* Parts of subnets that are reserved: nothing in them is given to who asks for any address (AWS:
 * "Subnet CIDR reservations"). */
#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/cidr.h"
#include "core/quota.h"

static const char *const taggable[] = {"subnet-cidr-reservation", NULL};

static void view(struct call *c, const struct subnet_cidr_reservation *row,
                 struct ec2_SubnetCidrReservation *out)
{
    *out = (struct ec2_SubnetCidrReservation){
        .subnet_cidr_reservation_id = row->id,
        .subnet_id = row->subnet_id,
        .cidr = row->cidr_block,
        .reservation_type = row->reservation_type,
        .owner_id = row->account_id,
        .description = row->description,
    };
    tags_of(c, row->id, &out->tags);
    wire_list_empty(&out->tags);
}

static int is_outside(const struct subnet *subnet, const char *text, struct fault *f)
{
    return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                 "Value (%.64s) for parameter cidr is invalid. It is not within the CIDR block of "
                 "the subnet '%s'",
                 text, subnet->id);
}

static const char *read_ipv4(struct call *c, const struct subnet *subnet, const char *text,
                             struct fault *f)
{
    struct cidr block;
    struct cidr outer;
    char canonical[CIDR_TEXT_SIZE];
    if (cidr_parse(text, &block) < 0)
        return NULL;
    (void)cidr_normalize(&block);
    if (cidr_parse(subnet->cidr_block, &outer) < 0 || !cidr_covers(&outer, &block)) {
        (void)is_outside(subnet, text, f);
        return NULL;
    }
    cidr_format(&block, canonical);
    return arena_strdup(c->arena, canonical);
}

static const char *read_ipv6(struct call *c, const struct subnet *subnet, const char *text,
                             struct fault *f)
{
    struct cidr6 block;
    struct cidr6 outer;
    char canonical[CIDR6_TEXT_SIZE];
    if (cidr6_parse(text, &block) < 0)
        return NULL;
    (void)cidr6_normalize(&block);
    if (subnet->ipv6_cidr_block == NULL || cidr6_parse(subnet->ipv6_cidr_block, &outer) < 0 ||
        !cidr6_covers(&outer, &block)) {
        (void)is_outside(subnet, text, f);
        return NULL;
    }
    cidr6_format(&block, canonical);
    return arena_strdup(c->arena, canonical);
}

/* Two blocks of the same family that have addresses in common? */
static bool overlap(const struct subnet_cidr_reservation *a,
                    const struct subnet_cidr_reservation *b)
{
    struct cidr a4;
    struct cidr b4;
    struct cidr6 a6;
    struct cidr6 b6;
    if (a->is_ipv6 != b->is_ipv6)
        return false;
    if (!a->is_ipv6)
        return cidr_parse(a->cidr_block, &a4) == 0 && cidr_parse(b->cidr_block, &b4) == 0 &&
               cidr_overlaps(&a4, &b4);
    return cidr6_parse(a->cidr_block, &a6) == 0 && cidr6_parse(b->cidr_block, &b6) == 0 &&
           cidr6_overlaps(&a6, &b6);
}

static int check_others(struct call *c, const struct subnet_cidr_reservation *row, struct fault *f)
{
    struct subnet_cidr_reservation_list others =
        store_subnet_cidr_reservations(c->tx, c->arena, "subnet_id", row->subnet_id);
    for (size_t i = 0; i < others.n; i++)
        if (overlap(row, &others.v[i]))
            return fault(f, FAULT_INVALID_CIDR_CONFLICT,
                         "The CIDR '%s' conflicts with the reservation '%s' of '%s'",
                         row->cidr_block, others.v[i].id, others.v[i].cidr_block);
    if (others.n >= CIDR_RESERVATIONS_MAX)
        return fault(f, FAULT_RESOURCE_LIMIT_EXCEEDED,
                     "The subnet '%s' has its %d CIDR reservations", row->subnet_id,
                     CIDR_RESERVATIONS_MAX);
    return 0;
}

int act_ec2_CreateSubnetCidrReservation(struct call *c,
                                        const ec2_CreateSubnetCidrReservation_in *in,
                                        ec2_CreateSubnetCidrReservation_out *out, struct fault *f)
{
    if (tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    const struct subnet *subnet = lookup_subnet(c, in->subnet_id, f);
    if (subnet == NULL)
        return -1;
    struct subnet_cidr_reservation row = {
        .id = id_make(c->arena, "scr"),
        .account_id = subnet->account_id,
        .region = subnet->region,
        .subnet_id = subnet->id,
        .is_ipv6 = strchr(in->cidr, ':') != NULL,
        .reservation_type = in->reservation_type,
        .description = in->description,
    };
    row.cidr_block =
        row.is_ipv6 ? read_ipv6(c, subnet, in->cidr, f) : read_ipv4(c, subnet, in->cidr, f);
    if (row.cidr_block == NULL) /* the first fault wins */
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter cidr is invalid. This is not a valid CIDR block.",
                     in->cidr);
    if (check_others(c, &row, f) < 0)
        return -1;
    store_insert_subnet_cidr_reservation(c->tx, &row);
    tags_put(c, &in->tag_specifications, taggable[0], row.id);
    out->subnet_cidr_reservation = arena_new_of(c->arena, struct ec2_SubnetCidrReservation);
    view(c, &row, out->subnet_cidr_reservation);
    return 0;
}

int act_ec2_DeleteSubnetCidrReservation(struct call *c,
                                        const ec2_DeleteSubnetCidrReservation_in *in,
                                        ec2_DeleteSubnetCidrReservation_out *out, struct fault *f)
{
    const struct subnet_cidr_reservation *row =
        lookup_subnet_cidr_reservation(c, in->subnet_cidr_reservation_id, f);
    if (row == NULL)
        return -1;
    out->deleted_subnet_cidr_reservation = arena_new_of(c->arena, struct ec2_SubnetCidrReservation);
    view(c, row, out->deleted_subnet_cidr_reservation);
    tags_drop(c, row->id);
    store_delete_subnet_cidr_reservations(c->tx, "id", row->id);
    return 0;
}

/* AWS: GetSubnetCidrReservations, "Filters". */
static const struct filter_path reservation_filters[] = {
    {"reservationType", "ReservationType"},
    {"subnet-id", "SubnetId"},
};

int act_ec2_GetSubnetCidrReservations(struct call *c, const ec2_GetSubnetCidrReservations_in *in,
                                      ec2_GetSubnetCidrReservations_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, reservation_filters, SubnetCidrReservation);
    struct page page;
    if (filters_check(&filters, f) < 0 || lookup_subnet(c, in->subnet_id, f) == NULL ||
        page_begin(c, in->max_results, in->next_token, false, &page, f) < 0)
        return -1;
    struct subnet_cidr_reservation_list rows =
        store_subnet_cidr_reservations(c->tx, c->arena, "subnet_id", in->subnet_id);
    for (size_t i = 0; i < rows.n && !page.more; i++) {
        struct ec2_SubnetCidrReservation r;
        view(c, &rows.v[i], &r);
        if (!filters_match(&filters, &r, NULL) || !page_admit(&page, rows.v[i].id))
            continue;
        if (rows.v[i].is_ipv6)
            *arena_append(c->arena, &out->subnet_ipv6_cidr_reservations) = r;
        else
            *arena_append(c->arena, &out->subnet_ipv4_cidr_reservations) = r;
    }
    out->next_token = page_end(c, &page);
    return 0;
}
