/*
 * Certificates and keys that are texts, not files. OpenSSL.
 */
#ifndef REDWAL_ADAPTER_PEM_OPENSSL_H
#define REDWAL_ADAPTER_PEM_OPENSSL_H

#include <stdbool.h>

#include <openssl/ssl.h>

/* Each false: the text holds none, or not the right one; OpenSSL's queue of errors says more. */
bool pem_trust(SSL_CTX *tls, const char *certificates);
bool pem_use_chain(SSL_CTX *tls, const char *certificates); /* ours first */
bool pem_use_key(SSL_CTX *tls, const char *key);

#endif
