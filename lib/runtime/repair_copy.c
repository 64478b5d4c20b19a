/*
 * What the log makes of keys, brought from the scratch Redis to Redis as keys of ours: by their
 * payloads, or where Redis does not take these by commands. A copy has an end of its own, so that
 * nothing stays when a repair is killed; and none is made in a Redis that was emptied, which its
 * appliers are to find blank.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "core/partitioner.h"
#include "core/position.h"
#include "core/redis_error.h"
#include "core/value_write.h"
#include "runtime/repair.h"
#include "runtime/verify_state.h"

enum {
    PORTION_BYTES = 4 * 1024 * 1024,       /* of payloads under way to Redis */
    PAYLOAD_MAX_BYTES = 128 * 1024 * 1024, /* of one key; half of what a dialogue gathers */
    NUMBER_MAX = 24,
};

struct copying {
    struct verify *v;
    struct repair_item *items;
    size_t n;
    struct repair_item **under_way; /* copies that Redis has not answered for */
    size_t n_under_way;
    int64_t clock_ms; /* of the scratch Redis */
};

static struct str print_number(char *ret, int64_t value)
{
    return (struct str){ ret, (size_t)snprintf(ret, NUMBER_MAX, "%lld", (long long)value) };
}

static bool in_log_time(const struct verify *v)
{
    return v->fold_settings.apply.applier.expiry.expiry == EXPIRY_LOG;
}

int64_t repair_ends_ms(const struct verify *v, struct deadline ends)
{
    if (ends.at_ms < 0)
        return REPAIR_NEVER_ENDS;
    return ends.at_ms + (ends.in_log_time ? LOG_TIME_SHIFT_MS : v->target.skew_ms);
}

static enum err_code denied(const struct dialogue *d, const struct reply *answer, struct err *err)
{
    if (answer->type != REPLY_ERROR || redis_error_classify(answer->text) != REDIS_ERROR_ACCESS)
        return ERR_OK;
    return err_set(err, ERR_DENIED, "%s: %.*s", d->facts.address, STR_ARGS(answer->text));
}

/* --- portions: written whole, or not at all --------------------------------------------------- */

static enum err_code abandon_portion(struct verify *v, struct err *err)
{
    struct dialogue *d = &v->target.dialogue;
    const struct reply *answer;
    enum err_code rc;

    dialogue_say_text(d, "DISCARD", NULL);
    rc = dialogue_send(d, err);
    return rc == ERR_OK ? dialogue_hear(d, &answer, err) : rc;
}

static enum err_code hear_accepted(struct dialogue *d, const char *what, const struct reply **ret,
                                   struct err *err)
{
    const enum err_code rc = dialogue_hear(d, ret, err);

    if (rc != ERR_OK || (*ret)->type != REPLY_ERROR)
        return rc;
    return err_set(
        err,
        redis_error_classify((*ret)->text) == REDIS_ERROR_ACCESS ? ERR_DENIED : ERR_UNAVAILABLE,
        "%s: %s: %.*s", d->facts.address, what, STR_ARGS((*ret)->text));
}

/* What is said next is written by end_portion(), if Redis is ours until then. The item is closed
 * when it is not ours now. */
static enum err_code begin_portion(struct verify *v, struct repair_item *item, struct err *err)
{
    struct dialogue *d = &v->target.dialogue;
    const struct str watch[] = { STR_LITERAL("WATCH"), identity_key() };
    const struct str wal[] = { STR_LITERAL("HGET"), identity_key(), STR_LITERAL("wal") };
    const struct reply *answer;
    bool is_ours = false;
    enum err_code rc;

    dialogue_say(d, watch, ARRAY_SIZE(watch));
    dialogue_say(d, wal, ARRAY_SIZE(wal));
    dialogue_say_text(d, "MULTI", NULL);
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = hear_accepted(d, "WATCH", &answer, err);
    if (rc == ERR_OK)
        rc = hear_accepted(d, "HGET", &answer, err);
    if (rc == ERR_OK)
        is_ours = answer->type == REPLY_STRING && str_eq(answer->text, str_from(v->settings.wal));
    if (rc == ERR_OK)
        rc = hear_accepted(d, "MULTI", &answer, err);
    if (rc != ERR_OK || is_ours)
        return rc;
    repair_close(item, REPAIR_BUSY, "Redis was emptied meanwhile, or is another WAL's");
    return abandon_portion(v, err);
}

