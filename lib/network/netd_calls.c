#include "network/netd_calls.h"

#include <pthread.h>

#include "base/cleanup.h"
#include "network/pack.h"

#define CODE_MIN    (-4095) /* errno of the kernel */
#define NAMES_MAX   65536
#define PORT_MAX    65535
#define TIMEOUT_MAX 60000

static const struct shape nothing = {.name = "nothing"};

static const struct field apply_fields[] = {
    SHAPE_STRUCT(netd_apply, vpc, shape_vpc),
    SHAPE_FLAG(netd_apply, has_part),
    SHAPE_STRUCT(netd_apply, part, shape_part),
};
static SHAPE_OF(apply, struct netd_apply);

static const struct field plug_fields[] = {
    SHAPE_TEXT(netd_plug, vpc_id, WORD_VPC),
    SHAPE_TEXT(netd_plug, interface_id, WORD_INTERFACE),
    SHAPE_TEXT(netd_plug, tap, WORD_TAP),
    SHAPE_TEXT(netd_plug, bridge, WORD_BRIDGE),
};
static SHAPE_OF(plug, struct netd_plug);

static const struct field unplug_fields[] = {
    SHAPE_TEXT(netd_unplug, vpc_id, WORD_VPC),
    SHAPE_TEXT(netd_unplug, tap, WORD_TAP),
};
static SHAPE_OF(unplug, struct netd_unplug);

static const struct field removal_fields[] = {
    SHAPE_TEXT(netd_remove, id, WORD_NAMESPACE),
    SHAPE_NUMBER(netd_remove, index, -1, INT32_MAX),
};
static SHAPE_OF(removal, struct netd_remove);

static const struct field connection_fields[] = {
    SHAPE_TEXT(netd_connect, vpc_id, WORD_VPC),
    SHAPE_TEXT(netd_connect, private_ip, WORD_IPV4),
    SHAPE_CHOICE(netd_connect, port, 1, PORT_MAX),
    SHAPE_CHOICE(netd_connect, timeout_ms, 0, TIMEOUT_MAX),
};
static SHAPE_OF(connection, struct netd_connect);

static const struct field listener_fields[] = {
    SHAPE_TEXT(netd_listen, vpc_id, WORD_VPC),
    SHAPE_FLAG(netd_listen, ipv6),
};
static SHAPE_OF(listener, struct netd_listen);

static const struct field nat_fields[] = {
    SHAPE_TEXT(netd_nat, nat_gateway_id, WORD_NAT_GATEWAY),
    SHAPE_TEXT(netd_nat, private_ip, WORD_IPV4),
};
static SHAPE_OF(nat, struct netd_nat);

static const struct field address_fields[] = {SHAPE_TEXT(netd_address, public_ip, WORD_ADDRESS)};
static SHAPE_OF(address, struct netd_address);

static const struct field one_fields[] = {SHAPE_TEXT(netd_vpc, vpc_id, WORD_VPC)};
static SHAPE_OF(one, struct netd_vpc);

static const struct field console_fields[] = {
    SHAPE_TEXT(netd_console, instance_id, WORD_INSTANCE),
    SHAPE_FLAG(netd_console, older),
};
static SHAPE_OF(console, struct netd_console);

/* --- answers */

SHAPE_WORD(sentence, WORD_SENTENCE);
SHAPE_WORD(link_name, WORD_LINK);
SHAPE_WORD(namespace_name, WORD_NAMESPACE);

static const struct field count_fields[] = {SHAPE_NUMBER(netd_count, n, 0, INT64_MAX)};
static SHAPE_OF(count, struct netd_count);

static const struct field uplink_fields[] = {SHAPE_MAYBE(netd_link, link, WORD_LINK)};
static SHAPE_OF(uplink, struct netd_link);

static const struct field ids_fields[] = {
    SHAPE_COUNTED(net_names, v, n, namespace_name, NAMES_MAX)};
static SHAPE_OF(ids, struct net_names);

static const struct field links_fields[] = {SHAPE_COUNTED(net_names, v, n, link_name, NAMES_MAX)};
static SHAPE_OF(links, struct net_names);

static const struct field probed_fields[] = {
    SHAPE_CHOICE(net_probed, outcome, NET_PROBE_LOST, NET_PROBE_ANSWER_DROPPED),
    SHAPE_MAYBE(net_probed, vpc_id, WORD_VPC),
    SHAPE_MAYBE(net_probed, chain, WORD_SENTENCE),
    SHAPE_MAYBE(net_probed, rule, WORD_SENTENCE),
    SHAPE_COUNTED(net_probed, trace.v, trace.n, sentence, NAMES_MAX),
};
static SHAPE_OF(probed, struct net_probed);

static const struct field shape_outcome_fields[] = {
    SHAPE_CHOICE(netd_outcome, code, CODE_MIN, 0),
    SHAPE_MAYBE(netd_outcome, message, WORD_SENTENCE),
};
SHAPE_OF(shape_outcome, struct netd_outcome);

const struct netd_description netd_calls[NETD_CALLS] = {
    [NETD_BEGIN] = {"begin", &nothing, &nothing, .again = true},
    [NETD_APPLY] = {"apply", &apply, &nothing, .one_at_a_time = true, .again = true},
    [NETD_DIFFERING] = {"differing", &shape_vpc, &count, .one_at_a_time = true, .again = true},
    [NETD_PLUG] = {"plug", &plug, &nothing, .one_at_a_time = true, .again = true},
    [NETD_UNPLUG] = {"unplug", &unplug, &nothing, .one_at_a_time = true, .again = true},
    [NETD_REMOVE] = {"remove", &removal, &nothing, .one_at_a_time = true, .again = true},
    [NETD_CONNECT] = {"connect", &connection, &nothing, .gives_fd = true},
    [NETD_LISTEN] = {"listen", &listener, &nothing, .gives_fd = true, .again = true},
    [NETD_PROBE] = {"probe", &shape_probe, &probed},
    [NETD_NAT_CONNECTIONS] = {"nat-connections", &nat, &count, .again = true},
    [NETD_ANSWERS_ON] = {"answers-on", &address, &uplink, .again = true},
    [NETD_LIST] = {"list", &nothing, &ids, .again = true},
    [NETD_TAPS] = {"taps", &one, &links, .again = true},
    [NETD_FLOWS] = {"flows", &one, &nothing},
    [NETD_CONSOLE] = {"console", &console, &nothing, .gives_fd = true, .again = true},
};

static uint64_t fingerprint;

static void take_fingerprint(void)
{
    uint64_t hash = pack_fingerprint(&shape_outcome, 14695981039346656037U);
    for (size_t i = 0; i < NETD_CALLS; i++)
        hash =
            pack_fingerprint(netd_calls[i].answer, pack_fingerprint(netd_calls[i].request, hash));
    fingerprint = hash ^ sizeof(struct netd_flow_event);
}

uint64_t netd_fingerprint(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, take_fingerprint);
    return fingerprint;
}
