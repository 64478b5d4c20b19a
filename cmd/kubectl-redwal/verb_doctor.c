/* `doctor`: what deployments get wrong. The checks are lib/core/diagnosis.h. */
#include <stdio.h>
#include <string.h>

#include "adapter/kafka_admin_rdkafka.h"
#include "call.h"
#include "cli/context.h"
#include "core/diagnosis.h"
#include "core/position.h"
#include "link.h"
#include "tree.h"
#include "wiring/access.h"

struct doctor {
    const struct invocation *in;
    struct kafka_admin *admin;
    struct link_redis redis;
    struct log_reader *reader;
    struct log_survey survey;
    struct diagnosis_facts facts;
};

static void doctor_release(struct doctor *d)
{
    kafka_admin_free(d->admin);
    link_redis_release(&d->redis);
    log_survey_release(&d->survey);
    log_reader_free(d->reader);
}

/* What could not be asked stays unknown; why goes to standard error. */
static bool asked(const struct doctor *d, enum err_code rc, const struct err *err)
{
    if (rc != ERR_OK)
        call_complain(d->in, "%s", err->msg);
    return rc == ERR_OK;
}

/* --- Kafka ------------------------------------------------------------------------------------ */

enum {
    SETTING_CLEANUP,
    SETTING_TIMESTAMPS,
    SETTING_MIN_ISR,
    SETTING_RETENTION_MS,
    SETTING_RETENTION_BYTES,
    SETTING_MAX_BYTES,
    N_SETTING
};

static void take_number(const struct kafka_setting *s, int64_t *ret)
{
    if (!str_to_int64(str_from(s->value), ret))
        *ret = DIAGNOSIS_UNKNOWN;
}

static void take_text(const struct kafka_setting *s, char *ret)
{
    snprintf(ret, DIAGNOSIS_TEXT_MAX, "%s", s->value);
}

static void examine_settings(struct doctor *d, const char *topic, struct diagnosis_topic *ret)
{
    struct kafka_setting s[N_SETTING] = {
        [SETTING_CLEANUP] = { .name = "cleanup.policy" },
        [SETTING_TIMESTAMPS] = { .name = "message.timestamp.type" },
        [SETTING_MIN_ISR] = { .name = "min.insync.replicas" },
        [SETTING_RETENTION_MS] = { .name = "retention.ms" },
        [SETTING_RETENTION_BYTES] = { .name = "retention.bytes" },
        [SETTING_MAX_BYTES] = { .name = "max.message.bytes" },
    };
    struct err err = { 0 };

    if (!asked(d, kafka_admin_settings(d->admin, topic, s, N_SETTING, &err), &err))
        return;
    take_text(&s[SETTING_CLEANUP], ret->cleanup);
    take_text(&s[SETTING_TIMESTAMPS], ret->timestamp_type);
    take_number(&s[SETTING_MIN_ISR], &ret->min_isr);
    take_number(&s[SETTING_RETENTION_MS], &ret->retention_ms);
    take_number(&s[SETTING_RETENTION_BYTES], &ret->retention_bytes);
    take_number(&s[SETTING_MAX_BYTES], &ret->max_message_bytes);
}

static void examine_topic(struct doctor *d, const char *topic, struct diagnosis_topic *ret)
{
    struct kafka_topic found;
    struct err err = { 0 };

    if (!asked(d, kafka_admin_topic(d->admin, topic, &found, &err), &err))
        return;
    ret->exists = found.exists;
    if (!found.exists)
        return;
    ret->replicas = found.n_replicas;
    examine_settings(d, topic, ret);
}

static void examine_extents(struct doctor *d)
{
    struct err err = { 0 };
    enum err_code rc = link_reader(d->in, link_options(d->in)->topic, &d->reader, &err);

    if (rc == ERR_OK)
        rc = log_reader_survey(d->reader, &d->survey, &err);
    if (!asked(d, rc, &err))
        return;
    d->facts.n_partitions = d->survey.n;
    d->facts.n_trimmed = 0;
    for (int32_t i = 0; i < d->survey.n; i++)
        d->facts.n_trimmed += d->survey.extents[i].begin > 0;
}

static void examine_kafka(struct doctor *d)
{
    const struct connection_options *c = link_options(d->in);
    const struct kafka_access access = access_to_kafka(c, LINK_CLIENT_ID);
    struct err err = { 0 };
    int64_t n_members;

    if (!asked(d, kafka_admin_new(&access, LINK_TIMEOUT_MS, &d->admin, &err), &err))
        return;
    examine_topic(d, c->topic, &d->facts.log);
    examine_topic(d, c->dlq_topic, &d->facts.dlq);
    if (d->facts.log.exists == 1)
        examine_extents(d);
    if (asked(d, kafka_admin_members(d->admin, c->group, &n_members, &err), &err))
        d->facts.n_members = n_members;
}

