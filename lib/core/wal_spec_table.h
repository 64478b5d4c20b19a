/*
 * What a RedisWal says, once. From these rows come struct wal_spec, the decoder
 * (codec/wal_resource.h), the schema in manifests/crd and docs/rediswal.md.
 *
 * A field that is an option of redis-applier takes its default, bounds, choices and meaning from
 * the applier's own table. Every other option of it that a file may hold is a field of spec.options
 * under its name in camelCase: a new option needs no row here.
 */
#ifndef REDWAL_CORE_WAL_SPEC_TABLE_H
#define REDWAL_CORE_WAL_SPEC_TABLE_H

#include <stddef.h>

/* Indexes into the lists of choices below. */
enum wal_role { WAL_ROLE_ACTIVE, WAL_ROLE_STANDBY };
enum wal_sentinel_tls {
    WAL_SENTINEL_TLS_SAME,
    WAL_SENTINEL_TLS_ENABLED,
    WAL_SENTINEL_TLS_DISABLED
};
enum wal_offsets_security { WAL_OFFSETS_SECURITY_SAME }; /* the others are as Kafka names them */

#define WAL_ONE_OF(...)              ((const char *const[]){ __VA_ARGS__, NULL })
#define WAL_ROLE_CHOICES             "active", "standby"
#define WAL_SENTINEL_TLS_CHOICES     "same", "enabled", "disabled"
#define WAL_OFFSETS_SECURITY_CHOICES "same", "PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"
#define WAL_SASL_CHOICES             "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"
#define WAL_PULL_CHOICES             "Always", "IfNotPresent", "Never"
#define WAL_MIRROR_CHOICES           "Observed", "Running", "Stopped" /* enum mirror_wish */

/* clang-format off */

/* X(percent of minutes that must be good, the share that may be bad) */
#define WAL_OBJECTIVES(X) \
    X("90", 0.1) X("95", 0.05) X("99", 0.01) X("99.5", 0.005) X("99.9", 0.001) X("99.95", 0.0005) X("99.99", 0.0001)
#define WAL_OBJECTIVE_CHOICE(percent, budget) percent,

/* X(path below spec, need, help) */
#define WAL_OBJECTS(X) \
    X("redis",              REQUIRED, "The Redis that the log is applied to") \
    X("redis.tls",          FILLED,   "TLS to Redis") \
    X("redis.sentinel",     FILLED,   "How to talk to the Sentinels") \
    X("kafka",              REQUIRED, "The Kafka that keeps the log") \
    X("kafka.sasl",         OPTIONAL, "How to log in") \
    X("kafka.tls",          OPTIONAL, "Certificates for TLS to the brokers") \
    X("topics",             FILLED,   "Topics of this WAL") \
    X("schemaRegistry",     OPTIONAL, "Registry that keeps the schemas of records, by Confluent's interface") \
    X("schemaRegistry.tls", OPTIONAL, "Certificates for TLS to the registry") \
    X("slo",                FILLED,   "What is expected of it") \
    X("marks",              FILLED,   "Marks in the log, by which all sites tell how fresh and how whole they are") \
    X("mirror",             OPTIONAL, "The mirror that brings this site its log: a source connector of MirrorMaker 2") \
    X("mirror.connect",     OPTIONAL, "The Kafka Connect that runs it, by its REST interface; only by that a stop is proven") \
    X("mirror.connect.tls", OPTIONAL, "Certificates for TLS to Connect") \
    X("mirror.kafkaMirrorMaker2", OPTIONAL, "The KafkaMirrorMaker2 of Strimzi, in this namespace, that manages it: orders go there, and it names the connector") \
    X("mirror.offsetsKafka", OPTIONAL, "The Kafka that keeps offsetsTopic, where that is another one than spec.kafka: the one by which Connect finds its workers together, a KafkaMirrorMaker2's connectCluster") \
    X("mirror.offsetsKafka.sasl", OPTIONAL, "How to log in there") \
    X("mirror.offsetsKafka.tls", OPTIONAL, "Certificates for TLS to these brokers") \
    X("applier",            FILLED,   "The pods that apply the log")

/* X(type, field, path, need, default, min, max, allowed, help). Of SECRET the default is that of its
 * key. */
