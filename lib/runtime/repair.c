#include "runtime/repair.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/partitioner.h"
#include "core/quarantine.h"
#include "core/redis_error.h"
#include "runtime/clock.h"
#include "runtime/verify_state.h"

enum {
    WRITE_TIMEOUT_MS = 5000, /* while positions move on all the time */
    AHEAD_WAIT_MS = 5,
};

struct repair {
    struct verify *v;
    struct repair_item *items;
    size_t n;
    struct repair_guard *guards;
    size_t n_guards;
    struct repair_step *steps; /* of the open items, in order */
    struct str *keys;          /* of all items */
};

bool repair_is_open(const struct repair_item *item)
{
    return item->outcome == REPAIR_NONE;
}

void repair_close(struct repair_item *item, enum repair_outcome outcome, const char *format, ...)
{
    va_list ap;

    item->outcome = outcome;
    va_start(ap, format);
    vsnprintf(item->why, sizeof(item->why), format, ap);
    va_end(ap);
    for (char *p = item->why; *p; p++)
        if (*p < ' ' || *p > '~')
            *p = '?';
}

static void close_open(struct repair *r, enum repair_outcome outcome, const char *why)
{
    for (size_t i = 0; i < r->n; i++)
        if (repair_is_open(&r->items[i]))
            repair_close(&r->items[i], outcome, "%s", why);
}

/* --- what is to be done ----------------------------------------------------------------------- */

/* Other partitions may hold writes to a key of ours where producers do not keep to the partitioner,
 * but then it has no order anyway. A key that our partitions do not make may be theirs. */
static bool is_covered(const struct verify *v, const struct repair_item *item)
{
    const struct apply_loop_settings *s = &v->fold_settings.apply;
    const int32_t partition = partitioner_partition(s->partitioner, item->key, v->n_partitions);

    return v->covers_all || (item->kind != FINDING_EXTRA && !s->cross_partition &&
                             v->folded_to[partition] != BOUND_NONE);
}

static void plan(const struct verify *v, struct repair_item *item)
{
    item->outcome = REPAIR_NONE;
    item->why[0] = '\0';
    item->copy[0] = '\0';
    item->is_not_taken = false;
    item->partition = REPAIR_NOT_LISTED;
    item->first_ms = 0;
    item->action = item->kind == FINDING_EXTRA    ? REPAIR_DELETE
                   : item->kind == FINDING_EXPIRY ? REPAIR_ENDS
                                                  : REPAIR_TAKE;
    if (item->kind == FINDING_UNDECIDED)
        repair_close(item, REPAIR_LEFT, "%s", "");
    else if (!is_covered(v, item))
        repair_close(item, REPAIR_LEFT, "partitions of the log are not compared");
    else if (v->settings.repair == VERIFY_PLANS_REPAIR)
        repair_close(item, item->action == REPAIR_DELETE ? REPAIR_WOULD_DELETE : REPAIR_WOULD_WRITE,
                     "%s", "");
}

static void make_guards(struct repair *r)
{
    const struct verify *v = r->v;

    r->guards = mem_new((size_t)v->n_partitions + 1, sizeof(*r->guards));
    for (int32_t i = 0; i < v->n_partitions; i++)
        if (v->folded_to[i] != BOUND_NONE)
            r->guards[r->n_guards++] = (struct repair_guard){
                .partition = i,
                .from = v->folded_to[i],
                .until = v->folded_to[i],
                .in_log_time = v->fold_settings.apply.applier.expiry.expiry == EXPIRY_LOG,
            };
}

static size_t make_steps(struct repair *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        const struct repair_item *item = &r->items[i];

        if (repair_is_open(item))
            r->steps[n++] = (struct repair_step){
                .action = item->action,
                .key = item->key,
                .copy = str_from(item->copy),
                .ends_ms = repair_ends_ms(r->v, item->ends),
                .partition = item->partition,
                .first_ms = item->first_ms,
            };
    }
    return n;
}

/* --- writing, once positions are where that is right ------------------------------------------ */

static void take_answers(struct repair *r, const struct reply *answer)
{
    size_t at = 0;

    for (size_t i = 0; i < r->n; i++) {
        struct repair_item *item = &r->items[i];
        const struct reply *said;

        if (!repair_is_open(item))
            continue;
        said = &answer->elements[at++];
        if (!str_eq(said->text, STR_LITERAL("OK")))
            repair_close(item, REPAIR_REFUSED, "%.*s", STR_ARGS(said->text));
        else
            repair_close(item, item->action == REPAIR_DELETE ? REPAIR_DELETED : REPAIR_WRITTEN,
                         "%s", "");
    }
}

static enum err_code refused(struct repair *r, const struct reply *answer, struct err *err)
{
    if (answer->type == REPLY_ERROR && redis_error_classify(answer->text) == REDIS_ERROR_ACCESS) {
        close_open(r, REPAIR_LEFT, "");
        return err_set(err, ERR_DENIED, "%s: EVAL: %.*s", r->v->target.dialogue.facts.address,
                       STR_ARGS(answer->text));
    }
    for (size_t i = 0; i < r->n; i++)
        if (repair_is_open(&r->items[i]))
            repair_close(&r->items[i], REPAIR_REFUSED, "%.*s", STR_ARGS(answer->text));
    return ERR_OK;
}

/* Asks Redis to write all that is open. False in *ret_again: there is nothing more to try. */
static enum err_code try(struct repair *r, bool *ret_again, size_t *ret_guard, int64_t *ret_next,
                         struct err *err)
{
    struct dialogue *d = &r->v->target.dialogue;
    const size_t n_steps = make_steps(r);
    const struct reply *answer;
    enum err_code rc;

