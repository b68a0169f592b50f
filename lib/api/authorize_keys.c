/*
 * Keys of conditions: aws:… of every request, and ec2:… of the resources. A key that is not here is
 * one that no request has.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "api/authorize_internal.h"
#include "base/check.h"
#include "base/clock.h"
#include "base/text.h"
#include "core/volume_type.h"

#define USER_AGENT_MAX 512 /* of which a pattern is compared with no more */

static bool is_key(const char *a, const char *b)
{
    return strcasecmp(a, b) == 0;
}

/* "aws:RequestTag/Team" is "Team" behind "aws:RequestTag/"; NULL: it is another key. */
static const char *behind(const char *key, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncasecmp(key, prefix, len) == 0 && key[len] != '\0' ? key + len : NULL;
}

/* --- of every request */

static const struct http_peer *peer(const struct call *c)
{
    return c->http == NULL ? NULL : c->http->peer;
}

/* At the server itself there is no address. */
static const char *source_ip(struct call *c)
{
    static const char mapped[] = "::ffff:";
    const struct http_peer *p = peer(c);
    if (p == NULL || p->is_unix)
        return NULL;
    return has_prefix(p->address, mapped) && strchr(p->address, '.') != NULL
               ? p->address + strlen(mapped)
               : p->address;
}

static const char *secure_transport(struct call *c)
{
    return peer(c) == NULL || peer(c)->is_unix ? NULL : peer(c)->is_tls ? "true" : "false";
}

static const char *header(struct call *c, const char *name)
{
    const char *value = c->http == NULL ? NULL : headers_get(&c->http->headers, name);
    return value == NULL ? NULL : arena_strndup(c->arena, value, strnlen(value, USER_AGENT_MAX));
}

static const char *user_agent(struct call *c)
{
    return header(c, "user-agent");
}

static const char *referer(struct call *c)
{
    return header(c, "referer");
}

static const char *date(struct call *c, int64_t when)
{
    char *text = arena_alloc(c->arena, CLOCK_ISO8601_SIZE);
    clock_format_iso8601(when, text);
    return text;
}

static const char *current_time(struct call *c)
{
    return date(c, c->now);
}

static const char *epoch_time(struct call *c)
{
    return arena_printf(c->arena, "%lld", (long long)(c->now / 1000));
}

static const char *region(struct call *c)
{
    return c->region->name;
}

static const char *account(struct call *c)
{
    return c->principal->account_id;
}

/* Of a session, that of its role (AWS: "aws:PrincipalArn"). */
static const char *principal_arn(struct call *c)
{
    const struct principal *who = c->principal;
    const struct iam_role *role =
        who->kind == PRINCIPAL_ROLE ? store_iam_role(c->tx, c->arena, who->id) : NULL;
    return role == NULL ? who->arn : iam_role_arn(c->arena, role);
}

static const char *principal_type(struct call *c)
{
    static const char *const types[] = {[PRINCIPAL_ROOT] = "Account",
                                        [PRINCIPAL_USER] = "User",
                                        [PRINCIPAL_ROLE] = "AssumedRole",
                                        [PRINCIPAL_FEDERATED] = "FederatedUser"};
    return types[c->principal->kind];
}

static const char *user_id(struct call *c)
{
    return c->principal->user_id;
}

static const char *user_name(struct call *c)
{
    const char *slash = strrchr(c->principal->arn, '/');
    return c->principal->kind == PRINCIPAL_USER && slash != NULL ? slash + 1 : NULL;
}

static const char *no(struct call *c)
{
    (void)c;
    return "false";
}

/* There are no second factors here. Of a long-term key AWS's requests do not have it either. */
static const char *second_factor(struct call *c)
{
    return c->principal->session == NULL ? NULL : "false";
}

static const char *issue_time(struct call *c)
{
    const struct session *s = c->principal->session;
    return s == NULL ? NULL : date(c, s->issued_at);
}

static const char *source_identity(struct call *c)
{
    return c->principal->session == NULL ? NULL : c->principal->session->source_identity;
}

/* The instance whose metadata gave the credentials. */
static const struct instance *source_instance(struct call *c)
{
    const struct session *s = c->principal->session;
    return s == NULL || s->instance_id == NULL ? NULL
                                               : store_instance(c->tx, c->arena, s->instance_id);
}

static const char *source_instance_arn(struct call *c)
{
    const struct instance *i = source_instance(c);
    return i == NULL ? NULL
                     : arena_printf(c->arena, "arn:aws:ec2:%s:%s:instance/%s", i->region,
                                    i->account_id, i->id);
}

