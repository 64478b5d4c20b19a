#include "adapter/log_look_rdkafka.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "adapter/kafka_admin_rdkafka.h"
#include "adapter/kafka_commits_rdkafka.h"
#include "adapter/wal_facts.h"
#include "base/mem.h"

enum { ANSWER_POLL_MS = 50, REFUSALS_MAX = 3, WHY_MAX = 256 };

struct log_looker {
    struct log_looker_settings settings;
    struct kafka_admin *admin;
    rd_kafka_t *client; /* of the admin */
    rd_kafka_queue_t *queue;
    int descriptor; /* an eventfd, written to when facts have come */
};

static struct log_looker *looker_of(struct kafka_admin *admin,
                                    const struct log_looker_settings *settings)
{
    struct log_looker *l = mem_new(1, sizeof(*l));

    l->settings = *settings;
    l->admin = admin;
    l->client = kafka_admin_client(admin);
    l->queue = rd_kafka_queue_new(l->client);
    l->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    PRE(l->descriptor >= 0);
    return l;
}

struct kafka_access log_place_access(const struct log_place *place)
{
    return (struct kafka_access){
        .brokers = place->brokers,
        .client_id = "redwal-controller",
        .security = place->security,
        .sasl_mechanism = place->sasl_mechanism,
        .user = place->login.user,
        .password = place->login.password,
        .pem = true,
        .ca = place->login.ca,
        .cert = place->login.cert,
        .key = place->login.key,
    };
}

enum err_code log_looker_new(const struct log_place *place,
                             const struct log_looker_settings *settings, struct log_looker **ret,
                             struct err *err)
{
    const struct kafka_access access = log_place_access(place);
    struct kafka_admin *admin;
    const enum err_code rc = kafka_admin_new(&access, settings->timeout_ms, &admin, err);

    if (rc != ERR_OK)
        return rc;
    *ret = looker_of(admin, settings);
    return ERR_OK;
}

struct log_looker *log_looker_share(const struct log_looker *l)
{
    return looker_of(kafka_admin_share(l->admin), &l->settings);
}

void log_looker_free(struct log_looker *l)
{
    if (!l)
        return;
    rd_kafka_queue_destroy(l->queue);
    kafka_admin_free(l->admin);
    close(l->descriptor);
    free(l);
}

/* --- partitions ------------------------------------------------------------------------------- */

static void take_extent(struct log_look *look, const struct wal_event *event)
{
    if (event->partition < 0 || event->partition >= look->n)
        return;
    look->partitions[event->partition].begin = event->facts.begin;
    look->partitions[event->partition].end = event->facts.end;
    look->partitions[event->partition].written = event->facts.written;
    memcpy(look->log, event->facts.log, sizeof(look->log));
}

/* One round for all partitions. The queue wakes the descriptor; the poll bounds what it misses. */
static enum err_code hear_extents(struct log_looker *l, struct wal_facts *facts,
                                  struct log_look *look, struct err *err)
{
    const int64_t deadline_ms = l->settings.monotonic_ms() + l->settings.timeout_ms;
    struct pollfd p = { .fd = l->descriptor, .events = POLLIN };
    struct wal_event event;
    int32_t n_answers = 0;
    int n_refused = 0;
    uint64_t count;

    while (n_answers < look->n) {
        const int64_t now_ms = l->settings.monotonic_ms();

        switch (wal_facts_next(facts, now_ms, &event)) {
        case WAL_FACTS_ANSWER:
            take_extent(look, &event);
            n_answers++;
            continue;
        case WAL_FACTS_FAILED:
            if (++n_refused >= REFUSALS_MAX)
                return err_set(err, ERR_UNAVAILABLE, "%s", event.text);
            break;
        case WAL_FACTS_COMPLETE:
            continue;
        case WAL_FACTS_NOTHING:
            break;
        }
        if (now_ms > deadline_ms)
            return err_set(err, ERR_TIMEOUT, "the brokers do not say where the log ends");
        if (poll(&p, 1, ANSWER_POLL_MS) > 0 && read(l->descriptor, &count, sizeof(count)) < 0)
            continue;
    }
    return ERR_OK;
}

static enum err_code ask_extents(struct log_looker *l, const char *topic, struct log_look *look,
                                 struct err *err)
{
    struct wal_facts *facts = wal_facts_new(l->client, topic, l->descriptor);
    int32_t *all = mem_new((size_t)look->n, sizeof(*all));
    enum err_code rc;

