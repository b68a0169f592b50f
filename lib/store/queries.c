#include "store/queries.h"

#include <sqlite3.h>
#include <stdio.h>

#include "base/check.h"
#include "base/id.h"
#include "base/text.h"
#include "store/connection.h"
#include "store/watch.h"

static sqlite3_stmt *statement(struct tx *tx, const char *sql, const char *first)
{
    sqlite3_stmt *stmt = tx_statement(tx, sql);
    if (stmt != NULL)
        tx_bind_text(stmt, 1, first);
    return stmt;
}

static struct text_list texts(struct tx *tx, struct arena *a, sqlite3_stmt *stmt)
{
    struct text_list l = {0};
    while (tx_step(tx, stmt))
        *arena_append(a, &l) = tx_column_text(stmt, 0, a);
    return l;
}

static void bind_int(sqlite3_stmt *stmt, int index, int64_t value)
{
    int r = sqlite3_bind_int64(stmt, index, value);
    CHECK(r == SQLITE_OK);
}

/* instance_uses_capacity() in SQL. */
#define USES_CAPACITY "state IN ('pending', 'running', 'stopping', 'shutting-down')"

/* Instances that have a slot of the reservation r. */
#define SLOTS_TAKEN                                                                                \
    "(SELECT count(*) FROM instance WHERE capacity_reservation_id = r.id AND " USES_CAPACITY ")"

int64_t store_promised_gib(struct tx *tx)
{
    int64_t gib = 0;
    sqlite3_stmt *stmt = tx_statement(
        tx, "SELECT (SELECT coalesce(sum(size_gib), 0) FROM volume) + "
            "(SELECT coalesce(sum(store_disks * store_disk_gb), 0) * 1000000000 / 1073741824 "
            "FROM instance WHERE " USES_CAPACITY ")");
    if (tx_step(tx, stmt))
        gib = sqlite3_column_int64(stmt, 0);
    tx_reset(stmt);
    return gib;
}

bool store_account_is_open(struct tx *tx, struct arena *a, const char *account_id)
{
    const struct account *account = store_account(tx, a, account_id);
    return account != NULL && streq(account->status, ACCOUNT_ACTIVE);
}

struct account_use store_account_use(struct tx *tx, const char *account_id)
{
    struct account_use use = {0};
    sqlite3_stmt *stmt =
        statement(tx,
                  "SELECT count(*), coalesce(sum(memory_mib), 0), "
                  "coalesce(sum(iif(spot_request_id IS NULL, vcpus, 0)), 0), "
                  "coalesce(sum(iif(spot_request_id IS NULL, 0, vcpus)), 0), "
                  "(SELECT coalesce(sum(size_gib), 0) FROM volume WHERE account_id = ?1) "
                  "FROM instance WHERE account_id = ?1 AND " USES_CAPACITY,
                  account_id);
    if (tx_step(tx, stmt)) {
        use.instances = sqlite3_column_int64(stmt, 0);
        use.memory_mib = sqlite3_column_int64(stmt, 1);
        use.vcpus = sqlite3_column_int64(stmt, 2);
        use.spot_vcpus = sqlite3_column_int64(stmt, 3);
        use.volume_gib = sqlite3_column_int64(stmt, 4);
    }
    tx_reset(stmt);
    return use;
}

void store_trim_quota_requests(struct tx *tx, const char *account_id, int64_t keep)
{
    sqlite3_stmt *stmt = statement(tx,
                                   "DELETE FROM quota_request WHERE account_id = ?1 AND id NOT IN "
                                   "(SELECT id FROM quota_request WHERE account_id = ?1 "
                                   "ORDER BY created_at DESC LIMIT ?2)",
                                   account_id);
    bind_int(stmt, 2, keep);
    (void)tx_step(tx, stmt);
    tx_reset(stmt);
}

