/*
 * What Redis's answers mean. Anything but the expected answer ends the connection or takes the
 * transaction back; nothing is concluded from an answer that was not read.
 */
#include "core/applier_state.h"

#include <stdio.h>

static bool is_status(const struct reply *reply, const char *text)
{
    return reply->type == REPLY_STATUS && str_eq(reply->text, str_from(text));
}

static void count_error(struct applier *a, const struct reply *reply)
{
    if (reply->type == REPLY_ERROR)
        a->counters.redis_errors[redis_error_classify(reply->text)]++;
}

static void retry_later(struct applier *a, struct str cause, int64_t now_ms)
{
    if (!a->pressed) {
        snprintf(a->why, sizeof(a->why), "%.*s", STR_ARGS(cause));
        note(a, NOTE_WARN, "Paused, Redis refuses writes: %s", a->why);
    }
    a->pressed = true;
    a->retry_at_ms = now_ms + backoff_next_ms(&a->backoff, prng_next(&a->prng));
    chain_abort(a, now_ms);
}

/* An error that is not about one operation. */
static void suffer(struct applier *a, enum redis_error_class class, struct str text, int64_t now_ms)
{
    const struct str cause = redis_error_cause(text);

    if (class == REDIS_ERROR_PRESSURE)
        retry_later(a, cause, now_ms);
    else
        connection_give_up(a, now_ms, "it answered: %.*s", STR_ARGS(cause));
}

static void unexpected(struct applier *a, const char *what, const struct reply *reply,
                       int64_t now_ms)
{
    if (reply->type == REPLY_ERROR)
        suffer(a, redis_error_classify(reply->text), reply->text, now_ms);
    else
        connection_give_up(a, now_ms, "it answered %s with something else (reply type %d)", what,
                           (int)reply->type);
}

/* --- verification ----------------------------------------------------------------------------- */

/* NULL when the position is what this applier wrote last. */
static const char *position_mismatch(const struct partition *p, const struct reply *reply)
{
    struct position found;

    switch (position_from_reply(reply, &found)) {
    case POSITION_CORRUPT:
        return "is unreadable";
    case POSITION_ABSENT:
        return p->fresh ? NULL : "is gone";
    case POSITION_PRESENT:
        break;
    }
    if (p->fresh || found.next != p->position.next || found.epoch != p->position.epoch ||
        found.clock != p->position.clock || !str_eq(str_from(found.log), str_from(p->position.log)))
        return "was written by somebody else";
    return NULL;
}

/* A partition that left us may have a new owner, who has begun. Nobody takes a position away, but
 * who empties Redis. */
static bool ends_connection(const struct partition *p, const struct reply *reply)
{
    struct position found;

    return p->assigned || p->n_open > 0 || position_from_reply(reply, &found) == POSITION_ABSENT;
}

static void guard_answered(struct applier *a, int32_t number, const struct reply *reply,
                           int64_t now_ms)
{
    struct partition *p = &a->partitions[number];
    const char *mismatch;

    if (a->draining)
        return;
    if (reply->type == REPLY_ERROR && redis_error_classify(reply->text) != REDIS_ERROR_OPERATION) {
        unexpected(a, "a position", reply, now_ms);
        return;
    }
    mismatch = position_mismatch(p, reply);
    if (mismatch && ends_connection(p, reply)) {
        connection_give_up(a, now_ms, "the position of partition %d %s", (int)number, mismatch);
        return;
    }
    if (mismatch) {
        partition_drop(a, number);
        p->phase = PARTITION_ABSENT;
    }
    if (++a->guard.n_answered == a->guard.n)
        a->guard.state = GUARD_VERIFIED;
}

/* --- queueing --------------------------------------------------------------------------------- */

/* The entry whose command is the index-th of the transaction; false for bookkeeping. */
static bool find_entry(const struct applier *a, const struct transaction *t, uint32_t index,
                       int32_t *ret_partition, size_t *ret_entry)
{
    uint32_t at = 0;

    for (size_t s = 0; s < t->n_segments; s++) {
        const int32_t number = t->segments[s].partition;
        const struct partition *p = &a->partitions[number];
        size_t first = t == &a->open ? p->n_committing : 0;

        for (size_t before = 0; before < s; before++)
            if (t->segments[before].partition == number)
                first += t->segments[before].n_entries;
        if (t->segments[s].has_script && index == at++)
            return false;
        for (size_t i = first; i < first + t->segments[s].n_entries; i++) {
            const struct entry *entry = backlog_at(&p->backlog, i);

            if (entry->has_look && index == at++)
                return false;
            at += entry->n_commands;
            if (index < at) {
                *ret_partition = number;
                *ret_entry = i;
                return true;
            }
            if (entry->has_listing && index == at++)
                return false;
        }
    }
    return false;
}

