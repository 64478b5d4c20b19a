#include "runtime/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "runtime/clock.h"
#include "runtime/verify_state.h"

enum { SURVEY_TIMEOUT_MS = 30000 };

static bool fold_goes_on(void *self, uint64_t n_records)
{
    struct verify *v = self;

    v->n_now = n_records;
    if (v->phase != VERIFY_FOLDS)
        return verify_progress(v, v->phase, v->done, v->total);
    return verify_progress(v, VERIFY_FOLDS, v->counts.folded + n_records, v->fold_total);
}

static void record_read(void *self, const struct prepared *record)
{
    struct verify *v = self;

    named_keys_tell(&v->named, record->keys, record->n_keys);
    if (v->reader.read)
        v->reader.read(v->reader.self, record);
}

struct verify *verify_new(const struct verify_settings *settings,
                          const struct fold_settings *fold_settings,
                          const struct verify_ports *ports)
{
    struct verify *v = mem_new(1, sizeof(*v));
    struct fold_ports fold_ports = { .wal = ports->wal,
                                     .sink = ports->scratch_fold,
                                     .registry = ports->registry,
                                     .log = ports->log,
                                     .watch = { fold_goes_on, v },
                                     .reader = { record_read, v } };

    v->settings = *settings;
    v->ports = *ports;
    v->fold_settings = *fold_settings;
    v->fold_settings.apply.known_commands = &v->commands;
    v->fold = fold_new(&v->fold_settings, &fold_ports);
    if (settings->repair == VERIFY_REPAIRS)
        v->lookahead = lookahead_new(&v->fold_settings.apply, &ports->wal_ahead, &ports->registry);
    key_list_init(&v->page);
    key_list_init(&v->next_page);
    key_list_init(&v->suspects);
    named_keys_init(&v->named, settings->keys);
    return v;
}

void verify_free(struct verify *v)
{
    if (!v)
        return;
    fold_free(v->fold);
    lookahead_free(v->lookahead);
    dialogue_close(&v->target.dialogue);
    dialogue_close(&v->scratch.dialogue);
    key_list_release(&v->page);
    key_list_release(&v->next_page);
    key_list_release(&v->suspects);
    named_keys_release(&v->named);
    key_set_release(&v->large);
    key_set_release(&v->told);
    free(v->partitions);
    free(v->folded_to);
    free(v);
}

const struct verify_partition *verify_partitions(const struct verify *v, int32_t *ret_n)
{
    *ret_n = v->n_partitions;
    return v->partitions;
}

const char *verify_caveat(const struct verify *v)
{
    return v->caveat;
}

const struct verify_counts *verify_counts(const struct verify *v)
{
    return &v->counts;
}

bool verify_progress(struct verify *v, enum verify_phase phase, uint64_t done, uint64_t total)
{
    v->phase = phase;
    v->done = done;
    v->total = total;
    return v->ports.listener.progress(v->ports.listener.self, phase, done, total);
}

enum err_code verify_progressed(struct verify *v, enum verify_phase phase, uint64_t done,
                                struct err *err)
{
    if (verify_progress(v, phase, done, v->total))
        return ERR_OK;
    return err_set(err, ERR_UNAVAILABLE, "interrupted");
}

void verify_tell(struct verify *v, struct str key, const struct finding *finding,
                 enum repair_outcome outcome, const char *why)
{
    const struct verify_listener *listener = &v->ports.listener;

    v->counts.found[finding->kind]++;
    v->counts.outcomes[outcome]++;
    listener->found(listener->self, key, finding, outcome, why);
}

void verify_tell_more(struct verify *v, struct str key, enum finding_kind kind,
                      enum repair_outcome before, enum repair_outcome outcome, const char *why)
{
    const struct verify_listener *listener = &v->ports.listener;

    v->counts.outcomes[before]--;
    v->counts.outcomes[outcome]++;
    listener->revised(listener->self, key, kind, outcome, why);
}

bool verify_reverts(enum verify_repair repair)
{
    return repair == VERIFY_PLANS_REVERT || repair == VERIFY_REVERTS;
}

bool verify_is_reserved(struct str key)
{
    return str_starts_with(key, STR_LITERAL(RESERVED_KEY_PREFIX));
}

