#pragma once
/*
 * The instance metadata service (IMDS): 169.254.169.254 within each VPC.
 *
 * Each namespace of a VPC has a listening socket of this process (network_ops.listen), so a
 * connection says by the socket that it came to which VPC it is of, and by its source address,
 * which the port has checked, which guest. Nothing that a guest says is believed. Every request
 * reads rows of its own: what ModifyInstanceMetadataOptions commits is in force for the next one.
 *
 * At the same address guests reach the API: IMDS takes no POST, and the API little else. So a
 * role's credentials are of use in every VPC, without a gateway or a public address.
 *
 * HTTP, which guests write, is parsed by a process that may do nothing else (croft-metadata,
 * front.h); here connections are accepted, and typed requests (calls.h) answered.
 *
 * Threads: one accepts, and METADATA_ASKERS answer; metadata_network_changed() may be called from
 * any.
 */
#include "base/err.h"
#include "core/sealed.h"
#include "http/server.h"
#include "network/network.h"
#include "store/store.h"

#define METADATA_CONNECTIONS      512 /* of all guests together */
#define METADATA_CONNECTIONS_EACH 16  /* of one address */
#define METADATA_IDLE_S           10
#define METADATA_RECEIVE_S        5

struct metadata_config {
    struct store *store;
    struct network *network;
    const char *socket_path; /* of croft-metadata */
    /* Where the certificate that identity documents are signed with is put; NULL: nowhere. */
    const char *certificate_path;
    const struct server_key *server_key;
    int64_t credentials_ms; /* that the credentials of roles are good for; 0: as at AWS */
    /* The API, for guests: handle and render_error. NULL: they do not reach it here. */
    const struct http_callbacks *api;
    void *api_ctx;
};

struct metadata;

/* Listens nowhere yet. */
int metadata_new(const struct metadata_config *config, struct metadata **ret_metadata,
                 struct err *e);
/* Stops listening and serving. NULL is fine. */
void metadata_free(struct metadata *m);
/* Listens where the VPC's namespace is new, and no more where it has gone. ctx is the struct
 * metadata. */
void metadata_network_changed(void *ctx, const char *vpc_id);