/* Hears all that was said. `ret`: the last answer. `ret_why`, of FINDING_DETAIL_MAX: the first that
 * is an error, or "". */
static enum err_code hear_all(struct verify *v, const struct reply **ret, char *ret_why,
                              struct err *err)
{
    struct dialogue *d = &v->target.dialogue;
    enum err_code rc = dialogue_send(d, err);

    ret_why[0] = '\0';
    while (rc == ERR_OK && d->n_unanswered > 0) {
        rc = dialogue_hear(d, ret, err);
        if (rc == ERR_OK)
            rc = denied(d, *ret, err);
        if (rc == ERR_OK && (*ret)->type == REPLY_ERROR && ret_why[0] == '\0')
            snprintf(ret_why, FINDING_DETAIL_MAX, "%.*s", STR_ARGS((*ret)->text));
    }
    return rc;
}

/* As hear_all(); `ret`: what EXEC answered. */
static enum err_code end_portion(struct verify *v, const struct reply **ret, char *ret_why,
                                 struct err *err)
{
    dialogue_say_text(&v->target.dialogue, "EXEC", NULL);
    return hear_all(v, ret, ret_why, err);
}

/* The item is closed when nothing was written because the identity was changed. */
static bool is_executed(struct repair_item *item, const struct reply *exec)
{
    if (exec->type == REPLY_NIL)
        repair_close(item, REPAIR_BUSY, "the identity of Redis was changed meanwhile");
    return exec->type != REPLY_NIL;
}

/* --- payloads --------------------------------------------------------------------------------- */

static void name_copy(struct verify *v, struct repair_item *item)
{
    snprintf(item->copy, sizeof(item->copy), "redwal:{%s}:r:%016llx:%llu", v->settings.wal,
             (unsigned long long)v->settings.repair_seed, (unsigned long long)v->n_copies++);
}

static void say_restore(struct copying *c, struct repair_item *item, struct str payload)
{
    char life[NUMBER_MAX];
    const struct str words[] = { STR_LITERAL("RESTORE"), str_from(item->copy),
                                 print_number(life, REPAIR_COPY_LIFE_MS), payload };

    dialogue_say(&c->v->target.dialogue, words, ARRAY_SIZE(words));
    c->under_way[c->n_under_way++] = item;
}

static void take_restored(struct repair_item *item, const struct reply *exec, size_t i,
                          const char *why)
{
    struct str said = str_from(why);

    if (!is_executed(item, exec))
        return;
    if (i < exec->n_elements && exec->elements[i].type == REPLY_ERROR)
        said = exec->elements[i].text;
    item->is_not_taken = said.n > 0;
    snprintf(item->why, sizeof(item->why), "%.*s", STR_ARGS(said));
}

static enum err_code hear_restored(struct copying *c, struct err *err)
{
    char why[FINDING_DETAIL_MAX];
    const struct reply *exec;
    enum err_code rc;

    if (c->n_under_way == 0)
        return ERR_OK;
    rc = end_portion(c->v, &exec, why, err);
    for (size_t i = 0; rc == ERR_OK && i < c->n_under_way; i++)
        take_restored(c->under_way[i], exec, i, why);
    c->n_under_way = 0;
    return rc;
}

static enum err_code take_payload(struct copying *c, struct repair_item *item,
                                  const struct reply *payload, struct err *err)
{
    enum err_code rc;

    if (payload->type == REPLY_NIL) {
        repair_close(item, REPAIR_BUSY, "it expired meanwhile");
        return ERR_OK;
    }
    if (payload->type != REPLY_STRING)
        return err_set(err, ERR_DENIED, "DUMP: %.*s", STR_ARGS(payload->text));
    if (payload->text.n > PAYLOAD_MAX_BYTES) {
        repair_close(item, REPAIR_REFUSED, "%zu bytes are more than a repair writes at once",
                     payload->text.n);
        return ERR_OK;
    }
    rc = c->n_under_way == 0 ? begin_portion(c->v, item, err) : ERR_OK;
    if (rc != ERR_OK || !repair_is_open(item))
        return rc;
    name_copy(c->v, item);
    say_restore(c, item, payload->text);
    return c->v->target.dialogue.out.n > PORTION_BYTES ? hear_restored(c, err) : ERR_OK;
}

