#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/id.h"
#include "client/client_internal.h"
#include "client/download.h"

#define CHUNK_SIZE ((size_t)256 << 10)

static const EVP_MD *digest_of(size_t hex_len)
{
    return hex_len == 64 ? EVP_sha256() : hex_len == 128 ? EVP_sha512() : NULL;
}

int client_digest(int fd, size_t hex_len, char *out, struct err *e)
{
    const EVP_MD *kind = digest_of(hex_len);
    if (kind == NULL)
        return err_set(e, EINVAL, "a digest of %zu digits is neither SHA-256's nor SHA-512's",
                       hex_len);
    off_t start = lseek(fd, 0, SEEK_CUR);
    if (start < 0)
        return err_errno(e, errno, "what is read twice must be a regular file");
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    _cleanup_free_ char *chunk = malloc(CHUNK_SIZE);
    CHECK(hash != NULL && chunk != NULL && EVP_DigestInit_ex(hash, kind, NULL) == 1);
    ssize_t n = 0;
    while ((n = read(fd, chunk, CHUNK_SIZE)) > 0)
        CHECK(EVP_DigestUpdate(hash, chunk, (size_t)n) == 1);
    int r = n < 0 ? err_errno(e, errno, "cannot read the file") : 0;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    CHECK(EVP_DigestFinal_ex(hash, digest, &len) == 1 && (size_t)len * 2 == hex_len);
    EVP_MD_CTX_free(hash);
    if (r == 0 && lseek(fd, start, SEEK_SET) < 0)
        r = err_errno(e, errno, "cannot read the file again");
    hex_encode(digest, len, out);
    return r;
}

int download_digest(const char *path, size_t hex_len, char ret_hex[DIGEST_HEX_MAX], struct err *e)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, errno, "%s", path);
    return client_digest(fd, hex_len, ret_hex, e);
}
