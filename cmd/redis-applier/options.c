#include "options.h"

#include <stdio.h>
#include <string.h>

#include "cli/option_print.h"
#include "cli/option_value.h"
#include "runtime/metrics.h"

#define ENV_PREFIX "REDWAL_"

enum { LOG_MESSAGE_MAX = 80 };

#define OWN_SPEC(type, scope, field, ...)                                                          \
    OPTION_SPEC_IN(struct options, type, scope, field, __VA_ARGS__)
#define SHARED_SPEC(type, scope, field, ...)                                                       \
    OPTION_SPEC_IN(struct options, type, scope, connection.field, __VA_ARGS__)
#define FOLDING_SPEC(type, scope, field, ...)                                                      \
    OPTION_SPEC_IN(struct options, type, scope, folding.field, __VA_ARGS__)
#define RECORDS_SPEC(type, scope, field, ...)                                                      \
    OPTION_SPEC_IN(struct options, type, scope, records.field, __VA_ARGS__)
static const struct option_spec specs[] = { OPTIONS(OWN_SPEC, SHARED_SPEC, FOLDING_SPEC,
                                                    RECORDS_SPEC) };
#undef OWN_SPEC
#undef SHARED_SPEC
#undef FOLDING_SPEC
#undef RECORDS_SPEC

static const struct program program = {
    .name = "redis-applier",
    .summary = "Applies a log of Redis operations in Kafka to a Redis primary, exactly once",
    .synopsis = "redis-applier --brokers LIST (--redis HOST:PORT | --sentinel LIST) [options]",
    .notes =
        "Each option can be given as --name VALUE, as the environment variable REDWAL_NAME\n"
        "(--kafka-ca is REDWAL_KAFKA_CA) and as `name: value` in the file of --config; the\n"
        "first of these that is there wins. Durations need a unit (ms, s, m, h), sizes too\n"
        "(B, KiB, MiB, GiB). Secrets are given as files only.\n\n"
        "The file of --config and the files that options name are read again when they change, "
        "and\n"
        "on SIGHUP. Options marked (live) then take effect; others wait for a restart.\n\n"
        "Exit status: 0 stopped as asked, 1 failed, 2 an option cannot be used, 3 --until-end and\n"
        "something is held, 4 stopped before all that was in flight was finished.\n",
    .env_prefix = ENV_PREFIX,
    .specs = specs,
    .n_specs = ARRAY_SIZE(specs),
    .reloads = true,
};

static void check_bounds(const struct options *o, struct option_set *set)
{
#define CHECK_ORDER(lesser, name, greater, bound)                                                  \
    if (o->lesser > o->greater)                                                                    \
        option_set_problem(set, "--" name ": more than --" bound " (%lld)", (long long)o->greater);
    OPTIONS_IN_ORDER(CHECK_ORDER)
#undef CHECK_ORDER
}

static void check(const void *values, struct option_set *set)
{
    const struct options *o = values;

    connection_check(&o->connection, CONNECTION_KAFKA | CONNECTION_REDIS, set);
    records_check(&o->records, set);
    check_bounds(o, set);
}

enum options_verdict options_load(struct options *o, int argc, const char *const *argv,
                                  const char *const *environment, struct buf *ret_output)
{
    static const struct program_own own = { REDWAL_VERSION, metrics_print_reference, check };

    return program_load(&program, &own, o, argc, argv, environment, ret_output);
}

void options_print(const struct options *o, struct buf *out)
{
    option_print_config(&program, o, out);
}

void options_compare(const struct options *before, const struct options *after,
                     option_change_fn *take, void *self)
{
    option_reload_compare(specs, ARRAY_SIZE(specs), before, after, take, self);
}

void options_exchange(struct options *a, struct options *b)
{
    option_reload_exchange(specs, ARRAY_SIZE(specs), a, b);
}

uint64_t options_files_digest(const struct options *o)
{
    return option_reload_digest(specs, ARRAY_SIZE(specs), o);
}

uint64_t options_kafka_files_digest(const struct options *o)
{
    const char *const paths[] = { o->connection.kafka_ca, o->connection.kafka_cert,
                                  o->connection.kafka_key };
    uint64_t digest = 0;

    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        digest = file_digest(digest, paths[i]);
    return digest;
}

void options_release(struct options *o)
{
    option_values_release(specs, ARRAY_SIZE(specs), o);
}

static void log_option(const struct options *o, const struct option_spec *spec,
                       struct log_line *line)
{
    CLEANUP(buf_release) struct buf value = { 0 };

    buf_init(&value, LOG_LINE_MAX_BYTES);
    if (option_is_setting(spec) && option_value_print(spec, o, &value))
        log_line_text(line, str_from(spec->name), buf_str(&value));
}

void options_log(const struct options *o, struct log *log)
{
    size_t i = 0;

    while (i < ARRAY_SIZE(specs)) {
        const char *group = specs[i].group;
        char message[LOG_MESSAGE_MAX];
        struct log_line line;

        if (specs[i].scope == OPTION_ACTION)
            return;
        snprintf(message, sizeof(message), "Configured %s", group);
        log_line_begin(&line, log, LOG_LEVEL_INFO, str_from(message));
        for (; i < ARRAY_SIZE(specs) && strcmp(specs[i].group, group) == 0; i++)
            log_option(o, &specs[i], &line);
        log_line_end(&line);
    }
}
