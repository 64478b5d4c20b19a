/*
 * The process that asks brokers for another one of ours: reads what it is to do from a descriptor
 * and writes what it found to another (codec/log_look_json.h), one question after another.
 */
#ifndef REDWAL_RUNTIME_LOG_AGENT_H
#define REDWAL_RUNTIME_LOG_AGENT_H

#include "base/err.h"
#include "core/look.h"

/* Who asks. All calls may block. */
struct log_agent_source {
    /* ERR_INVALID: brokers cannot be asked like that. *ret_self is handed to the others. */
    enum err_code (*open)(const struct log_place *place, void **ret_self, struct err *err);
    void (*look)(void *self, const char *topic, const char *group, struct log_look *ret);
    void (*close)(void *self);
};

/* Until the input ends, and then ERR_OK. ERR_CORRUPT: a line that nobody of ours writes.
 * ERR_UNAVAILABLE: nobody reads the output. */
enum err_code log_agent_serve(int input, int output, const struct log_agent_source *source,
                              struct err *err);

#endif