#define WAL_OWN_FIELDS(X) \
    X(NAME,        site,              "site",     OPTIONAL, NULL, 1, 63, NULL, "Which site this is, such as dc or dr") \
    X(CHOICE,      role,              "role",     OPTIONAL, "active", 0, 0, WAL_ONE_OF(WAL_ROLE_CHOICES), "Whether applications write to this site's log, or it receives another site's") \
    X(NAME,        wal,               "wal",      FIXED,    NULL, 1, 63, NULL, "Name of the WAL, by which its Redis knows whom it belongs to; the object's own name when absent") \
    \
    X(OBJECT_NAME, failover,          "redis.failover", OPTIONAL, NULL, 1, 48, NULL, "RedisFailover in this namespace whose Sentinels know the primary") \
    X(INT,         redis_port,        "redis.port", OPTIONAL, "6379", 1, 65535, NULL, "Where the Redis of sentinels listens; the NetworkPolicy lets the pods out to it") \
    X(SECRET,      redis_password,    "redis.passwordSecret", OPTIONAL, "password", 0, 0, NULL, "Password for Redis; with failover and none here, the one of that RedisFailover") \
    X(SECRET,      redis_ca,          "redis.tls.caSecret", OPTIONAL, "ca.crt", 0, 0, NULL, "Certificates that may sign Redis's; the system's when absent") \
    X(CERTIFICATE, redis_certificate, "redis.tls.certificateSecret", OPTIONAL, NULL, 0, 0, NULL, "Our certificate, where Redis asks for one") \
    X(INT,         sentinel_port,     "redis.sentinel.port", OPTIONAL, "26379", 1, 65535, NULL, "Where the Sentinels of failover listen") \
    X(SECRET,      sentinel_password, "redis.sentinel.passwordSecret", OPTIONAL, "password", 0, 0, NULL, "Password for the Sentinels") \
    X(CHOICE,      sentinel_tls,      "redis.sentinel.tls", OPTIONAL, "same", 0, 0, WAL_ONE_OF(WAL_SENTINEL_TLS_CHOICES), "TLS to the Sentinels: the same as to Redis, or enabled, or disabled") \
    \
    X(SECRET,      kafka_password,    "kafka.sasl.passwordSecret", REQUIRED, "password", 0, 0, NULL, "SASL password") \
    X(SECRET,      kafka_ca,          "kafka.tls.caSecret", OPTIONAL, "ca.crt", 0, 0, NULL, "Certificates that may sign the brokers'; the system's when absent") \
    X(CERTIFICATE, kafka_certificate, "kafka.tls.certificateSecret", OPTIONAL, NULL, 0, 0, NULL, "Our certificate, where brokers ask for one") \
    \
    X(URL,         registry,          "schemaRegistry.url", REQUIRED, NULL, 8, 1024, NULL, "Where it is; http or https") \
    X(SECRET,      registry_password, "schemaRegistry.passwordSecret", OPTIONAL, "password", 0, 0, NULL, "Password for the registry") \
    X(SECRET,      registry_ca,       "schemaRegistry.tls.caSecret", OPTIONAL, "ca.crt", 0, 0, NULL, "Certificates that may sign the registry's; the system's when absent") \
    X(CERTIFICATE, registry_certificate, "schemaRegistry.tls.certificateSecret", OPTIONAL, NULL, 0, 0, NULL, "Our certificate, where the registry asks for one") \
    \
    X(DURATION,    freshness_ms,      "slo.freshness", OPTIONAL, "5s", 100, 24 * 3600 * 1000, NULL, "How old what readers of Redis see may be") \
    X(CHOICE,      objective,         "slo.objective", OPTIONAL, "99.9", 0, 0, ((const char *const[]){ WAL_OBJECTIVES(WAL_OBJECTIVE_CHOICE) NULL }), "Percent of minutes in which it is no older, as a text") \
    X(DURATION,    mark_interval_ms,  "marks.interval", OPTIONAL, "0s", 0, 3600 * 1000, NULL, "How often the active site writes a mark into each partition of the log, such as 2s; 0s writes none, and is the default, since an applier that knows no marks makes dead letters of them, and one RedisWal alone may write them into a log") \
    \
    X(CHOICE,      mirror_wish,       "mirror.state", OPTIONAL, "Observed", 0, 0, WAL_ONE_OF(WAL_MIRROR_CHOICES), "What the mirror is to do: it is seen to that it runs, or that it stops and that this is proven; Observed: it is only looked at") \
    X(URL,         connect_url,       "mirror.connect.url", OPTIONAL, NULL, 8, 1024, NULL, "Where it is; http or https. It may be absent where offsetsTopic is given: then only how far the mirror is can be told") \
    X(TEXT,        mirror_connector,  "mirror.connect.connector", OPTIONAL, NULL, 1, 255, NULL, "The source connector there, such as dc->dr.MirrorSourceConnector; kafkaMirrorMaker2 names it itself") \
    X(TEXT,        connect_user,      "mirror.connect.username", OPTIONAL, NULL, 1, 255, NULL, "User at Connect") \
    X(SECRET,      connect_password,  "mirror.connect.passwordSecret", OPTIONAL, "password", 0, 0, NULL, "Password for Connect") \
    X(SECRET,      connect_ca,        "mirror.connect.tls.caSecret", OPTIONAL, "ca.crt", 0, 0, NULL, "Certificates that may sign Connect's; the system's when absent") \
    X(CERTIFICATE, connect_certificate, "mirror.connect.tls.certificateSecret", OPTIONAL, NULL, 0, 0, NULL, "Our certificate, where Connect asks for one") \
    X(OBJECT_NAME, mirror_maker,      "mirror.kafkaMirrorMaker2.name", REQUIRED, NULL, 1, 253, NULL, "Its name") \
    X(TEXT,        mirror_source,     "mirror.kafkaMirrorMaker2.sourceAlias", OPTIONAL, NULL, 1, 249, NULL, "What it calls the cluster that is mirrored, where it mirrors several") \
    X(INT,         accepted_differences, "mirror.acceptedDifferences", OPTIONAL, "0", 0, 1000000, NULL, "So many stretches of the log that its mirror changed, as MirrorFaithful counts them, are known and have been seen to: it tells of more only") \
    X(NAME,        offsets_topic,     "mirror.offsetsTopic", OPTIONAL, NULL, 1, 249, NULL, "The topic, at spec.kafka.brokers or offsetsKafka, in which Connect stores how far the connector is: its offset.storage.topic, or that of the connector itself where it has one of its own. When given, it is read for that instead of asking Connect") \
    X(ADDRESSES,   offsets_brokers,   "mirror.offsetsKafka.brokers", REQUIRED, NULL, 0, 0, NULL, "Its brokers to ask first for the rest") \
    X(CHOICE,      offsets_security,  "mirror.offsetsKafka.security", OPTIONAL, "same", 0, 0, WAL_ONE_OF(WAL_OFFSETS_SECURITY_CHOICES), "How to talk to them; same: as to spec.kafka.brokers, with the same user and certificates") \
    X(CHOICE,      offsets_mechanism, "mirror.offsetsKafka.sasl.mechanism", OPTIONAL, "SCRAM-SHA-512", 0, 0, WAL_ONE_OF(WAL_SASL_CHOICES), "How to log in") \
    X(TEXT,        offsets_user,      "mirror.offsetsKafka.sasl.username", REQUIRED, NULL, 1, 255, NULL, "SASL user") \
    X(SECRET,      offsets_password,  "mirror.offsetsKafka.sasl.passwordSecret", REQUIRED, "password", 0, 0, NULL, "SASL password") \
    X(SECRET,      offsets_ca,        "mirror.offsetsKafka.tls.caSecret", OPTIONAL, "ca.crt", 0, 0, NULL, "Certificates that may sign theirs; the system's when absent") \
    X(CERTIFICATE, offsets_certificate, "mirror.offsetsKafka.tls.certificateSecret", OPTIONAL, NULL, 0, 0, NULL, "Our certificate, where they ask for one") \
    X(ADDRESSES,   source_brokers,    "mirror.sourceBrokers", OPTIONAL, NULL, 0, 0, NULL, "Brokers of the cluster that is mirrored, to tell how many records the mirror is behind; they are asked as spec.kafka.brokers are, with the same user and certificates") \
    \
    X(INT,         replicas,          "applier.replicas", OPTIONAL, "2", 0, 100, NULL, "Pods; more than the log has partitions wait in reserve") \
    X(BOOL,        paused,            "applier.paused", OPTIONAL, "false", 0, 0, NULL, "Run no pods until this is false again; nothing is lost meanwhile") \
    X(WORD,        image,             "applier.image", OPTIONAL, NULL, 1, 512, NULL, "Image of redis-applier; the controller's choice when absent") \
    X(CHOICE,      pull_policy,       "applier.imagePullPolicy", OPTIONAL, "IfNotPresent", 0, 0, WAL_ONE_OF(WAL_PULL_CHOICES), "When the image is pulled") \
    X(LIST,        pull_secrets,      "applier.imagePullSecrets", OPTIONAL, NULL, 0, 16, NULL, "As in a pod") \
    X(OBJECT_NAME, scripts,           "applier.scriptsConfigMap", OPTIONAL, NULL, 1, 253, NULL, "ConfigMap with the scripts that records may call, each under NAME.lua") \
    X(OBJECT,      resources,         "applier.resources", OPTIONAL, NULL, 0, 8, NULL, "As in a container; a modest request and a limit of memory when absent") \
    X(MAP,         node_selector,     "applier.nodeSelector", OPTIONAL, NULL, 0, 32, NULL, "As in a pod") \
    X(LIST,        tolerations,       "applier.tolerations", OPTIONAL, NULL, 0, 32, NULL, "As in a pod") \
    X(OBJECT,      affinity,          "applier.affinity", OPTIONAL, NULL, 0, 8, NULL, "As in a pod") \
    X(LIST,        topology_spread,   "applier.topologySpreadConstraints", OPTIONAL, NULL, 0, 16, NULL, "As in a pod; spread over zones and hosts where possible when absent") \
    X(OBJECT_NAME, priority_class,    "applier.priorityClassName", OPTIONAL, NULL, 1, 253, NULL, "As in a pod") \
    X(MAP,         pod_labels,        "applier.podLabels", OPTIONAL, NULL, 0, 32, NULL, "Further labels of the pods") \
    X(MAP,         pod_annotations,   "applier.podAnnotations", OPTIONAL, NULL, 0, 32, NULL, "Further annotations of the pods") \
    X(BOOL,        network_policy,    "applier.networkPolicy", OPTIONAL, "true", 0, 0, NULL, "Confine the pods by a NetworkPolicy to the ports they need")

