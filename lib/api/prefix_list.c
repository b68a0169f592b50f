/* Managed prefix lists: made, shown, changed, deleted. */
#include "api/prefix_list.h"

#include "api/filter.h"
#include "api/lookup.h"
#include "api/page.h"
#include "api/tagging.h"
#include "base/id.h"
#include "base/text.h"
#include "core/prefix_list.h"

#define USERS_NAMED 10 /* resources in a state message (AWS: ModifyManagedPrefixList) */

static const char *const taggable[] = {"prefix-list", NULL};

static void view(struct call *c, const struct prefix_list *l, struct ec2_ManagedPrefixList *out)
{
    *out = (struct ec2_ManagedPrefixList){
        .prefix_list_id = l->id,
        .address_family = l->is_ipv6 ? "IPv6" : "IPv4",
        .state = l->state,
        .state_message = l->state_message,
        .prefix_list_arn = arena_printf(c->arena, "arn:aws:ec2:%s:%s:prefix-list/%s", l->region,
                                        l->account_id, l->id),
        .prefix_list_name = l->name,
        .max_entries = wire_int(l->max_entries),
        .version = wire_int(l->version),
        .owner_id = l->account_id,
    };
    tags_of(c, l->id, &out->tags);
    wire_list_empty(&out->tags);
}

static struct ec2_ManagedPrefixList *viewed(struct call *c, const struct prefix_list *l)
{
    struct ec2_ManagedPrefixList *out = arena_new_of(c->arena, struct ec2_ManagedPrefixList);
    view(c, l, out);
    return out;
}

static void view_aws(struct call *c, const struct aws_prefix_list *l,
                     struct ec2_ManagedPrefixList *out)
{
    *out = (struct ec2_ManagedPrefixList){
        .prefix_list_id = l->id,
        .address_family = "IPv4",
        .state = "create-complete",
        .prefix_list_arn =
            arena_printf(c->arena, "arn:aws:ec2:%s:aws:prefix-list/%s", c->region->name, l->id),
        .prefix_list_name = aws_prefix_list_name(c->arena, l, c->region->name),
        .owner_id = "AWS",
    };
    wire_list_empty(&out->tags);
}