    *ret_again = false;
    if (n_steps == 0)
        return ERR_OK;
    if (!repair_append(dialogue_gather(d, 1), str_from(r->v->settings.wal),
                       str_from(r->v->log_identity), r->guards, r->n_guards, r->steps, n_steps))
        d->out.limit = 0;
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = dialogue_hear(d, &answer, err);
    if (rc != ERR_OK) {
        close_open(r, REPAIR_UNKNOWN, "");
        return rc;
    }
    switch (repair_read(answer, r->n_guards, n_steps, ret_guard, ret_next)) {
    case REPAIR_APPLIED:
        take_answers(r, answer);
        return ERR_OK;
    case REPAIR_MOVED:
        *ret_again = true;
        return ERR_OK;
    case REPAIR_FAILED:
        break;
    }
    return refused(r, answer, err);
}

/* A key that the log goes on to write to must be judged anew. */
static void look_ahead(struct repair *r)
{
    const struct lookahead *l = r->v->lookahead;

    for (size_t i = 0; i < r->n_guards; i++)
        r->guards[i].until = lookahead_next(l, r->guards[i].partition);
    for (size_t i = 0; i < r->n; i++)
        if (repair_is_open(&r->items[i]) && lookahead_names(l, i))
            repair_close(&r->items[i], REPAIR_BUSY, "the log goes on to write to it");
}

/* Reads on in the log until behind `next`, where Redis is. */
static enum err_code follow(struct repair *r, const struct repair_guard *guard, int64_t next,
                            int64_t deadline_ms, struct err *err)
{
    struct verify *v = r->v;
    enum err_code rc = ERR_OK;

    if (!lookahead_has_begun(v->lookahead))
        rc = lookahead_begin(v->lookahead, v->folded_to, v->n_partitions, r->keys, r->n, err);
    while (rc == ERR_OK && lookahead_next(v->lookahead, guard->partition) < next &&
           clock_monotonic_ms() < deadline_ms)
        rc = lookahead_read(v->lookahead, AHEAD_WAIT_MS, err);
    if (rc == ERR_OK)
        rc = lookahead_read(v->lookahead, 0, err);
    if (rc == ERR_OK)
        look_ahead(r);
    return rc;
}

static enum err_code write_all(struct repair *r, struct err *err)
{
    const int64_t deadline_ms = clock_monotonic_ms() + WRITE_TIMEOUT_MS;
    bool again = true;
    enum err_code rc = ERR_OK;

    while (rc == ERR_OK && again) {
        size_t guard = 0;
        int64_t next = 0;

        rc = try(r, &again, &guard, &next, err);
        if (rc != ERR_OK || !again)
            break;
        if (next <= r->guards[guard].until || clock_monotonic_ms() >= deadline_ms) {
            close_open(r, REPAIR_BUSY, "Redis went back, or moves on too fast");
            break;
        }
        rc = follow(r, &r->guards[guard], next, deadline_ms, err);
    }
    lookahead_end(r->v->lookahead);
    return rc;
}

/* --- quarantined keys ------------------------------------------------------------------------- */

static void say_quarantined(struct repair *r, int32_t partition)
{
    char hash[QUARANTINE_KEY_MAX];
    struct str *words = mem_new(2 + r->n, sizeof(*words));

    words[0] = STR_LITERAL("HMGET");
    words[1] = quarantine_key(hash, str_from(r->v->settings.wal), partition);
    for (size_t i = 0; i < r->n; i++)
        words[2 + i] = r->keys[i];
    dialogue_say(&r->v->target.dialogue, words, 2 + r->n);
    free(words);
}

static void take_quarantined(struct repair *r, const struct reply *answer)
{
    for (size_t i = 0; i < r->n && i < answer->n_elements; i++)
        if (repair_is_open(&r->items[i]) && answer->elements[i].type != REPLY_NIL)
            repair_close(&r->items[i], REPAIR_LEFT,
                         "it is quarantined: retry or discard its dead letters first");
}

/* The log has more for such a key than may be applied yet. A record that quarantines a key names
 * it, so what is learned here holds as long as the log does not go on to write to the key. */
static enum err_code leave_quarantined(struct repair *r, struct err *err)
{
    struct dialogue *d = &r->v->target.dialogue;
    enum err_code rc;

    for (size_t i = 0; i < r->n_guards; i++)
        say_quarantined(r, r->guards[i].partition);
    rc = dialogue_send(d, err);
    for (size_t i = 0; rc == ERR_OK && i < r->n_guards; i++) {
        const struct reply *answer;

        rc = dialogue_hear(d, &answer, err);
        if (rc == ERR_OK)
            take_quarantined(r, answer);
    }
    return rc;
}

static enum err_code copy_and_write(struct repair *r, struct err *err)
{
    enum err_code rc;

    make_guards(r);
    r->steps = mem_new(r->n, sizeof(*r->steps));
    r->keys = mem_new(r->n, sizeof(*r->keys));
    for (size_t i = 0; i < r->n; i++)
        r->keys[i] = r->items[i].key;
    rc = leave_quarantined(r, err);
    if (rc == ERR_OK)
        rc = repair_copy_all(r->v, r->items, r->n, err);
    if (rc == ERR_OK)
        rc = write_all(r, err);
    if (rc != ERR_OK)
        close_open(r, REPAIR_LEFT, "");
    repair_drop_copies(r->v, r->items, r->n);
    free(r->guards);
    free(r->steps);
    free(r->keys);
    return rc;
}

enum err_code repair_keys(struct verify *v, struct repair_item *items, size_t n, struct err *err)
{
    struct repair r = { .v = v, .items = items, .n = n };
    size_t n_open = 0;

    for (size_t i = 0; i < n; i++) {
        plan(v, &items[i]);
        n_open += repair_is_open(&items[i]);
    }
    return n_open > 0 ? copy_and_write(&r, err) : ERR_OK;
}
