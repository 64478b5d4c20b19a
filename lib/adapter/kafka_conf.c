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
    if (strstr(property->name, "password") || strstr(property->name, "key.pem"))
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

static bool is_sasl(const struct kafka_access *access)
{
    return access->security && strncmp(access->security, "SASL", 4) == 0;
}

enum err_code kafka_conf_use(rd_kafka_conf_t *conf, const struct kafka_access *access,
                             struct err *err)
{
    const struct kafka_property login[] = {
        { "sasl.username", access->user },
        { "sasl.password", access->password },
    };

    return is_sasl(access) ? set_all(conf, login, ARRAY_SIZE(login), err) : ERR_OK;
}

enum err_code kafka_conf_new(const struct kafka_access *access,
                             const struct kafka_property *properties, size_t n,
                             rd_kafka_conf_t **ret, struct err *err)
{
    const struct kafka_property shared[] = {
        { "bootstrap.servers", access->brokers },
        { "client.id", access->client_id },
        { "security.protocol", access->security },
        { "sasl.mechanisms", is_sasl(access) ? access->sasl_mechanism : NULL },
        { access->pem ? "ssl.ca.pem" : "ssl.ca.location", access->ca },
        { access->pem ? "ssl.certificate.pem" : "ssl.certificate.location", access->cert },
        { access->pem ? "ssl.key.pem" : "ssl.key.location", access->key },
        { "socket.keepalive.enable", "true" },
        { "reconnect.backoff.max.ms", "2000" },
        { "topic.metadata.refresh.interval.ms", "10000" },
    };
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    enum err_code rc;

    rd_kafka_conf_set_log_cb(conf, NULL); /* errors come as events; standard error is ours */
    rc = set_all(conf, shared, ARRAY_SIZE(shared), err);

    if (rc == ERR_OK)
        rc = kafka_conf_use(conf, access, err);
    if (rc == ERR_OK)
        rc = set_all(conf, properties, n, err);
    if (rc != ERR_OK) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    *ret = conf;
    return ERR_OK;
}

enum err_code kafka_client_use(rd_kafka_t *client, const struct kafka_access *access,
                               struct err *err)
{
    rd_kafka_error_t *error;

    if (!is_sasl(access))
        return ERR_OK;
    error = rd_kafka_sasl_set_credentials(client, access->user, access->password);
    if (!error)
        return ERR_OK;
    rd_kafka_error_destroy(error); /* its text is not known to leave the password out */
    return err_set(err, ERR_INVALID, "Kafka: user and password cannot be used");
}