/* X(type, field, path, need, option of redis-applier). A choice is kept as its word. */
#define WAL_OPTION_FIELDS(X) \
    X(ADDRESSES,   sentinels,         "redis.sentinels", OPTIONAL, "sentinel") \
    X(ADDRESS,     redis,             "redis.address", OPTIONAL, "redis") \
    X(NAME,        master_name,       "redis.masterName", OPTIONAL, "master-name") \
    X(TEXT,        redis_user,        "redis.username", OPTIONAL, "redis-user") \
    X(BOOL,        redis_tls,         "redis.tls.enabled", OPTIONAL, "redis-tls") \
    X(TEXT,        sentinel_user,     "redis.sentinel.username", OPTIONAL, "sentinel-user") \
    X(ADDRESSES,   brokers,           "kafka.brokers", REQUIRED, "brokers") \
    X(TEXT,        group,             "kafka.group", OPTIONAL, "group") \
    X(WORD,        security,          "kafka.security", OPTIONAL, "kafka-security") \
    X(WORD,        mechanism,         "kafka.sasl.mechanism", OPTIONAL, "kafka-sasl-mechanism") \
    X(TEXT,        kafka_user,        "kafka.sasl.username", REQUIRED, "kafka-user") \
    X(WORD,        on_blank,          "onBlank", OPTIONAL, "on-blank") \
    X(NAME,        topic,             "topics.log", FIXED, "topic") \
    X(NAME,        dlq_topic,         "topics.deadLetters", OPTIONAL, "dlq-topic") \
    X(TEXT,        registry_user,     "schemaRegistry.username", OPTIONAL, "schema-registry-user")

