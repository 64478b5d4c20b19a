#include "cli/print_json.h"

#include <inttypes.h>
#include <string.h>

#include <yaml.h>

enum { NUMBER_MAX = 24 };

static bool emit(yaml_emitter_t *emitter, int made, yaml_event_t *event)
{
    return made == 1 && yaml_emitter_emit(emitter, event) == 1;
}

/* Whether it reads as a string without quotes, whatever a reader takes for a number or a word of
 * its own. */
static bool is_plain(const char *text, size_t n)
{
    static const char *const taken[] = {
        "true", "false", "null", "yes", "no", "on", "off", "y", "n"
    };
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";

    if (n == 0 || strspn(text, fine) != n || (text[0] >= '0' && text[0] <= '9') ||
        strchr("-./_", text[0]))
        return false;
    for (size_t i = 0; i < ARRAY_SIZE(taken); i++)
        if (str_eq_nocase((struct str){ text, n }, str_from(taken[i])))
            return false;
    return true;
}

static bool emit_scalar(yaml_emitter_t *emitter, const char *text, size_t n, bool plain)
{
    yaml_event_t event;

    return emit(emitter,
                yaml_scalar_event_initialize(
                    &event, NULL, NULL, (const yaml_char_t *)text, (int)n, 1, 1,
                    plain ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE),
                &event);
}

static bool emit_value(yaml_emitter_t *emitter, const json_t *value);

static bool emit_object(yaml_emitter_t *emitter, const json_t *object)
{
    yaml_event_t event;
    const char *name;
    json_t *member;
    bool good =
        emit(emitter,
             yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE),
             &event);

    /* jansson's loops change nothing and ask for a pointer that may. */
    json_object_foreach((json_t *)(uintptr_t)object, name, member)
    {
        const size_t n = strlen(name);

        good =
            good && emit_scalar(emitter, name, n, is_plain(name, n)) && emit_value(emitter, member);
    }
    return good && emit(emitter, yaml_mapping_end_event_initialize(&event), &event);
}

static bool emit_array(yaml_emitter_t *emitter, const json_t *array)
{
    const bool is_empty = json_array_size(array) == 0;
    yaml_event_t event;
    bool good = emit(
        emitter,
        yaml_sequence_start_event_initialize(
            &event, NULL, NULL, 1, is_empty ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE),
        &event);

    for (size_t i = 0; i < json_array_size(array); i++)
        good = good && emit_value(emitter, json_array_get(array, i));
    return good && emit(emitter, yaml_sequence_end_event_initialize(&event), &event);
}

static bool emit_value(yaml_emitter_t *emitter, const json_t *value)
{
    const char *text = json_string_value(value);
    char number[NUMBER_MAX];

    if (json_is_object(value))
        return emit_object(emitter, value);
    if (json_is_array(value))
        return emit_array(emitter, value);
    if (text) {
        const size_t n = json_string_length(value);

        return emit_scalar(emitter, text, n, strlen(text) == n && is_plain(text, n));
    }
    if (json_is_integer(value))
        snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        snprintf(number, sizeof(number), "%s",
                 json_is_true(value)    ? "true"
                 : json_is_false(value) ? "false"
                                        : "null");
    return emit_scalar(emitter, number, strlen(number), true);
}

bool print_yaml_write(const json_t *value, FILE *out)
{
    yaml_emitter_t emitter;
    yaml_event_t event;
    bool good;

    if (yaml_emitter_initialize(&emitter) != 1)
        return false;
    yaml_emitter_set_output_file(&emitter, out);
    yaml_emitter_set_unicode(&emitter, 1);
    yaml_emitter_set_width(&emitter, -1);
    good =
        emit(&emitter, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event) &&
        emit(&emitter, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1), &event) &&
        emit_value(&emitter, value) &&
        emit(&emitter, yaml_document_end_event_initialize(&event, 1), &event) &&
        emit(&emitter, yaml_stream_end_event_initialize(&event), &event);
    yaml_emitter_delete(&emitter);
    return good;
}
