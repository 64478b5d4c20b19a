#include "mirror_link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "link.h"
#include "mirror_options.h"
#include "mirror_stored.h"
#include "runtime/clock.h"
#include "runtime/connect_mirror.h"

enum {
    CONNECT_TIMEOUT_MS = 10000, /* of a question */
};

/* What names the connector. */
static enum err_code open_resource(const struct invocation *in, const struct mirror_options *o,
                                   struct mirror_link *l, struct err *err)
{
    enum err_code rc;

    if (!o->maker) {
        snprintf(l->connector, sizeof(l->connector), "%s", o->connector);
        return ERR_OK;
    }
    rc = mirror_resource_open(in, o->maker, o->source, &l->resource, err);
    if (rc == ERR_OK)
        strimzi_mirror_connector(&l->resource.mirror, l->connector);
    if (rc == ERR_OK && strlen(l->connector) > MIRROR_CONNECTOR_MAX)
        return err_set(err, ERR_INVALID, "the name of the connector is too long");
    return rc;
}

enum err_code mirror_link_open(const struct invocation *in, struct mirror_link *ret,
                               struct err *err)
{
    const struct mirror_options *o = invocation_values(in, &mirror_table);
    const struct http_access access = mirror_access(o, CONNECT_TIMEOUT_MS);
    enum err_code rc;

    *ret = (struct mirror_link){ .in = in };
    mirror_init(&ret->mirror);
    rc = open_resource(in, o, ret, err);
    if (rc == ERR_OK && o->url)
        rc = connect_curl_new(&access, &ret->connect, err);
    return rc == ERR_OK ? link_reader(in, link_options(in)->topic, &ret->reader, err) : rc;
}

void mirror_link_release(struct mirror_link *l)
{
    mirror_resource_release(&l->resource);
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

    look.look.ended_ms = clock_since_boot_ms();
    for (int32_t i = 0; i < l->log.n; i++)
        look.partitions[i].written = l->log.extents[i].written;
    mirror_learn_log(&l->mirror, &look);
    free(look.partitions);
}

static void judge(struct mirror_link *l)
{
    mirror_facts(&l->mirror, clock_since_boot_ms(), l->facts);
    l->reason = mirror_judge(l->facts);
}

static void look_at_log(struct mirror_link *l)
{
    const int64_t began_ms = clock_since_boot_ms();
    struct err err = { 0 };

    log_survey_release(&l->log);
    if (log_reader_survey(l->reader, &l->log, &err) == ERR_OK)
        learn_log(l, began_ms);
    memcpy(l->log_why, err.msg, sizeof(l->log_why));
}

static struct mirror_look look_at_resource(struct mirror_link *l)
{
    const int64_t began_ms = clock_since_boot_ms();
    struct mirror_look look = { .followed = TRUTH_UNKNOWN };
    struct err err = { 0 };
    const enum err_code rc = mirror_resource_read(&l->resource, &err);

    if (rc == ERR_OK)
        look = l->resource.mirror.told;
    look.look = (struct look){
        .began_ms = began_ms,
        .ended_ms = clock_since_boot_ms(),
        .outcome = rc == ERR_OK ? LOOK_ANSWERED : LOOK_FAILED,
        .denied = rc == ERR_DENIED,
    };
    memcpy(look.look.why, err.msg, sizeof(look.look.why));
    return look;
}

static struct look nobody_asked(void)
{
    const int64_t now_ms = clock_since_boot_ms();

    return (struct look){ .began_ms = now_ms,
                          .ended_ms = now_ms,
                          .outcome = LOOK_LOST,
                          .why = "without --kafka-connect or --mirror-maker nobody tells" };
}

/* The name at the source of the topic that is the log here. */
static struct str source_topic(const struct mirror_link *l)
{
    if (l->source[0] != '\0')
        return str_from(l->source);
    return connect_source_topic(&l->config, str_from(link_options(l->in)->topic));
}

/* Connect's word does, also where a topic is named: that would be read from its beginning each
 * time. Of a log that no look has found yet nothing is asked. */
static void learn_offsets(struct mirror_link *l, const struct mirror_look *look)
{
    const struct connect connect = connect_curl_port(l->connect);
    struct err ignored;
    int64_t *next;

    if (look->look.outcome != LOOK_ANSWERED || !look->exists || l->log.n == 0 ||
        look->connector != CONNECTOR_STOPPED)
        return;
    next = mem_new((size_t)l->log.n, sizeof(*next));
    if (connect_mirror_offsets(&connect, l->connector, source_topic(l), next, l->log.n, &ignored) ==
        ERR_OK)
        mirror_learn_next(&l->mirror, next, l->log.n, look->look.ended_ms);
    free(next);
}

