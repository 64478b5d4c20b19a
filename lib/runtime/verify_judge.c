/*
 * The second look: suspects are read in one transaction together with the positions, the fold goes
 * on to exactly there, and the scratch Redis is asked the same. What differs now differs.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/repair.h"
#include "runtime/verify_state.h"

enum {
    ROUNDS_MAX = 20,     /* a key that changes under our eyes each time is undecided then */
    ROUND_WAIT_MS = 100, /* Redis went back after a failover: the applier brings it forward */
    SHARED_ANSWERS = 1,  /* TIME */
};

/* A key under judgement. Its answers follow those of the keys before it. */
struct suspect {
    struct str key;
    enum value_type type;
    struct key_list fields; /* of a hash, whose expiries are asked for */
    struct finding finding; /* FINDING_NONE until it differs */
    bool is_done;
};

/* Answers about one key, from either side. */
struct look {
    const struct side *side;
    struct str type;
    struct deadline ends;
    const struct reply *values[VALUE_READS_MAX];
    const struct reply *field_expiries; /* NULL: not asked for */
    struct reply living;                /* the hash without what has ended, once that is needed */
    struct reply *living_elements;      /* owned */
};

struct judge {
    struct verify *v;
    struct suspect *suspects;
    size_t n, n_left;
    bool is_last_round;
    int64_t *next;              /* positions of the target in this round */
    int64_t log_ms;             /* log time there */
    const struct reply *target; /* the answer to EXEC, until the target is asked again */
    const struct reply *scratch;
    int64_t target_clock_ms, scratch_clock_ms;
};

static bool asks_fields(const struct judge *j, const struct suspect *s)
{
    return j->v->target.has_field_expiry && j->v->scratch.has_field_expiry && s->fields.n > 0;
}

/* --- asking ----------------------------------------------------------------------------------- */

static enum err_code hear_types(struct judge *j, struct err *err)
{
    const struct reply *reply;

    for (size_t i = 0; i < j->n; i++) {
        enum err_code rc;

        if (j->suspects[i].is_done)
            continue;
        rc = dialogue_hear(&j->v->target.dialogue, &reply, err);
        if (rc != ERR_OK)
            return rc;
        if (reply->type != REPLY_STATUS)
            return err_set(err, ERR_DENIED, "TYPE: %.*s", STR_ARGS(reply->text));
        j->suspects[i].type = value_type_from(reply->text);
    }
    return ERR_OK;
}

static enum err_code learn_types(struct judge *j, struct err *err)
{
    struct dialogue *d = &j->v->target.dialogue;
    enum err_code rc;

    for (size_t i = 0; i < j->n; i++) {
        const struct str words[] = { STR_LITERAL("TYPE"), j->suspects[i].key };

        if (!j->suspects[i].is_done)
            dialogue_say(d, words, ARRAY_SIZE(words));
    }
    rc = dialogue_send(d, err);
    return rc == ERR_OK ? hear_types(j, err) : rc;
}

static enum err_code learn_fields_of(struct judge *j, struct suspect *s, struct err *err)
{
    const struct str words[] = { STR_LITERAL("HKEYS"), s->key };
    const struct reply *reply;
    enum err_code rc;

    key_list_clear(&s->fields);
    rc = dialogue_ask(&j->v->target.dialogue, words, ARRAY_SIZE(words), &reply, err);
    for (size_t i = 0; rc == ERR_OK && i < reply->n_elements; i++)
        if (!key_list_add(&s->fields, reply->elements[i].text))
            key_list_clear(&s->fields);
    return rc;
}

static enum err_code learn_fields(struct judge *j, struct err *err)
{
    enum err_code rc = ERR_OK;

    if (!j->v->target.has_field_expiry || !j->v->scratch.has_field_expiry)
        return ERR_OK;
    for (size_t i = 0; rc == ERR_OK && i < j->n; i++) {
        key_list_clear(&j->suspects[i].fields);
        if (!j->suspects[i].is_done && j->suspects[i].type == VALUE_HASH)
            rc = learn_fields_of(j, &j->suspects[i], err);
    }
    return rc;
}