/* Where the deadlines of the key are listed, and with which. */
static void take_listing(const struct verify *v, struct repair_item *item,
                         const struct reply *score)
{
    double first;

    if (score->type == REPLY_STRING && str_to_double(score->text, &first)) {
        item->partition =
            partitioner_partition(v->fold_settings.apply.partitioner, item->key, v->n_partitions);
        item->first_ms = (int64_t)first;
    } else if (item->ends.in_log_time) {
        repair_close(item, REPAIR_REFUSED,
                     "its deadline is not in the index of its partition: is --partitioner right?");
    }
}

static void say_questions(struct verify *v, const struct repair_item *item)
{
    char index[LOG_TIME_INDEX_MAX];
    const int32_t partition =
        partitioner_partition(v->fold_settings.apply.partitioner, item->key, v->n_partitions);
    const struct str score[] = { STR_LITERAL("ZSCORE"),
                                 log_time_index(index, str_from(v->settings.wal), partition),
                                 item->key };
    const struct str dump[] = { STR_LITERAL("DUMP"), item->key };

    side_say_expiry(&v->scratch, item->key);
    dialogue_say(&v->scratch.dialogue, score, ARRAY_SIZE(score));
    if (item->action == REPAIR_TAKE)
        dialogue_say(&v->scratch.dialogue, dump, ARRAY_SIZE(dump));
}

static enum err_code hear_answers(struct copying *c, struct repair_item *item, struct err *err)
{
    struct side *side = &c->v->scratch;
    const struct reply *answer;
    enum err_code rc = dialogue_hear(&side->dialogue, &answer, err);

    if (rc == ERR_OK)
        item->ends = side_deadline(side, answer, c->clock_ms);
    if (rc == ERR_OK && item->ends.at_ms == EXPIRY_NO_KEY)
        repair_close(item, REPAIR_BUSY, "it expired meanwhile");
    if (rc == ERR_OK)
        rc = dialogue_hear(&side->dialogue, &answer, err);
    if (rc == ERR_OK && repair_is_open(item) && in_log_time(c->v))
        take_listing(c->v, item, answer);
    if (rc != ERR_OK || item->action != REPAIR_TAKE)
        return rc;
    rc = dialogue_hear(&side->dialogue, &answer, err);
    return rc == ERR_OK && repair_is_open(item) ? take_payload(c, item, answer, err) : rc;
}

static bool is_asked_for(const struct repair_item *item)
{
    return repair_is_open(item) && item->action != REPAIR_DELETE;
}

static enum err_code carry_payloads(struct copying *c, struct err *err)
{
    struct dialogue *d = &c->v->scratch.dialogue;
    bool *asked = mem_new(c->n, sizeof(*asked));
    const struct reply *answer;
    enum err_code rc;

    dialogue_say_text(d, "TIME", NULL);
    for (size_t i = 0; i < c->n; i++) {
        asked[i] = is_asked_for(&c->items[i]);
        if (asked[i])
            say_questions(c->v, &c->items[i]);
    }
    rc = dialogue_send(d, err);
    if (rc == ERR_OK)
        rc = dialogue_hear(d, &answer, err);
    if (rc == ERR_OK)
        c->clock_ms = side_clock_ms(answer);
    for (size_t i = 0; rc == ERR_OK && i < c->n; i++)
        if (asked[i])
            rc = hear_answers(c, &c->items[i], err);
    free(asked);
    return rc == ERR_OK ? hear_restored(c, err) : rc;
}

/* --- commands --------------------------------------------------------------------------------- */

/* Answers of the scratch Redis to several questions at once. */
static enum err_code ask_values(struct verify *v, enum value_type type, struct str key,
                                const struct reply **ret, struct err *err)
{
    struct dialogue *d = &v->scratch.dialogue;
    const size_t n = value_n_reads(type);
    enum err_code rc;

    dialogue_say_text(d, "MULTI", NULL);
    if (value_append_reads(dialogue_gather(d, n), type, key) != n)
        d->out.limit = 0;
    dialogue_say_text(d, "EXEC", NULL);
    rc = dialogue_send(d, err);
    while (rc == ERR_OK && d->n_unanswered > 0)
        rc = dialogue_hear(d, ret, err);
    if (rc == ERR_OK && ((*ret)->type != REPLY_ARRAY || (*ret)->n_elements != n))
        return err_set(err, ERR_CORRUPT, "%s: EXEC: %.*s", d->facts.address,
                       STR_ARGS((*ret)->text));
    return rc;
}

