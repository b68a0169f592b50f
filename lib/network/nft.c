#include "network/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static int run(const char *json, struct buf *out, struct err *e)
{
    struct nft_ctx *nft = nft_ctx_new(NFT_CTX_DEFAULT);
    if (nft == NULL)
        return err_set(e, ENOMEM, "cannot start libnftables");
    nft_ctx_output_set_flags(nft, NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_NUMERIC_ALL);
    int r = 0;
    if (nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0) {
        r = err_set(e, ENOMEM, "cannot start libnftables");
    } else if (nft_run_cmd_from_buffer(nft, json) != 0) {
        const char *complaint = nft_ctx_get_error_buffer(nft);
        r = err_set(e, EIO, "nftables refused a change: %.*s", (int)strcspn(complaint, "\n"),
                    complaint);
    } else if (out != NULL) {
        buf_add_str(out, nft_ctx_get_output_buffer(nft));
        if (out->failed)
            r = err_set(e, EFBIG, "the answer of nftables is too long");
    }
    nft_ctx_free(nft);
    return r;
}

int nft_query(const char *json, struct buf *out, struct err *e)
{
    (void)pthread_mutex_lock(&turn);
    int r = run(json, out, e);
    (void)pthread_mutex_unlock(&turn);
    return r;
}

int nft_run(const char *json, struct err *e)
{
    return nft_query(json, NULL, e);
}

/* --- whose turn it was */

static uint32_t generation_of(const char *answer, size_t len)
{
    const struct nlmsghdr *h = (const struct nlmsghdr *)answer;
    if (len < NLMSG_SPACE(sizeof(struct nfgenmsg)) || !NLMSG_OK(h, len) ||
        h->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
        return 0;
    size_t at = NLMSG_SPACE(sizeof(struct nfgenmsg));
    while (at + sizeof(struct nlattr) <= h->nlmsg_len) {
        struct nlattr attribute;
        uint32_t value = 0;
        memcpy(&attribute, answer + at, sizeof(attribute));
        if (attribute.nla_len < sizeof(attribute))
            break;
        if (attribute.nla_type == NFTA_GEN_ID && at + NLA_HDRLEN + sizeof(value) <= len) {
            memcpy(&value, answer + at + NLA_HDRLEN, sizeof(value));
            return ntohl(value);
        }
        at += NLA_ALIGN(attribute.nla_len);
    }
    return 0;
}

uint32_t nft_generation(void)
{
    struct {
        struct nlmsghdr head;
        struct nfgenmsg body;
    } ask = {.head = {.nlmsg_len = sizeof(ask),
                      .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN,
                      .nlmsg_flags = NLM_F_REQUEST},
             .body = {.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0}};
    _Alignas(struct nlmsghdr) char answer[1024];
    const struct timeval limit = {.tv_sec = 5};
    _cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) < 0 ||
        send(fd, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
        return 0;
    ssize_t n = recv(fd, answer, sizeof(answer), 0);
    return n <= 0 ? 0 : generation_of(answer, (size_t)n);
}

bool nft_is_at(uint32_t generation)
{
    return generation != 0 && nft_generation() == generation;
}

int nft_run_known(const char *json, uint32_t *generation, struct err *e)
{
    uint32_t before = nft_generation();
    int r = nft_run(json, e);
    uint32_t now = nft_generation();
    bool ours = r == 0 && (*generation == 0 || *generation == before) && now - before <= 1;
    *generation = ours ? now : 0;
    return r;
}