static void say_field_expiries(struct dialogue *d, const struct suspect *s)
{
    const size_t n = s->fields.n;
    struct str *words = mem_new(n + 4, sizeof(*words));
    char count[24];

    words[0] = STR_LITERAL("HPEXPIRETIME");
    words[1] = s->key;
    words[2] = STR_LITERAL("FIELDS");
    words[3] = (struct str){ count, (size_t)snprintf(count, sizeof(count), "%zu", n) };
    for (size_t i = 0; i < n; i++)
        words[4 + i] = key_list_at(&s->fields, i);
    dialogue_say(d, words, n + 4);
    free(words);
}

static void say_looks(struct judge *j, struct side *side)
{
    struct dialogue *d = &side->dialogue;

    dialogue_say_text(d, "TIME", NULL);
    for (size_t i = 0; i < j->n; i++) {
        const struct suspect *s = &j->suspects[i];
        const struct str type[] = { STR_LITERAL("TYPE"), s->key };
        const size_t n_reads = value_n_reads(s->type);

        if (s->is_done)
            continue;
        dialogue_say(d, type, ARRAY_SIZE(type));
        side_say_expiry(side, s->key);
        if (n_reads > 0 &&
            value_append_reads(dialogue_gather(d, n_reads), s->type, s->key) != n_reads)
            d->out.limit = 0;
        if (asks_fields(j, s))
            say_field_expiries(d, s);
    }
}

/* The answers of a transaction, after those that say that all is queued. */
static enum err_code hear_transaction(struct dialogue *d, const struct reply **ret, struct err *err)
{
    const size_t n_queued = d->n_unanswered - 2; /* all but MULTI and EXEC */
    enum err_code rc = ERR_OK;

    while (rc == ERR_OK && d->n_unanswered > 0)
        rc = dialogue_hear(d, ret, err);
    if (rc == ERR_OK && (*ret)->type == REPLY_ERROR)
        return err_set(err, ERR_DENIED, "%s: EXEC: %.*s", d->facts.address, STR_ARGS((*ret)->text));
    if (rc == ERR_OK && (*ret)->n_elements != n_queued)
        return err_set(err, ERR_CORRUPT, "%s: the answer to EXEC makes no sense", d->facts.address);
    return rc;
}

static enum err_code look_at_target(struct judge *j, struct err *err)
{
    struct dialogue *d = &j->v->target.dialogue;
    enum err_code rc;

    dialogue_say_text(d, "MULTI", NULL);
    verify_say_positions(j->v);
    say_looks(j, &j->v->target);
    dialogue_say_text(d, "EXEC", NULL);
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = hear_transaction(d, &j->target, err);
    if (rc != ERR_OK)
        return rc;
    rc = verify_take_positions(j->v, j->target->elements, j->next, &j->log_ms, err);
    j->target_clock_ms = side_clock_ms(&j->target->elements[j->v->n_partitions]);
    return rc;
}

static enum err_code look_at_scratch(struct judge *j, struct err *err)
{
    struct dialogue *d = &j->v->scratch.dialogue;
    enum err_code rc;

    dialogue_say_text(d, "MULTI", NULL);
    say_looks(j, &j->v->scratch);
    dialogue_say_text(d, "EXEC", NULL);
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = hear_transaction(d, &j->scratch, err);
    if (rc == ERR_OK)
        j->scratch_clock_ms = side_clock_ms(&j->scratch->elements[0]);
    return rc;
}

/* --- judging ---------------------------------------------------------------------------------- */

static const struct reply *take_look(const struct judge *j, const struct suspect *s,
                                     const struct side *side, const struct reply *at,
                                     int64_t clock_ms, struct look *ret)
{
    *ret = (struct look){ .side = side, .type = at[0].text };
    ret->ends = side_deadline(side, &at[1], clock_ms);
    at += 2;
    for (size_t i = 0; i < value_n_reads(s->type); i++)
        ret->values[i] = at++;
    if (asks_fields(j, s))
        ret->field_expiries = at++;
    return at;
}

/* About to go, or gone meanwhile: a moment later both sides agree. */
static bool is_expiring(const struct judge *j, struct deadline ends)
{
    const int64_t now_ms = j->scratch_clock_ms - j->v->scratch.skew_ms;

    return ends.at_ms >= 0 && !ends.in_log_time &&
           ends.at_ms <= now_ms + j->v->settings.expiry_tolerance_ms;
}

