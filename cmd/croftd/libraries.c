#include "libraries.h"

#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/memory.h"

/*
 * jansson and OpenSSL (and libxml2: hypervisor/domain_xml.h) say no more than that it did not work.
 * What follows from that is "this is not JSON", "the signature does not match" or "the guest has no
 * such disk", so they get an allocator that ends the process instead. SQLite tells what it lacks,
 * and a transaction that lacks it is rolled back. libmicrohttpd and GnuTLS cut the connection.
 */

static void *openssl_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_alloc(size);
}

static void *openssl_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return memory_realloc(old, size);
}

static void openssl_free(void *p, const char *file, int line)
{
    (void)file;
    (void)line;
    free(p);
}

/*
 * OpenSSL takes an allocator only before it has allocated anything, and libssh, which comes with
 * libvirt, has it do so while the program is loaded: what stands here runs before that.
 */
static void set_up_openssl(void)
{
    (void)CRYPTO_set_mem_functions(openssl_alloc, openssl_realloc, openssl_free);
}

__attribute__((section(".preinit_array"),
               used)) static void (*const before_libraries)(void) = set_up_openssl;

void libraries_set_up(void)
{
    CRYPTO_malloc_fn alloc = NULL;
    CRYPTO_get_mem_functions(&alloc, NULL, NULL);
    CHECK(alloc == openssl_alloc);
    json_set_alloc_funcs(memory_alloc, free);
}