struct capacity_used store_capacity_used(struct tx *tx, const char *host_id)
{
    struct capacity_used used = {0};
    sqlite3_stmt *stmt = statement(tx,
                                   "SELECT coalesce(sum(vcpus), 0), coalesce(sum(memory_mib), 0), "
                                   "count(*) FROM instance WHERE host_id = ?1 AND " USES_CAPACITY,
                                   host_id);
    if (tx_step(tx, stmt)) {
        used.vcpus = sqlite3_column_int64(stmt, 0);
        used.memory_mib = sqlite3_column_int64(stmt, 1);
        used.instances = sqlite3_column_int64(stmt, 2);
    }
    tx_reset(stmt);
    stmt = statement(tx,
                     "SELECT coalesce(sum(memory_mib * free), 0), coalesce(sum(free), 0) FROM "
                     "(SELECT memory_mib, max(instance_count - " SLOTS_TAKEN ", 0) AS free "
                     "FROM capacity_reservation r WHERE host_id = ?1 AND state = 'active')",
                     host_id);
    if (tx_step(tx, stmt)) {
        used.held_memory_mib = sqlite3_column_int64(stmt, 0);
        used.held_slots = sqlite3_column_int64(stmt, 1);
    }
    tx_reset(stmt);
    return used;
}

int64_t store_capacity_reservation_used(struct tx *tx, const char *reservation_id)
{
    int64_t n = 0;
    sqlite3_stmt *stmt =
        statement(tx,
                  "SELECT count(*) FROM instance WHERE capacity_reservation_id = ?1 "
                  "AND " USES_CAPACITY,
                  reservation_id);
    if (tx_step(tx, stmt))
        n = sqlite3_column_int64(stmt, 0);
    tx_reset(stmt);
    return n;
}

void store_forget_capacity_reservations(struct tx *tx, struct arena *a, int64_t when)
{
    sqlite3_stmt *stmt = tx_statement(
        tx, "SELECT id FROM capacity_reservation WHERE state <> 'active' AND ended_at < ?1");
    if (stmt != NULL)
        bind_int(stmt, 1, when);
    struct text_list old = texts(tx, a, stmt);
    for (size_t i = 0; i < old.n; i++) {
        store_delete_tags(tx, "resource_id", old.v[i]);
        store_delete_capacity_reservations(tx, "id", old.v[i]);
    }
}

void store_release_capacity_reservation(struct tx *tx, const char *reservation_id)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct instance_list l = store_instances(tx, a, "capacity_reservation_id", reservation_id);
    for (size_t i = 0; i < l.n; i++) {
        l.v[i].capacity_reservation_id = NULL;
        store_update_instance(tx, &l.v[i]);
    }
}

void store_leave_placement_group(struct tx *tx, const char *group_id)
{
    CHECK(tx_is_write(tx));
    (void)tx_step(tx, statement(tx,
                                "UPDATE instance SET placement_group_id = NULL "
                                "WHERE placement_group_id = ?1",
                                group_id));
    (void)tx_step(tx, statement(tx,
                                "UPDATE capacity_reservation SET placement_group_id = NULL "
                                "WHERE placement_group_id = ?1",
                                group_id));
}

struct spot_used store_spot_used(struct tx *tx, const char *host_id)
{
    struct spot_used used = {0};
    sqlite3_stmt *stmt =
        statement(tx,
                  "SELECT spot_request_id IS NOT NULL, state IN ('stopping', 'shutting-down'), "
                  "sum(memory_mib), count(*) FROM instance WHERE host_id = ?1 AND " USES_CAPACITY
                  " AND (spot_request_id IS NOT NULL OR "
                  "(state = 'pending' AND waits_for_room = 1)) GROUP BY 1, 2",
                  host_id);
    while (tx_step(tx, stmt)) {
        int64_t mib = sqlite3_column_int64(stmt, 2);
        int64_t n = sqlite3_column_int64(stmt, 3);
        if (sqlite3_column_int(stmt, 0) == 0) {
            used.waiting_mib += mib;
            used.waiting += n;
            continue;
        }
        used.memory_mib += mib;
        used.instances += n;
        if (sqlite3_column_int(stmt, 1) != 0) {
            used.ending_mib += mib;
            used.ending += n;
        }
    }
    return used;
}