static const char *source_instance_vpc(struct call *c)
{
    const struct instance *i = source_instance(c);
    return i == NULL ? NULL : i->vpc_id;
}

static const char *source_instance_address(struct call *c)
{
    const struct instance *i = source_instance(c);
    const struct network_interface *n =
        i == NULL ? NULL : store_primary_interface(c->tx, c->arena, i->id);
    return n == NULL ? NULL : n->private_ip;
}

/* Whom a key that is sent is for: EC2 Instance Connect's one key of its own. */
static const char *os_user(struct call *c)
{
    if (c->action == NULL ||
        c->action->input != &ec2_instance_connect_SendSSHPublicKeyRequest_struct)
        return NULL;
    return ((const ec2_instance_connect_SendSSHPublicKey_in *)c->in)->instance_os_user;
}

static const struct {
    const char *name;
    const char *(*get)(struct call *c); /* NULL: the request has no such key */
} of_request[] = {
    {"aws:CurrentTime", current_time},
    {"aws:EpochTime", epoch_time},
    {"aws:MultiFactorAuthPresent", second_factor},
    {"aws:PrincipalAccount", account},
    {"aws:PrincipalArn", principal_arn},
    {"aws:PrincipalIsAWSService", no},
    {"aws:PrincipalType", principal_type},
    {"aws:Referer", referer},
    {"aws:RequestedRegion", region},
    {"aws:ResourceAccount", account},
    {"aws:SecureTransport", secure_transport},
    {"aws:SourceIdentity", source_identity},
    {"aws:SourceIp", source_ip},
    {"aws:TokenIssueTime", issue_time},
    {"aws:UserAgent", user_agent},
    {"aws:ViaAWSService", no},
    {"aws:ec2InstanceSourcePrivateIPv4", source_instance_address},
    {"aws:ec2InstanceSourceVpc", source_instance_vpc},
    {"aws:userid", user_id},
    {"aws:username", user_name},
    {"ec2:Region", region},
    {"ec2:SourceInstanceARN", source_instance_arn},
    {"ec2:osuser", os_user},
};

/* --- tags */

/* Keys of tags differ by case and those of conditions do not: the very same first. */
static const char *tag_value(struct call *c, const char *id, const char *key)
{
    const char *found = NULL;
    struct tag_list tags = store_tags(c->tx, c->arena, "resource_id", id);
    for (size_t i = 0; i < tags.n; i++) {
        if (streq(tags.v[i].key, key))
            return tags.v[i].value;
        if (found == NULL && is_key(tags.v[i].key, key))
            found = tags.v[i].value;
    }
    return found;
}

static const char *resource_tag(const struct authorize_question *q, const char *key)
{
    return q->resource->id == NULL ? NULL : tag_value(q->c, q->resource->id, key);
}

static const char *new_tag(const struct authorize_question *q, const char *key)
{
    const struct ec2_TagList *tags = q->resource->new_tags;
    const char *found = NULL;
    for (size_t i = 0; tags != NULL && i < tags->n; i++) {
        const char *value = tags->v[i].value == NULL ? "" : tags->v[i].value;
        if (streq(tags->v[i].key, key))
            return value;
        if (found == NULL && tags->v[i].key != NULL && is_key(tags->v[i].key, key))
            found = value;
    }
    return found;
}

/* What a session brings is before what its user or role has. */
static const char *principal_tag(const struct authorize_question *q, const char *key)
{
    const struct principal *who = q->c->principal;
    for (size_t i = 0; who->session != NULL && i < who->session->n_tags; i++)
        if (is_key(who->session->tags[i].key, key))
            return who->session->tags[i].value;
    return who->id == NULL ? NULL : tag_value(q->c, who->id, key);
}

static const struct {
    const char *prefix;
    const char *(*get)(const struct authorize_question *q, const char *key);
} of_tags[] = {
    {"aws:PrincipalTag/", principal_tag}, {"aws:RequestTag/", new_tag},
    {"aws:ResourceTag/", resource_tag},   {"ec2:ResourceTag/", resource_tag},
    {"iam:ResourceTag/", resource_tag},
};

static bool tag_keys(const struct authorize_question *q, struct policy_texts *ret_values)
{
    const struct ec2_TagList *tags = q->resource->new_tags;
    if (tags == NULL || tags->n == 0)
        return false;
    struct policy_texts keys = {arena_array(q->c->arena, tags->n, const char *), 0};
    for (size_t i = 0; i < tags->n; i++)
        if (tags->v[i].key != NULL)
            keys.v[keys.n++] = tags->v[i].key;
    *ret_values = keys;
    return true;
}