/* In log time what has ended is as good as gone, whether anybody has looked at it or not. */
static bool has_ended(const struct judge *j, struct deadline ends)
{
    return ends.at_ms >= 0 && ends.in_log_time && ends.at_ms <= j->log_ms;
}

static bool has_expiring_field(const struct judge *j, const struct look *look)
{
    if (!look->field_expiries)
        return false;
    for (size_t i = 0; i < look->field_expiries->n_elements; i++)
        if (is_expiring(j, side_field_deadline(look->side, &look->field_expiries->elements[i])))
            return true;
    return false;
}

static bool is_there(const struct judge *j, const struct look *look)
{
    return !str_eq(look->type, STR_LITERAL("none")) && !has_ended(j, look->ends);
}

static void keep_living(struct look *look, struct key_set *ended)
{
    const struct reply *whole = look->values[0];

    look->living = *whole;
    look->living.n_elements = 0;
    look->living_elements = mem_new(whole->n_elements + 1, sizeof(*look->living_elements));
    for (size_t i = 0; i + 1 < whole->n_elements; i += 2) {
        if (!key_set_add(ended, whole->elements[i].text))
            continue;
        look->living_elements[look->living.n_elements++] = whole->elements[i];
        look->living_elements[look->living.n_elements++] = whole->elements[i + 1];
    }
    look->living.elements = look->living_elements;
    look->values[0] = &look->living;
    if (look->living.n_elements == 0)
        look->type = STR_LITERAL("none");
}

/* Leaves out of a hash the fields that have ended. */
static void leave_ended_out(const struct judge *j, const struct suspect *s, struct look *look)
{
    CLEANUP(key_set_release) struct key_set ended = { 0 };

    if (!look->field_expiries || look->values[0]->type != REPLY_ARRAY)
        return;
    for (size_t i = 0; i < look->field_expiries->n_elements && i < s->fields.n; i++)
        if (has_ended(j, side_field_deadline(look->side, &look->field_expiries->elements[i])))
            key_set_add(&ended, key_list_at(&s->fields, i));
    if (ended.n > 0)
        keep_living(look, &ended);
}

static enum finding_kind found(struct finding *ret, enum finding_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);

static enum finding_kind found(struct finding *ret, enum finding_kind kind, const char *format, ...)
{
    va_list ap;

    ret->kind = kind;
    va_start(ap, format);
    vsnprintf(ret->detail, sizeof(ret->detail), format, ap);
    va_end(ap);
    return kind;
}

static bool judge_expiry(int64_t target_ms, int64_t scratch_ms, const struct judge *j,
                         enum finding_kind kind, const char *what, struct finding *ret)
{
    if (value_expiry_is_equal(target_ms, scratch_ms, j->v->settings.expiry_tolerance_ms))
        return true;
    if (target_ms < 0)
        found(ret, kind, "%s does not expire; by the log it does, at %" PRId64 " ms", what,
              scratch_ms);
    else if (scratch_ms < 0)
        found(ret, kind, "%s expires at %" PRId64 " ms; by the log it does not", what, target_ms);
    else
        found(ret, kind, "%s expires %" PRId64 " ms %s than by the log, at %" PRId64 " ms", what,
              target_ms > scratch_ms ? target_ms - scratch_ms : scratch_ms - target_ms,
              target_ms > scratch_ms ? "later" : "earlier", target_ms);
    return false;
}

static int64_t field_ends(const struct judge *j, const struct look *look, size_t i)
{
    const struct deadline ends =
        side_field_deadline(look->side, &look->field_expiries->elements[i]);

    return has_ended(j, ends) ? EXPIRY_NO_KEY : ends.at_ms;
}

static bool judge_fields(const struct judge *j, const struct look *target,
                         const struct look *scratch, struct finding *ret)
{
    if (!target->field_expiries || !scratch->field_expiries)
        return true;
    for (size_t i = 0;
         i < target->field_expiries->n_elements && i < scratch->field_expiries->n_elements; i++)
        if (!judge_expiry(field_ends(j, target, i), field_ends(j, scratch, i), j,
                          FINDING_FIELD_EXPIRY, "a field", ret))
            return false;
    return true;
}

