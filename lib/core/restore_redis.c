#include "core/restore_redis.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "core/log_time.h"
#include "core/redis_error.h"
#include "core/resp.h"

enum { NUMBER_MAX = 24 };

/* Always false, so that a judge ends with it. */
static bool not_done(struct restore_redis_result *ret, enum restore_outcome outcome,
                     const char *format, ...) PRINTF_LIKE(3, 4);
static bool not_done(struct restore_redis_result *ret, enum restore_outcome outcome,
                     const char *format, ...)
{
    va_list arguments;

    *ret = (struct restore_redis_result){ .outcome = outcome };
    va_start(arguments, format);
    vsnprintf(ret->why, sizeof(ret->why), format, arguments);
    va_end(arguments);
    return false;
}

static bool is_done(struct restore_redis_result *ret)
{
    *ret = (struct restore_redis_result){ .outcome = RESTORE_DONE };
    return false;
}

bool restore_redis_wants_partitions(enum restore_redis_action action)
{
    return action != RESTORE_REDIS_WIPE;
}

/* --- judging ---------------------------------------------------------------------------------- */

static bool judge_primary(struct str wal, const struct primary_facts *p,
                          struct restore_redis_result *ret)
{
    enum hold_reason hold = HOLD_NONE;
    const char *why;

    switch (primary_judge(p, wal, (struct primary_policy){ 0 }, &hold, &why)) {
    case PRIMARY_RETRY:
        return not_done(ret, RESTORE_FAILED, "%s: %s", p->address, why);
    case PRIMARY_HOLD:
        return not_done(ret, RESTORE_REFUSED, "%s: %s%s%s; %s", p->address, hold_text(hold),
                        p->wal[0] ? ", " : "", p->wal, hold_remedy(hold));
    case PRIMARY_CLAIM:
        if (p->other_databases)
            return not_done(ret, RESTORE_REFUSED,
                            "%s: it is blank but for databases that no WAL uses, and FLUSHALL "
                            "empties them too; move their keys, or empty them",
                            p->address);
        return true;
    case PRIMARY_ACCEPT:
        return true;
    }
    UNREACHABLE("every verdict is handled");
}

/* Redis has nothing of it: the log got it since the wipe. */
static bool is_new(const struct redis_look_partition *p)
{
    return !p->identity.seen && p->read == POSITION_ABSENT;
}

/* Whether the partition stands where it is held, with all outcomes written down. */
static bool may_be_skipped(const struct restore_plan *plan, int32_t i,
                           const struct redis_look_partition *p, struct restore_redis_result *ret)
{
    const int64_t until = p->identity.until, next = p->position.next;

    if (p->identity.until_broken)
        return not_done(ret, RESTORE_REFUSED, "partition %d: %s; %s", (int)i,
                        hold_text(HOLD_UNTIL_BROKEN), hold_remedy(HOLD_UNTIL_BROKEN));
    if (is_new(p))
        return true;
    if (p->read != POSITION_PRESENT)
        return not_done(ret, RESTORE_FAILED, "partition %d: it has no position that can be read",
                        (int)i);
    if (strcmp(p->position.log, plan->log) != 0)
        return not_done(ret, RESTORE_REFUSED, "partition %d: %s; %s", (int)i,
                        hold_text(HOLD_LOG_REPLACED), hold_remedy(HOLD_LOG_REPLACED));
    if (next != until || p->position.settled != next)
        return not_done(ret, RESTORE_FAILED,
                        "partition %d: it is applied to offset %" PRId64 ", with outcomes known to "
                        "%" PRId64 ", and not yet to %" PRId64 "; let an applier run",
                        (int)i, next, p->position.settled, until);
    if (plan->partitions[i].end < next)
        return not_done(ret, RESTORE_FAILED,
                        "partition %d: the log ends at %" PRId64 ", before the position %" PRId64
                        "; look at the log again",
                        (int)i, plan->partitions[i].end, next);
    return true;
}

