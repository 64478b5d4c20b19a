/*
 * One question to a process of runtime/log_agents.h, and later its answer. Private to it.
 */
#ifndef REDWAL_RUNTIME_LOG_JOB_H
#define REDWAL_RUNTIME_LOG_JOB_H

#include "port/observe.h"

/* The most urgent first: marks are late soon. */
enum log_job_kind { LOG_JOB_MARK, LOG_JOB_RESTORE, LOG_JOB_LOOK, LOG_JOB_KINDS };

struct log_job {
    enum log_job_kind kind;
    uint64_t wal;
    char *topic, *group;
    char *connector, *mirrored; /* NULL but for what a connector has stored */
    struct log_look look;
    struct mark_batch marks;
    struct mark_order *orders; /* of `marks` */
    char *site;                /* the same */
    struct mark_result marked;
    struct restore_log_order restore;
    struct restore_position *positions; /* of `restore` */
    struct restore_plan plan;           /* the same */
    struct restore_log_result restored;
};

/* Copies are taken. */
struct log_job *log_job_look(uint64_t wal, const struct log_place *place);
struct log_job *log_job_mark(uint64_t wal, const struct log_place *place,
                             const struct mark_batch *marks);
struct log_job *log_job_restore(uint64_t wal, const struct log_place *place,
                                const struct restore_log_order *order);
void log_job_free(struct log_job *job); /* NULL is fine */

/* Appends the question as a line without its break. False: no room. */
NODISCARD bool log_job_ask(const struct log_job *job, int64_t number, struct buf *out);

/* What is answered; what a job does not take is the caller's to release. */
struct log_reply {
    enum log_job_kind kind;
    int64_t number;
    struct log_look look;
    struct mark_result marked;
    struct restore_log_result restored;
};
bool log_reply_decode(struct str line, struct log_reply *ret); /* false: it makes no sense */
void log_reply_release(struct log_reply *reply);
/* False: it is no answer to that question. */
bool log_job_answer(struct log_job *job, struct log_reply *reply);

/* The answer of one that was not asked, or in vain; *look says what is known. */
void log_job_fail(struct log_job *job, const struct look *look);

#endif