/* Options that a RedisWal does not set, or sets by a field of its own. Those that name files and
 * ports of the pod need not be here. */
#define WAL_CLOSED_OPTIONS \
    "wal", "schema-registry", "sentinel-tls", "scripts", "group-instance-id", "log-format", "until-end"

/* X(name, path of the object, what must hold, what to say). The expression is CEL, for the schema;
 * core/wal_spec.c has the same for the decoder. */
#define WAL_RULES(X) \
    X(ONE_REDIS, "redis", "[has(self.failover), has(self.sentinels), has(self.address)].filter(given, given).size() == 1", \
      "give exactly one of failover, sentinels and address") \
    X(REDIS_USER, "redis", "!has(self.username) || has(self.passwordSecret)", \
      "username needs passwordSecret") \
    X(REDIS_TLS, "redis", "self.tls.enabled || self.sentinel.tls == 'enabled' || !(has(self.tls.caSecret) || has(self.tls.certificateSecret))", \
      "tls.caSecret and tls.certificateSecret need tls.enabled: true") \
    X(SENTINELS, "redis", "!has(self.address) || !(has(self.sentinel.username) || has(self.sentinel.passwordSecret))", \
      "an address has no Sentinels: sentinel.username and sentinel.passwordSecret need failover or sentinels") \
    X(SENTINEL_USER, "redis.sentinel", "!has(self.username) || has(self.passwordSecret)", \
      "username needs passwordSecret") \
    X(KAFKA_SASL, "kafka", "has(self.sasl) == self.security.startsWith('SASL_')", \
      "sasl goes with security SASL_PLAINTEXT and SASL_SSL, and they need it") \
    X(KAFKA_TLS, "kafka", "self.security.endsWith('SSL') || !has(self.tls) || !(has(self.tls.caSecret) || has(self.tls.certificateSecret))", \
      "tls needs security SSL or SASL_SSL") \
    X(TOPICS, "topics", "self.log != self.deadLetters", \
      "log and deadLetters are the same; rejected records need a topic of their own") \
    X(REGISTRY_URL, "schemaRegistry", "!self.url.contains('@')", \
      "url holds a user; give username and passwordSecret") \
    X(REGISTRY_USER, "schemaRegistry", "has(self.username) == has(self.passwordSecret)", \
      "username and passwordSecret need each other") \
    X(REGISTRY_TLS, "schemaRegistry", "self.url.startsWith('https://') || !has(self.tls) || !(has(self.tls.caSecret) || has(self.tls.certificateSecret))", \
      "tls needs https in url") \
    X(MIRROR_NAMED, "mirror", "(has(self.connect) && has(self.connect.url)) || has(self.kafkaMirrorMaker2) || self.state == 'Observed'", \
      "state needs a mirror that takes orders: name it by connect.url or kafkaMirrorMaker2") \
    X(MIRROR_ONCE, "mirror", "has(self.connect) && has(self.connect.connector) ? !has(self.kafkaMirrorMaker2) : !(has(self.connect) && has(self.connect.url)) || has(self.kafkaMirrorMaker2)", \
      "give connect.connector, or kafkaMirrorMaker2, which names the connector itself") \
    X(MIRROR_ASKED, "mirror", "!(has(self.connect) && has(self.connect.connector)) || has(self.connect.url) || has(self.offsetsTopic)", \
      "connect.connector needs connect.url, or offsetsTopic where Connect cannot be asked") \
    X(MIRROR_OFFSETS, "mirror", "!has(self.offsetsTopic) || (has(self.connect) && has(self.connect.connector)) || has(self.kafkaMirrorMaker2)", \
      "offsetsTopic needs a connector: name it by connect.connector or kafkaMirrorMaker2") \
    X(MIRROR_OFFSETS_KAFKA, "mirror", "!has(self.offsetsKafka) || has(self.offsetsTopic)", \
      "offsetsKafka needs offsetsTopic, which is read there") \
    X(OFFSETS_SASL, "mirror.offsetsKafka", "has(self.sasl) == self.security.startsWith('SASL_')", \
      "sasl goes with security SASL_PLAINTEXT and SASL_SSL, and they need it") \
    X(OFFSETS_TLS, "mirror.offsetsKafka", "self.security.endsWith('SSL') || !has(self.tls) || !(has(self.tls.caSecret) || has(self.tls.certificateSecret))", \
      "tls needs security SSL or SASL_SSL") \
    X(CONNECT_URL, "mirror.connect", "!has(self.url) || !self.url.contains('@')", \
      "url holds a user; give username and passwordSecret") \
    X(CONNECT_USER, "mirror.connect", "has(self.username) == has(self.passwordSecret)", \
      "username and passwordSecret need each other") \
    X(CONNECT_TLS, "mirror.connect", "!has(self.url) || self.url.startsWith('https://') || !has(self.tls) || !(has(self.tls.caSecret) || has(self.tls.certificateSecret))", \
      "tls needs https in url") \
    X(TYPED_FORMAT, "", "has(self.schemaRegistry) || !has(self.options) || !has(self.options.format) || !(self.options.format in ['protobuf', 'avro'])", \
      "options.format protobuf and avro need schemaRegistry")

