/*
 * Keys that EC2 Instance Connect has sent and that are good still. What is there has the form that
 * AWS's has, but for the signature at the end of each entry: AWS's own is checked against a chain
 * of certificates that the images trust, and this server has none.
 */
#include "base/clock.h"
#include "base/text.h"
#include "metadata/values.h"

static struct managed_ssh_key_list good_ones(struct guest *g)
{
    struct managed_ssh_key_list all =
        store_managed_ssh_keys(g->tx, g->arena, "instance_id", g->instance->id);
    struct managed_ssh_key_list good = {0};
    int64_t now = clock_now();
    for (size_t i = 0; i < all.n; i++)
        if (all.v[i].expires_at > now)
            *arena_append(g->arena, &good) = all.v[i];
    return good;
}

struct name_list names_of_managed_users(struct guest *g, const char *const *at)
{
    struct managed_ssh_key_list keys = good_ones(g);
    struct name_list names = {0};
    (void)at;
    for (size_t i = 0; i < keys.n; i++) {
        size_t before = 0;
        while (before < i && !streq(keys.v[before].os_user, keys.v[i].os_user))
            before++;
        if (before == i)
            arena_append(g->arena, &names)->name = keys.v[i].os_user;
    }
    return names;
}

/* AWS's Timestamp is the second in which the key ends, too. */
struct value value_managed_keys(struct guest *g, const char *const *at)
{
    struct managed_ssh_key_list keys = good_ones(g);
    struct text_list entries = {0};
    for (size_t i = 0; i < keys.n; i++)
        if (streq(keys.v[i].os_user, at[0]))
            *arena_append(g->arena, &entries) = arena_printf(
                g->arena, "#Timestamp=%lld\n#Instance=%s\n#Caller=%s\n#Request=%s\n%s\n",
                (long long)(keys.v[i].expires_at / 1000), g->instance->id, keys.v[i].caller,
                keys.v[i].id, keys.v[i].public_key);
    return value_lines(g->arena, entries);
}
