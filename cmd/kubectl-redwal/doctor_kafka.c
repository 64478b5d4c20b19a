#include <stdio.h>

#include "adapter/kafka_admin_rdkafka.h"
#include "doctor.h"
#include "runtime/clock.h"
#include "scan.h"
#include "wiring/access.h"

enum { HEADERS_MAX = 64 };    /* more of a record are not looked at */
#define NEWEST_RECORDS "-100" /* of each partition, which are looked at */

/* --- topics ----------------------------------------------------------------------------------- */

static void examine_topic(struct doctor *d, struct kafka_admin *admin, const char *topic,
                          struct diagnosis_topic *ret)
{
    struct kafka_topic found;
    struct err err = { 0 };

    if (!doctor_asked(d, kafka_admin_topic(admin, topic, &found, &err), &err))
        return;
    ret->exists = found.exists;
    if (!found.exists)
        return;
    ret->replicas = found.n_replicas;
    doctor_asked(d, kafka_admin_topic_settings(admin, topic, ret, &err), &err);
}

static void examine_brokers(struct doctor *d, struct kafka_admin *admin)
{
    struct err err = { 0 };

    doctor_asked(d, kafka_admin_commit_retention(admin, &d->facts.group_retention_minutes, &err),
                 &err);
}

/* --- permissions ------------------------------------------------------------------------------ */

/* Not to be allowed to describe something is an answer: what we need of it includes that. */
static int64_t may(enum err_code rc, bool known, bool allowed)
{
    if (rc == ERR_DENIED)
        return 0;
    return rc == ERR_OK && known ? allowed : DIAGNOSIS_UNKNOWN;
}

static void add_right(struct doctor *d, enum err_code rc, const struct err *err, bool known,
                      bool allowed, const char *operation, const char *what)
{
    struct diagnosis_list *denied = &d->facts.kafka_denied;
    const int64_t right = may(rc, known, allowed);
    char name[DIAGNOSIS_LIST_MAX];

    snprintf(name, sizeof(name), "%s on %s", operation, what);
    if (right == 0) {
        diagnosis_list_add(denied, str_from(name));
    } else if (right == DIAGNOSIS_UNKNOWN) {
        doctor_asked(d, rc, err);
        denied->n = DIAGNOSIS_UNKNOWN;
    }
}

static void examine_rights(struct doctor *d, struct kafka_admin *admin)
{
    const struct connection_options *c = link_options(d->in);
    struct kafka_rights rights = { 0 };
    struct kafka_group group = { 0 };
    struct err err = { 0 };
    enum err_code rc;

    diagnosis_list_begin(&d->facts.kafka_denied);
    rc = kafka_admin_topic_rights(admin, c->topic, &rights, &err);
    add_right(d, rc, &err, rights.known, rights.read, "Read", c->topic);
    d->facts.may_write_log = may(rc, rights.known, rights.write);
    rights = (struct kafka_rights){ 0 };
    rc = kafka_admin_topic_rights(admin, c->dlq_topic, &rights, &err);
    add_right(d, rc, &err, rights.known, rights.write, "Write", c->dlq_topic);
    rc = kafka_admin_group(admin, c->group, &group, &err);
    add_right(d, rc, &err, group.rights.known, group.rights.read, "Read", c->group);
    if (rc == ERR_OK)
        d->facts.n_members = group.n_members;
}

/* --- the newest records ----------------------------------------------------------------------- */

struct newest {
    struct diagnosis_facts *facts;
    const struct scan *scan;
    int64_t timestamp_ms;
};

static void take_header(struct diagnosis_facts *f, const struct log_header *header)
{
    const enum log_header_form form = log_header_form(header);

    f->n_own_headers += form != LOG_HEADER_OTHER;
    f->n_rewritten += form == LOG_HEADER_REWRITTEN;
    if (form == LOG_HEADER_REWRITTEN)
        snprintf(f->rewritten, sizeof(f->rewritten), "%s: %.*s", header->name,
                 (int)(header->value.n < DIAGNOSIS_TEXT_MAX ? header->value.n : DIAGNOSIS_TEXT_MAX),
                 header->value.p);
}

static bool take_record(void *self, const struct record *record)
{
    struct newest *newest = self;
    struct log_header headers[HEADERS_MAX];
    const size_t n = log_reader_headers(newest->scan->reader, headers, HEADERS_MAX);

    for (size_t i = 0; i < n && i < HEADERS_MAX; i++)
        take_header(newest->facts, &headers[i]);
    if (record->timestamp_ms > newest->timestamp_ms)
        newest->timestamp_ms = record->timestamp_ms;
    return true;
}

/* `scan` is prepared. */
static bool read_newest(struct doctor *d, struct scan *scan, int64_t *ret_timestamp_ms)
{
    struct newest newest = { .facts = &d->facts, .scan = scan };
    struct err err = { 0 };
    enum err_code rc = scan_begin_at(scan, NEWEST_RECORDS, &err);

    if (rc == ERR_OK)
        rc = scan_run(scan, false, take_record, &newest, &err);
    *ret_timestamp_ms = newest.timestamp_ms;
    return doctor_asked(d, rc, &err);
}

/* Where the partitions begin and end, and what is at the end. */
static bool examine_log(struct doctor *d)
{
    CLEANUP(scan_release) struct scan scan = { 0 };
    struct err err = { 0 };
    int64_t newest_ms;

    if (!doctor_asked(d, scan_prepare(d->in, link_options(d->in)->topic, &scan, &err), &err))
        return false;
    d->facts.now_ms = clock_wall_ms();
    d->facts.n_partitions = scan.survey.n;
    d->facts.n_trimmed = 0;
    for (int32_t i = 0; i < scan.survey.n; i++)
        d->facts.n_trimmed += scan.survey.extents[i].begin > 0;
    if (read_newest(d, &scan, &newest_ms))
        d->facts.newest_ms = newest_ms;
    d->survey = scan.survey;
    scan.survey = (struct log_survey){ 0 };
    return d->facts.newest_ms != DIAGNOSIS_UNKNOWN;
}

static bool examine_letters(struct doctor *d)
{
    CLEANUP(scan_release) struct scan scan = { 0 };
    struct err err = { 0 };
    int64_t newest_ms;

    return doctor_asked(d, scan_prepare(d->in, link_options(d->in)->dlq_topic, &scan, &err),
                        &err) &&
           read_newest(d, &scan, &newest_ms);
}

static void examine_records(struct doctor *d)
{
    struct diagnosis_facts *f = &d->facts;
    bool all = true;

    f->n_own_headers = f->n_rewritten = 0;
    if (f->log.exists != 0)
        all = examine_log(d);
    if (f->dlq.exists != 0)
        all = examine_letters(d) && all;
    if (!all)
        f->n_own_headers = f->n_rewritten = DIAGNOSIS_UNKNOWN;
}

void doctor_ask_kafka(struct doctor *d)
{
    const struct connection_options *c = link_options(d->in);
    const struct kafka_access access = access_to_kafka(c, LINK_CLIENT_ID);
    struct kafka_admin *admin;
    struct err err = { 0 };

    if (!doctor_asked(d, kafka_admin_new(&access, LINK_TIMEOUT_MS, &admin, &err), &err))
        return;
    examine_topic(d, admin, c->topic, &d->facts.log);
    examine_topic(d, admin, c->dlq_topic, &d->facts.dlq);
    examine_brokers(d, admin);
    examine_rights(d, admin);
    kafka_admin_free(admin);
    examine_records(d);
}