/* --- positions -------------------------------------------------------------------------------- */

void verify_say_positions(struct verify *v)
{
    const struct str wal = str_from(v->settings.wal);
    struct buf *out = dialogue_gather(&v->target.dialogue, (size_t)v->n_partitions);
    char key[POSITION_KEY_MAX];

    for (int32_t i = 0; i < v->n_partitions; i++)
        if (!position_append_read(out, position_key(key, wal, i)))
            UNREACHABLE("positions are asked for first, and fit");
}

enum err_code verify_take_positions(const struct verify *v, const struct reply *answers,
                                    int64_t *ret_next, int64_t *ret_log_ms, struct err *err)
{
    *ret_log_ms = LOG_TIME_OFF;
    for (int32_t i = 0; i < v->n_partitions; i++) {
        struct position position = { 0 };

        ret_next[i] = BOUND_NONE;
        if (v->folded_to[i] == BOUND_NONE)
            continue;
        if (position_from_reply(&answers[i], &position) == POSITION_CORRUPT)
            return err_set(err, ERR_CORRUPT, "the position of partition %d cannot be read", (int)i);
        if (!coverage_fits_clock(v->fold_settings.apply.applier.expiry.expiry, &position))
            position.next = POSITION_OTHER_CLOCK;
        ret_next[i] = position.next;
        if (position.clock > *ret_log_ms)
            *ret_log_ms = position.clock;
    }
    return ERR_OK;
}

static int64_t records_between(const struct verify *v, const int64_t *next)
{
    int64_t n = 0;

    for (int32_t i = 0; i < v->n_partitions; i++)
        if (next[i] != BOUND_NONE)
            n += next[i] - v->folded_to[i];
    return n;
}

static enum err_code fold_on(struct verify *v, const int64_t *next, int64_t n, struct err *err)
{
    const int64_t began_ms = clock_monotonic_ms();
    enum err_code rc;

    v->fold_total = v->counts.folded + (uint64_t)n;
    rc = fold_to(v->fold, next, v->n_partitions, err);
    v->counts.folded += v->n_now;
    v->counts.fold_ms += clock_monotonic_ms() - began_ms;
    v->n_now = 0;
    if (rc == ERR_OK)
        memcpy(v->folded_to, next, (size_t)v->n_partitions * sizeof(*next));
    return rc;
}

enum err_code verify_fold_to(struct verify *v, const int64_t *next, struct err *err)
{
    const int64_t n = records_between(v, next);
    enum err_code rc = ERR_OK;

    for (int32_t i = 0; i < v->n_partitions; i++)
        if (next[i] < v->folded_to[i])
            return err_set(err, ERR_UNAVAILABLE,
                           "Redis went back in partition %d, from position %lld to %lld", (int)i,
                           (long long)v->folded_to[i], (long long)next[i]);
    if (n > 0)
        rc = fold_on(v, next, n, err);
    if (rc != ERR_OK)
        return rc;
    v->n_looks = 0;
    named_keys_admit_none(&v->named);
    if (!v->named.overflows)
        return ERR_OK;
    return err_set(err, ERR_LIMIT, "the names of keys that changed are more than %d MiB",
                   (int)(KEY_LIST_MAX_BYTES >> 20));
}

/* --- opening ---------------------------------------------------------------------------------- */

static int64_t skew_of(const struct verify *v, const struct primary_facts *facts)
{
    const int64_t skew_ms = facts->clock_skew_ms;
    const int64_t threshold_ms = v->settings.clock_skew_threshold_ms;

    return skew_ms > -threshold_ms && skew_ms < threshold_ms ? 0 : skew_ms;
}

/* Whether the server has a command, which is asked by running it on a key that there is not. */
static enum err_code has_command(struct side *side, bool *ret, struct err *err)
{
    const struct reply *reply;
    const enum err_code rc = dialogue_hear(&side->dialogue, &reply, err);

    if (rc == ERR_OK)
        *ret = reply->type != REPLY_ERROR;
    return rc;
}