/* --- of what is there */

enum form { TEXT, NUMBER, TRUTH, ARN_OF, FIXED };

/* A key of a type of resources, and the column that has it, or what all of them are. */
static const struct {
    enum resource_kind kind;
    const char *key;
    enum form form;
    size_t offset;
    const char *text; /* ARN_OF: of what type; FIXED: what */
} of_rows[] = {
#define COLUMN(kind, type, key, form, column)                                                      \
    {                                                                                              \
        RESOURCE_##kind, "ec2:" key, form, offsetof(struct type, column), NULL                     \
    }
#define ARN(kind, type, key, what, column)                                                         \
    {                                                                                              \
        RESOURCE_##kind, "ec2:" key, ARN_OF, offsetof(struct type, column), what                   \
    }
#define CONSTANT(kind, key, text)                                                                  \
    {                                                                                              \
        RESOURCE_##kind, "ec2:" key, FIXED, 0, text                                                \
    }
    COLUMN(CAPACITY_RESERVATION, capacity_reservation, "AvailabilityZone", TEXT, zone),
    COLUMN(CAPACITY_RESERVATION, capacity_reservation, "InstanceType", TEXT, instance_type),
    COLUMN(ELASTIC_IP, address, "AllocationId", TEXT, id),
    CONSTANT(ELASTIC_IP, "Domain", "vpc"),
    COLUMN(ELASTIC_IP, address, "PublicIpAddress", TEXT, public_ip),
    COLUMN(DHCP_OPTIONS, dhcp_options, "DhcpOptionsID", TEXT, id),
    COLUMN(IMAGE, image, "ImageID", TEXT, id),
    CONSTANT(IMAGE, "ImageType", "machine"),
    COLUMN(IMAGE, image, "Public", TRUTH, is_public),
    CONSTANT(IMAGE, "RootDeviceType", "ebs"),
    COLUMN(INSTANCE, instance, "AvailabilityZone", TEXT, zone),
    COLUMN(INSTANCE, instance, "EbsOptimized", TRUTH, ebs_optimized),
    COLUMN(INSTANCE, instance, "InstanceAutoRecovery", TEXT, auto_recovery),
    COLUMN(INSTANCE, instance, "InstanceID", TEXT, id),
    COLUMN(INSTANCE, instance, "InstanceMetadataTags", TEXT, instance_metadata_tags),
    COLUMN(INSTANCE, instance, "InstanceType", TEXT, instance_type),
    COLUMN(INSTANCE, instance, "MetadataHttpEndpoint", TEXT, http_endpoint),
    COLUMN(INSTANCE, instance, "MetadataHttpPutResponseHopLimit", NUMBER,
           http_put_response_hop_limit),
    COLUMN(INSTANCE, instance, "MetadataHttpTokens", TEXT, http_tokens),
    ARN(INSTANCE, instance, "PlacementGroup", "placement-group", placement_group_name),
    CONSTANT(INSTANCE, "RootDeviceType", "ebs"),
    COLUMN(INSTANCE, instance, "Tenancy", TEXT, tenancy),
    COLUMN(INTERNET_GATEWAY, internet_gateway, "InternetGatewayID", TEXT, id),
    COLUMN(KEY_PAIR, key_pair, "KeyPairName", TEXT, name),
    COLUMN(KEY_PAIR, key_pair, "KeyPairType", TEXT, key_type),
    COLUMN(NETWORK_ACL, network_acl, "NetworkAclID", TEXT, id),
    ARN(NETWORK_ACL, network_acl, "Vpc", "vpc", vpc_id),
    COLUMN(NETWORK_INTERFACE, network_interface, "AvailabilityZone", TEXT, zone),
    COLUMN(NETWORK_INTERFACE, network_interface, "NetworkInterfaceID", TEXT, id),
    ARN(NETWORK_INTERFACE, network_interface, "Subnet", "subnet", subnet_id),
    ARN(NETWORK_INTERFACE, network_interface, "Vpc", "vpc", vpc_id),
    COLUMN(PLACEMENT_GROUP, placement_group, "PlacementGroupName", TEXT, name),
    COLUMN(PLACEMENT_GROUP, placement_group, "PlacementGroupStrategy", TEXT, strategy),
    COLUMN(ROUTE_TABLE, route_table, "RouteTableID", TEXT, id),
    ARN(ROUTE_TABLE, route_table, "Vpc", "vpc", vpc_id),
    COLUMN(SECURITY_GROUP, security_group, "SecurityGroupID", TEXT, id),
    ARN(SECURITY_GROUP, security_group, "Vpc", "vpc", vpc_id),
    COLUMN(SNAPSHOT, snapshot, "Encrypted", TRUTH, encrypted),
    ARN(SNAPSHOT, snapshot, "ParentVolume", "volume", volume_id),
    COLUMN(SNAPSHOT, snapshot, "SnapshotID", TEXT, id),
    COLUMN(SNAPSHOT, snapshot, "VolumeSize", NUMBER, size_gib),
    COLUMN(SUBNET, subnet, "AvailabilityZone", TEXT, zone),
    COLUMN(SUBNET, subnet, "SubnetID", TEXT, id),
    ARN(SUBNET, subnet, "Vpc", "vpc", vpc_id),
    COLUMN(VOLUME, volume, "AvailabilityZone", TEXT, zone),
    COLUMN(VOLUME, volume, "Encrypted", TRUTH, encrypted),
    ARN(VOLUME, volume, "ParentSnapshot", "snapshot", snapshot_id),
    COLUMN(VOLUME, volume, "VolumeID", TEXT, id),
    COLUMN(VOLUME, volume, "VolumeIops", NUMBER, iops),
    COLUMN(VOLUME, volume, "VolumeSize", NUMBER, size_gib),
    COLUMN(VOLUME, volume, "VolumeThroughput", NUMBER, throughput),
    COLUMN(VOLUME, volume, "VolumeType", TEXT, volume_type),
    COLUMN(VPC, vpc, "Tenancy", TEXT, instance_tenancy),
    COLUMN(VPC, vpc, "VpcID", TEXT, id),
    ARN(VPC_PEERING_CONNECTION, vpc_peering_connection, "AccepterVpc", "vpc", accepter_vpc_id),
    ARN(VPC_PEERING_CONNECTION, vpc_peering_connection, "RequesterVpc", "vpc", requester_vpc_id),
    COLUMN(VPC_PEERING_CONNECTION, vpc_peering_connection, "VpcPeeringConnectionID", TEXT, id),
#undef COLUMN
#undef ARN
#undef CONSTANT
};