static bool judge_held(const struct restore_redis_order *order,
                       const struct restore_redis_facts *facts, struct restore_redis_result *ret)
{
    bool held = false;

    if (strcmp(facts->primary->restore, order->uid) != 0)
        return not_done(ret, RESTORE_FAILED,
                        "%s: its identity does not name this restore; the primary may have become "
                        "one that was not wiped",
                        facts->primary->address);
    for (int32_t i = 0; i < order->plan->n; i++) {
        const struct redis_look_partition *p = &facts->partitions[i];

        held = held || p->identity.has_until || p->identity.new_is_held;
        if (!p->identity.has_until)
            continue;
        if (order->action == RESTORE_REDIS_SKIP && !may_be_skipped(order->plan, i, p, ret))
            return false;
    }
    return held || is_done(ret);
}

bool restore_redis_judge(struct str wal, const struct restore_redis_order *order,
                         const struct restore_redis_facts *facts, struct restore_redis_result *ret)
{
    if (!judge_primary(wal, facts->primary, ret))
        return false;
    if (order->action != RESTORE_REDIS_WIPE)
        return judge_held(order, facts, ret);
    return strcmp(facts->primary->restore, order->uid) != 0 || is_done(ret);
}

/* --- commands --------------------------------------------------------------------------------- */

bool restore_redis_append_watch(struct buf *out, struct str wal,
                                const struct restore_redis_order *order)
{
    const size_t n = order->action == RESTORE_REDIS_SKIP ? (size_t)order->plan->n : 0;
    char(*keys)[POSITION_KEY_MAX] = n > 0 ? mem_new(n, sizeof(*keys)) : NULL;
    struct str *words = mem_new(2 + n, sizeof(*words));
    bool fits;

    words[0] = STR_LITERAL("WATCH");
    words[1] = identity_key();
    for (size_t i = 0; i < n; i++)
        words[2 + i] = position_key(keys[i], wal, (int32_t)i);
    fits = resp_append(out, words, 2 + n);
    free(words);
    free(keys);
    return fits;
}

/* In one command, which is never half there. */
static bool append_identity(struct buf *out, struct str wal,
                            const struct restore_redis_order *order)
{
    enum { HEAD = 8, EACH = 4 };
    const struct restore_plan *plan = order->plan;
    struct texts {
        char seen[POSITION_SEEN_FIELD_MAX], until[POSITION_UNTIL_FIELD_MAX], offset[NUMBER_MAX];
    } *texts = mem_new((size_t)plan->n, sizeof(*texts));
    struct str *words = mem_new(HEAD + EACH * (size_t)plan->n, sizeof(*words));
    size_t n = 0;
    bool fits;

    words[n++] = STR_LITERAL("HSET");
    words[n++] = identity_key();
    words[n++] = STR_LITERAL("wal");
    words[n++] = wal;
    words[n++] = STR_LITERAL("restore");
    words[n++] = str_from(order->uid);
    if (!plan->to_end) {
        words[n++] = position_until_new_field();
        words[n++] = STR_LITERAL("0");
    }
    for (int32_t i = 0; i < plan->n; i++) {
        struct texts *t = &texts[i];

        words[n++] = position_seen_field(t->seen, i);
        words[n++] = STR_LITERAL("1");
        if (plan->to_end)
            continue;
        snprintf(t->offset, sizeof(t->offset), "%" PRId64, plan->partitions[i].until);
        words[n++] = position_until_field(t->until, i);
        words[n++] = str_from(t->offset);
    }
    fits = resp_append(out, words, n);
    free(words);
    free(texts);
    return fits;
}

/* As on a blank Redis, with one difference: what it is a position of is known from now on. */
static struct position first_position(const struct restore_plan *plan, int64_t next)
{
    struct position p = { .next = next, .settled = next, .clock = LOG_TIME_OFF };

    snprintf(p.log, sizeof(p.log), "%s", plan->log);
    return p;
}

static bool append_begin(struct buf *out, struct str wal, const struct restore_plan *plan,
                         int32_t i)
{
    const struct position p = first_position(plan, plan->partitions[i].from);
    char key[POSITION_KEY_MAX];

    return position_append_write(out, position_key(key, wal, i), &p);
}

/* ASYNC: a server that stands still to free its keys is taken for dead by Sentinels, whose next
 * primary would be a replica from before. */
static bool append_flush(struct buf *out)
{
    static const struct str flush[] = { { "FLUSHALL", 8 }, { "ASYNC", 5 } };

    return resp_append(out, flush, ARRAY_SIZE(flush));
}

