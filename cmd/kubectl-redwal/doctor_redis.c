#include <stdio.h>
#include <string.h>

#include "core/command_table.h"
#include "core/position.h"
#include "core/redis_error.h"
#include "core/redis_info.h"
#include "core/redis_trial.h"
#include "doctor.h"

/* --- INFO ------------------------------------------------------------------------------------- */

static void take_number(struct str info, const char *name, int64_t *ret)
{
    if (!redis_info_number(info, name, ret))
        *ret = DIAGNOSIS_UNKNOWN;
}

static void take_server(struct diagnosis_facts *f, struct str info)
{
    const struct str redis = redis_info_value(info, "redis_version");
    const struct str valkey = redis_info_value(info, "valkey_version");
    const struct str config = redis_info_value(info, "config_file");
    const size_t n = config.n < DIAGNOSIS_TEXT_MAX ? config.n : DIAGNOSIS_TEXT_MAX - 1;

    snprintf(f->version, sizeof(f->version), "%.*s", STR_ARGS(redis));
    snprintf(f->server, sizeof(f->server), "%s %.*s", valkey.n > 0 ? "Valkey" : "Redis",
             STR_ARGS(valkey.n > 0 ? valkey : redis));
    snprintf(f->config_file, sizeof(f->config_file), "%.*s", (int)n, config.p + config.n - n);
}

static void take_replication(struct diagnosis_facts *f, struct str info)
{
    struct redis_info_replicas replicas;

    take_number(info, "connected_slaves", &f->n_replicas);
    take_number(info, "repl_backlog_size", &f->backlog_bytes);
    take_number(info, "min_slaves_good_slaves", &f->n_good_replicas);
    if (!redis_info_replicas(info, &replicas))
        return;
    f->n_online = replicas.n_online;
    f->behind_bytes = replicas.behind_bytes;
    f->silent_s = replicas.silent_s;
}

static void take_info(struct diagnosis_facts *f, const struct reply *reply)
{
    const struct str info = reply->text, policy = redis_info_value(info, "maxmemory_policy");
    int64_t rewrite_s;

    take_server(f, info);
    take_replication(f, info);
    take_number(info, "maxmemory", &f->maxmemory);
    take_number(info, "used_memory", &f->used_memory);
    take_number(info, "total_system_memory", &f->system_memory);
    take_number(info, "aof_enabled", &f->appends);
    take_number(info, "cluster_enabled", &f->is_cluster);
    if (redis_info_number(info, "aof_last_rewrite_time_sec", &rewrite_s))
        f->aof_rewritten = rewrite_s >= 0;
    snprintf(f->eviction, sizeof(f->eviction), "%.*s", STR_ARGS(policy));
}

/* --- CONFIG ----------------------------------------------------------------------------------- */

static void take_save(struct diagnosis_facts *f, struct str value)
{
    f->saves = value.n > 0;
}

static void take_min_replicas(struct diagnosis_facts *f, struct str value)
{
    if (!str_to_int64(value, &f->min_replicas))
        f->min_replicas = DIAGNOSIS_UNKNOWN;
}

static void take_limits(struct diagnosis_facts *f, struct str value)
{
    if (!redis_info_replica_buffer(value, &f->replica_buffer_bytes))
        f->replica_buffer_bytes = DIAGNOSIS_UNKNOWN;
}

static const struct {
    const char *name;
    void (*take)(struct diagnosis_facts *f, struct str value);
} configs[] = {
    { "save", take_save },
    { "min-replicas-to-write", take_min_replicas },
    { "client-output-buffer-limit", take_limits },
};

/* CONFIG is often not allowed: what it would say stays unknown then. */
static void take_config(struct diagnosis_facts *f, size_t i, const struct reply *reply)
{
    if (reply->type == REPLY_ARRAY && reply->n_elements == 2)
        configs[i].take(f, reply->elements[1].text);
}

/* --- positions -------------------------------------------------------------------------------- */

static void take_position(struct doctor *d, int32_t partition, const struct reply *reply)
{
    const struct log_extent *e = &d->survey.extents[partition];
    struct position position;
    const enum position_read read = position_from_reply(reply, &position);

    if (read == POSITION_ABSENT && e->end > e->begin)
        d->facts.n_without_position++;
    if (read == POSITION_PRESENT && position.mark.sequence > 0) {
        d->facts.n_marked++;
        d->facts.n_differences += position.mark.n_different;
    }
}

static void say_questions(struct dialogue *dialogue, struct doctor *d)
{
    char key[POSITION_KEY_MAX];
    const struct str wal = str_from(link_options(d->in)->wal);

    dialogue_say_text(dialogue, "INFO", NULL);
    for (size_t i = 0; i < ARRAY_SIZE(configs); i++)
        dialogue_say_text(dialogue, "CONFIG", "GET", configs[i].name, NULL);
    for (int32_t i = 0; i < d->survey.n; i++)
        if (!position_append_read(dialogue_gather(dialogue, 1), position_key(key, wal, i)))
            UNREACHABLE("positions fit");
}

static enum err_code hear_answers(struct dialogue *dialogue, struct doctor *d, struct err *err)
{
    const struct reply *reply = NULL;
    enum err_code rc = dialogue_send(dialogue, err);

