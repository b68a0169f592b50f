#include "croft/custom.h"

#include <string.h>

#include "base/check.h"
#include "base/text.h"
#include "croft/cli.h"

enum {
    CUSTOM_COUNT,
    CUSTOM_PROTOCOL,
    CUSTOM_PORT,
    CUSTOM_CIDR,
    CUSTOM_SOURCE_GROUP,
    CUSTOM_GROUP_OWNER,
    CUSTOM_PUBLIC_ADDRESS,
    CUSTOM_NO_PUBLIC_ADDRESS,
    CUSTOM_SECONDARY_COUNT,
};

static const struct flag run_flags[] = {
    {"count", FLAG_CUSTOM, .id = CUSTOM_COUNT, .help = "How many: N, or MIN:MAX; 1 without it"},
    {"associate-public-ip-address", FLAG_SWITCH, .id = CUSTOM_PUBLIC_ADDRESS,
     .help = "Give the first interface a public address"},
    {"no-associate-public-ip-address", FLAG_SWITCH, .id = CUSTOM_NO_PUBLIC_ADDRESS,
     .help = "Give it none"},
    {"secondary-private-ip-address-count", FLAG_CUSTOM, .id = CUSTOM_SECONDARY_COUNT,
     .help = "Further private addresses of the first interface"},
};

static const struct flag rule_flags[] = {
    {"protocol", FLAG_CUSTOM, .id = CUSTOM_PROTOCOL, .help = "tcp, udp, icmp, all or a number"},
    {"port", FLAG_CUSTOM, .id = CUSTOM_PORT,
     .help = "A port, or FROM-TO; for icmp TYPE or TYPE-CODE; all"},
    {"cidr", FLAG_CUSTOM, .id = CUSTOM_CIDR, .help = "Who: a range of IPv4 addresses"},
    {"source-group", FLAG_CUSTOM, .id = CUSTOM_SOURCE_GROUP,
     .help = "Who: the members of a security group, by id or name"},
    {"group-owner", FLAG_CUSTOM, .id = CUSTOM_GROUP_OWNER, .help = "The account of that group"},
};

static bool is_rule_action(const struct wire_action *action)
{
    return has_prefix(action->name, "AuthorizeSecurityGroup") ||
           has_prefix(action->name, "RevokeSecurityGroup");
}

static void hide(struct flags *flags, const char *name)
{
    for (size_t i = 0; i < flags->n; i++) {
        if (streq(flags->v[i].name, name))
            flags->v[i].hidden = true;
    }
}

static void take_out(struct flags *flags, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < flags->n; i++) {
        if (!streq(flags->v[i].name, name))
            flags->v[n++] = flags->v[i];
    }
    flags->n = n;
}

void custom_flags(struct arena *a, const struct wire_action *action, struct flags *flags)
{
    static const char *const hidden[] = {"ip-protocol",
                                         "from-port",
                                         "to-port",
                                         "cidr-ip",
                                         "source-security-group-name",
                                         "source-security-group-owner-id"};
    const struct flag *more = NULL;
    size_t n = 0;

    if (streq(action->name, "RunInstances")) {
        take_out(flags, "min-count");
        take_out(flags, "max-count");
        more = run_flags;
        n = ARRAY_SIZE(run_flags);
    } else if (is_rule_action(action)) {
        for (size_t i = 0; i < ARRAY_SIZE(hidden); i++)
            hide(flags, hidden[i]);
        more = rule_flags;
        n = ARRAY_SIZE(rule_flags);
    }
    /* A list that was shortened must not be appended to as if it were as arena_append left it. */
    if (n > 0) {
        struct flag *all = arena_array(a, flags->n + n, struct flag);
        memcpy(all, flags->v, flags->n * sizeof(*all));
        memcpy(all + flags->n, more, n * sizeof(*all));
        flags->v = all;
        flags->n += n;
    }
}

/* The only element of a list of structures, made when it is missing. */
static json_t *first_of(json_t *in, const char *member, bool *ret_new)
{
    json_t *list = json_object_get(in, member);

    *ret_new = list == NULL;
    if (list == NULL) {
        list = json_array();
        json_array_append_new(list, json_object());
        json_object_set_new(in, member, list);
    }
    return json_array_get(list, 0);
}

static json_t *permission_of(json_t *in)
{
    bool is_new;
    return first_of(in, "IpPermissions", &is_new);
}

static json_t *interface_of(json_t *in)
{
    bool is_new;
    json_t *interface = first_of(in, "NetworkInterfaces", &is_new);

    if (is_new)
        json_object_set_new(interface, "DeviceIndex", json_integer(0));
    return interface;
}

/* "A", "A-B" (or with another sign between them) as two numbers. */
static int parse_range(const char *word, char sign, int64_t *from, int64_t *to)
{
    const char *middle = *word == '\0' ? NULL : strchr(word + 1, sign);
    char head[24];

    if (middle == NULL) {
        *to = 0;
        if (parse_int64(word, from) < 0)
            return -EINVAL;
        *to = *from;
        return 0;
    }
    if ((size_t)(middle - word) >= sizeof(head))
        return -EINVAL;
    memcpy(head, word, (size_t)(middle - word));
    head[middle - word] = '\0';
    return parse_int64(head, from) < 0 || parse_int64(middle + 1, to) < 0 ? -EINVAL : 0;
}

