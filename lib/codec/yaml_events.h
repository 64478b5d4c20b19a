/*
 * A text that is one YAML document, event by event, by libyaml. Errors begin
 * with the line: "7: ...".
 */
#ifndef REDWAL_CODEC_YAML_EVENTS_H
#define REDWAL_CODEC_YAML_EVENTS_H

#include <yaml.h>

#include "base/err.h"
#include "base/str.h"

struct yaml_events {
    yaml_parser_t parser;
    yaml_event_t event; /* the last one read; the next read deletes it */
};

/* The event before is that which begins the document's value. */
typedef enum err_code yaml_events_take_fn(void *self, struct err *err);

/* Borrows the text until yaml_events_release(), which is safe on a zeroed one. ERR_LIMIT: no
 * memory. */
NODISCARD enum err_code yaml_events_open(struct yaml_events *e, struct str text, struct err *err);
void yaml_events_release(struct yaml_events *e);

/* Has `take` read the document, if there is one. ERR_INVALID: not YAML, a second document, or as
 * `take` says. */
NODISCARD enum err_code yaml_events_read(struct yaml_events *e, yaml_events_take_fn *take,
                                         void *self, struct err *err);
NODISCARD enum err_code yaml_events_next(struct yaml_events *e, struct err *err);

/* Of the last event: */
unsigned yaml_events_line(const struct yaml_events *e);
NODISCARD enum err_code yaml_events_refuse(const struct yaml_events *e, struct err *err,
                                           const char *what); /* ERR_INVALID */
struct str yaml_events_scalar(const struct yaml_events *e);
bool yaml_events_is_null(
    const struct yaml_events *e); /* a scalar: nothing, ~ or null, without quotes */

#endif