static enum err_code open_side(struct verify *v, struct side *side, const struct sink *sink,
                               struct err *err)
{
    static const char nowhere[] = RESERVED_KEY_PREFIX "nowhere";
    enum err_code rc = dialogue_open(&side->dialogue, sink, v->settings.answer_timeout_ms, err);

    if (rc != ERR_OK)
        return rc;
    side->skew_ms = skew_of(v, &side->dialogue.facts);
    dialogue_say_text(&side->dialogue, "PEXPIRETIME", nowhere, NULL);
    dialogue_say_text(&side->dialogue, "HPEXPIRETIME", nowhere, "FIELDS", "1", "f", NULL);
    rc = dialogue_send(&side->dialogue, err);
    if (rc == ERR_OK)
        rc = has_command(side, &side->has_expiretime, err);
    if (rc == ERR_OK)
        rc = has_command(side, &side->has_field_expiry, err);
    return rc;
}

static enum err_code check_target(const struct verify *v, struct err *err)
{
    const struct primary_facts *facts = &v->target.dialogue.facts;

    if (facts->loading)
        return err_set(err, ERR_UNAVAILABLE, "%s is loading its dataset", facts->address);
    if (facts->wal[0] == '\0')
        return err_set(err, ERR_NOT_FOUND,
                       "%s holds no WAL: no applier has written to it yet, or it was emptied",
                       facts->address);
    if (strcmp(facts->wal, v->settings.wal) != 0)
        return err_set(err, ERR_INVALID, "%s holds the WAL '%s', not '%s': give --wal %s",
                       facts->address, facts->wal, v->settings.wal, facts->wal);
    return ERR_OK;
}

static enum err_code check_scratch(const struct verify *v, struct err *err)
{
    const struct primary_facts *facts = &v->scratch.dialogue.facts;

    if (strcmp(facts->run_id, v->target.dialogue.facts.run_id) == 0)
        return err_set(err, ERR_INVALID, "the scratch Redis %s is the Redis to be verified",
                       facts->address);
    if (facts->n_keys > 0)
        return err_set(err, ERR_INVALID, "the scratch Redis %s is not empty: it holds %lld keys",
                       facts->address, (long long)facts->n_keys);
    return ERR_OK;
}

/* A command that only the target knows cannot be folded. */
static void find_caveat(struct verify *v)
{
    const struct command_set *has = &v->scratch.dialogue.facts.commands;
    size_t at = 0;

    for (size_t i = 0; i < command_count() && at < sizeof(v->caveat) - 1; i++) {
        const struct command *c = command_at(i);

        if (!command_set_has(&v->commands, c) || command_set_has(has, c))
            continue;
        at += (size_t)snprintf(v->caveat + at, sizeof(v->caveat) - at, "%s%s", at == 0 ? "" : ", ",
                               command_name(c));
    }
}

static enum err_code read_positions(struct verify *v, enum position_read *ret_reads,
                                    struct position *ret_positions, struct err *err)
{
    struct dialogue *d = &v->target.dialogue;
    const struct reply *answer;
    enum err_code rc;

    verify_say_positions(v);
    rc = dialogue_send(d, err);
    for (int32_t i = 0; rc == ERR_OK && i < v->n_partitions; i++) {
        rc = dialogue_hear(d, &answer, err);
        if (rc == ERR_OK)
            ret_reads[i] = position_from_reply(answer, &ret_positions[i]);
    }
    return rc;
}

/* The log alone is folded, in log time, and no deadline is compared with that of Redis. */
static enum log_time_expiry expiry_beside(const struct verify *v, const struct position *position)
{
    if (!verify_reverts(v->settings.repair))
        return v->fold_settings.apply.applier.expiry.expiry;
    return position->clock == LOG_TIME_OFF ? EXPIRY_WALL : EXPIRY_LOG;
}

static bool is_left_out(const struct verify *v, int32_t i)
{
    const struct verify_settings *s = &v->settings;

    return s->selected && (i >= s->n_selected || !s->selected[i]);
}