static struct instance_list instances_of(struct tx *tx, struct arena *a, sqlite3_stmt *stmt)
{
    struct text_list ids = texts(tx, a, stmt);
    struct instance_list l = {0};
    for (size_t i = 0; i < ids.n; i++) {
        struct instance *row = store_instance(tx, a, ids.v[i]);
        if (row != NULL)
            *arena_append(a, &l) = *row;
    }
    return l;
}

struct instance_list store_living_instances(struct tx *tx, struct arena *a)
{
    return instances_of(
        tx, a, tx_statement(tx, "SELECT id FROM instance WHERE state <> 'terminated' ORDER BY id"));
}

struct instance_list store_spot_instances(struct tx *tx, struct arena *a, const char *host_id)
{
    return instances_of(
        tx, a,
        statement(tx,
                  "SELECT id FROM instance WHERE host_id = ?1 AND spot_request_id IS NOT NULL "
                  "AND state IN ('pending', 'running') ORDER BY id",
                  host_id));
}

struct instance_list store_waiting_instances(struct tx *tx, struct arena *a, const char *host_id)
{
    return instances_of(
        tx, a,
        statement(tx,
                  "SELECT id FROM instance WHERE host_id = ?1 AND waits_for_room = 1 "
                  "AND state = 'pending' ORDER BY launch_time, id",
                  host_id));
}

struct spot_request_list store_waiting_spot_requests(struct tx *tx, struct arena *a)
{
    struct text_list ids = texts(
        tx, a,
        tx_statement(tx, "SELECT id FROM spot_request WHERE state = 'open' OR (state = 'disabled' "
                         "AND status IN ('instance-stopped-no-capacity', "
                         "'instance-stopped-by-price')) ORDER BY created_at, id"));
    struct spot_request_list l = {0};
    for (size_t i = 0; i < ids.n; i++) {
        struct spot_request *row = store_spot_request(tx, a, ids.v[i]);
        if (row != NULL)
            *arena_append(a, &l) = *row;
    }
    return l;
}

bool store_last_spot_load(struct tx *tx, struct spot_load *ret)
{
    sqlite3_stmt *stmt = tx_statement(tx, "SELECT recorded_at, used_percent FROM spot_load "
                                          "ORDER BY recorded_at DESC LIMIT 1");
    bool there = tx_step(tx, stmt);
    if (there)
        *ret = (struct spot_load){sqlite3_column_int64(stmt, 0), sqlite3_column_int64(stmt, 1)};
    tx_reset(stmt);
    return there;
}

void store_forget_spot_requests(struct tx *tx, struct arena *a, int64_t when)
{
    sqlite3_stmt *stmt =
        tx_statement(tx, "SELECT id FROM spot_request r WHERE ended_at > 0 AND ended_at < ?1 AND "
                         "NOT EXISTS (SELECT 1 FROM instance WHERE id = r.instance_id AND "
                         "state <> 'terminated')");
    if (stmt != NULL)
        bind_int(stmt, 1, when);
    struct text_list old = texts(tx, a, stmt);
    for (size_t i = 0; i < old.n; i++) {
        store_delete_tags(tx, "resource_id", old.v[i]);
        store_delete_spot_requests(tx, "id", old.v[i]);
    }
}

void store_forget_spot_loads(struct tx *tx, int64_t when, int64_t max)
{
    sqlite3_stmt *stmt = tx_statement(
        tx, "DELETE FROM spot_load WHERE recorded_at < (SELECT max(recorded_at) FROM spot_load "
            "WHERE recorded_at <= ?1) OR recorded_at NOT IN "
            "(SELECT recorded_at FROM spot_load ORDER BY recorded_at DESC LIMIT ?2)");
    if (stmt == NULL)
        return;
    bind_int(stmt, 1, when);
    bind_int(stmt, 2, max);
    (void)tx_step(tx, stmt);
}

