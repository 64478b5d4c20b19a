#include "mirror_stored.h"

#include <string.h>

#include "link.h"
#include "mirror_options.h"
#include "runtime/clock.h"
#include "wiring/access.h"
#include "wiring/offset_reader.h"

static void look(struct offset_reader *reader, struct log_look *ret)
{
    const int64_t ends_ms = clock_monotonic_ms() + MIRROR_STORED_MS;

    while (offset_reader_look(reader, ret) == ERR_TIMEOUT && clock_monotonic_ms() < ends_ms)
        log_look_release(ret);
}

static enum err_code take(const struct log_look *found, const char *offsets_topic,
                          char ret_source[MIRROR_TOPIC_MAX + 1], int64_t *ret_next, int32_t n,
                          struct err *err)
{
    if (found->look.outcome != LOOK_ANSWERED)
        return err_set(err, ERR_UNAVAILABLE, "topic %s: %s", offsets_topic, found->look.why);
    memcpy(ret_source, found->source, sizeof(found->source));
    for (int32_t i = 0; i < n; i++)
        ret_next[i] = i < found->n ? found->partitions[i].committed : LOOK_UNKNOWN;
    return ERR_OK;
}

enum err_code mirror_stored_read(const struct invocation *in, const char *connector,
                                 char ret_source[MIRROR_TOPIC_MAX + 1], int64_t *ret_next,
                                 int32_t n, struct err *err)
{
    const struct connection_options *c = link_options(in);
    const struct mirror_options *o = invocation_values(in, &mirror_table);
    struct offset_reader_settings settings = {
        .access = access_to_kafka(c, LINK_CLIENT_ID),
        .topic = o->offsets,
        .group = c->group,
        .connector = connector,
        .mirrored = c->topic,
    };
    struct offset_reader *reader = NULL;
    struct log_look found;
    enum err_code rc;

    if (o->offsets_brokers)
        settings.access.brokers = o->offsets_brokers;
    rc = offset_reader_new(&settings, &reader, err);
    if (rc != ERR_OK)
        return rc;
    log_look_init(&found);
    look(reader, &found);
    rc = take(&found, o->offsets, ret_source, ret_next, n, err);
    log_look_release(&found);
    offset_reader_free(reader);
    return rc;
}