static int check_name(const char *name, struct fault *f)
{
    size_t length = utf8_length(name);
    if (length == 0 || length > PREFIX_LIST_NAME_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The prefix list name must have 1 to %d characters", PREFIX_LIST_NAME_MAX);
    if (has_prefix(name, "com.amazonaws"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The prefix list name cannot start with com.amazonaws");
    return 0;
}

static int check_max_entries(int64_t max_entries, struct fault *f)
{
    if (max_entries < 1 || max_entries > PREFIX_LIST_ENTRIES_MAX)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The maximum number of entries must be 1 to %d", PREFIX_LIST_ENTRIES_MAX);
    return 0;
}

static int check_too_many(const struct prefix_list *l, size_t entries, struct fault *f)
{
    if ((int64_t)entries > l->max_entries)
        return fault(f, FAULT_PREFIX_LIST_MAX_ENTRIES_EXCEEDED,
                     "The prefix list '%s' takes %lld entries, and would have %zu", l->name,
                     (long long)l->max_entries, entries);
    return 0;
}

static bool has_entry(const struct prefix_list_entry_list *entries, const char *block)
{
    for (size_t i = 0; i < entries->n; i++)
        if (streq(entries->v[i].cidr_block, block))
            return true;
    return false;
}

/* The entries that a request adds to those that are there, from the next version on. */
static int entries_of_request(struct call *c, const struct prefix_list *l,
                              const struct ec2_AddPrefixListEntryList *asked,
                              const struct prefix_list_entry_list *there,
                              struct prefix_list_entry_list *ret_added, struct fault *f)
{
    struct prefix_list_entry_list added = {0};
    for (size_t i = 0; i < asked->n; i++) {
        const struct ec2_AddPrefixListEntry *entry = &asked->v[i];
        const char *block = NULL;
        if (prefix_list_block(c->arena, l->is_ipv6, entry->cidr, &block, f) < 0)
            return -1;
        if (has_entry(&added, block))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The request names the CIDR %s more than once", block);
        if (has_entry(there, block))
            return fault(f, FAULT_INVALID_PREFIX_LIST_MODIFICATION,
                         "The entry %s already exists in the prefix list '%s'.", block, l->id);
        if (entry->description != NULL &&
            utf8_length(entry->description) > PREFIX_LIST_DESCRIPTION_MAX)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The description of an entry has at most %d characters",
                         PREFIX_LIST_DESCRIPTION_MAX);
        *arena_append(c->arena, &added) = (struct prefix_list_entry){
            .prefix_list_id = l->id,
            .cidr_block = block,
            .from_version = l->version + 1,
            .description = str_empty(entry->description) ? NULL : entry->description,
        };
    }
    *ret_added = added;
    return 0;
}

int act_ec2_CreateManagedPrefixList(struct call *c, const ec2_CreateManagedPrefixList_in *in,
                                    ec2_CreateManagedPrefixList_out *out, struct fault *f)
{
    if (c->replay != NULL) {
        const struct prefix_list *made = lookup_prefix_list(c, c->replay, f);
        if (made == NULL)
            return -1;
        out->prefix_list = viewed(c, made);
        c->result = made->id;
        return 0;
    }
    struct prefix_list l = {
        .id = id_make(c->arena, "pl"),
        .account_id = c->principal->account_id,
        .region = c->region->name,
        .name = in->prefix_list_name,
        .is_ipv6 = streq(in->address_family, "IPv6"),
        .max_entries = in->max_entries.v,
        .state = "create-complete",
    };
    struct prefix_list_entry_list entries = {0};
    if (!l.is_ipv6 && !streq(in->address_family, "IPv4"))
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "Value (%.64s) for parameter addressFamily is invalid. It must be IPv4 or "
                     "IPv6",
                     in->address_family);
    if (check_name(l.name, f) < 0 || check_max_entries(l.max_entries, f) < 0 ||
        tags_from_specifications(c, &in->tag_specifications, taggable, f) < 0 ||
        entries_of_request(c, &l, &in->entries, &(struct prefix_list_entry_list){0}, &entries, f) <
            0 ||
        check_too_many(&l, entries.n, f) < 0)
        return -1;
    if (store_prefix_lists(c->tx, c->arena, "account_id", l.account_id, "region", l.region).n >=
        PREFIX_LISTS_MAX)
        return fault(f, FAULT_PREFIX_LIST_LIMIT_EXCEEDED,
                     "The maximum number of prefix lists in a Region is %d", PREFIX_LISTS_MAX);
    l.version = 1;
    store_insert_prefix_list(c->tx, &l);
    for (size_t i = 0; i < entries.n; i++)
        store_insert_prefix_list_entry(c->tx, &entries.v[i]);
    tags_put(c, &in->tag_specifications, taggable[0], l.id);
    out->prefix_list = viewed(c, &l);
    c->result = l.id;
    return 0;
}

/* AWS: DescribeManagedPrefixLists, "Filters". */
static const struct filter_path list_filters[] = {
    {"owner-id", "OwnerId"},
    {"prefix-list-id", "PrefixListId"},
    {"prefix-list-name", "PrefixListName"},
};

/* The ids that are asked for, or of all lists: those of AWS among the caller's. */
static int find_ids(struct call *c, const struct wire_strings *asked, struct wire_strings *ret_ids,
                    struct fault *f)
{
    struct wire_strings own = {0};
    struct wire_strings ids = {0};
    struct prefix_list_list rows;
    for (size_t i = 0; i < asked->n; i++)
        *arena_append(c->arena, aws_prefix_list_find(asked->v[i]) != NULL ? &ids : &own) =
            asked->v[i];
    if (asked->n == 0)
        for (size_t i = 0; i < aws_prefix_list_all().n; i++)
            *arena_append(c->arena, &ids) = aws_prefix_list_all().v[i].id;
    if (asked->n == 0 || own.n > 0) {
        if (lookup_prefix_lists(c, &own, &rows, f) < 0)
            return -1;
        for (size_t i = 0; i < rows.n; i++)
            *arena_append(c->arena, &ids) = rows.v[i].id;
    }
    *ret_ids = strings_sorted(c->arena, &ids);
    return 0;
}

int act_ec2_DescribeManagedPrefixLists(struct call *c, const ec2_DescribeManagedPrefixLists_in *in,
                                       ec2_DescribeManagedPrefixLists_out *out, struct fault *f)
{
    struct filters filters = FILTERS(in, list_filters, ManagedPrefixList);
    struct wire_strings ids;
    struct page page;
    if (filters_check(&filters, f) < 0 ||
        page_begin(c, in->max_results, in->next_token, in->prefix_list_ids.n > 0, &page, f) < 0 ||
        find_ids(c, &in->prefix_list_ids, &ids, f) < 0)
        return -1;
    for (size_t i = 0; i < ids.n && !page.more; i++) {
        struct ec2_ManagedPrefixList list;
        const struct aws_prefix_list *aws = aws_prefix_list_find(ids.v[i]);
        const struct prefix_list *own = store_prefix_list(c->tx, c->arena, ids.v[i]);
        if (aws == NULL && own == NULL)
            continue;
        if (aws != NULL)
            view_aws(c, aws, &list);
        else
            view(c, own, &list);
        if (filters_match(&filters, &list, NULL) && page_admit(&page, ids.v[i]))
            *arena_append(c->arena, &out->prefix_lists) = list;
    }
    out->next_token = page_end(c, &page);
    return 0;
}

/* The caller's own list, for a change; NULL with the fault. */
static struct prefix_list *own_list(struct call *c, const char *id, struct fault *f)
{
    if (aws_prefix_list_find(id) == NULL)
        return lookup_prefix_list(c, id, f);
    (void)fault(f, FAULT_UNAUTHORIZED_OPERATION, "The prefix list '%s' is managed by AWS", id);
    return NULL;
}

static int check_version(const struct prefix_list *l, struct opt_int current, struct fault *f)
{
    if (current.set && current.v != l->version)
        return fault(f, FAULT_PREFIX_LIST_VERSION_MISMATCH,
                     "The prefix list has the incorrect version number.");
    return 0;
}

/* One more version, which takes the place of the oldest when there are too many. */
static void begin_version(struct call *c, struct prefix_list *l, const char *state)
{
    l->version++;
    l->state = state;
    l->state_message = NULL;
    store_delete_prefix_list_entries(
        c->tx, "prefix_list_id", l->id, "to_version",
        arena_printf(c->arena, "%lld", (long long)prefix_list_oldest(l)));
}

static void end_entry(struct call *c, struct prefix_list_entry entry, int64_t version)
{
    entry.to_version = version;
    store_update_prefix_list_entry(c->tx, &entry);
}

/* Those of `there` that the request removes. */
static int removed_of_request(struct call *c, const struct prefix_list *l,
                              const ec2_ModifyManagedPrefixList_in *in,
                              const struct prefix_list_entry_list *there,
                              struct prefix_list_entry_list *ret_removed, struct fault *f)
{
    struct prefix_list_entry_list removed = {0};
    for (size_t i = 0; i < in->remove_entries.n; i++) {
        const char *block = NULL;
        if (prefix_list_block(c->arena, l->is_ipv6, in->remove_entries.v[i].cidr, &block, f) < 0)
            return -1;
        for (size_t k = 0; k < in->add_entries.n; k++) {
            const char *added = NULL;
            if (prefix_list_block(c->arena, l->is_ipv6, in->add_entries.v[k].cidr, &added, f) < 0)
                return -1;
            if (streq(added, block))
                return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                             "Request cannot contain Cidr %s in both AddPrefixListEntries and "
                             "RemovePrefixListEntries",
                             block);
        }
        if (has_entry(&removed, block))
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The request names the CIDR %s more than once", block);
        if (!has_entry(there, block))
            return fault(f, FAULT_INVALID_PREFIX_LIST_MODIFICATION,
                         "The entry %s of the prefix list '%s' does not exist.", block, l->id);
        for (size_t k = 0; k < there->n; k++)
            if (streq(there->v[k].cidr_block, block))
                *arena_append(c->arena, &removed) = there->v[k];
    }
    *ret_removed = removed;
    return 0;
}