/* The worst failure decides, and the first of them: an operation may be dropped only if nothing
 * else is wrong. */
static bool remember_failure(struct transaction *t, enum redis_error_class class, struct str text)
{
    if (t->failed && t->failure >= class)
        return false;
    t->failed = true;
    t->failure = class;
    snprintf(t->why, sizeof(t->why), "%.*s", STR_ARGS(text));
    return true;
}

static void queueing_refused(struct applier *a, struct transaction *t, const struct reply *reply,
                             int64_t now_ms)
{
    const enum redis_error_class class = redis_error_classify(reply->text);
    int32_t partition;
    size_t entry;

    if (class == REDIS_ERROR_OPERATION && find_entry(a, t, t->n_answered - 1, &partition, &entry)) {
        if (remember_failure(t, class, reply->text)) {
            t->refused_partition = partition;
            t->refused_entry = entry;
        }
    } else {
        remember_failure(t, class == REDIS_ERROR_OPERATION ? REDIS_ERROR_ACCESS : class,
                         reply->text);
    }
    if (t == &a->committing) /* EXECABORT follows */
        return;
    if (class == REDIS_ERROR_OPERATION || class == REDIS_ERROR_PRESSURE) {
        chain_abort(a, now_ms);
        if (class == REDIS_ERROR_PRESSURE)
            retry_later(a, reply->text, now_ms);
    } else {
        suffer(a, class, reply->text, now_ms);
    }
}

static void queued(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    struct transaction *t = a->committing.begun ? &a->committing : &a->open;

    t->n_answered++;
    if (is_status(reply, "QUEUED"))
        return;
    if (reply->type == REPLY_ERROR)
        queueing_refused(a, t, reply, now_ms);
    else
        unexpected(a, "a queued command", reply, now_ms);
}

/* --- EXEC ------------------------------------------------------------------------------------- */

static void adapt_batch_size(struct applier *a, int64_t now_ms)
{
    if (now_ms - a->committing.sent_at_ms >= BATCH_SLOW_MS)
        a->batch_ops = a->batch_ops > 1 ? a->batch_ops / 2 : 1;
    else if (a->committing.full)
        a->batch_ops = a->batch_ops * 2 < a->settings.batch_max_ops ? a->batch_ops * 2
                                                                    : a->settings.batch_max_ops;
}

static void relieved(struct applier *a)
{
    backoff_reset(&a->backoff);
    if (!a->pressed)
        return;
    a->pressed = false;
    a->why[0] = '\0';
    note(a, NOTE_INFO, "Resumed, Redis takes writes again");
}

/* Returns the answer that refuses a look or a listing, NULL when none does. */
static const struct reply *executed(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    const struct transaction *t = &a->committing;
    const struct reply *refused = NULL;
    size_t at = 0;

    adapt_batch_size(a, now_ms);
    a->counters.batches++;
    a->counters.operations += t->n_commands;
    a->counters.bytes += t->n_bytes;
    for (size_t i = 0; i < t->n_closings; i++) {
        struct partition *p = &a->partitions[t->closings[i].partition];

        if (p->phase != PARTITION_ACTIVE) /* lost and won again: it asks where it is */
            continue;
        p->position = t->closings[i].after;
        ids_written(p, &t->closings[i].ids);
        secluded_written(a, p, &t->closings[i]);
        p->known_next = p->position.next;
        p->fresh = false;
    }
    for (size_t s = 0; s < t->n_segments; s++) {
        const struct segment *segment = &t->segments[s];

        at += segment->has_script;
        at += partition_executed(a, segment->partition, segment->n_entries, reply->elements + at,
                                 now_ms, &refused);
    }
    INVARIANT(at == t->n_commands + t->n_scripts);
    relieved(a);
    return refused;
}

/* The transaction is in, but a command of ours in it failed: somebody touched what only appliers
 * touch. What is there now is read again. */
