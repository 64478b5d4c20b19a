#include "decoder.h"

#include <poll.h>
#include <stdlib.h>

#include "base/mem.h"
#include "codec/record_any.h"
#include "runtime/clock.h"
#include "wiring/registry.h"

enum { WAIT_MS = 100, ANSWER_TIMEOUT_MS = 10000, PAUSE_AFTER_FAILURE_MS = 5000 };

struct decoder {
    struct registry_curl *curl; /* NULL: no registry */
    struct registry registry;
    struct schemas *schemas;
    struct record_any *any;
    enum record_format format;
    int64_t ask_again_at_ms; /* a registry that did not answer */
    struct err trouble;
};

enum err_code decoder_new(const struct records_options *records, struct decoder **ret,
                          struct err *err)
{
    struct decoder *d = mem_new(1, sizeof(*d));
    enum err_code rc = records ? registry_open(records, &d->curl, err) : ERR_OK;

    if (rc != ERR_OK) {
        free(d);
        return rc;
    }
    d->registry = registry_curl_port(d->curl);
    d->schemas = schemas_new(&d->registry, (uint64_t)clock_wall_ms());
    d->format = records ? (enum record_format)records->format : RECORD_FORMAT_AUTO;
    d->any = record_any_new(d->format);
    *ret = d;
    return ERR_OK;
}

void decoder_free(struct decoder *d)
{
    if (!d)
        return;
    record_any_free(d->any);
    schemas_free(d->schemas);
    registry_curl_free(d->curl);
    free(d);
}

bool decoder_has_registry(const struct decoder *d)
{
    return d->curl != NULL;
}

struct schemas *decoder_schemas(struct decoder *d)
{
    return d->schemas;
}

enum record_format decoder_format(const struct decoder *d)
{
    return d->format;
}

static void wait_for_reply(const struct decoder *d)
{
    struct pollfd reply = { d->registry.ops->descriptor(d->registry.self), POLLIN, 0 };

    poll(&reply, 1, WAIT_MS);
}

static enum schemas_found find(struct decoder *d, uint32_t id, const struct schema **ret,
                               struct reject *ret_reject)
{
    return schemas_find(d->schemas, id, clock_monotonic_ms(), ret, ret_reject);
}

/* SCHEMAS_WAIT: it did not answer. */
static enum schemas_found ask(struct decoder *d, uint32_t id, const struct schema **ret,
                              struct reject *ret_reject)
{
    const int64_t deadline_ms = clock_monotonic_ms() + ANSWER_TIMEOUT_MS;
    const uint64_t n_failed = schemas_counters(d->schemas)->failed;
    enum schemas_found found = find(d, id, ret, ret_reject);

    while (found == SCHEMAS_WAIT && schemas_counters(d->schemas)->failed == n_failed &&
           clock_monotonic_ms() < deadline_ms) {
        schemas_turn(d->schemas, clock_monotonic_ms());
        wait_for_reply(d);
        schemas_turn(d->schemas, clock_monotonic_ms());
        found = find(d, id, ret, ret_reject);
    }
    return found;
}

static enum err_code find_schema(struct decoder *d, uint32_t id, enum schemas_found *ret_found,
                                 const struct schema **ret, struct reject *ret_reject,
                                 struct err *err)
{
    const char *trouble;

    *ret_found = find(d, id, ret, ret_reject);
    if (*ret_found == SCHEMAS_WAIT && clock_monotonic_ms() < d->ask_again_at_ms)
        return err_set(err, d->trouble.code, "%s", d->trouble.msg);
    *ret_found = ask(d, id, ret, ret_reject);
    if (*ret_found != SCHEMAS_WAIT)
        return ERR_OK;
    trouble = schemas_trouble(d->schemas);
    d->ask_again_at_ms = clock_monotonic_ms() + PAUSE_AFTER_FAILURE_MS;
    err_set(&d->trouble, ERR_UNAVAILABLE, "the schema registry does not answer: %s",
            *trouble ? trouble : "in time");
    return err_set(err, ERR_UNAVAILABLE, "%s", d->trouble.msg);
}

enum err_code decoder_await(struct decoder *d, const struct record *record, struct err *err)
{
    const struct schema *schema;
    enum schemas_found found;
    struct reject reject;
    uint32_t id;

    if (!record_any_schema_id(record, &id))
        return ERR_OK;
    return find_schema(d, id, &found, &schema, &reject, err);
}

enum err_code decoder_decode(struct decoder *d, const struct record *record,
                             struct envelope *ret_envelope, struct reject *ret_reject,
                             struct err *err)
{
    const struct schema *schema = NULL;
    enum schemas_found found = SCHEMAS_FOUND;
    enum err_code rc = ERR_OK;
    uint32_t id;

    *ret_envelope = (struct envelope){ 0 };
    *ret_reject = (struct reject){ 0 };
    if (record_any_schema_id(record, &id))
        rc = find_schema(d, id, &found, &schema, ret_reject, err);
    if (rc == ERR_OK && found == SCHEMAS_FOUND &&
        record_any_decode(d->any, record, schema, ret_envelope, ret_reject))
        return ERR_OK;
    *ret_envelope =
        (struct envelope){ .claims = ret_envelope->claims, .n_claims = ret_envelope->n_claims };
    return rc;
}