struct text_list store_public_ips(struct tx *tx, struct arena *a)
{
    return texts(tx, a,
                 tx_statement(tx, "SELECT public_ip FROM network_interface "
                                  "WHERE public_ip IS NOT NULL UNION ALL "
                                  "SELECT public_ip FROM address ORDER BY public_ip"));
}

struct text_list store_private_ips(struct tx *tx, struct arena *a, const char *subnet_id)
{
    return texts(
        tx, a,
        statement(tx,
                  "SELECT private_ip FROM network_interface WHERE subnet_id = ?1 UNION ALL "
                  "SELECT address FROM interface_address WHERE subnet_id = ?1 AND NOT is_ipv6",
                  subnet_id));
}

struct text_list store_terminated_before(struct tx *tx, struct arena *a, int64_t when)
{
    sqlite3_stmt *stmt = tx_statement(
        tx, "SELECT id FROM instance WHERE state = 'terminated' AND terminated_at < ?1");
    if (stmt != NULL)
        bind_int(stmt, 1, when);
    return texts(tx, a, stmt);
}

struct image_device *store_image_root(struct tx *tx, struct arena *a, const struct image *image)
{
    return table_get(tx, &table_image_device, a,
                     (const char *const[]){image->id, image->root_device_name});
}

size_t store_instances_of_image(struct tx *tx, const char *image_id)
{
    return store_count_instances(tx, "image_id", image_id) -
           store_count_instances(tx, "image_id", image_id, "state", "terminated");
}

void store_enqueue_images_of(struct tx *tx, struct arena *a, const char *snapshot_id)
{
    struct image_device_list devices = store_image_devices(tx, a, "snapshot_id", snapshot_id);
    for (size_t i = 0; i < devices.n; i++)
        store_enqueue(tx, "image", devices.v[i].image_id, 0);
}

void store_forget_instance(struct tx *tx, const char *instance_id)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct root_volume_task_list tasks = store_root_volume_tasks(tx, a, "instance_id", instance_id);
    for (size_t i = 0; i < tasks.n; i++)
        store_delete_tags(tx, "resource_id", tasks.v[i].id);
    store_delete_root_volume_tasks(tx, "instance_id", instance_id);
    store_delete_tags(tx, "resource_id", instance_id);
    store_delete_instance_profile_associations(tx, "instance_id", instance_id);
    store_delete_instances(tx, "id", instance_id, "state", "terminated");
}

void store_delete_client_tokens_before(struct tx *tx, int64_t when)
{
    sqlite3_stmt *stmt = tx_statement(tx, "DELETE FROM client_token WHERE created_at < ?1");
    if (stmt == NULL)
        return;
    bind_int(stmt, 1, when);
    (void)tx_step(tx, stmt);
}

void store_delete_managed_ssh_keys_before(struct tx *tx, int64_t when)
{
    sqlite3_stmt *stmt = tx_statement(tx, "DELETE FROM managed_ssh_key WHERE expires_at <= ?1");
    if (stmt == NULL)
        return;
    bind_int(stmt, 1, when);
    (void)tx_step(tx, stmt);
}

struct network_interface *store_primary_interface(struct tx *tx, struct arena *a,
                                                  const char *instance_id)
{
    struct network_interface_list l =
        store_network_interfaces(tx, a, "instance_id", instance_id, "device_index", "0");
    return l.n == 0 ? NULL : l.v;
}

struct network_interface *store_interface_at(struct tx *tx, struct arena *a, const char *vpc_id,
                                             const char *address)
{
    const char *id = NULL;
    sqlite3_stmt *stmt = statement(
        tx,
        "SELECT id FROM network_interface WHERE vpc_id = ?1 AND private_ip = ?2 UNION ALL "
        "SELECT interface_id FROM interface_address WHERE vpc_id = ?1 AND address = ?2 LIMIT 1",
        vpc_id);
    if (stmt != NULL)
        tx_bind_text(stmt, 2, address);
    if (tx_step(tx, stmt))
        id = tx_column_text(stmt, 0, a);
    tx_reset(stmt);
    return store_network_interface(tx, a, id);
}