/* One side has the key and the other does not. */
static void judge_absence(const struct look *target, const struct look *scratch, bool target_has,
                          struct finding *ret)
{
    if (target_has)
        found(ret, FINDING_EXTRA, "a %.*s", STR_ARGS(target->type));
    else
        found(ret, FINDING_MISSING, "by the log a %.*s", STR_ARGS(scratch->type));
}

static void judge_looks(const struct judge *j, const struct suspect *s, const struct look *target,
                        const struct look *scratch, struct finding *ret)
{
    const bool target_has = is_there(j, target), scratch_has = is_there(j, scratch);

    if (!target_has && !scratch_has)
        return;
    if (target_has != scratch_has) {
        judge_absence(target, scratch, target_has, ret);
        return;
    }
    if (!str_eq(target->type, scratch->type))
        found(ret, FINDING_TYPE, "a %.*s, by the log a %.*s", STR_ARGS(target->type),
              STR_ARGS(scratch->type));
    else if (value_is_equal(s->type, target->values, scratch->values, ret) &&
             judge_expiry(target->ends.at_ms, scratch->ends.at_ms, j, FINDING_EXPIRY, "it", ret))
        judge_fields(j, target, scratch, ret);
}

/* Whether the key turned out to be what was asked about: else its values were not read. */
static bool was_read(const struct suspect *s, const struct look *target)
{
    return value_type_from(target->type) == s->type &&
           (!target->field_expiries || s->fields.n * 2 == target->values[0]->n_elements);
}

/* Whether a moment later it is the same. */
static bool stays(const struct judge *j, const struct look *look)
{
    return !is_expiring(j, look->ends) && !has_expiring_field(j, look);
}

static void close_case(struct judge *j, struct suspect *s, enum repair_outcome outcome,
                       const char *why)
{
    struct verify *v = j->v;
    const enum finding_kind kind = s->finding.kind;

    s->is_done = true;
    j->n_left--;
    if (kind == FINDING_NONE || !key_set_add(&v->told, s->key))
        return;
    if (kind == FINDING_EXTRA && !v->covers_all) {
        v->counts.unjudged++;
        return;
    }
    verify_tell(v, s->key, &s->finding, outcome, why);
}

/* Closes the case of a key that is equal, or cannot be decided; what differs stays open. */
static void judge_suspect(struct judge *j, struct suspect *s, struct look *target,
                          struct look *scratch)
{
    const bool read = was_read(s, target), settled = stays(j, target) && stays(j, scratch);

    s->finding.kind = FINDING_NONE;
    leave_ended_out(j, s, target);
    leave_ended_out(j, s, scratch);
    judge_looks(j, s, target, scratch, &s->finding);
    free(target->living_elements);
    free(scratch->living_elements);
    if (s->finding.kind == FINDING_NONE && (read || !is_there(j, target))) {
        close_case(j, s, REPAIR_NONE, "");
    } else if (!read || !settled) {
        s->finding.kind = FINDING_NONE;
        if (j->is_last_round)
            found(&s->finding, FINDING_UNDECIDED,
                  "it changed or expired each time it was looked at");
    }
}

static void judge_all(struct judge *j)
{
    const struct reply *target = j->target->elements + j->v->n_partitions + SHARED_ANSWERS;
    const struct reply *scratch = j->scratch->elements + SHARED_ANSWERS;

    for (size_t i = 0; i < j->n; i++) {
        struct look on_target, on_scratch;

        if (j->suspects[i].is_done)
            continue;
        target =
            take_look(j, &j->suspects[i], &j->v->target, target, j->target_clock_ms, &on_target);
        scratch = take_look(j, &j->suspects[i], &j->v->scratch, scratch, j->scratch_clock_ms,
                            &on_scratch);
        judge_suspect(j, &j->suspects[i], &on_target, &on_scratch);
    }
}

/* --- what differs ----------------------------------------------------------------------------- */

static bool differs(const struct suspect *s)
{
    return !s->is_done && s->finding.kind != FINDING_NONE;
}

/* Whether it is judged and written again in another round. */
static bool is_tried_again(const struct judge *j, const struct repair_item *item)
{
    return item->outcome == REPAIR_BUSY && !j->is_last_round;
}

