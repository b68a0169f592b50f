#include "guests.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/check.h"
#include "base/cleanup.h"
#include "base/door.h"
#include "metadata/calls.h"
#include "metadata/front.h"
#include "metadata/metadata.h"
#include "store/tables.h"

#define ACCOUNT "123456789012"
#define HOST    "h-0a0a0a0a0a0a0a0a0"

static struct store *store;
static const struct server_key server_key; /* of zeros: the same each time */
static struct metadata *metadata;
static struct front_config front = {.listener = -1}; /* as in croft-metadata */
static pthread_t front_thread;
static int front_end = -1;

static void put_vpc(struct tx *tx, struct arena *a, const struct net_vpc *v)
{
    if (store_vpc(tx, a, v->vpc_id) != NULL)
        return;
    store_insert_vpc(tx, &(struct vpc){
                             .id = v->vpc_id,
                             .account_id = ACCOUNT,
                             .region = v->region,
                             .cidr_block = v->cidrs[0],
                             .cidr_association_id = "",
                             .dhcp_options_id = "",
                             .instance_tenancy = "default",
                             .number = v->index,
                         });
    for (size_t i = 0; i < v->n_ipv6_cidrs; i++)
        store_insert_vpc_cidr_block(
            tx, &(struct vpc_cidr_block){
                    .id = arena_printf(a, "vpc-cidr-assoc-%s-%zu", v->vpc_id, i),
                    .account_id = ACCOUNT,
                    .region = v->region,
                    .vpc_id = v->vpc_id,
                    .cidr_block = v->ipv6_cidrs[i],
                    .is_ipv6 = true,
                });
    for (size_t i = 0; i < v->n_subnets; i++)
        store_insert_subnet(tx, &(struct subnet){
                                    .id = v->subnets[i].subnet_id,
                                    .account_id = ACCOUNT,
                                    .region = v->region,
                                    .vpc_id = v->vpc_id,
                                    .zone = "us-east-1a",
                                    .cidr_block = v->subnets[i].cidr,
                                    .hostname_type = "ip-name",
                                    .number = (int64_t)i,
                                });
}

static void put_instance(struct tx *tx, struct arena *a, const struct net_vpc *v,
                         const struct net_port *p, const struct guests_options *o)
{
    const char *id = arena_printf(a, "i-%s", p->interface_id + strlen("eni-"));
    struct instance row = {
        .id = id,
        .account_id = ACCOUNT,
        .region = v->region,
        .host_id = HOST,
        .state = INSTANCE_RUNNING,
        .reservation_id = "",
        .image_id = "",
        .instance_type = "",
        .architecture = "",
        .root_device_name = "",
        .vpc_id = v->vpc_id,
        .subnet_id = p->subnet_id,
        .zone = "us-east-1a",
        .tenancy = "default",
        .auto_recovery = "default",
        .reboot_migration = "default",
        .capacity_preference = "open",
        .http_tokens = o->http_tokens,
        .http_endpoint = "enabled",
        .http_protocol_ipv6 = "disabled",
        .hostname_type = "ip-name",
        .http_put_response_hop_limit = o->hop_limit,
        .instance_metadata_tags = "disabled",
        .uuid = id,
    };
    if (store_instance(tx, a, id) != NULL) {
        store_update_instance(tx, &row);
        return;
    }
    store_insert_instance(tx, &row);
    store_insert_network_interface(tx, &(struct network_interface){
                                           .id = p->interface_id,
                                           .account_id = ACCOUNT,
                                           .region = v->region,
                                           .vpc_id = v->vpc_id,
                                           .subnet_id = p->subnet_id,
                                           .zone = "us-east-1a",
                                           .private_ip = p->addresses[0].private_ip,
                                           .mac = p->mac,
                                           .description = "",
                                           .instance_id = id,
                                           .tap = p->tap,
                                           .interface_type = "interface",
                                           .attachment_state = ATTACHMENT_ATTACHED,
                                       });
    for (size_t i = 0; i < p->n_ipv6; i++)
        store_insert_interface_address(tx, &(struct interface_address){
                                               .interface_id = p->interface_id,
                                               .address = p->ipv6[i],
                                               .vpc_id = v->vpc_id,
                                               .subnet_id = p->subnet_id,
                                               .is_ipv6 = true,
                                           });
}

static void *serve_front(void *arg)
{
    struct err e = {0};
    CHECK(front_serve(&front, front_end, &e) == 0);
    return arg;
}

static int start(struct network *n, const char *directory, struct err *e)
{
    char path[256];
    (void)snprintf(path, sizeof(path), "%s/guests.db", directory);
    int r = store_open(path, &store, e);
    if (r < 0)
        return r;
    (void)snprintf(path, sizeof(path), "%s/" METADATA_SOCKET, directory);
    front.user = getuid();
    front_end = eventfd(0, EFD_CLOEXEC);
    CHECK(front_end >= 0);
    r = door_listen(path, front.user, &front.listener, e);
    if (r < 0)
        return r;
    CHECK(pthread_create(&front_thread, NULL, serve_front, NULL) == 0);
    return metadata_new(
        &(struct metadata_config){
            .store = store, .network = n, .socket_path = path, .server_key = &server_key},
        &metadata, e);
}

int guests_know(struct network *n, const char *directory, const struct net_vpc *intent,
                const struct guests_options *o, struct err *e)
{
    int r = metadata == NULL ? start(n, directory, e) : 0;
    if (r < 0)
        return r;
    _cleanup_arena_ struct arena *a = arena_new();
    struct tx *tx = store_write(store);
    if (store_host(tx, a, HOST) == NULL)
        store_insert_host(tx, &(struct host){.id = HOST, .uri = ""});
    put_vpc(tx, a, intent);
    for (size_t i = 0; i < intent->n_ports; i++)
        put_instance(tx, a, intent, &intent->ports[i], o);
    r = tx_commit(tx, e);
    if (r == 0)
        metadata_network_changed(metadata, intent->vpc_id);
    return r;
}

void guests_forget(const char *vpc_id)
{
    if (metadata != NULL)
        metadata_network_changed(metadata, vpc_id);
}

void guests_end(void)
{
    metadata_free(metadata);
    if (front.listener >= 0) {
        CHECK(eventfd_write(front_end, 1) == 0 && pthread_join(front_thread, NULL) == 0);
        cleanup_close(&front.listener);
        cleanup_close(&front_end);
    }
    if (store != NULL)
        store_close(store);
}