static int modify_entries(struct call *c, struct prefix_list *l,
                          const ec2_ModifyManagedPrefixList_in *in, struct fault *f)
{
    struct prefix_list_entry_list there = prefix_list_entries_at(c, l->id, l->version);
    struct prefix_list_entry_list removed = {0};
    struct prefix_list_entry_list added = {0};
    if (removed_of_request(c, l, in, &there, &removed, f) < 0 ||
        entries_of_request(c, l, &in->add_entries, &there, &added, f) < 0 ||
        check_too_many(l, there.n - removed.n + added.n, f) < 0)
        return -1;
    begin_version(c, l, "modify-complete");
    for (size_t i = 0; i < removed.n; i++)
        end_entry(c, removed.v[i], l->version);
    for (size_t i = 0; i < added.n; i++)
        store_insert_prefix_list_entry(c->tx, &added.v[i]);
    prefix_list_changed(c, l->id);
    return 0;
}

/* "rtb-1, sg-1": as many as a state message names. */
static const char *names_of(struct call *c, const struct wire_strings *ids)
{
    const char *names = "";
    for (size_t i = 0; i < ids->n && i < USERS_NAMED; i++)
        names = arena_printf(c->arena, "%s%s%s", names, i > 0 ? ", " : "", ids->v[i]);
    return names;
}