static enum err_code repair_different(struct judge *j, struct err *err)
{
    struct repair_item *items = mem_new(j->n + 1, sizeof(*items));
    size_t n = 0, at = 0;
    enum err_code rc;

    for (size_t i = 0; i < j->n; i++)
        if (differs(&j->suspects[i]))
            items[n++] = (struct repair_item){ .key = j->suspects[i].key,
                                               .kind = j->suspects[i].finding.kind };
    rc = repair_keys(j->v, items, n, err);
    for (size_t i = 0; i < j->n; i++) {
        struct suspect *s = &j->suspects[i];
        const struct repair_item *item = &items[at];

        if (!differs(s))
            continue;
        at++;
        if (rc != ERR_OK || !is_tried_again(j, item))
            close_case(j, s, item->outcome, item->why);
    }
    free(items);
    return rc;
}

static enum err_code close_different(struct judge *j, struct err *err)
{
    if (j->v->settings.repair != VERIFY_ONLY)
        return repair_different(j, err);
    for (size_t i = 0; i < j->n; i++)
        if (differs(&j->suspects[i]))
            close_case(j, &j->suspects[i], REPAIR_NONE, "");
    return ERR_OK;
}

/* --- rounds ----------------------------------------------------------------------------------- */

static bool went_back(const struct judge *j)
{
    for (int32_t i = 0; i < j->v->n_partitions; i++)
        if (j->next[i] < j->v->folded_to[i])
            return true;
    return false;
}

static enum err_code round_of(struct judge *j, struct err *err)
{
    enum err_code rc = learn_types(j, err);

    if (rc == ERR_OK)
        rc = learn_fields(j, err);
    if (rc == ERR_OK)
        rc = look_at_target(j, err);
    if (rc != ERR_OK || went_back(j))
        return rc;
    rc = verify_fold_to(j->v, j->next, err);
    if (rc == ERR_OK)
        rc = look_at_scratch(j, err);
    if (rc != ERR_OK)
        return rc;
    judge_all(j);
    return close_different(j, err);
}

static void give_up(struct judge *j)
{
    const bool repairs = j->v->settings.repair != VERIFY_ONLY;

    for (size_t i = 0; i < j->n; i++) {
        struct suspect *s = &j->suspects[i];

        if (s->is_done)
            continue;
        found(&s->finding, FINDING_UNDECIDED, "Redis stays behind the position it had before");
        close_case(j, s, repairs ? REPAIR_LEFT : REPAIR_NONE, "");
    }
}

/* Also with no suspect left, until the fold has caught up with the looks before. */
static enum err_code judge_rounds(struct judge *j, struct err *err)
{
    const uint64_t *n_looks = &j->v->n_looks;
    enum err_code rc = ERR_OK;

    for (unsigned round = 0; rc == ERR_OK && (j->n_left > 0 || *n_looks > 0) && round < ROUNDS_MAX;
         round++) {
        if (round > 0)
            poll(NULL, 0, ROUND_WAIT_MS);
        j->is_last_round = round + 1 == ROUNDS_MAX;
        rc = round_of(j, err);
    }
    if (rc == ERR_OK)
        give_up(j);
    if (rc == ERR_OK && *n_looks > 0)
        rc = err_set(err, ERR_UNAVAILABLE,
                     "Redis went back, and stays behind the position at which keys were looked at");
    return rc;
}

enum err_code verify_judge_batch(struct verify *v, size_t first, size_t n, struct err *err)
{
    struct judge j = { .v = v, .n = n, .n_left = n };
    enum err_code rc;

    j.suspects = mem_new(n + 1, sizeof(*j.suspects));
    j.next = mem_new((size_t)v->n_partitions + 1, sizeof(*j.next));
    for (size_t i = 0; i < n; i++) {
        j.suspects[i].key = key_list_at(&v->suspects, first + i);
        key_list_init(&j.suspects[i].fields);
    }
    v->counts.rechecked += n;
    rc = judge_rounds(&j, err);
    for (size_t i = 0; i < n; i++)
        key_list_release(&j.suspects[i].fields);
    free(j.suspects);
    free(j.next);
    return rc;
}