struct key_pair *store_key_pair_named(struct tx *tx, struct arena *a, const char *account_id,
                                      const char *region, const char *name)
{
    struct key_pair_list l =
        store_key_pairs(tx, a, "account_id", account_id, "region", region, "name", name);
    return l.n == 0 ? NULL : l.v;
}

struct int_list store_launch_template_numbers(struct tx *tx, struct arena *a,
                                              const char *template_id)
{
    sqlite3_stmt *stmt = statement(tx,
                                   "SELECT number FROM launch_template_version "
                                   "WHERE template_id = ?1 ORDER BY number",
                                   template_id);
    struct int_list l = {0};
    while (tx_step(tx, stmt))
        *arena_append(a, &l) = sqlite3_column_int64(stmt, 0);
    return l;
}

struct tag *store_tag_of(struct tx *tx, struct arena *a, const char *resource_id, const char *key)
{
    return table_get(tx, &table_tag, a, (const char *const[]){resource_id, key});
}

void store_put_tag(struct tx *tx, const struct tag *tag)
{
    store_delete_tags(tx, "resource_id", tag->resource_id, "key", tag->key);
    store_insert_tag(tx, tag);
}

struct client_token *store_token(struct tx *tx, struct arena *a, const char *account_id,
                                 const char *region, const char *action, const char *token)
{
    return table_get(tx, &table_client_token, a,
                     (const char *const[]){account_id, region, action, token});
}

const char *store_setting_of_account(struct tx *tx, struct arena *a, const char *account_id,
                                     const char *region, const char *name)
{
    const struct account_setting *row =
        table_get(tx, &table_account_setting, a, (const char *const[]){account_id, region, name});
    return row == NULL ? NULL : row->value;
}

void store_put_setting_of_account(struct tx *tx, const struct account_setting *setting)
{
    store_delete_account_settings(tx, "account_id", setting->account_id, "region", setting->region,
                                  "name", setting->name);
    if (setting->value != NULL)
        store_insert_account_setting(tx, setting);
}

#define LAST_VPC_NUMBER "last_vpc_number"
#define VPC_NUMBER_MAX  8191 /* EDGE_INDEX_MAX of lib/network/edge.h */

static int64_t first_number(struct tx *tx, sqlite3_stmt *stmt)
{
    int64_t n = 0;
    if (tx_step(tx, stmt))
        n = sqlite3_column_int64(stmt, 0);
    tx_reset(stmt);
    return n;
}

/* The smallest free number from `from` on; one beyond VPC_NUMBER_MAX when there is none. */
static int64_t vpc_number_from(struct tx *tx, int64_t from)
{
    sqlite3_stmt *stmt =
        tx_statement(tx, "SELECT min(n) FROM (SELECT ?1 AS n UNION ALL SELECT number + 1 FROM vpc "
                         "WHERE number >= ?1) WHERE n NOT IN (SELECT number FROM vpc)");
    if (stmt != NULL)
        bind_int(stmt, 1, from);
    return first_number(tx, stmt);
}

int64_t store_next_vpc_number(struct tx *tx)
{
    _cleanup_arena_ struct arena *a = arena_new();
    const char *setting = store_setting(tx, a, LAST_VPC_NUMBER);
    int64_t last = -1;
    if (setting != NULL && parse_int64(setting, &last) < 0)
        last = -1;
    int64_t number = vpc_number_from(tx, last + 1);
    if (number > VPC_NUMBER_MAX)
        number = vpc_number_from(tx, 0);
    store_set_setting(tx, LAST_VPC_NUMBER, arena_printf(a, "%lld", (long long)number));
    return number;
}

