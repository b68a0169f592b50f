#include "store/ports.h"

#include <sqlite3.h>

#include "store/connection.h"

/* `second` NULL: the statement has no such parameter. */
static sqlite3_stmt *statement(struct tx *tx, const char *sql, const char *first,
                               const char *second)
{
    sqlite3_stmt *stmt = tx_statement(tx, sql);
    if (stmt != NULL)
        tx_bind_text(stmt, 1, first);
    if (stmt != NULL && second != NULL)
        tx_bind_text(stmt, 2, second);
    return stmt;
}

#define PORT_ROW                                                                                   \
    "SELECT id, instance_id, device_index, subnet_id, private_ip, public_ip, mac, tap, "           \
    "source_dest_check FROM network_interface WHERE "

struct port_row_list store_port_rows(struct tx *tx, struct arena *a, const char *vpc_id,
                                     const char *interface_id)
{
    sqlite3_stmt *stmt = statement(tx,
                                   interface_id == NULL ? PORT_ROW "vpc_id = ?1 ORDER BY id"
                                                        : PORT_ROW "+vpc_id = ?1 AND id = ?2",
                                   vpc_id, interface_id);
    struct port_row_list l = {0};
    while (tx_step(tx, stmt))
        *arena_append(a, &l) = (struct port_row){
            .interface_id = tx_column_text(stmt, 0, a),
            .instance_id = tx_column_text(stmt, 1, a),
            .is_first = sqlite3_column_int64(stmt, 2) == 0,
            .subnet_id = tx_column_text(stmt, 3, a),
            .private_ip = tx_column_text(stmt, 4, a),
            .public_ip = tx_column_text(stmt, 5, a),
            .mac = tx_column_text(stmt, 6, a),
            .tap = tx_column_text(stmt, 7, a),
            .source_dest_check = sqlite3_column_int(stmt, 8) != 0,
        };
    return l;
}

#define NAME_ROW                                                                                   \
    "SELECT id, hostname_type, resource_name_a, resource_name_aaaa FROM instance WHERE vpc_id = "  \
    "?1 "

struct instance_name_list store_instance_names(struct tx *tx, struct arena *a, const char *vpc_id,
                                               const char *instance_id)
{
    /* The index instance_name has all of it: rows of instances are long. */
    sqlite3_stmt *stmt =
        statement(tx, instance_id == NULL ? NAME_ROW "ORDER BY id" : NAME_ROW "AND id = ?2", vpc_id,
                  instance_id);
    struct instance_name_list l = {0};
    while (tx_step(tx, stmt))
        *arena_append(a, &l) = (struct instance_name){
            .id = tx_column_text(stmt, 0, a),
            .hostname_type = tx_column_text(stmt, 1, a),
            .resource_name_a = sqlite3_column_int(stmt, 2) != 0,
            .resource_name_aaaa = sqlite3_column_int(stmt, 3) != 0,
        };
    return l;
}

struct reverse_name_list store_reverse_names(struct tx *tx, struct arena *a)
{
    sqlite3_stmt *stmt = tx_statement(
        tx, "SELECT public_ip, domain_name FROM address WHERE domain_name IS NOT NULL ORDER BY id");
    struct reverse_name_list l = {0};
    while (tx_step(tx, stmt))
        *arena_append(a, &l) =
            (struct reverse_name){tx_column_text(stmt, 0, a), tx_column_text(stmt, 1, a)};
    return l;
}

static struct text_list texts(struct tx *tx, struct arena *a, sqlite3_stmt *stmt)
{
    struct text_list l = {0};
    while (tx_step(tx, stmt))
        *arena_append(a, &l) = tx_column_text(stmt, 0, a);
    return l;
}

struct text_list store_interfaces_in_group(struct tx *tx, struct arena *a, const char *group_id)
{
    return texts(tx, a,
                 statement(tx,
                           "SELECT interface_id FROM interface_group WHERE group_id = ?1 "
                           "ORDER BY interface_id",
                           group_id, NULL));
}

struct text_list store_addresses_in_group(struct tx *tx, struct arena *a, const char *group_id,
                                          const char *vpc_id)
{
    sqlite3_stmt *stmt = statement(
        tx,
        "SELECT private_ip FROM interface_group JOIN network_interface ON id = interface_id "
        "WHERE group_id = ?1 AND vpc_id = ?2 UNION ALL "
        "SELECT address FROM interface_group JOIN interface_address USING (interface_id) "
        "WHERE group_id = ?1 AND vpc_id = ?2 ORDER BY 1",
        group_id, vpc_id);
    return texts(tx, a, stmt);
}