/*
 * What refers to the list must take its new size. If something cannot, EC2 answers without a fault,
 * and the list says so in its state (AWS: ModifyManagedPrefixList, MaxEntries).
 */
static int modify_size(struct call *c, struct prefix_list *l, int64_t max_entries, struct fault *f)
{
    if (check_max_entries(max_entries, f) < 0)
        return -1;
    size_t entries = prefix_list_entries_at(c, l->id, l->version).n;
    if ((int64_t)entries > max_entries)
        return fault(f, FAULT_INVALID_PREFIX_LIST_MODIFICATION,
                     "The prefix list '%s' has %zu entries, more than %lld", l->id, entries,
                     (long long)max_entries);
    struct wire_strings overfull = prefix_list_overfull(c, l, max_entries);
    if (overfull.n > 0) {
        l->state = "modify-failed";
        l->state_message =
            arena_printf(c->arena,
                         "The following resources do not support the new maximum number of "
                         "entries: %s",
                         names_of(c, &overfull));
        return 0;
    }
    l->max_entries = max_entries;
    l->state = "modify-complete";
    l->state_message = NULL;
    return 0;
}

int act_ec2_ModifyManagedPrefixList(struct call *c, const ec2_ModifyManagedPrefixList_in *in,
                                    ec2_ModifyManagedPrefixList_out *out, struct fault *f)
{
    struct prefix_list *l = own_list(c, in->prefix_list_id, f);
    if (l == NULL)
        return -1;
    bool entries = in->add_entries.n > 0 || in->remove_entries.n > 0;
    if (!entries && !in->max_entries.set && in->prefix_list_name == NULL)
        return fault(f, FAULT_MISSING_PARAMETER,
                     "The request must contain entries to add or to remove, a name, or a maximum "
                     "number of entries");
    if (entries && in->max_entries.set)
        return fault(f, FAULT_INVALID_PARAMETER_COMBINATION,
                     "You cannot modify the entries and the maximum entries for the prefix list in "
                     "the same request.");
    if ((in->prefix_list_name != NULL && check_name(in->prefix_list_name, f) < 0) ||
        check_version(l, in->current_version, f) < 0)
        return -1;
    if (in->prefix_list_name != NULL) {
        l->name = in->prefix_list_name;
        l->state = "modify-complete";
        l->state_message = NULL;
    }
    if ((entries && modify_entries(c, l, in, f) < 0) ||
        (in->max_entries.set && modify_size(c, l, in->max_entries.v, f) < 0))
        return -1;
    store_update_prefix_list(c->tx, l);
    out->prefix_list = viewed(c, l);
    return 0;
}

static int check_kept(const struct prefix_list *l, int64_t version, struct fault *f)
{
    if (version < prefix_list_oldest(l) || version > l->version)
        return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                     "The specified value for version is not valid. The prefix list '%s' has the "
                     "versions %lld to %lld",
                     l->id, (long long)prefix_list_oldest(l), (long long)l->version);
    return 0;
}