/* A revert reads what is left out, too, for records of keys that do not belong there. */
static void plan_partition(struct verify *v, int32_t i, const struct log_facts *log,
                           enum position_read read, const struct position *position)
{
    struct verify_partition *p = &v->partitions[i];
    const struct coverage_facts facts = {
        .left_out = is_left_out(v, i) && !verify_reverts(v->settings.repair),
        .read = read,
        .position = *position,
        .log = log->log,
        .begin = log->begin,
        .end = log->end,
        .expiry = expiry_beside(v, position),
    };

    p->begin = log->begin;
    p->end = log->end;
    p->coverage = coverage_judge(&facts, &p->next);
    v->folded_to[i] = p->coverage == COVERAGE_FULL ? 0 : BOUND_NONE;
    if (is_left_out(v, i))
        p->coverage = COVERAGE_LEFT_OUT;
    v->covers_all &= p->coverage == COVERAGE_FULL;
}

/* The ends of the log are asked for after the positions, which move on meanwhile. */
static enum err_code plan(struct verify *v, struct err *err)
{
    enum position_read *reads = mem_new((size_t)v->n_partitions, sizeof(*reads));
    struct position *positions = mem_new((size_t)v->n_partitions, sizeof(*positions));
    struct log_facts *log = NULL;
    int32_t n = 0;
    enum err_code rc = read_positions(v, reads, positions, err);

    if (rc == ERR_OK)
        rc = fold_survey(v->fold, SURVEY_TIMEOUT_MS, &log, &n, err);
    if (rc == ERR_OK && n < v->n_partitions)
        rc = err_set(err, ERR_CORRUPT, "the topic lost partitions just now");
    v->partitions = mem_new((size_t)v->n_partitions, sizeof(*v->partitions));
    v->folded_to = mem_new((size_t)v->n_partitions, sizeof(*v->folded_to));
    v->covers_all = true;
    for (int32_t i = 0; rc == ERR_OK && i < v->n_partitions; i++)
        plan_partition(v, i, &log[i], reads[i], &positions[i]);
    if (rc == ERR_OK)
        snprintf(v->log_identity, sizeof(v->log_identity), "%s", log[0].log);
    free(log);
    free(reads);
    free(positions);
    return rc;
}

enum err_code verify_open(struct verify *v, struct err *err)
{
    struct log_facts *log = NULL;
    enum err_code rc = open_side(v, &v->target, &v->ports.target, err);

    if (rc == ERR_OK)
        rc = check_target(v, err);
    if (rc == ERR_OK)
        rc = open_side(v, &v->scratch, &v->ports.scratch, err);
    if (rc == ERR_OK)
        rc = check_scratch(v, err);
    if (rc != ERR_OK)
        return rc;
    v->commands = v->target.dialogue.facts.commands;
    find_caveat(v);
    rc = fold_survey(v->fold, SURVEY_TIMEOUT_MS, &log, &v->n_partitions, err);
    free(log);
    return rc == ERR_OK ? plan(v, err) : rc;
}

/* --- running ---------------------------------------------------------------------------------- */

static enum err_code fold_all(struct verify *v, struct err *err)
{
    int64_t *next = mem_new((size_t)v->n_partitions + 1, sizeof(*next));
    enum err_code rc;

    for (int32_t i = 0; i < v->n_partitions; i++)
        next[i] = v->folded_to[i] == BOUND_NONE ? BOUND_NONE : v->partitions[i].next;
    v->phase = VERIFY_FOLDS;
    rc = verify_fold_to(v, next, err);
    free(next);
    return rc;
}

static enum err_code compare_all(struct verify *v, struct err *err)
{
    enum err_code rc;

    if (v->settings.sample > 0)
        return verify_compare_sample(v, err);
    /* In this order: a key that was missing and that the log makes anew meanwhile is compared. */
    rc = verify_look_for_missing(v, err);
    return rc == ERR_OK ? verify_compare(v, err) : rc;
}

enum err_code verify_run(struct verify *v, struct err *err)
{
    enum err_code rc = fold_all(v, err);
    int64_t began_ms = clock_monotonic_ms();

    if (rc == ERR_OK)
        rc = compare_all(v, err);
    v->counts.compare_ms = clock_monotonic_ms() - began_ms;
    for (int32_t i = 0; i < v->n_partitions; i++)
        v->partitions[i].next = v->folded_to[i];
    return rc;
}
