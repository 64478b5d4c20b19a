#include "cli/connection.h"

#include <string.h>

static bool uses_sasl(const struct connection_options *c)
{
    return c->kafka_security == KAFKA_SASL_PLAINTEXT || c->kafka_security == KAFKA_SASL_SSL;
}

static bool uses_tls(const struct connection_options *c)
{
    return c->kafka_security == KAFKA_SSL || c->kafka_security == KAFKA_SASL_SSL;
}

static bool is_among(const char *option, const char *const *options)
{
    for (; *options; options++)
        if (strcmp(option, *options) == 0)
            return true;
    return false;
}

bool connection_is_moot(const struct connection_options *c, const struct option_set *set,
                        const char *option)
{
    const struct {
        const char *by_hand;
        bool holds;
        const char *const *moot;
    } rules[] = {
        { "redis", true,
          ONE_OF("sentinel", "master-name", "sentinel-user", "sentinel-password-file",
                 "sentinel-tls") },
        { "sentinel", true, ONE_OF("redis") },
        { "kafka-security", !uses_sasl(c),
          ONE_OF("kafka-sasl-mechanism", "kafka-user", "kafka-password-file") },
        { "kafka-security", !uses_tls(c), ONE_OF("kafka-ca", "kafka-cert", "kafka-key") },
        { "redis-tls", !c->redis_tls && c->sentinel_tls != SENTINEL_TLS_ON,
          ONE_OF("redis-ca", "redis-cert", "redis-key") },
    };

    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        if (rules[i].holds && option_set_source(set, rules[i].by_hand) > SOURCE_FILE &&
            is_among(option, rules[i].moot))
            return true;
    return false;
}

static void check_kafka(const struct connection_options *c, struct option_set *set)
{
    const bool sasl = uses_sasl(c), tls = uses_tls(c);

    if (strcmp(c->topic, c->dlq_topic) == 0)
        option_set_problem(set,
                           "--dlq-topic: '%s' is --topic too; rejected records need a topic "
                           "of their own",
                           c->dlq_topic);
    if (sasl && (!c->kafka_user || !c->kafka_password.path))
        option_set_problem(set, "--kafka-security: SASL needs --kafka-user and "
                                "--kafka-password-file");
    if (!sasl && (c->kafka_user || c->kafka_password.path))
        option_set_problem(set, "--kafka-user, --kafka-password-file: need --kafka-security "
                                "SASL_SSL or SASL_PLAINTEXT");
    if (!sasl && option_set_differs(set, "kafka-sasl-mechanism"))
        option_set_problem(set, "--kafka-sasl-mechanism: needs --kafka-security SASL_SSL or "
                                "SASL_PLAINTEXT");
    if (!tls && (c->kafka_ca || c->kafka_cert || c->kafka_key))
        option_set_problem(set, "--kafka-ca, --kafka-cert, --kafka-key: need --kafka-security "
                                "SASL_SSL or SSL");
    if (!c->kafka_cert != !c->kafka_key)
        option_set_problem(set, "--kafka-cert, --kafka-key: one needs the other");
}

static void check_redis(const struct connection_options *c, struct option_set *set)
{
    if (c->redis && c->sentinel)
        option_set_problem(set, "--redis, --sentinel: give one of them, not both");
    if (!c->sentinel && option_set_differs(set, "master-name"))
        option_set_problem(set, "--master-name: needs --sentinel");
    if (!c->sentinel && (c->sentinel_user || c->sentinel_password.path))
        option_set_problem(set, "--sentinel-user, --sentinel-password-file: need --sentinel");
    if (c->redis_user && !c->redis_password.path)
        option_set_problem(set, "--redis-user: needs --redis-password-file");
    if (c->sentinel_user && !c->sentinel_password.path)
        option_set_problem(set, "--sentinel-user: needs --sentinel-password-file");
    if (!c->sentinel && option_set_differs(set, "sentinel-tls"))
        option_set_problem(set, "--sentinel-tls: needs --sentinel");
    if (!c->redis_tls && c->sentinel_tls != SENTINEL_TLS_ON &&
        (c->redis_ca || c->redis_cert || c->redis_key))
        option_set_problem(set, "--redis-ca, --redis-cert, --redis-key: need --redis-tls");
    if (!c->redis_cert != !c->redis_key)
        option_set_problem(set, "--redis-cert, --redis-key: one needs the other");
}

void connection_check(const struct connection_options *c, unsigned needs, struct option_set *set)
{
    if ((needs & CONNECTION_KAFKA) && !c->brokers)
        option_set_problem(set, "--brokers: is required; give host:port,host:port,...");
    check_kafka(c, set);
    if ((needs & CONNECTION_REDIS) && !c->redis && !c->sentinel)
        option_set_problem(set, "--redis or --sentinel: one is required");
    check_redis(c, set);
}
