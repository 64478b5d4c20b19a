#include "codec/yaml_events.h"

enum err_code yaml_events_open(struct yaml_events *e, struct str text, struct err *err)
{
    if (!yaml_parser_initialize(&e->parser))
        return err_set(err, ERR_LIMIT, "no memory for the YAML parser");
    yaml_parser_set_input_string(&e->parser, (const unsigned char *)text.p, text.n);
    return ERR_OK;
}

void yaml_events_release(struct yaml_events *e)
{
    yaml_event_delete(&e->event);
    yaml_parser_delete(&e->parser);
}

enum err_code yaml_events_next(struct yaml_events *e, struct err *err)
{
    yaml_event_delete(&e->event);
    if (yaml_parser_parse(&e->parser, &e->event))
        return ERR_OK;
    return err_set(err, ERR_INVALID, "%zu: not YAML: %s", e->parser.problem_mark.line + 1,
                   e->parser.problem ? e->parser.problem : "unreadable");
}

enum err_code yaml_events_read(struct yaml_events *e, yaml_events_take_fn *take, void *self,
                               struct err *err)
{
    unsigned n_documents = 0;
    enum err_code rc;

    for (;;) {
        rc = yaml_events_next(e, err);
        if (rc != ERR_OK)
            return rc;
        if (e->event.type == YAML_STREAM_END_EVENT)
            return ERR_OK;
        if (e->event.type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (n_documents++ > 0)
            return yaml_events_refuse(e, err, "a second document; only one is read");
        rc = yaml_events_next(e, err);
        if (rc == ERR_OK)
            rc = take(self, err);
        if (rc != ERR_OK)
            return rc;
    }
}

unsigned yaml_events_line(const struct yaml_events *e)
{
    return (unsigned)e->event.start_mark.line + 1;
}

enum err_code yaml_events_refuse(const struct yaml_events *e, struct err *err, const char *what)
{
    return err_set(err, ERR_INVALID, "%u: %s", yaml_events_line(e), what);
}

struct str yaml_events_scalar(const struct yaml_events *e)
{
    return (struct str){ (const char *)e->event.data.scalar.value, e->event.data.scalar.length };
}

bool yaml_events_is_null(const struct yaml_events *e)
{
    const struct str text = yaml_events_scalar(e);

    return e->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
           (text.n == 0 || str_eq(text, STR_LITERAL("~")) || str_eq(text, STR_LITERAL("null")));
}