static const char *value_at(struct call *c, size_t i, const char *row)
{
    const char *slot = row + of_rows[i].offset;
    const char *text = NULL;
    switch (of_rows[i].form) {
    case FIXED:
        return of_rows[i].text;
    case TEXT:
        return *(const char *const *)(const void *)slot;
    case TRUTH:
        return *(const bool *)(const void *)slot ? "true" : "false";
    case NUMBER:
        return arena_printf(c->arena, "%lld", (long long)*(const int64_t *)(const void *)slot);
    case ARN_OF:
        text = *(const char *const *)(const void *)slot;
        return text == NULL ? NULL : authorize_arn(c, of_rows[i].text, text);
    }
    return NULL;
}

/* "amazon", or the account (AWS: "ec2:Owner"). */
static const char *owner(const struct authorize_resource *r)
{
    if (r->kind->kind == RESOURCE_IMAGE) {
        const struct image *i = r->row;
        return i->owner_alias != NULL ? i->owner_alias : i->account_id;
    }
    if (r->kind->kind == RESOURCE_SNAPSHOT) {
        const struct snapshot *s = r->row;
        return s->owner_alias != NULL ? s->owner_alias : s->account_id;
    }
    return NULL;
}

static const char *instance_profile(struct call *c, const struct instance *i)
{
    struct instance_profile_association_list l =
        store_instance_profile_associations(c->tx, c->arena, "instance_id", i->id);
    return l.n == 0 ? NULL : l.v[0].profile_arn;
}

static const char *row_key(const struct authorize_question *q, const char *key)
{
    const struct authorize_resource *r = q->resource;
    if (r->row == NULL || r->kind == NULL)
        return NULL;
    if (is_key(key, "ec2:Owner"))
        return owner(r);
    if (r->kind->kind == RESOURCE_INSTANCE && is_key(key, "ec2:InstanceProfile"))
        return instance_profile(q->c, r->row);
    if (r->kind->kind == RESOURCE_INSTANCE && is_key(key, "ec2:InstanceMarketType"))
        return ((const struct instance *)r->row)->spot_request_id != NULL ? "spot" : "on-demand";
    for (size_t i = 0; i < ARRAY_SIZE(of_rows); i++)
        if (of_rows[i].kind == r->kind->kind && is_key(of_rows[i].key, key))
            return value_at(q->c, i, r->row);
    return NULL;
}

/* --- of what is to be made: members of the request that say it */