/* --- Redis ------------------------------------------------------------------------------------ */

/* The value of "name:value\r\n" in what INFO says; empty when it is not there. */
static struct str info_value(struct str info, const char *name)
{
    const size_t n = strlen(name);
    const char *end = info.p + info.n;

    for (const char *line = info.p; line < end;) {
        const char *stop = memchr(line, '\r', (size_t)(end - line));

        if (!stop)
            stop = end;
        if ((size_t)(stop - line) > n && memcmp(line, name, n) == 0 && line[n] == ':')
            return (struct str){ line + n + 1, (size_t)(stop - line) - n - 1 };
        line = stop + 2 < end ? stop + 2 : end;
    }
    return (struct str){ "", 0 };
}

static void info_number(struct str info, const char *name, int64_t *ret)
{
    if (!str_to_int64(info_value(info, name), ret))
        *ret = DIAGNOSIS_UNKNOWN;
}

static void take_info(struct doctor *d, const struct reply *reply)
{
    struct diagnosis_facts *f = &d->facts;
    const struct str policy = info_value(reply->text, "maxmemory_policy");

    info_number(reply->text, "maxmemory", &f->maxmemory);
    info_number(reply->text, "used_memory", &f->used_memory);
    info_number(reply->text, "aof_enabled", &f->appends);
    info_number(reply->text, "connected_slaves", &f->n_replicas);
    info_number(reply->text, "cluster_enabled", &f->is_cluster);
    snprintf(f->eviction, sizeof(f->eviction), "%.*s", STR_ARGS(policy));
}

/* CONFIG is often not allowed: what it would say stays unknown then. */
static void take_config(struct doctor *d, const struct reply *reply)
{
    for (size_t i = 0; reply->type == REPLY_ARRAY && i + 1 < reply->n_elements; i += 2) {
        const struct str name = reply->elements[i].text, value = reply->elements[i + 1].text;

        if (str_eq(name, STR_LITERAL("save")))
            d->facts.saves = value.n > 0;
        else if (str_eq(name, STR_LITERAL("min-replicas-to-write")) &&
                 !str_to_int64(value, &d->facts.min_replicas))
            d->facts.min_replicas = DIAGNOSIS_UNKNOWN;
    }
}

static void take_position(struct doctor *d, int32_t partition, const struct reply *reply)
{
    const struct log_extent *e = &d->survey.extents[partition];
    struct position position;

    if (position_from_reply(reply, &position) == POSITION_ABSENT && e->end > e->begin)
        d->facts.n_without_position++;
}

static void ask_redis(struct dialogue *dialogue, const struct doctor *d)
{
    char key[POSITION_KEY_MAX];
    const struct str wal = str_from(link_options(d->in)->wal);

    dialogue_say_text(dialogue, "INFO", NULL);
    dialogue_say_text(dialogue, "CONFIG", "GET", "save", NULL);
    dialogue_say_text(dialogue, "CONFIG", "GET", "min-replicas-to-write", NULL);
    for (int32_t i = 0; i < d->survey.n; i++)
        if (!position_append_read(dialogue_gather(dialogue, 1), position_key(key, wal, i)))
            UNREACHABLE("positions fit");
}

static enum err_code hear_redis(struct dialogue *dialogue, struct doctor *d, struct err *err)
{
    const struct reply *reply = NULL;
    enum err_code rc = dialogue_send(dialogue, err);

    if (rc == ERR_OK)
        rc = dialogue_hear(dialogue, &reply, err);
    if (rc == ERR_OK)
        take_info(d, reply);
    for (int i = 0; rc == ERR_OK && i < 2; i++) {
        rc = dialogue_hear(dialogue, &reply, err);
        if (rc == ERR_OK)
            take_config(d, reply);
    }
    if (d->survey.n > 0)
        d->facts.n_without_position = 0;
    for (int32_t i = 0; rc == ERR_OK && i < d->survey.n; i++) {
        rc = dialogue_hear(dialogue, &reply, err);
        if (rc == ERR_OK)
            take_position(d, i, reply);
    }
    if (rc != ERR_OK)
        d->facts.n_without_position = DIAGNOSIS_UNKNOWN;
    return rc;
}