int act_ec2_RestoreManagedPrefixListVersion(struct call *c,
                                            const ec2_RestoreManagedPrefixListVersion_in *in,
                                            ec2_RestoreManagedPrefixListVersion_out *out,
                                            struct fault *f)
{
    struct prefix_list *l = own_list(c, in->prefix_list_id, f);
    if (l == NULL || check_version(l, in->current_version, f) < 0 ||
        check_kept(l, in->previous_version.v, f) < 0)
        return -1;
    struct prefix_list_entry_list there = prefix_list_entries_at(c, l->id, l->version);
    struct prefix_list_entry_list past = prefix_list_entries_at(c, l->id, in->previous_version.v);
    if (check_too_many(l, past.n, f) < 0)
        return -1;
    begin_version(c, l, "restore-complete");
    for (size_t i = 0; i < there.n; i++)
        end_entry(c, there.v[i], l->version);
    for (size_t i = 0; i < past.n; i++) {
        past.v[i].from_version = l->version;
        past.v[i].to_version = 0;
        store_insert_prefix_list_entry(c->tx, &past.v[i]);
    }
    store_update_prefix_list(c->tx, l);
    prefix_list_changed(c, l->id);
    out->prefix_list = viewed(c, l);
    return 0;
}

/* In use, it stays, and its state tells why: EC2 answers this call without a fault, too. */
int act_ec2_DeleteManagedPrefixList(struct call *c, const ec2_DeleteManagedPrefixList_in *in,
                                    ec2_DeleteManagedPrefixList_out *out, struct fault *f)
{
    struct prefix_list *l = own_list(c, in->prefix_list_id, f);
    if (l == NULL)
        return -1;
    struct wire_strings users = prefix_list_users(c, l->id);
    if (users.n > 0) {
        l->state = "delete-failed";
        l->state_message =
            arena_printf(c->arena, "The following resources still refer to the prefix list: %s",
                         names_of(c, &users));
        store_update_prefix_list(c->tx, l);
        out->prefix_list = viewed(c, l);
        return 0;
    }
    l->state = "delete-complete";
    l->state_message = NULL;
    out->prefix_list = viewed(c, l);
    store_delete_prefix_list_entries(c->tx, "prefix_list_id", l->id);
    store_delete_prefix_lists(c->tx, "id", l->id);
    tags_drop(c, l->id);
    return 0;
}

int act_ec2_GetManagedPrefixListEntries(struct call *c,
                                        const ec2_GetManagedPrefixListEntries_in *in,
                                        ec2_GetManagedPrefixListEntries_out *out, struct fault *f)
{
    struct prefix_list_ref list;
    struct prefix_list_entry_list entries = {0};
    struct page page;
    if (page_begin(c, in->max_results, in->next_token, false, &page, f) < 0 ||
        prefix_list_find(c, in->prefix_list_id, &list, f) < 0)
        return -1;
    if (list.aws != NULL) {
        if (in->target_version.set)
            return fault(f, FAULT_INVALID_PARAMETER_VALUE,
                         "The specified value for version is not valid. A prefix list that AWS "
                         "manages has none");
        for (size_t i = 0; i < list.aws->n_cidr_blocks; i++)
            *arena_append(c->arena, &entries) =
                (struct prefix_list_entry){.cidr_block = list.aws->cidr_blocks[i]};
    } else {
        int64_t version = in->target_version.set ? in->target_version.v : list.own->version;
        if (check_kept(list.own, version, f) < 0)
            return -1;
        entries = prefix_list_entries_at(c, list.own->id, version);
    }
    for (size_t i = 0; i < entries.n && !page.more; i++)
        if (page_admit(&page, entries.v[i].cidr_block))
            *arena_append(c->arena, &out->entries) =
                (struct ec2_PrefixListEntry){entries.v[i].cidr_block, entries.v[i].description};
    out->next_token = page_end(c, &page);
    return 0;
}

int act_ec2_GetManagedPrefixListAssociations(struct call *c,
                                             const ec2_GetManagedPrefixListAssociations_in *in,
                                             ec2_GetManagedPrefixListAssociations_out *out,
                                             struct fault *f)
{
    struct prefix_list_ref list;
    struct page page;
    if (page_begin(c, in->max_results, in->next_token, false, &page, f) < 0 ||
        prefix_list_find(c, in->prefix_list_id, &list, f) < 0)
        return -1;
    struct wire_strings users = prefix_list_users(c, in->prefix_list_id);
    for (size_t i = 0; i < users.n && !page.more; i++)
        if (page_admit(&page, users.v[i]))
            *arena_append(c->arena, &out->prefix_list_associations) =
                (struct ec2_PrefixListAssociation){users.v[i], c->principal->account_id};
    out->next_token = page_end(c, &page);
    return 0;
}