/* Objects of the WAL are named after it: "<name>-applier" is a Service and a label. */
#define WAL_OBJECT_NAME_MAX     55
#define WAL_NAME_PATTERN "^[a-z]([-a-z0-9]*[a-z0-9])?$"
#define WAL_NAME_MESSAGE \
    "metadata.name must be 1 to 55 lower-case letters, digits and '-', begin with a letter and not end with '-'"

/* X(type, path below status, help) */
#define WAL_STATUS_FIELDS(X) \
    X(INTEGER, "observedGeneration", "Generation of the spec that this status is about") \
    X(STRING,  "phase",              "All of it in a word") \
    X(STRING,  "role",               "The site's role, as it is acted upon") \
    X(STRING,  "primary.pod",        "Pod of the primary, where that is known") \
    X(STRING,  "primary.address",    "Where the primary listens") \
    X(STRING,  "primary.runId",      "Run id of that server: another one after each of its restarts") \
    X(TIME,    "primary.since",      "When it was first seen as primary") \
    X(INTEGER, "applier.replicas",   "Pods there are") \
    X(INTEGER, "applier.ready",      "Pods that are ready") \
    X(INTEGER, "applier.desired",    "Pods there should be") \
    X(STRING,  "applier.selector",   "Labels of the pods, as a query") \
    X(INTEGER, "partitions",         "Partitions of the log") \
    X(INTEGER, "lag.records",        "Records of the log that Redis does not have yet") \
    X(INTEGER, "lag.seconds",        "Age of the oldest of them") \
    X(INTEGER, "freshness",          "Readers of Redis see what is so many seconds old at most, in steps of spec.slo.freshness: by marks, and at an active site without them by its log") \
    X(INTEGER, "mirror.observedGeneration", "The specification that it was last looked at under: what stands here may be older than a change of it") \
    X(STRING,  "mirror.connector",   "The mirror's source connector in Connect") \
    X(STRING,  "mirror.state",       "What the mirror does: docs/mirror.md") \
    X(STRING,  "mirror.reason",      "How that is known, as in the condition MirrorRunning") \
    X(INTEGER, "mirror.tasks.total", "Tasks of the connector") \
    X(INTEGER, "mirror.tasks.running", "Tasks that run") \
    X(INTEGER, "mirror.tasks.failed", "Tasks that have failed") \
    X(STRING,  "mirror.trouble",     "What the first task that failed says, or who could not be asked") \
    X(INTEGER, "mirror.lag.records", "Offsets at the source that are not mirrored, of all partitions; needs spec.mirror.sourceBrokers") \
    X(INTEGER, "mirror.lag.seconds", "How long ago the last mark was written that came through the mirror and that Redis has passed, in the partition where that is longest, in steps of spec.slo.freshness: no less than the delay of the mirror") \
    X(MIRRORED, "mirror.partitions", "The first 64 partitions for which that is known")

/* X(key, help): of a partition in status.mirror.partitions. */
#define WAL_MIRROR_MEMBERS(X) \
    X("partition", "Of the log") \
    X("next",      "Offset at the source that is mirrored next") \
    X("behind",    "Offsets at the source that are not mirrored")

/* X(name, type, JSON path, priority): columns of kubectl get; those of priority 1 with -o wide. */
#define WAL_COLUMNS(X) \
    X("Site",      "string",  ".spec.site", 0) \
    X("Role",      "string",  ".spec.role", 0) \
    X("Phase",     "string",  ".status.phase", 0) \
    X("Ready",     "integer", ".status.applier.ready", 0) \
    X("Desired",   "integer", ".status.applier.desired", 1) \
    X("Lag",       "integer", ".status.lag.records", 0) \
    X("Lag (s)",   "integer", ".status.lag.seconds", 0) \
    X("Fresh (s)", "integer", ".status.freshness", 0) \
    X("Primary",   "string",  ".status.primary.address", 0) \
    X("Pod",       "string",  ".status.primary.pod", 1) \
    X("Age",       "date",    ".metadata.creationTimestamp", 0)
/* clang-format on */

#endif
