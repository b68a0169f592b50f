#include "network/nft.h"

#include <nftables/libnftables.h>
#include <pthread.h>
#include <string.h>

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
