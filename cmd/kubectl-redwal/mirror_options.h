/*
 * The connector of a mirror, and the Kafka Connect that runs it.
 */
#ifndef KUBECTL_REDWAL_MIRROR_OPTIONS_H
#define KUBECTL_REDWAL_MIRROR_OPTIONS_H

#include "adapter/http_peer.h"
#include "cli/option_table.h"
#include "cli/secret_file.h"
#include "cli/verb.h"

/* clang-format off */
#define MIRROR_OPTIONS(X) \
    X(TEXT,   ANYWHERE, url,       "kafka-connect",               "URL",  NULL, 1, 1024, NULL, "Mirror", "Kafka Connect's REST interface; http or https") \
    X(TEXT,   ANYWHERE, connector, "connector",                   "NAME", NULL, 1, 255,  NULL, "Mirror", "The mirror's source connector there, such as dc->dr.MirrorSourceConnector") \
    X(TEXT,   ANYWHERE, maker,     "mirror-maker",                "NAME", NULL, 1, 253,  NULL, "Mirror", "The KafkaMirrorMaker2 of Strimzi that manages it: then orders go there, and it names the connector") \
    X(TEXT,   ANYWHERE, source,    "source-alias",                "NAME", NULL, 1, 249,  NULL, "Mirror", "What that calls the cluster that is mirrored, where it mirrors several") \
    X(TEXT,   ANYWHERE, offsets,   "offsets-topic",               "NAME", NULL, 1, 249,  NULL, "Mirror", "The topic in which Connect stores how far the connector is, to read that there: its offset.storage.topic, or that of the connector itself where it has one of its own") \
    X(ADDRESSES, ANYWHERE, offsets_brokers, "offsets-brokers",    "LIST", NULL, 0, 0,    NULL, "Mirror", "Brokers that keep --offsets-topic, where these are others; they are asked as those here are") \
    X(TEXT,   ANYWHERE, user,      "kafka-connect-user",          "USER", NULL, 1, 255,  NULL, "Mirror", "User at Connect") \
    X(SECRET, ANYWHERE, password,  "kafka-connect-password-file", "FILE", NULL, 0, 0,    NULL, "Mirror", "File with the password for Connect") \
    X(FILE,   ANYWHERE, ca,        "kafka-connect-ca",            "FILE", NULL, 0, 0,    NULL, "Mirror", "Certificates that may sign Connect's; the system's when unset") \
    X(FILE,   ANYWHERE, cert,      "kafka-connect-cert",          "FILE", NULL, 0, 0,    NULL, "Mirror", "Our certificate, where Connect asks for one") \
    X(FILE,   ANYWHERE, key,       "kafka-connect-key",           "FILE", NULL, 0, 0,    NULL, "Mirror", "Private key of --kafka-connect-cert")
/* clang-format on */

struct mirror_options {
    MIRROR_OPTIONS(OPTION_FIELD)
};
extern const struct option_table mirror_table;

/* Whether any of them names a mirror. */
bool mirror_options_name_one(const struct invocation *in);
/* Complains about what is wrong with them. */
void mirror_options_check(struct invocation *in);
struct http_access mirror_access(const struct mirror_options *o, int64_t timeout_ms);

#endif