static void examine_redis(struct doctor *d)
{
    struct diagnosis_facts *f = &d->facts;
    const struct primary_facts *p = &d->redis.dialogue.facts;
    struct err err = { 0 };

    if (!asked(d, link_redis_open(d->in, &d->redis, &err), &err))
        return;
    f->is_primary = p->role == PRIMARY_ROLE_MASTER && !p->loading;
    f->has_identity = p->wal[0] != '\0';
    f->clock_skew_ms = p->clock_skew_ms;
    snprintf(f->redis_wal, sizeof(f->redis_wal), "%s", p->wal);
    snprintf(f->address, sizeof(f->address), "%.150s", p->address);
    ask_redis(&d->redis.dialogue, d);
    asked(d, hear_redis(&d->redis.dialogue, d, &err), &err);
}

/* --- printing --------------------------------------------------------------------------------- */

enum { ROW_VERDICT, ROW_CHECK, ROW_FOUND, ROW_EXPECTED, ROW_REMEDY, N_ROW };

/* clang-format off */
static const struct column columns[N_ROW] = {
    [ROW_VERDICT]  = { "verdict",  "VERDICT",  COLUMN_TEXT,  false, 0, 0 },
    [ROW_CHECK]    = { "check",    "CHECK",    COLUMN_TEXT,  false, 0, 0 },
    [ROW_FOUND]    = { "found",    "FOUND",    COLUMN_BYTES, false, 0, 0 },
    [ROW_EXPECTED] = { "expected", "EXPECTED", COLUMN_TEXT,  true,  0, 0 },
    [ROW_REMEDY]   = { "remedy",   "REMEDY",   COLUMN_TEXT,  false, 0, 0 },
};
/* clang-format on */

static const enum tone tones[VERDICT_COUNT] = {
    [VERDICT_OK] = TONE_GOOD,
    [VERDICT_WARN] = TONE_WARN,
    [VERDICT_FAIL] = TONE_BAD,
    [VERDICT_UNKNOWN] = TONE_DIM,
};

static enum exit_status report(const struct doctor *d)
{
    CLEANUP(printer_release) struct printer p = { 0 };
    char details[DIAGNOSIS_COUNT][DIAGNOSIS_DETAIL_MAX];
    struct cell cells[DIAGNOSIS_COUNT * N_ROW] = { { 0 } };
    size_t n[VERDICT_COUNT] = { 0 };

    for (enum diagnosis i = 0; i < DIAGNOSIS_COUNT; i++) {
        const enum health_verdict verdict = diagnose(i, &d->facts, details[i]);
        struct cell *row = cells + (size_t)i * N_ROW;

        n[verdict]++;
        row[ROW_VERDICT] = CELL_TEXT(health_verdict_code(verdict));
        row[ROW_VERDICT].tone = tones[verdict];
        row[ROW_CHECK] = CELL_TEXT(diagnosis_code(i));
        row[ROW_FOUND] = CELL_TEXT(details[i]);
        row[ROW_EXPECTED] = CELL_TEXT(diagnosis_text(i));
        if (verdict == VERDICT_WARN || verdict == VERDICT_FAIL)
            row[ROW_REMEDY] = CELL_TEXT(diagnosis_remedy(i));
    }
    call_print(d->in, &p);
    printer_list(&p, "checks", columns, N_ROW, cells, DIAGNOSIS_COUNT);
    if (n[VERDICT_FAIL] > 0)
        return call_end(&p, EXIT_DIFFERENT);
    return call_end(&p, n[VERDICT_UNKNOWN] > 0 ? EXIT_INCOMPLETE : EXIT_DONE);
}

static enum exit_status run(struct invocation *in)
{
    CLEANUP(doctor_release) struct doctor d = { .in = in };

    diagnosis_facts_init(&d.facts);
    d.facts.wal = link_options(in)->wal;
    examine_kafka(&d);
    examine_redis(&d);
    return report(&d);
}

static void check(struct invocation *in)
{
    context_check_connection(in, CONNECTION_KAFKA | CONNECTION_REDIS);
}

static const struct option_table *const tables[] = {
    &context_table,
    &print_table,
    &connection_table,
    NULL,
};

const struct verb verb_doctor = {
    .name = "doctor",
    .summary = "Look for what deployments get wrong in Kafka and Redis",
    .help =
        "Asks only, and changes nothing. docs/doctor.md lists the checks. What could not be "
        "asked,\n"
        "for want of permission perhaps, is UNKNOWN, and standard error says why. The exit status\n"
        "is 3 when a check fails, and 5 when none does but some are unknown; WARN alone is 0.\n\n"
        "The user needs DescribeConfigs on both topics and Describe on the group, and in Redis\n"
        "CONFIG GET, besides what reading takes; without them those checks are unknown.\n",
    .examples = "kubectl-redwal doctor\n"
                "kubectl-redwal doctor -o json | jq '.checks[] | select(.verdict != \"OK\")'\n",
    .tables = tables,
    .check = check,
    .run = run,
};
