/*
 * The process that asks brokers for another one of ours, writes marks and sets the commits of
 * groups: reads what it is to do from a descriptor and writes what came of it to another
 * (codec/log_look_json.h, codec/marks_json.h, codec/restore_log_json.h), several questions at a
 * time.
 */
#ifndef REDWAL_RUNTIME_LOG_AGENT_H
#define REDWAL_RUNTIME_LOG_AGENT_H

#include "base/err.h"
#include "core/marking.h"
#include "core/restore.h"

/* Looks at a time. Each asks a handful of questions one after another, and a group whose
 * coordinator is away makes one take half a minute. */
enum { LOG_AGENT_LOOKS_MAX = 16 };

/* The record that a mark is; its key is mark_key(). */
struct mark_record {
    int32_t partition;
    struct str value;
};

/* Who asks. All calls may block. */
struct log_agent_source {
    /* ERR_INVALID: brokers cannot be asked like that. *ret_self is handed to the others; `place`
     * outlives it. */
    enum err_code (*open)(const struct log_place *place, void **ret_self, struct err *err);
    void *(*share)(void *self); /* for another thread, and closed before */
    void (*look)(void *self, const char *topic, const char *group, struct log_look *ret);
    /* What the connector of the place has stored. */
    void (*look_stored)(void *self, const struct log_place *place, struct log_look *ret);
    /* Nothing leaves after until_ms, on the clock of the machine: see core/marking.h. */
    void (*mark)(void *self, const char *topic, const struct mark_record *records, int32_t n,
                 int64_t until_ms, struct mark_result *ret);
    /* Whatever comes of it is in `ret`, which is zeroed or released before. */
    void (*restore)(void *self, const char *topic, const char *group,
                    const struct restore_log_order *order, struct restore_log_result *ret);
    void (*close)(void *self);
};

/* Until the input ends and all is answered, and then ERR_OK. ERR_CORRUPT: a line that nobody of
 * ours writes. ERR_UNAVAILABLE: nobody reads the output. */
enum err_code log_agent_serve(int input, int output, const struct log_agent_source *source,
                              struct err *err);

#endif