static void check_bookkeeping(struct applier *a, const struct reply *refused,
                              const struct reply *reply, size_t first, int64_t now_ms)
{
    for (size_t i = first; i < reply->n_elements && !refused; i++)
        if (reply->elements[i].type == REPLY_ERROR)
            refused = &reply->elements[i];
    if (refused && a->connected)
        connection_give_up(a, now_ms, "it refused our bookkeeping: %.*s",
                           STR_ARGS(redis_error_cause(refused->text)));
}

static void committing_done(struct applier *a, const struct transaction *done)
{
    a->committing = (struct transaction){ 0 };
    for (size_t i = 0; i < done->n_closings; i++) {
        a->partitions[done->closings[i].partition].n_committing = 0;
        partition_finish_leaving(a, done->closings[i].partition);
    }
}

/* What the log-time script answered in front of segments. */
static void log_time_answered(struct applier *a, const struct transaction *done,
                              const struct reply *results, int64_t now_ms)
{
    for (size_t s = 0; s < done->n_segments && a->connected; s++) {
        if (done->segments[s].has_script)
            partition_script_answered(a, done->segments[s].partition, results++, now_ms);
        results += done->segments[s].n_commands;
    }
}

/* The transaction was not executed. */
static void refused(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    const struct transaction t = a->committing;

    a->committing = (struct transaction){ 0 }; /* its entries stay counted until all is drained */
    if (reply->type == REPLY_NIL) {
        /* A watched position was touched. The reads that follow say whether by another writer or
         * by the owner of a partition that has left us. */
        a->counters.refused_transactions++;
        chain_abort(a, now_ms);
    } else if (reply->type != REPLY_ERROR) {
        unexpected(a, "EXEC", reply, now_ms);
    } else if (!t.failed) {
        const enum redis_error_class class = redis_error_classify(reply->text);

        suffer(a, class == REDIS_ERROR_OPERATION ? REDIS_ERROR_ACCESS : class, reply->text, now_ms);
    } else if (t.failure == REDIS_ERROR_OPERATION) {
        chain_abort(a, now_ms);
    } else {
        suffer(a, t.failure, str_from(t.why), now_ms);
    }
    if (t.failed && t.failure == REDIS_ERROR_OPERATION && a->connected)
        partition_refused(a, t.refused_partition, t.refused_entry, str_from(t.why), now_ms);
}

static void exec_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    const struct transaction done = a->committing;
    const struct reply *own_refused;

    if (reply->type == REPLY_ARRAY && reply->n_elements >= done.n_commands + done.n_scripts) {
        own_refused = executed(a, reply, now_ms);
        committing_done(a, &done);
        log_time_answered(a, &done, reply->elements, now_ms);
        check_bookkeeping(a, own_refused, reply, done.n_commands + done.n_scripts, now_ms);
    } else {
        refused(a, reply, now_ms);
    }
}

/* --- dispatch --------------------------------------------------------------------------------- */

/* Every answer is in: what was not executed goes out again. */
static void drained(struct applier *a)
{
    const struct transaction open = a->open;

    a->draining = false;
    transactions_forget(a);
    if (open.failed && open.failure == REDIS_ERROR_OPERATION)
        partition_refused(a, open.refused_partition, open.refused_entry, str_from(open.why),
                          a->answered_at_ms);
    for (int32_t i = 0; i < a->n_partitions; i++)
        partition_finish_leaving(a, i);
}

static void location_answered(struct applier *a, int32_t number, const struct reply *reply,
                              int64_t now_ms)
{
    if (reply->type == REPLY_ERROR && redis_error_classify(reply->text) != REDIS_ERROR_OPERATION)
        asked_in_vain(a, "a position", reply, now_ms);
    else
        partition_position_read(a, number, reply, now_ms);
}

static void partition_answered(struct applier *a, int32_t number, const struct reply *reply,
                               int64_t now_ms)
{
    struct partition_identity identity;

    if (partition_identity_from_reply(reply, &identity))
        partition_identity_read(a, number, &identity, now_ms);
    else
        asked_in_vain(a, "its identity", reply, now_ms);
}

static bool is_bookkeeping(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    if (reply->type != REPLY_ERROR || redis_error_classify(reply->text) == REDIS_ERROR_OPERATION)
        return true;
    asked_in_vain(a, "what it remembers", reply, now_ms);
    return false;
}

static void ids_segment_answered(struct applier *a, int32_t number, const struct reply *reply,
                                 int64_t now_ms)
{
    if (is_bookkeeping(a, reply, now_ms))
        partition_ids_read(a, number, reply, now_ms);
}