    for (int32_t i = 0; i < look->n; i++)
        all[i] = i;
    wal_facts_ask(facts, all, (size_t)look->n);
    rc = hear_extents(l, facts, look, err);
    free(all);
    wal_facts_free(facts);
    return rc;
}

static enum err_code ask_partitions(struct log_looker *l, const char *topic, struct log_look *look,
                                    struct err *err)
{
    struct kafka_topic found;
    enum err_code rc = kafka_admin_topic(l->admin, topic, &found, err);

    if (rc != ERR_OK)
        return rc;
    look->exists = found.exists;
    if (!found.exists)
        return ERR_OK;
    if (found.n_partitions > LOOK_PARTITIONS_MAX)
        return err_set(err, ERR_LIMIT, "%s has %d partitions; %d can be observed", topic,
                       (int)found.n_partitions, LOOK_PARTITIONS_MAX);
    look->topic.replicas = found.n_replicas;
    look->n = found.n_partitions;
    look->partitions = mem_new((size_t)look->n, sizeof(*look->partitions));
    for (int32_t i = 0; i < look->n; i++)
        look->partitions[i].committed = LOOK_UNKNOWN;
    return ERR_OK;
}

/* --- the group -------------------------------------------------------------------------------- */

static rd_kafka_AdminOptions_t *options_for(struct log_looker *l, rd_kafka_admin_op_t op)
{
    rd_kafka_AdminOptions_t *o = rd_kafka_AdminOptions_new(l->client, op);
    char why[WHY_MAX];

    rd_kafka_AdminOptions_set_request_timeout(o, (int)l->settings.timeout_ms, why, sizeof(why));
    return o;
}

/* The answer to the one request under way; NULL when there was none, or an error. Late answers to
 * earlier questions are of no use. */
static rd_kafka_event_t *await(struct log_looker *l, rd_kafka_event_type_t type)
{
    const int64_t deadline_ms = l->settings.monotonic_ms() + l->settings.timeout_ms;

    for (;;) {
        const int64_t left_ms = deadline_ms - l->settings.monotonic_ms();
        rd_kafka_event_t *event = rd_kafka_queue_poll(l->queue, left_ms > 0 ? (int)left_ms : 0);

        if (!event)
            return NULL;
        if (rd_kafka_event_type(event) == type && !rd_kafka_event_error(event))
            return event;
        rd_kafka_event_destroy(event);
        if (left_ms <= 0)
            return NULL;
    }
}

static void ask_commits(struct log_looker *l, const char *topic, const char *group,
                        struct log_look *look)
{
    int64_t *commits = mem_new((size_t)look->n, sizeof(*commits));

    look->knows_commits = kafka_commits_get(l->client, group, topic, look->n,
                                            l->settings.timeout_ms, commits, NULL) == ERR_OK;
    for (int32_t i = 0; look->knows_commits && i < look->n; i++)
        look->partitions[i].committed = commits[i] == KAFKA_NO_COMMIT ? LOOK_UNKNOWN : commits[i];
    free(commits);
}

static int64_t count_assigned(const rd_kafka_ConsumerGroupDescription_t *group, const char *topic)
{
    const size_t n = rd_kafka_ConsumerGroupDescription_member_count(group);
    int64_t n_assigned = 0;

    for (size_t i = 0; i < n; i++) {
        const rd_kafka_MemberAssignment_t *assignment = rd_kafka_MemberDescription_assignment(
            rd_kafka_ConsumerGroupDescription_member(group, i));
        const rd_kafka_topic_partition_list_t *list =
            assignment ? rd_kafka_MemberAssignment_partitions(assignment) : NULL;

        for (int k = 0; list && k < list->cnt; k++)
            n_assigned += strcmp(list->elems[k].topic, topic) == 0;
    }
    return n_assigned;
}

static void take_group(const rd_kafka_ConsumerGroupDescription_t *group, const char *topic,
                       struct log_look *look)
{
    const rd_kafka_error_t *error = rd_kafka_ConsumerGroupDescription_error(group);

    if (error && rd_kafka_error_code(error))
        return;
    look->group = group_state_from(str_from(
        rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(group))));
    look->n_members = (int64_t)rd_kafka_ConsumerGroupDescription_member_count(group);
    look->n_assigned = count_assigned(group, topic);
}