static enum err_code ask_type(struct verify *v, struct str key, enum value_type *ret,
                              struct err *err)
{
    const struct str words[] = { STR_LITERAL("TYPE"), key };
    const struct reply *answer;
    const enum err_code rc =
        dialogue_ask(&v->scratch.dialogue, words, ARRAY_SIZE(words), &answer, err);

    if (rc == ERR_OK)
        *ret = value_type_from(answer->text);
    return rc;
}

static enum err_code hear_written(struct verify *v, struct repair_item *item, struct err *err)
{
    char why[FINDING_DETAIL_MAX];
    const struct reply *exec;
    const enum err_code rc = end_portion(v, &exec, why, err);

    if (rc != ERR_OK || !is_executed(item, exec))
        return rc;
    if (why[0])
        repair_close(item, REPAIR_REFUSED, "%s", why);
    for (size_t i = 0; repair_is_open(item) && i < exec->n_elements; i++)
        if (exec->elements[i].type == REPLY_ERROR)
            repair_close(item, REPAIR_REFUSED, "%.*s", STR_ARGS(exec->elements[i].text));
    return ERR_OK;
}

static enum err_code write_commands(struct verify *v, struct repair_item *item,
                                    enum value_type type, struct err *err)
{
    struct dialogue *d = &v->target.dialogue;
    const struct str copy = str_from(item->copy);
    const struct reply *values[VALUE_READS_MAX] = { 0 };
    const struct reply *answers;
    char life[NUMBER_MAX];
    const struct str expire[] = { STR_LITERAL("PEXPIRE"), copy,
                                  print_number(life, REPAIR_COPY_LIFE_MS) };
    enum err_code rc = ask_values(v, type, item->key, &answers, err);
    size_t n;

    if (rc == ERR_OK)
        rc = begin_portion(v, item, err);
    if (rc != ERR_OK || !repair_is_open(item))
        return rc;
    for (size_t i = 0; i < value_n_reads(type); i++)
        values[i] = &answers->elements[i];
    n = value_append_writes(dialogue_gather(d, 0), type, values, v->target.has_expiretime, copy);
    if (n == 0) {
        const struct str said = str_from(item->why);

        repair_close(item, REPAIR_REFUSED, "%.*s; give --redis-server of the same version",
                     (int)(said.n < FINDING_DETAIL_MAX / 2 ? said.n : FINDING_DETAIL_MAX / 2),
                     said.p);
        return abandon_portion(v, err);
    }
    dialogue_gather(d, n);
    dialogue_say(d, expire, ARRAY_SIZE(expire));
    return hear_written(v, item, err);
}

/* --- deadlines of fields ---------------------------------------------------------------------- */

static enum err_code ask_field_deadlines(struct verify *v, struct str key,
                                         const struct key_list *fields,
                                         const struct reply **ret_answer, struct err *err)
{
    struct str *words = mem_new(fields->n + 4, sizeof(*words));
    char count[NUMBER_MAX];
    enum err_code rc;

    words[0] = STR_LITERAL("HPEXPIRETIME");
    words[1] = key;
    words[2] = STR_LITERAL("FIELDS");
    words[3] = print_number(count, (int64_t)fields->n);
    for (size_t i = 0; i < fields->n; i++)
        words[4 + i] = key_list_at(fields, i);
    rc = dialogue_ask(&v->scratch.dialogue, words, fields->n + 4, ret_answer, err);
    free(words);
    return rc;
}

static void say_field_deadline(struct verify *v, const struct repair_item *item, struct str field,
                               struct deadline ends)
{
    char at[NUMBER_MAX];
    const struct str words[] = {
        STR_LITERAL("HPEXPIREAT"), str_from(item->copy), print_number(at, repair_ends_ms(v, ends)),
        STR_LITERAL("FIELDS"),     STR_LITERAL("1"),     field
    };