static void quarantine_answered(struct applier *a, int32_t number, const struct reply *reply,
                                int64_t now_ms)
{
    if (is_bookkeeping(a, reply, now_ms))
        partition_quarantine_read(a, number, reply, now_ms);
}

static void role_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    if (reply->type != REPLY_ARRAY || reply->n_elements == 0)
        asked_in_vain(a, "its role", reply, now_ms);
    else if (!str_eq(reply->elements[0].text, STR_LITERAL("master")))
        connection_give_up(a, now_ms, "it is no longer the primary");
    else if (a->pending_records == 0)
        relieved(a);
}

static void peek_answered(struct applier *a, int32_t number, const struct reply *reply,
                          int64_t now_ms)
{
    struct position found;

    (void)now_ms;
    if (position_from_reply(reply, &found) == POSITION_PRESENT)
        a->partitions[number].peeked_next = found.next;
}

static void status_answered(struct applier *a, const char *what, const struct reply *reply,
                            int64_t now_ms)
{
    if (!is_status(reply, "OK") && !a->draining)
        unexpected(a, what, reply, now_ms);
}

/* The position behind the types of a window. */
static void untouched_answered(struct applier *a, int32_t number, const struct reply *reply,
                               int64_t now_ms)
{
    if (reply->type == REPLY_ARRAY)
        partition_window_read(a, number, reply, now_ms);
    else
        asked_in_vain(a, "a position", reply, now_ms);
}

static void type_answered(struct applier *a, int32_t number, const struct reply *reply,
                          int64_t now_ms)
{
    if (reply->type == REPLY_STATUS)
        partition_type_read(a, number, reply->text);
    else
        asked_in_vain(a, "a key's type", reply, now_ms);
}

static void watch_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    status_answered(a, "WATCH", reply, now_ms);
}

static void multi_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    status_answered(a, "MULTI", reply, now_ms);
}

/* An error means that MULTI was refused: nothing is open either way. */
static void end_answered(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    (void)a, (void)reply, (void)now_ms;
}

/* Of the connection as a whole. */
typedef void whole_answered(struct applier *a, const struct reply *reply, int64_t now_ms);

static whole_answered *const of_the_whole[EXPECT_COUNT] = {
    [EXPECT_WATCH] = watch_answered, [EXPECT_MULTI] = multi_answered,
    [EXPECT_QUEUED] = queued,        [EXPECT_EXEC] = exec_answered,
    [EXPECT_DISCARD] = end_answered, [EXPECT_UNWATCH] = end_answered,
    [EXPECT_ROLE] = role_answered,
};

typedef void partition_answer(struct applier *a, int32_t number, const struct reply *reply,
                              int64_t now_ms);

static partition_answer *const of_a_partition[EXPECT_COUNT] = {
    [EXPECT_LOCATE] = location_answered,     [EXPECT_PARTITION] = partition_answered,
    [EXPECT_IDS] = ids_segment_answered,     [EXPECT_QUARANTINE] = quarantine_answered,
    [EXPECT_PEEK] = peek_answered,           [EXPECT_TYPE] = type_answered,
    [EXPECT_UNTOUCHED] = untouched_answered, [EXPECT_GUARD] = guard_answered,
};

static void answer(struct applier *a, const struct expectation *expected, const struct reply *reply,
                   int64_t now_ms)
{
    if (greeting_answered(a, expected->kind, reply, now_ms))
        return;
    INVARIANT(of_the_whole[expected->kind] || of_a_partition[expected->kind]);
    if (of_the_whole[expected->kind])
        of_the_whole[expected->kind](a, reply, now_ms);
    else
        of_a_partition[expected->kind](a, expected->partition, reply, now_ms);
}

bool applier_reply(struct applier *a, const struct reply *reply, int64_t now_ms)
{
    struct expectation expected;

    if (!a->connected)
        return false;
    if (a->n_expected == 0) {
        connection_give_up(a, now_ms, "it answered what was not asked");
        return false;
    }
    note_answered(a, now_ms);
    count_error(a, reply);
    expected = expected_take(a);
    answer(a, &expected, reply, now_ms);
    if (!a->connected)
        return false;
    if (a->draining && a->n_expected == 0)
        drained(a);
    if (expected.kind != EXPECT_QUEUED && expected.kind != EXPECT_MULTI)
        chain_advance(a, now_ms);
    return true;
}