/* What is blank begins also where nobody may empty it. */
static bool append_wipe(struct buf *out, struct str wal, const struct restore_redis_order *order,
                        const struct primary_facts *primary, size_t *n)
{
    const bool is_blank = primary->wal[0] == '\0' && primary->n_keys == 0;
    bool fits = (is_blank || append_flush(out)) && append_identity(out, wal, order);

    for (int32_t i = 0; fits && i < order->plan->n; i++)
        fits = append_begin(out, wal, order->plan, i);
    *n += (is_blank ? 1U : 2U) + (size_t)order->plan->n;
    return fits;
}

static bool append_seen(struct buf *out, int32_t i)
{
    char seen[POSITION_SEEN_FIELD_MAX];
    const struct str note[] = { STR_LITERAL("HSET"), identity_key(), position_seen_field(seen, i),
                                STR_LITERAL("1") };

    return resp_append(out, note, ARRAY_SIZE(note));
}

/* The digests stay: of the records that were applied, which is what they are of. */
static bool append_skip(struct buf *out, struct str wal, const struct restore_redis_order *order,
                        const struct redis_look_partition *at, int32_t i, size_t *n)
{
    struct position p = is_new(at) ? first_position(order->plan, 0) : at->position;
    char key[POSITION_KEY_MAX];

    p.next = p.settled = order->plan->partitions[i].end;
    *n += is_new(at) ? 2 : 1;
    return (!is_new(at) || append_seen(out, i)) &&
           position_append_write(out, position_key(key, wal, i), &p);
}

static bool append_forget(struct buf *out, struct str field)
{
    const struct str forget[] = { STR_LITERAL("HDEL"), identity_key(), field };

    return resp_append(out, forget, ARRAY_SIZE(forget));
}

static bool append_held(struct buf *out, struct str wal, const struct restore_redis_order *order,
                        const struct restore_redis_facts *facts, size_t *n)
{
    char until[POSITION_UNTIL_FIELD_MAX];
    bool fits = append_forget(out, position_until_new_field());

    ++*n;
    for (int32_t i = 0; fits && i < order->plan->n; i++) {
        const struct redis_look_partition *at = &facts->partitions[i];

        if (!at->identity.has_until)
            continue;
        if (order->action == RESTORE_REDIS_SKIP)
            fits = append_skip(out, wal, order, at, i, n);
        fits = fits && append_forget(out, position_until_field(until, i));
        ++*n;
    }
    return fits;
}

bool restore_redis_append(struct buf *out, struct str wal, const struct restore_redis_order *order,
                          const struct restore_redis_facts *facts, size_t *ret_n)
{
    static const struct str exec[] = { { "EXEC", 4 } };
    size_t n = 0;
    const bool fits =
        (order->action == RESTORE_REDIS_WIPE ? append_wipe(out, wal, order, facts->primary, &n)
                                             : append_held(out, wal, order, facts, &n)) &&
        resp_append(out, exec, ARRAY_SIZE(exec));

    *ret_n = n + 1;
    return fits;
}

/* --- answers ---------------------------------------------------------------------------------- */

void restore_redis_refused(struct str error, struct restore_redis_result *ret)
{
    const enum redis_error_class class = redis_error_classify(error);

    not_done(ret, RESTORE_FAILED, "%.*s%s", STR_ARGS(error),
             class == REDIS_ERROR_ACCESS ? "; docs/permissions.md says what a restore needs" : "");
    ret->denied = class == REDIS_ERROR_ACCESS;
}

void restore_redis_executed(const struct reply *exec, struct restore_redis_result *ret)
{
    if (exec->type == REPLY_NIL) {
        not_done(ret, RESTORE_BUSY, "somebody changed its identity or a position meanwhile");
        return;
    }
    if (exec->type == REPLY_ERROR) {
        restore_redis_refused(exec->text, ret);
        return;
    }
    if (exec->type != REPLY_ARRAY) {
        not_done(ret, RESTORE_FAILED, "the answer to EXEC makes no sense");
        return;
    }
    is_done(ret);
    for (size_t i = 0; i < exec->n_elements && ret->outcome == RESTORE_DONE; i++)
        if (exec->elements[i].type == REPLY_ERROR)
            restore_redis_refused(exec->elements[i].text, ret);
}
