#pragma once
/*
 * The secrets of the metadata service: the server's key, which makes the credentials of roles; the
 * key that tokens are made with, which follows from it; and the key and self-signed certificate
 * that identity documents are signed with. Those are made once and kept as settings of the store,
 * the key sealed.
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "core/sealed.h"
#include "metadata/token.h"
#include "store/store.h"

#define SECRETS_CREDENTIALS_MS ((int64_t)6 * 3600 * 1000) /* AWS: about six hours */

struct secrets {
    const struct server_key *server_key;
    int64_t credentials_ms; /* that credentials of roles are good for */
    struct token_key token_key;
    EVP_PKEY *identity_key;
    X509 *identity_certificate;
};

/* Reads them, and makes what is missing: that takes a moment, once. */
int secrets_load(struct store *s, const struct server_key *k, struct secrets *ret_secrets,
                 struct err *e);
void secrets_done(struct secrets *s);
/* The certificate as PEM; in the arena. */
const char *secrets_certificate(const struct secrets *s, struct arena *a);
