#include "api/filter.h"
#include "api/lookup.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/key_material.h"

static const char *const taggable[] = {"key-pair", NULL};

static int check_new_name(struct call *c, const char *name, struct fault *f)
{
    if (!key_name_is_legal(name))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.255s) for parameter KeyName is invalid. It must be up to 255 ASCII "
                     "characters without space at either end",
                     name);
    if (store_key_pair_named(c->tx, c->arena, c->principal->account_id, c->region->name, name) !=
        NULL)
        return fault(f, FAULT_INVALID_KEY_PAIR_DUPLICATE, "The key pair '%s' already exists", name);
    return 0;
}

static const char *put_row(struct call *c, const char *name, const struct key_material *material,
                           const struct ec2_TagSpecificationList *specifications)
{
    char id[ID_SIZE];
    id_new("key", id);
    struct key_pair row = {
        .id = arena_strdup(c->arena, id),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .name = name,
        .key_type = material->key_type,
        .fingerprint = material->fingerprint,
        .public_key = material->public_key,
        .created_at = c->now,
    };
    store_insert_key_pair(c->tx, &row);
    tags_put(c, specifications, taggable[0], row.id);
    return row.id;
}

int act_ec2_CreateKeyPair(struct call *c, const ec2_CreateKeyPair_in *in,
                          ec2_CreateKeyPair_out *out, struct fault *f)
{
    if (check_new_name(c, in->key_name, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0)
        return -1;
    struct key_material material;
    enum key_format format = streq(in->key_format, "ppk") ? KEY_FORMAT_PPK : KEY_FORMAT_PEM;
    const char *type = in->key_type == NULL ? "rsa" : in->key_type;
    struct err e = {0};
    if (key_material_make(c->arena, type, format, in->key_name, &material, &e) < 0)
        return fault(f, FAULT_INTERNAL_ERROR, "The key pair could not be made: %s", e.message);
    out->key_pair_id = put_row(c, in->key_name, &material, &in->tag_specifications);
    out->key_name = in->key_name;
    out->key_fingerprint = material.fingerprint;
    out->key_material = material.private_key;
    tags_of(c, out->key_pair_id, &out->tags);
    return 0;
}

int act_ec2_ImportKeyPair(struct call *c, const ec2_ImportKeyPair_in *in,
                          ec2_ImportKeyPair_out *out, struct fault *f)
{
    struct key_material material;
    if (check_new_name(c, in->key_name, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        key_material_read(c->arena, in->public_key_material.data, in->public_key_material.len,
                          in->key_name, &material, f) < 0)
        return -1;
    out->key_pair_id = put_row(c, in->key_name, &material, &in->tag_specifications);
    out->key_name = in->key_name;
    out->key_fingerprint = material.fingerprint;
    tags_of(c, out->key_pair_id, &out->tags);
    return 0;
}

static const struct filter_path key_filters[] = {
    {"fingerprint", "KeyFingerprint"},
    {"key-name", "KeyName"},
    {"key-pair-id", "KeyPairId"},
};

/* Pairs by name and by id; without both, all. */
static int find_pairs(struct call *c, const ec2_DescribeKeyPairs_in *in,
                      struct key_pair_list *ret_rows, struct fault *f)
{
    if (in->key_names.n == 0)
        return lookup_key_pairs(c, &in->key_pair_ids, ret_rows, f);
    struct wire_strings ids = {0};
    struct wire_strings missing = {0};
    for (size_t i = 0; i < in->key_names.n; i++) {
        struct key_pair *row = store_key_pair_named(c->tx, c->arena, c->principal->account_id,
                                                    c->region->name, in->key_names.v[i]);
        if (row == NULL)
            *arena_append(c->arena, &missing) = in->key_names.v[i];
        else
            *arena_append(c->arena, &ids) = row->id;
    }
    if (missing.n > 0)
        return lookup_fault(c, RESOURCE_KEY_PAIR, &missing, f);
    for (size_t i = 0; i < in->key_pair_ids.n; i++)
        *arena_append(c->arena, &ids) = in->key_pair_ids.v[i];
    return lookup_key_pairs(c, &ids, ret_rows, f);
}

int act_ec2_DescribeKeyPairs(struct call *c, const ec2_DescribeKeyPairs_in *in,
                             ec2_DescribeKeyPairs_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, key_filters, KeyPairInfo);
    struct key_pair_list rows = {0};
    if (filters_check(&filters, f) < 0 || find_pairs(c, in, &rows, f) < 0)
        return -1;
    for (size_t i = 0; i < rows.n; i++) {
        const struct key_pair *row = &rows.v[i];
        struct ec2_KeyPairInfo info = {
            .key_pair_id = row->id,
            .key_type = row->key_type,
            .public_key = wire_true(in->include_public_key) ? row->public_key : NULL,
            .create_time = wire_time(row->created_at),
            .key_name = row->name,
            .key_fingerprint = row->fingerprint,
        };
        tags_of(c, row->id, &info.tags);
        wire_list_empty(&info.tags);
        if (filters_match(&filters, &info, NULL))
            *arena_append(c->arena, &out->key_pairs) = info;
    }
    return 0;
}

/* A pair that is not there is as good as deleted: EC2 says so, too. */
int act_ec2_DeleteKeyPair(struct call *c, const ec2_DeleteKeyPair_in *in,
                          ec2_DeleteKeyPair_out *out, struct fault *f)
{
    if (in->key_name == NULL && in->key_pair_id == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain the parameter KeyName or KeyPairId");
    if (in->key_name != NULL && in->key_pair_id != NULL)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "The parameter KeyName cannot be used with the parameter KeyPairId");
    struct key_pair *row = NULL;
    if (in->key_name != NULL)
        row = store_key_pair_named(c->tx, c->arena, c->principal->account_id, c->region->name,
                                   in->key_name);
    else if (lookup_exists(c, resource_get(RESOURCE_KEY_PAIR), in->key_pair_id))
        row = store_key_pair(c->tx, c->arena, in->key_pair_id);
    if (row != NULL) {
        store_delete_key_pairs(c->tx, "id", row->id);
        tags_drop(c, row->id);
        out->key_pair_id = row->id;
    }
    out->return_ = wire_bool(true);
    return 0;
}
