#include "link.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/context.h"
#include "runtime/clock.h"
#include "wiring/access.h"

enum { SENTINEL_POLL_MS = 1000 };

const struct connection_options *link_options(const struct invocation *in)
{
    return invocation_values(in, &connection_table);
}

static enum err_code reader(const struct connection_options *c, const char *topic,
                            struct log_reader **ret, struct err *err)
{
    const struct log_reader_settings settings = {
        .access = access_to_kafka(c, LINK_CLIENT_ID),
        .topic = topic,
        .group = c->group,
        .timeout_ms = LINK_TIMEOUT_MS,
        .monotonic_ms = clock_monotonic_ms,
    };

    return log_reader_new(&settings, ret, err);
}

enum err_code link_reader(const struct invocation *in, const char *topic, struct log_reader **ret,
                          struct err *err)
{
    return reader(link_options(in), topic, ret, err);
}

enum err_code link_reader_at(const struct invocation *in, const char *brokers, const char *topic,
                             struct log_reader **ret, struct err *err)
{
    struct connection_options there = *link_options(in);
    char *list = mem_copy_text(brokers, strlen(brokers));
    enum err_code rc;

    there.brokers = list;
    rc = reader(&there, topic, ret, err);
    free(list);
    return rc;
}

enum err_code link_writer(const struct invocation *in, const char *topic, const char *partitioner,
                          int64_t timeout_ms, struct log_writer **ret, struct err *err)
{
    const struct connection_options *c = link_options(in);
    const struct log_writer_settings settings = {
        .access = access_to_kafka(c, LINK_CLIENT_ID),
        .topic = topic,
        .partitioner = partitioner,
        .timeout_ms = timeout_ms,
    };

    return log_writer_new(&settings, ret, err);
}

enum err_code link_redis_open(const struct invocation *in, struct link_redis *ret, struct err *err)
{
    const struct connection_options *c = link_options(in);
    const struct sink_hiredis_settings settings = {
        .redis = c->redis,
        .sentinel = access_to_sentinels(c, SENTINEL_POLL_MS),
        .access = { access_to_redis(c), access_to_sentinel(c) },
        .connect_timeout_ms = c->connect_timeout_ms,
        .wall_ms = clock_wall_ms,
    };
    enum err_code rc;
    struct sink sink;

    *ret = (struct link_redis){ 0 };
    rc = sink_hiredis_new(&settings, &ret->sink, err);
    if (rc != ERR_OK)
        return rc;
    sink = sink_hiredis_port(ret->sink);
    rc = dialogue_open(&ret->dialogue, &sink, LINK_TIMEOUT_MS, err);
    return rc == ERR_OK ? ERR_OK : err_wrap(err, rc, "Redis");
}

void link_redis_release(struct link_redis *l)
{
    dialogue_close(&l->dialogue);
    sink_hiredis_free(l->sink);
    *l = (struct link_redis){ 0 };
}
