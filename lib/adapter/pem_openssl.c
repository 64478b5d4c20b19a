#include "adapter/pem_openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* A key that needs a password is none: OpenSSL would ask for it on the terminal. */
static int no_password(char *buf, int size, int for_writing, void *self)
{
    (void)buf, (void)size, (void)for_writing, (void)self;
    return -1;
}

static X509 *next_certificate(BIO *text)
{
    return PEM_read_bio_X509(text, NULL, no_password, NULL);
}

bool pem_trust(SSL_CTX *tls, const char *certificates)
{
    BIO *text = BIO_new_mem_buf(certificates, -1);
    bool ok = text != NULL;
    int n = 0;
    X509 *x;

    while (ok && (x = next_certificate(text))) {
        ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), x) == 1;
        X509_free(x);
        n++;
    }
    BIO_free(text);
    if (ok && n > 0)
        ERR_clear_error(); /* the end of the text was one */
    return ok && n > 0;
}

bool pem_use_chain(SSL_CTX *tls, const char *certificates)
{
    BIO *text = BIO_new_mem_buf(certificates, -1);
    X509 *x = text ? next_certificate(text) : NULL;
    bool ok = x && SSL_CTX_use_certificate(tls, x) == 1;

    X509_free(x);
    while (ok && (x = next_certificate(text))) {
        ok = SSL_CTX_add0_chain_cert(tls, x) == 1;
        if (!ok)
            X509_free(x);
    }
    BIO_free(text);
    if (ok)
        ERR_clear_error();
    return ok;
}

bool pem_use_key(SSL_CTX *tls, const char *key)
{
    BIO *text = BIO_new_mem_buf(key, -1);
    EVP_PKEY *k = text ? PEM_read_bio_PrivateKey(text, NULL, no_password, NULL) : NULL;
    const bool ok = k && SSL_CTX_use_PrivateKey(tls, k) == 1;

    EVP_PKEY_free(k);
    BIO_free(text);
    return ok;
}