static void ask_group(struct log_looker *l, const char *topic, const char *group,
                      struct log_look *look)
{
    rd_kafka_AdminOptions_t *o = options_for(l, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS);
    rd_kafka_event_t *event;
    size_t n = 0;

    rd_kafka_DescribeConsumerGroups(l->client, &group, 1, o, l->queue);
    event = await(l, RD_KAFKA_EVENT_DESCRIBECONSUMERGROUPS_RESULT);
    if (event) {
        const rd_kafka_ConsumerGroupDescription_t **groups =
            rd_kafka_DescribeConsumerGroups_result_groups(
                rd_kafka_event_DescribeConsumerGroups_result(event), &n);

        if (n == 1)
            take_group(groups[0], topic, look);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_AdminOptions_destroy(o);
}

/* --- all of it -------------------------------------------------------------------------------- */

/* Commits before ends, and what could wedge the client last. */
static enum err_code ask_all(struct log_looker *l, const char *topic, const char *group,
                             struct log_look *look, struct err *err)
{
    enum err_code rc = ask_partitions(l, topic, look, err);

    look->look.silent = rc == ERR_TIMEOUT;
    if (rc != ERR_OK || !look->exists)
        return rc;
    ask_commits(l, topic, group, look);
    rc = ask_extents(l, topic, look, err);
    if (rc != ERR_OK)
        return rc;
    kafka_admin_topic_settings(l->admin, topic, &look->topic, NULL);
    ask_group(l, topic, group, look);
    return ERR_OK;
}

void log_looker_ask(struct log_looker *l, const char *topic, const char *group,
                    struct log_look *ret)
{
    const int64_t began_ms = l->settings.monotonic_ms();
    struct err err = { 0 };
    struct log_look look;
    enum err_code rc;

    log_look_init(&look);
    rc = ask_all(l, topic, group, &look, &err);
    if (rc != ERR_OK) {
        const bool silent = look.look.silent;

        log_look_release(&look);
        look.look.silent = silent;
        snprintf(look.look.why, sizeof(look.look.why), "%s", err.msg);
    }
    look.look.began_ms = began_ms;
    look.look.outcome = rc == ERR_OK ? LOOK_ANSWERED : LOOK_FAILED;
    look.look.denied = rc == ERR_DENIED;
    look.look.ended_ms = l->settings.monotonic_ms();
    look.look.ended_wall_ms = l->settings.wall_ms();
    *ret = look;
}

/* --- for restores ----------------------------------------------------------------------------- */

enum err_code log_looker_identity(struct log_looker *l, const char *topic,
                                  char ret_log[LOG_IDENTITY_MAX + 1], struct err *err)
{
    struct log_look look;
    enum err_code rc;

    log_look_init(&look);
    rc = ask_partitions(l, topic, &look, err);
    if (rc == ERR_OK && !look.exists)
        rc = err_set(err, ERR_UNAVAILABLE, "there is no topic %s", topic);
    if (rc == ERR_OK)
        rc = ask_extents(l, topic, &look, err);
    if (rc == ERR_OK)
        memcpy(ret_log, look.log, sizeof(look.log));
    log_look_release(&look);
    return rc;
}

static enum err_code shows(const char *group, const int64_t *wanted, const int64_t *found,
                           int32_t n, struct err *err)
{
    for (int32_t i = 0; i < n; i++)
        if (found[i] != wanted[i])
            return err_set(err, ERR_UNAVAILABLE,
                           "group %s, partition %d: %lld is committed, and not %lld", group, (int)i,
                           (long long)found[i], (long long)wanted[i]);
    return ERR_OK;
}

enum err_code log_looker_set_commits(struct log_looker *l, const char *topic, const char *group,
                                     const int64_t *offsets, int32_t n, int64_t timeout_ms,
                                     struct err *err)
{
    int64_t *found = mem_new((size_t)n, sizeof(*found));
    enum err_code rc = kafka_commits_set(l->client, group, topic, offsets, n, timeout_ms, err);

    if (rc == ERR_OK)
        rc = kafka_commits_get(l->client, group, topic, n, l->settings.timeout_ms, found, err);
    if (rc == ERR_OK)
        rc = shows(group, offsets, found, n, err);
    free(found);
    return rc;
}
