/* Who is translated by a NAT gateway, as the tracked connections of its namespace tell. */
#include <arpa/inet.h>
#include <errno.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack_tcp.h>
#include <netinet/in.h>

#include "base/cleanup.h"
#include "base/id.h"
#include "network/nat.h"
#include "network/netns.h"

struct count {
    uint32_t address; /* as in a packet */
    size_t n;
};

/* TCP that has been closed or reset is remembered for minutes, and nothing passes any more. */
static bool is_over(const struct nf_conntrack *ct)
{
    uint8_t state = nfct_get_attr_u8(ct, ATTR_TCP_STATE);
    return nfct_get_attr_u8(ct, ATTR_L4PROTO) == IPPROTO_TCP &&
           (state == TCP_CONNTRACK_TIME_WAIT || state == TCP_CONNTRACK_CLOSE);
}

static int on_connection(enum nf_conntrack_msg_type type, struct nf_conntrack *ct, void *data)
{
    struct count *count = data;
    (void)type;
    /* What answers is sent to is the address that it was translated to. */
    if (nfct_get_attr_u32(ct, ATTR_REPL_IPV4_DST) == count->address && !is_over(ct))
        count->n++;
    return NFCT_CB_CONTINUE;
}

static int count_all(struct count *count)
{
    static const uint32_t family = AF_INET;
    struct nfct_handle *dump = nfct_open(CONNTRACK, 0);
    if (dump == NULL)
        return -errno;
    int r = nfct_callback_register(dump, NFCT_T_ALL, on_connection, count);
    if (r == 0)
        r = nfct_query(dump, NFCT_Q_DUMP, &family);
    r = r < 0 ? -errno : 0;
    (void)nfct_close(dump);
    return r;
}

int nat_connections(const char *nat_gateway_id, const char *private_ip, size_t *ret_n,
                    struct err *e)
{
    struct count count = {0};
    _cleanup_close_ int fd = -1;
    if (!id_is_wellformed(nat_gateway_id, "nat") ||
        inet_pton(AF_INET, private_ip, &count.address) != 1)
        return err_set(e, EINVAL, "not an address of a NAT gateway: %s, %s", nat_gateway_id,
                       private_ip);
    int r = netns_open(nat_gateway_id, &fd, e);
    if (r < 0)
        return r;
    _cleanup_netns_ struct netns_visit visit = NETNS_AT_HOME;
    r = netns_enter(&visit, fd, e);
    if (r < 0)
        return r;
    r = count_all(&count);
    if (r < 0)
        return err_errno(e, -r, "cannot read the connections of %s", nat_gateway_id);
    *ret_n = count.n;
    return 0;
}