    if (ends.at_ms >= 0)
        dialogue_say(&v->target.dialogue, words, ARRAY_SIZE(words));
}

static enum err_code learn_fields(struct verify *v, struct str key, struct key_list *ret,
                                  struct err *err)
{
    const struct str words[] = { STR_LITERAL("HKEYS"), key };
    const struct reply *names;
    enum err_code rc = dialogue_ask(&v->scratch.dialogue, words, ARRAY_SIZE(words), &names, err);

    for (size_t i = 0; rc == ERR_OK && i < names->n_elements; i++)
        if (!key_list_add(ret, names->elements[i].text))
            rc = err_set(err, ERR_LIMIT, "the names of %zu fields are too long", names->n_elements);
    return rc;
}

static enum err_code hear_deadlines(struct verify *v, struct repair_item *item, struct err *err)
{
    char why[FINDING_DETAIL_MAX];
    const struct reply *last;
    const enum err_code rc = hear_all(v, &last, why, err);

    if (rc == ERR_OK && why[0] && repair_is_open(item))
        repair_close(item, REPAIR_REFUSED, "%s", why);
    return rc;
}

/* Commands that make no key, so that they need no guard. */
static enum err_code write_field_deadlines(struct verify *v, struct repair_item *item,
                                           struct err *err)
{
    CLEANUP(key_list_release) struct key_list fields = { 0 };
    const struct reply *answer;
    enum err_code rc;

    key_list_init(&fields);
    rc = learn_fields(v, item->key, &fields, err);
    if (rc != ERR_OK || fields.n == 0)
        return rc;
    rc = ask_field_deadlines(v, item->key, &fields, &answer, err);
    if (rc != ERR_OK)
        return rc;
    for (size_t i = 0; i < answer->n_elements && i < fields.n; i++)
        say_field_deadline(v, item, key_list_at(&fields, i),
                           side_field_deadline(&v->scratch, &answer->elements[i]));
    return v->target.dialogue.n_unanswered > 0 ? hear_deadlines(v, item, err) : ERR_OK;
}

/* A payload has its fields' deadlines by the clock of the scratch Redis. */
static bool needs_field_deadlines(const struct verify *v, const struct repair_item *item)
{
    return v->target.has_field_expiry && v->scratch.has_field_expiry &&
           (item->is_not_taken || v->target.skew_ms != v->scratch.skew_ms);
}

static enum err_code finish_copy(struct verify *v, struct repair_item *item, struct err *err)
{
    enum value_type type;
    enum err_code rc;

    if (!item->is_not_taken && !needs_field_deadlines(v, item))
        return ERR_OK;
    rc = ask_type(v, item->key, &type, err);
    if (rc == ERR_OK && item->is_not_taken)
        rc = write_commands(v, item, type, err);
    if (rc == ERR_OK && repair_is_open(item) && type == VALUE_HASH &&
        needs_field_deadlines(v, item))
        rc = write_field_deadlines(v, item, err);
    return rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

enum err_code repair_copy_all(struct verify *v, struct repair_item *items, size_t n,
                              struct err *err)
{
    struct copying c = { .v = v, .items = items, .n = n };
    enum err_code rc;

    c.under_way = mem_new(n, sizeof(*c.under_way));
    rc = carry_payloads(&c, err);
    free(c.under_way);
    for (size_t i = 0; rc == ERR_OK && i < n; i++)
        if (repair_is_open(&items[i]) && items[i].action == REPAIR_TAKE)
            rc = finish_copy(v, &items[i], err);
    if (rc != ERR_OK) /* or copies would be dropped within a portion that does not end */
        dialogue_say_text(&v->target.dialogue, "DISCARD", NULL);
    return rc;
}

void repair_drop_copies(struct verify *v, const struct repair_item *items, size_t n)
{
    struct dialogue *d = &v->target.dialogue;
    const struct reply *answer;
    struct err err;

    for (size_t i = 0; i < n; i++)
        if (items[i].copy[0] && !repair_is_done(items[i].outcome))
            dialogue_say_text(d, "UNLINK", items[i].copy, NULL);
    if (d->n_unanswered == 0 || dialogue_send(d, &err) != ERR_OK)
        return;
    while (d->n_unanswered > 0 && dialogue_hear(d, &answer, &err) == ERR_OK)
        continue;
}