static const struct {
    const char *type;
    const char *key;
    const char *member;
    const char *arn_of; /* NULL: the member's text as it is. Without a member: what all have */
} of_made[] = {
    {"capacity-reservation", "ec2:AvailabilityZone", "AvailabilityZone", NULL},
    {"capacity-reservation", "ec2:InstanceType", "InstanceType", NULL},
    {"elastic-ip", "ec2:Domain", "Domain", NULL},
    {"image", "ec2:RootDeviceType", NULL, "ebs"},
    {"key-pair", "ec2:KeyPairName", "KeyName", NULL},
    {"key-pair", "ec2:KeyPairType", "KeyType", NULL},
    {"network-acl", "ec2:Vpc", "VpcId", "vpc"},
    {"network-interface", "ec2:Subnet", "SubnetId", "subnet"},
    {"placement-group", "ec2:PlacementGroupName", "GroupName", NULL},
    {"placement-group", "ec2:PlacementGroupStrategy", "Strategy", NULL},
    {"route-table", "ec2:Vpc", "VpcId", "vpc"},
    {"security-group", "ec2:Vpc", "VpcId", "vpc"},
    {"snapshot", "ec2:ParentVolume", "VolumeId", "volume"},
    {"subnet", "ec2:AvailabilityZone", "AvailabilityZone", NULL},
    {"subnet", "ec2:Vpc", "VpcId", "vpc"},
    {"volume", "ec2:AvailabilityZone", "AvailabilityZone", NULL},
    {"volume", "ec2:Encrypted", "Encrypted", NULL},
    {"volume", "ec2:ParentSnapshot", "SnapshotId", "snapshot"},
    {"volume", "ec2:VolumeIops", "Iops", NULL},
    {"volume", "ec2:VolumeSize", "Size", NULL},
    {"volume", "ec2:VolumeThroughput", "Throughput", NULL},
    {"volume", "ec2:VolumeType", "VolumeType", NULL},
    {"vpc", "ec2:Tenancy", "InstanceTenancy", NULL},
    {"vpc-endpoint", "ec2:VpceServiceName", "ServiceName", NULL},
    {"vpc-peering-connection", "ec2:AccepterVpc", "PeerVpcId", "vpc"},
    {"vpc-peering-connection", "ec2:RequesterVpc", "VpcId", "vpc"},
};

static const char *made_key(const struct authorize_question *q, const char *key)
{
    const struct authorize_resource *r = q->resource;
    if (r->row != NULL || r->id != NULL || r->type == NULL)
        return NULL;
    for (size_t i = 0; i < ARRAY_SIZE(of_made); i++) {
        if (!streq(of_made[i].type, r->type) || !is_key(of_made[i].key, key))
            continue;
        if (of_made[i].member == NULL)
            return of_made[i].arn_of;
        const char *text = authorize_member(q->c, of_made[i].member);
        return text == NULL || of_made[i].arn_of == NULL
                   ? text
                   : authorize_arn(q->c, of_made[i].arn_of, text);
    }
    return NULL;
}

/* --- all of them */

static const char *value_of(const struct authorize_question *q, const char *key)
{
    const struct authorize_resource *r = q->resource;
    for (size_t i = 0; i < r->n_keys; i++)
        if (is_key(r->keys[i].name, key))
            return r->keys[i].value;
    for (size_t i = 0; i < ARRAY_SIZE(of_request); i++)
        if (is_key(of_request[i].name, key))
            return of_request[i].get(q->c);
    for (size_t i = 0; i < ARRAY_SIZE(of_tags); i++) {
        const char *tag = behind(key, of_tags[i].prefix);
        if (tag != NULL)
            return of_tags[i].get(q, tag);
    }
    if (is_key(key, "ec2:Attribute"))
        return authorize_member(q->c, "Attribute");
    const char *value = row_key(q, key);
    return value != NULL ? value : made_key(q, key);
}

bool authorize_find(void *ctx, const char *key, struct policy_texts *ret_values)
{
    const struct authorize_question *q = ctx;
    if (is_key(key, "aws:TagKeys"))
        return tag_keys(q, ret_values);
    const char **value = arena_new_of(q->c->arena, const char *);
    *value = value_of(q, key);
    if (*value == NULL)
        return false;
    *ret_values = (struct policy_texts){value, 1};
    return true;
}

const char *authorize_key_name(size_t i)
{
    if (i < ARRAY_SIZE(of_request))
        return of_request[i].name;
    i -= ARRAY_SIZE(of_request);
    if (i < ARRAY_SIZE(of_rows))
        return of_rows[i].key;
    i -= ARRAY_SIZE(of_rows);
    return i < ARRAY_SIZE(of_made) ? of_made[i].key : NULL;
}
