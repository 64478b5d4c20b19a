#include "mirror_link.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "link.h"
#include "mirror_options.h"
#include "runtime/clock.h"
#include "runtime/connect_mirror.h"

enum {
    CONNECT_TIMEOUT_MS = 10000, /* of a question */
};

enum err_code mirror_link_open(const struct invocation *in, struct mirror_link *ret,
                               struct err *err)
{
    const struct mirror_options *o = invocation_values(in, &mirror_table);
    const struct http_access access = mirror_access(o, CONNECT_TIMEOUT_MS);
    enum err_code rc;

    *ret = (struct mirror_link){ .in = in, .connector = o->connector };
    mirror_init(&ret->mirror);
    rc = connect_curl_new(&access, &ret->connect, err);
    return rc == ERR_OK ? link_reader(in, link_options(in)->topic, &ret->reader, err) : rc;
}

void mirror_link_release(struct mirror_link *l)
{
    connect_curl_free(l->connect);
    log_reader_free(l->reader);
    log_survey_release(&l->log);
    mirror_release(&l->mirror);
}

static void learn_log(struct mirror_link *l, int64_t began_ms)
{
    struct log_look look = {
        .look = { .outcome = LOOK_ANSWERED, .began_ms = began_ms },
        .partitions = mem_new((size_t)l->log.n + 1, sizeof(*look.partitions)),
        .n = l->log.n,
    };

    look.look.ended_ms = clock_monotonic_ms();
    for (int32_t i = 0; i < l->log.n; i++)
        look.partitions[i].end = l->log.extents[i].end;
    mirror_learn_log(&l->mirror, &look);
    free(look.partitions);
}

static void judge(struct mirror_link *l)
{
    mirror_facts(&l->mirror, clock_monotonic_ms(), l->facts);
    l->reason = mirror_judge(l->facts);
}

static void look_at_log(struct mirror_link *l)
{
    const int64_t began_ms = clock_monotonic_ms();
    struct err err = { 0 };

    log_survey_release(&l->log);
    if (log_reader_survey(l->reader, &l->log, &err) == ERR_OK)
        learn_log(l, began_ms);
    memcpy(l->log_why, err.msg, sizeof(l->log_why));
}

void mirror_link_look(struct mirror_link *l)
{
    const struct connect connect = connect_curl_port(l->connect);
    struct mirror_look look;

    connect_mirror_look(&connect, l->connector, &look, &l->config);
    mirror_learn(&l->mirror, &look);
    look_at_log(l);
    judge(l);
}

static enum err_code guard(struct mirror_link *l, const struct connect *connect, struct err *err)
{
    struct mirror_guard told;
    const enum err_code rc = connect_mirror_guard(connect, l->connector, &told, err);

    mirror_learn_guard(&l->mirror, &told, clock_monotonic_ms());
    judge(l);
    return told.taken == MIRROR_UNKNOWN ? rc : ERR_OK;
}

enum err_code mirror_link_do(struct mirror_link *l, enum mirror_effect effect, struct err *err)
{
    const struct connect connect = connect_curl_port(l->connect);

    switch (effect) {
    case MIRROR_EFFECT_STOP:
    case MIRROR_EFFECT_RESUME:
        return connect_mirror_order(&connect, l->connector, effect, err);
    case MIRROR_EFFECT_GUARD:
        return guard(l, &connect, err);
    case MIRROR_EFFECT_NOTHING:
    case MIRROR_EFFECT_WAIT:
    case MIRROR_EFFECT_COUNT:
        break;
    }
    return ERR_OK;
}

/* The name at the source of the topic that is the log here. */
static struct str source_topic(const struct mirror_link *l)
{
    const size_t n = strlen(l->config.source);
    struct str topic = str_from(link_options(l->in)->topic);

    if (l->config.keeps_names == MIRROR_NO && n > 0 && topic.n > n + 1 && topic.p[n] == '.' &&
        str_starts_with(topic, str_from(l->config.source)))
        topic = (struct str){ topic.p + n + 1, topic.n - n - 1 };
    return topic;
}

enum err_code mirror_link_offsets(struct mirror_link *l, int64_t *ret_next, struct err *err)
{
    const struct connect connect = connect_curl_port(l->connect);

    return connect_mirror_offsets(&connect, l->connector, source_topic(l), ret_next, l->log.n, err);
}