int64_t store_next_subnet_number(struct tx *tx, const char *vpc_id)
{
    return first_number(
        tx, statement(tx,
                      "SELECT min(n) FROM (SELECT 0 AS n UNION ALL SELECT number + 1 FROM subnet "
                      "WHERE vpc_id = ?1) WHERE n NOT IN "
                      "(SELECT number FROM subnet WHERE vpc_id = ?1)",
                      vpc_id));
}

bool store_vpc_is_referenced(struct tx *tx, const char *vpc_id)
{
    return first_number(
               tx, statement(tx,
                             "SELECT EXISTS (SELECT 1 FROM security_group_rule r "
                             "JOIN security_group peer ON peer.id = r.referenced_group_id "
                             "JOIN security_group own ON own.id = r.group_id "
                             "WHERE peer.vpc_id = ?1 AND own.vpc_id <> ?1) OR "
                             "EXISTS (SELECT 1 FROM vpc_peering_connection "
                             "WHERE (requester_vpc_id = ?1 OR accepter_vpc_id = ?1) AND state IN "
                             "('pending-acceptance', 'provisioning', 'active'))",
                             vpc_id)) != 0;
}

bool store_vpc_has_public_addresses(struct tx *tx, const char *vpc_id)
{
    return first_number(
               tx, statement(tx,
                             "SELECT EXISTS (SELECT 1 FROM network_interface n WHERE vpc_id = ?1 "
                             "AND (public_ip IS NOT NULL OR EXISTS "
                             "(SELECT 1 FROM address WHERE interface_id = n.id)))",
                             vpc_id)) != 0;
}

bool store_subnet_has_nat_gateway(struct tx *tx, const char *subnet_id)
{
    return first_number(tx,
                        statement(tx,
                                  "SELECT EXISTS (SELECT 1 FROM nat_gateway "
                                  "WHERE subnet_id = ?1 AND state NOT IN ('deleted', 'failed'))",
                                  subnet_id)) != 0;
}

void store_forget_route_table(struct tx *tx, const char *route_table_id)
{
    store_delete_routes(tx, "route_table_id", route_table_id);
    store_delete_route_table_associations(tx, "route_table_id", route_table_id);
    store_delete_vpc_endpoint_route_tables(tx, "route_table_id", route_table_id);
    store_delete_tags(tx, "resource_id", route_table_id);
    store_delete_route_tables(tx, "id", route_table_id);
}

void store_forget_network_acl(struct tx *tx, const char *network_acl_id)
{
    store_delete_network_acl_entries(tx, "network_acl_id", network_acl_id);
    store_delete_network_acl_associations(tx, "network_acl_id", network_acl_id);
    store_delete_tags(tx, "resource_id", network_acl_id);
    store_delete_network_acls(tx, "id", network_acl_id);
}

int64_t store_next_peering_number(struct tx *tx)
{
    return first_number(tx, tx_statement(tx, "SELECT min(n) FROM (SELECT 0 AS n UNION ALL "
                                             "SELECT number + 1 FROM vpc_peering_connection) "
                                             "WHERE n NOT IN (SELECT number FROM "
                                             "vpc_peering_connection)"));
}

void store_forget_peering_connections(struct tx *tx, struct arena *a, int64_t when)
{
    sqlite3_stmt *stmt = tx_statement(
        tx, "SELECT id FROM vpc_peering_connection WHERE ended_at > 0 AND ended_at < ?1");
    if (stmt != NULL)
        bind_int(stmt, 1, when);
    struct text_list old = texts(tx, a, stmt);
    for (size_t i = 0; i < old.n; i++) {
        store_delete_tags(tx, "resource_id", old.v[i]);
        store_delete_vpc_peering_connections(tx, "id", old.v[i]);
    }
}