static int put_range(json_t *in, const char *from_member, const char *to_member, int64_t from,
                     int64_t to)
{
    json_object_set_new(in, from_member, json_integer(from));
    json_object_set_new(in, to_member, json_integer(to));
    return 0;
}

static int put_protocol(json_t *in, const char *word, struct err *e)
{
    int64_t number;

    if (parse_int64(word, &number) == 0) {
        if (number < -1 || number > 255)
            return err_set(e, EINVAL, "--protocol takes a number from 0 to 255, or -1 for all");
    } else if (streq(word, "all")) {
        word = "-1";
    } else if (!streq(word, "tcp") && !streq(word, "udp") && !streq(word, "icmp")) {
        return err_set(e, EINVAL, "--protocol takes tcp, udp, icmp, all or a number, not '%.40s'",
                       word);
    }
    json_object_set_new(permission_of(in), "IpProtocol", json_string(word));
    return 0;
}

static void put_pair(json_t *in, const char *member, const char *word)
{
    bool is_new;
    json_object_set_new(first_of(permission_of(in), "UserIdGroupPairs", &is_new), member,
                        json_string(word));
}

int custom_check(const json_t *in, const struct flag *flag, struct err *e)
{
    switch (flag->id) {
    case CUSTOM_COUNT:
        return 0;
    case CUSTOM_PUBLIC_ADDRESS:
    case CUSTOM_NO_PUBLIC_ADDRESS:
    case CUSTOM_SECONDARY_COUNT:
        if (json_object_get(in, "NetworkInterfaces") != NULL)
            return err_set(e, EINVAL, "--%s cannot stand beside --network-interfaces", flag->name);
        return 0;
    default:
        if (json_object_get(in, "IpPermissions") != NULL)
            return err_set(e, EINVAL, "--%s cannot stand beside --ip-permissions", flag->name);
        return 0;
    }
}

int custom_put(json_t *in, const struct flag *flag, const char *word, struct err *e)
{
    int64_t from, to;

    switch (flag->id) {
    case CUSTOM_COUNT:
        if (parse_range(word, ':', &from, &to) < 0)
            return err_set(e, EINVAL, "--count takes N or MIN:MAX (1, 1:10), not '%.40s'", word);
        return put_range(in, "MinCount", "MaxCount", from, to);
    case CUSTOM_PROTOCOL:
        return put_protocol(in, word, e);
    case CUSTOM_PORT:
        if (streq(word, "all") || streq(word, "-1"))
            from = to = -1;
        else if (parse_range(word, '-', &from, &to) < 0)
            return err_set(e, EINVAL, "--port takes a port or FROM-TO (22, 8000-8080), not '%.40s'",
                           word);
        return put_range(permission_of(in), "FromPort", "ToPort", from, to);
    case CUSTOM_CIDR:
        json_object_set_new(permission_of(in), "IpRanges", json_pack("[{s:s}]", "CidrIp", word));
        return 0;
    case CUSTOM_SOURCE_GROUP:
        put_pair(in, has_prefix(word, "sg-") ? "GroupId" : "GroupName", word);
        return 0;
    case CUSTOM_GROUP_OWNER:
        put_pair(in, "UserId", word);
        return 0;
    case CUSTOM_PUBLIC_ADDRESS:
    case CUSTOM_NO_PUBLIC_ADDRESS:
        json_object_set_new(interface_of(in), "AssociatePublicIpAddress",
                            json_boolean(flag->id == CUSTOM_PUBLIC_ADDRESS));
        return 0;
    case CUSTOM_SECONDARY_COUNT:
        if (parse_int64(word, &from) < 0)
            return err_set(e, EINVAL, "--%s takes a whole number, not '%.40s'", flag->name, word);
        json_object_set_new(interface_of(in), "SecondaryPrivateIpAddressCount", json_integer(from));
        return 0;
    }
    NEVER();
}

bool custom_is_encoded(const struct wire_action *action, const struct wire_field *field)
{
    return streq(action->name, "RunInstances") && streq(field->member, "UserData");
}

static void move(json_t *from, const char *member, json_t *to, const char *as)
{
    json_t *value = json_object_get(from, member);

    if (value != NULL) {
        json_object_set(to, as, value);
        json_object_del(from, member);
    }
}

void custom_finish(json_t *in, const struct wire_action *action)
{
    json_t *interface;

    if (!streq(action->name, "RunInstances"))
        return;
    if (json_object_get(in, "MinCount") == NULL)
        json_object_set_new(in, "MinCount", json_integer(1));
    if (json_object_get(in, "MaxCount") == NULL)
        json_object_set_new(in, "MaxCount", json_integer(1));
    interface = json_array_get(json_object_get(in, "NetworkInterfaces"), 0);
    if (json_object_get(interface, "AssociatePublicIpAddress") == NULL &&
        json_object_get(interface, "SecondaryPrivateIpAddressCount") == NULL)
        return;
    /*
     * EC2 wants subnet, groups and address inside the interface as soon as there is one. The AWS
     * CLI makes the address a list of one that is primary; the plain member says the same.
     */
    move(in, "SubnetId", interface, "SubnetId");
    move(in, "SecurityGroupIds", interface, "Groups");
    move(in, "PrivateIpAddress", interface, "PrivateIpAddress");
    move(in, "Ipv6AddressCount", interface, "Ipv6AddressCount");
    move(in, "Ipv6Addresses", interface, "Ipv6Addresses");
}
