/*
 * Takes out what looks secret before a text is handed to somebody: values under names such as
 * "password" or "api-token", private keys, bearer tokens, passwords in URLs. It knows forms, not
 * secrets: a password that stands alone, under a name that tells nothing, stays.
 */
#ifndef REDWAL_CODEC_REDACT_H
#define REDWAL_CODEC_REDACT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

#define REDACTED "[redacted]"

/* Whether what has this name is a secret: "apiToken", and not "token-file". */
bool redact_is_secret_name(struct str name);

/* Appends the text without what looks secret. False: no room. */
NODISCARD bool redact_text(struct str text, struct buf *out);

/* The same for an object of the Kubernetes API. Values of environment variables go, whatever their
 * name; so do copies of the whole object in annotations. ERR_CORRUPT: no JSON; ERR_INVALID: a
 * Secret; ERR_LIMIT: no room. */
NODISCARD enum err_code redact_object(struct str json, struct buf *out, struct err *err);

#endif