void store_enqueue(struct tx *tx, const char *kind, const char *object_id, int64_t not_before)
{
    CHECK(tx_is_write(tx));
    sqlite3_stmt *stmt =
        tx_statement(tx, "INSERT INTO job (object_id, kind, generation, not_before, attempts) "
                         "VALUES (?1, ?2, 1, ?3, 0) ON CONFLICT (object_id) DO UPDATE SET "
                         "generation = generation + 1, not_before = min(not_before, ?3), "
                         "attempts = 0");
    if (stmt == NULL)
        return;
    tx_bind_text(stmt, 1, object_id);
    tx_bind_text(stmt, 2, kind);
    bind_int(stmt, 3, not_before);
    (void)tx_step(tx, stmt);
    watch_job(tx, kind, object_id);
}

static void enqueue_tree(struct tx *tx, const char *root_id)
{
    char object[ID_SIZE * 2];
    (void)snprintf(object, sizeof(object), "layers/%s", root_id);
    store_enqueue(tx, "layers", object, 0);
}

static struct text_list layer_roots(struct tx *tx, struct arena *a, const char *layer_id,
                                    const char *sql)
{
    sqlite3_stmt *stmt = statement(tx, sql, layer_id);
    struct text_list l = texts(tx, a, stmt);
    tx_reset(stmt);
    return l;
}

void store_enqueue_layers(struct tx *tx, const char *layer_id)
{
    _cleanup_arena_ struct arena *a = arena_new();
    struct text_list roots =
        layer_roots(tx, a, layer_id, "SELECT root_id FROM layer WHERE id = ?1");
    for (size_t i = 0; i < roots.n; i++)
        enqueue_tree(tx, roots.v[i]);
}

void store_enqueue_all_layers(struct tx *tx, struct arena *a)
{
    struct text_list roots = layer_roots(
        tx, a, "",
        "SELECT DISTINCT root_id FROM layer WHERE ?1 = '' AND (parent_id IS NOT NULL OR "
        "NOT EXISTS (SELECT 1 FROM volume WHERE layer_id = layer.id))");
    for (size_t i = 0; i < roots.n; i++)
        enqueue_tree(tx, roots.v[i]);
}

struct job_list store_jobs_due(struct tx *tx, struct arena *a, int64_t now, size_t max,
                               int64_t *ret_next)
{
    struct job_list due = {0};
    *ret_next = 0;
    sqlite3_stmt *stmt =
        tx_statement(tx, "SELECT object_id, kind, generation, not_before, attempts "
                         "FROM job ORDER BY not_before, object_id");
    while (tx_step(tx, stmt)) {
        int64_t not_before = sqlite3_column_int64(stmt, 3);
        if (not_before > now || due.n == max) {
            *ret_next = not_before;
            tx_reset(stmt);
            break;
        }
        *arena_append(a, &due) = (struct job){
            .object_id = tx_column_text(stmt, 0, a),
            .kind = tx_column_text(stmt, 1, a),
            .generation = sqlite3_column_int64(stmt, 2),
            .not_before = not_before,
            .attempts = sqlite3_column_int64(stmt, 4),
        };
    }
    return due;
}

bool store_job_done(struct tx *tx, const struct job *j)
{
    sqlite3_stmt *stmt =
        statement(tx, "DELETE FROM job WHERE object_id = ?1 AND generation = ?2", j->object_id);
    if (stmt == NULL)
        return false;
    bind_int(stmt, 2, j->generation);
    (void)tx_step(tx, stmt);
    return sqlite3_changes(tx->connection->db) == 1;
}

void store_job_retry(struct tx *tx, const struct job *j, int64_t not_before, const char *error)
{
    sqlite3_stmt *stmt =
        statement(tx,
                  "UPDATE job SET attempts = attempts + 1, last_error = ?2, not_before = ?3 "
                  "WHERE object_id = ?1 AND generation = ?4",
                  j->object_id);
    if (stmt == NULL)
        return;
    tx_bind_text(stmt, 2, error);
    bind_int(stmt, 3, not_before);
    bind_int(stmt, 4, j->generation);
    (void)tx_step(tx, stmt);
}
