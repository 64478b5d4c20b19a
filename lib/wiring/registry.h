/*
 * From the options of records to the registry that keeps their schemas. Texts are borrowed from the
 * options.
 */
#ifndef REDWAL_WIRING_REGISTRY_H
#define REDWAL_WIRING_REGISTRY_H

#include "adapter/registry_curl.h"
#include "cli/records.h"

struct http_access access_to_registry(const struct records_options *o);

/* `ret` stays as it is, NULL, when no registry is given. ERR_INVALID: the URL cannot be used. */
NODISCARD enum err_code registry_open(const struct records_options *o, struct registry_curl **ret,
                                      struct err *err);

#endif
