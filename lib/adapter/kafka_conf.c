#include "adapter/kafka_conf.h"

#include <stdbool.h>
#include <string.h>

static enum err_code set(rd_kafka_conf_t *conf, const struct kafka_property *property,
                         struct err *err)
{
    char why[256];

    if (!property->value || rd_kafka_conf_set(conf, property->name, property->value, why,
                                              sizeof(why)) == RD_KAFKA_CONF_OK)
        return ERR_OK;
    if (strstr(property->name, "password"))
        return err_set(err, ERR_INVALID, "Kafka property %s cannot be used", property->name);
    return err_set(err, ERR_INVALID, "Kafka property %s: %s", property->name, why);
}

static enum err_code set_all(rd_kafka_conf_t *conf, const struct kafka_property *properties,
                             size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const enum err_code rc = set(conf, &properties[i], err);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

enum err_code kafka_conf_new(const struct kafka_access *access,
                             const struct kafka_property *properties, size_t n,
                             rd_kafka_conf_t **ret, struct err *err)
{
    const bool sasl = access->security && strncmp(access->security, "SASL", 4) == 0;
    const struct kafka_property shared[] = {
        { "bootstrap.servers", access->brokers },
        { "client.id", access->client_id },
        { "security.protocol", access->security },
        { "sasl.mechanisms", sasl ? access->sasl_mechanism : NULL },
        { "sasl.username", sasl ? access->user : NULL },
        { "sasl.password", sasl ? access->password : NULL },
        { "ssl.ca.location", access->ca },
        { "ssl.certificate.location", access->cert },
        { "ssl.key.location", access->key },
        { "socket.keepalive.enable", "true" },
        { "reconnect.backoff.max.ms", "2000" },
        { "topic.metadata.refresh.interval.ms", "10000" },
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum err_code rc;

    rd_kafka_conf_set_log_cb(conf, NULL); /* errors come as events; standard error is ours */
    rc = set_all(conf, shared, ARRAY_SIZE(shared), err);

    if (rc == ERR_OK)
        rc = set_all(conf, properties, n, err);
    if (rc != ERR_OK) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    *ret = conf;
    return ERR_OK;
}