    if (rc == ERR_OK)
        rc = dialogue_hear(dialogue, &reply, err);
    if (rc == ERR_OK)
        take_info(&d->facts, reply);
    for (size_t i = 0; rc == ERR_OK && i < ARRAY_SIZE(configs); i++) {
        rc = dialogue_hear(dialogue, &reply, err);
        if (rc == ERR_OK)
            take_config(&d->facts, i, reply);
    }
    if (d->survey.n > 0)
        d->facts.n_without_position = d->facts.n_marked = d->facts.n_differences = 0;
    for (int32_t i = 0; rc == ERR_OK && i < d->survey.n; i++) {
        rc = dialogue_hear(dialogue, &reply, err);
        if (rc == ERR_OK)
            take_position(d, i, reply);
    }
    if (rc != ERR_OK)
        d->facts.n_without_position = d->facts.n_marked = DIAGNOSIS_UNKNOWN;
    return rc;
}

/* --- permissions ------------------------------------------------------------------------------ */

static void take_commands(struct diagnosis_facts *f, const struct command_set *has)
{
    diagnosis_list_begin(&f->lacking);
    diagnosis_list_begin(&f->newer);
    for (size_t i = 0; i < command_count(); i++) {
        const struct command *c = command_at(i);

        if (c->refusal != REJECT_NONE || memchr(c->name.p, ' ', c->name.n) ||
            command_set_has(has, c))
            continue;
        diagnosis_list_add(command_is_newer(c) ? &f->newer : &f->lacking, c->name);
    }
}

/* Only what is queued is refused without being done, so MULTI must have been answered first. */
static enum err_code begin_trials(struct dialogue *dialogue, struct err *err)
{
    const struct str multi = STR_LITERAL("MULTI");
    const struct reply *reply = NULL;

    return dialogue_ask(dialogue, &multi, 1, &reply, err);
}

static void say_trials(struct dialogue *dialogue)
{
    struct str words[REDIS_TRIAL_WORDS_MAX];

    for (size_t i = 0; i < redis_trial_count(); i++) {
        const size_t n = redis_trial_words(i, &dialogue->facts.commands, words);

        if (n > 0)
            dialogue_say(dialogue, words, n);
    }
    dialogue_say_text(dialogue, "DISCARD", NULL);
}

/* A command that was renamed is in the list of commands all the same. */
static void take_trial(struct diagnosis_facts *f, struct str name, const struct reply *reply,
                       struct str *last)
{
    const bool unknown = str_starts_with(reply->text, STR_LITERAL("ERR unknown command"));

    if (reply->type != REPLY_ERROR || str_eq(name, *last))
        return;
    if (unknown || redis_error_classify(reply->text) == REDIS_ERROR_ACCESS) {
        diagnosis_list_add(unknown ? &f->lacking : &f->redis_denied, name);
        *last = name;
    }
}

static enum err_code hear_trials(struct dialogue *dialogue, struct diagnosis_facts *f,
                                 struct err *err)
{
    struct str words[REDIS_TRIAL_WORDS_MAX], last = { 0 };
    const struct reply *reply = NULL;
    enum err_code rc = dialogue_send(dialogue, err);

    for (size_t i = 0; rc == ERR_OK && i < redis_trial_count(); i++) {
        if (redis_trial_words(i, &dialogue->facts.commands, words) == 0)
            continue;
        rc = dialogue_hear(dialogue, &reply, err);
        if (rc == ERR_OK)
            take_trial(f, words[0], reply, &last);
    }
    return rc == ERR_OK ? dialogue_hear(dialogue, &reply, err) : rc;
}

static enum err_code try_everything(struct doctor *d, struct dialogue *dialogue, struct err *err)
{
    enum err_code rc = begin_trials(dialogue, err);

    if (rc != ERR_OK)
        return rc;
    say_trials(dialogue);
    diagnosis_list_begin(&d->facts.redis_denied);
    rc = hear_trials(dialogue, &d->facts, err);
    if (rc != ERR_OK)
        d->facts.redis_denied.n = DIAGNOSIS_UNKNOWN;
    return rc;
}

/* --- all of it -------------------------------------------------------------------------------- */

static void take_facts(struct diagnosis_facts *f, const struct primary_facts *p)
{
    f->is_primary = p->role == PRIMARY_ROLE_MASTER && !p->loading;
    f->has_identity = p->wal[0] != '\0';
    f->clock_skew_ms = p->clock_skew_ms;
    snprintf(f->redis_wal, sizeof(f->redis_wal), "%s", p->wal);
    snprintf(f->address, sizeof(f->address), "%.150s", p->address);
    take_commands(f, &p->commands);
}

/* What is asked of every fresh connection is needed, too. */
static void take_refusal(struct diagnosis_facts *f, const struct err *err)
{
    if (err->code != ERR_DENIED)
        return;
    diagnosis_list_begin(&f->redis_denied);
    diagnosis_list_add(&f->redis_denied, str_from(err->msg));
}

static void examine(struct doctor *d, struct dialogue *dialogue)
{
    struct err err = { 0 };

    take_facts(&d->facts, &dialogue->facts);
    say_questions(dialogue, d);
    if (doctor_asked(d, hear_answers(dialogue, d, &err), &err))
        doctor_asked(d, try_everything(d, dialogue, &err), &err);
}

void doctor_ask_redis(struct doctor *d)
{
    struct link_redis redis;
    struct err err = { 0 };

    if (doctor_asked(d, link_redis_open(d->in, &redis, &err), &err))
        examine(d, &redis.dialogue);
    else
        take_refusal(&d->facts, &err);
    link_redis_release(&redis);
}
