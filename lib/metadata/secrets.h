#pragma once
/*
 * The secrets of the metadata service: the key that tokens are made with, and the key and
 * self-signed certificate that identity documents are signed with. Made once, kept as settings of
 * the store, whose file is the owner's alone (0600).
 */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/err.h"
#include "metadata/token.h"
#include "store/store.h"

struct secrets {
    struct token_key token_key;
    EVP_PKEY *identity_key;
    X509 *identity_certificate;
};

/* Reads them, and makes what is missing: that takes a moment, once. */
int secrets_load(struct store *s, struct secrets *ret_secrets, struct err *e);
void secrets_done(struct secrets *s);
/* The certificate as PEM; in the arena. */
const char *secrets_certificate(const struct secrets *s, struct arena *a);