/* Connect knows what its connector does, the resource what becomes of orders. */
static void look_at_mirror(struct mirror_link *l)
{
    const struct connect connect = connect_curl_port(l->connect);
    struct mirror_look look, resource = { .followed = TRUTH_YES };

    if (l->resource.cluster)
        resource = look_at_resource(l);
    if (!l->connect && !l->resource.cluster)
        resource.look = nobody_asked();
    if (!l->connect || resource.look.outcome == LOOK_FAILED) {
        mirror_learn(&l->mirror, &resource);
        return;
    }
    connect_mirror_look(&connect, l->connector, &look, &l->config);
    if (l->resource.cluster)
        strimzi_mirror_amend(&l->resource.mirror, &look);
    learn_offsets(l, &look);
    mirror_learn(&l->mirror, &look);
}

void mirror_link_look(struct mirror_link *l)
{
    look_at_mirror(l);
    look_at_log(l);
    judge(l);
}

enum mirror_effect mirror_link_move(const struct mirror_link *l, enum mirror_wish wish,
                                    const char **ret_why)
{
    return l->resource.cluster ? strimzi_mirror_move(&l->resource.mirror, wish, l->facts, ret_why)
                               : mirror_move(wish, l->facts, ret_why);
}

static enum err_code guard(struct mirror_link *l, struct err *err)
{
    const struct connect connect = connect_curl_port(l->connect);
    struct mirror_guard told;
    enum err_code rc;

    if (!l->connect)
        return err_set(err, ERR_INVALID, "only Connect takes a guard write: give --kafka-connect");
    rc = connect_mirror_guard(&connect, l->connector, &told, err);
    mirror_learn_guard(&l->mirror, &told, clock_since_boot_ms());
    judge(l);
    return told.taken == TRUTH_UNKNOWN ? rc : ERR_OK;
}

static enum err_code give_order(struct mirror_link *l, enum mirror_effect effect, struct err *err)
{
    const struct connect connect = connect_curl_port(l->connect);
    const bool again = mirror_stops_again(&l->mirror, effect);
    const enum err_code rc = l->resource.cluster
                                 ? mirror_resource_order(&l->resource, effect, again, err)
                                 : connect_mirror_order(&connect, l->connector, effect, err);

    mirror_learn_order(&l->mirror, effect, rc == ERR_OK);
    return rc;
}

enum err_code mirror_link_do(struct mirror_link *l, enum mirror_effect effect, struct err *err)
{
    switch (effect) {
    case MIRROR_EFFECT_STOP:
    case MIRROR_EFFECT_RESUME:
        return give_order(l, effect, err);
    case MIRROR_EFFECT_GUARD:
        return guard(l, err);
    case MIRROR_EFFECT_NOTHING:
    case MIRROR_EFFECT_WAIT:
    case MIRROR_EFFECT_COUNT:
        break;
    }
    return ERR_OK;
}

static const char *offsets_topic(const struct mirror_link *l)
{
    const struct mirror_options *o = invocation_values(l->in, &mirror_table);

    return o->offsets;
}

bool mirror_link_stores_offsets(const struct mirror_link *l)
{
    return offsets_topic(l) != NULL;
}

bool mirror_link_has_offsets(const struct mirror_link *l)
{
    return offsets_topic(l) || (l->connect && l->facts[MIRROR_FACT_PRESENT] == TRUTH_YES);
}

enum err_code mirror_link_offsets(struct mirror_link *l, int64_t *ret_next, struct err *err)
{
    const struct connect connect = connect_curl_port(l->connect);

    if (offsets_topic(l))
        return mirror_stored_read(l->in, l->connector, l->source, ret_next, l->log.n, err);
    if (!l->connect)
        return err_set(err, ERR_INVALID, "only Connect tells them: give --kafka-connect");
    return connect_mirror_offsets(&connect, l->connector, source_topic(l), ret_next, l->log.n, err);
}

enum err_code mirror_link_source_ends(struct mirror_link *l, const char *brokers, int64_t *ret_end,
                                      struct err *err)
{
    CLEANUP(log_survey_release) struct log_survey survey = { 0 };
    struct log_reader *reader = NULL;
    /* What is cut off is in front, so that it ends in NUL. */
    enum err_code rc = link_reader_at(l->in, brokers, source_topic(l).p, &reader, err);

    if (rc == ERR_OK)
        rc = log_reader_survey(reader, &survey, err);
    log_reader_free(reader);
    for (int32_t i = 0; rc == ERR_OK && i < l->log.n; i++)
        ret_end[i] = i < survey.n ? survey.extents[i].end : LOOK_UNKNOWN;
    return rc;
}
