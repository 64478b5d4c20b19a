#include "wiring/access.h"

enum { SENTINEL_TIMEOUT_MAX_MS = 500 };

struct kafka_access access_to_kafka(const struct connection_options *c, const char *client_id)
{
    static const char *const security_names[] = { KAFKA_SECURITY_CHOICES };
    static const char *const sasl_names[] = { KAFKA_SASL_CHOICES };

    return (struct kafka_access){
        .brokers = c->brokers,
        .client_id = client_id,
        .security = security_names[c->kafka_security],
        .sasl_mechanism = sasl_names[c->kafka_sasl_mechanism],
        .user = c->kafka_user,
        .password = c->kafka_password.secret.text,
        .ca = c->kafka_ca,
        .cert = c->kafka_cert,
        .key = c->kafka_key,
    };
}

struct redis_access access_to_redis(const struct connection_options *c)
{
    return (struct redis_access){
        .user = c->redis_user,
        .password = c->redis_password.secret.text,
        .tls = c->redis_tls,
        .ca = c->redis_ca,
        .cert = c->redis_cert,
        .key = c->redis_key,
    };
}

struct redis_access access_to_sentinel(const struct connection_options *c)
{
    struct redis_access access = access_to_redis(c);

    access.user = c->sentinel_user;
    access.password = c->sentinel_password.secret.text;
    if (c->sentinel_tls != SENTINEL_TLS_SAME)
        access.tls = c->sentinel_tls == SENTINEL_TLS_ON;
    return access;
}

struct sentinel_settings access_to_sentinels(const struct connection_options *c,
                                             int64_t poll_interval_ms)
{
    const int64_t timeout_ms = c->connect_timeout_ms;

    return (struct sentinel_settings){
        .sentinels = c->sentinel,
        .master_name = c->master_name,
        .timeout_ms = timeout_ms < SENTINEL_TIMEOUT_MAX_MS ? timeout_ms : SENTINEL_TIMEOUT_MAX_MS,
        .poll_interval_ms = poll_interval_ms,
    };
}
