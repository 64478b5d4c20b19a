#include "cli/print_json.h"

#include <string.h>

#include "base/base64.h"
#include "base/civil_time.h"

static json_t *bytes_json(struct str bytes)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    json_t *object;

    if (str_is_utf8(bytes))
        return json_stringn(bytes.p ? bytes.p : "", bytes.n);
    buf_init(&text, (bytes.n + 2) / 3 * 4);
    if (!base64_append(&text, bytes))
        UNREACHABLE("there is room");
    object = json_object();
    json_object_set_new(object, "base64", json_stringn(text.p, text.n));
    return object;
}

static json_t *list_json(const struct cell *cell)
{
    json_t *array = json_array();

    for (size_t i = 0; i < cell->n_list; i++)
        json_array_append_new(array, bytes_json(cell->list[i]));
    return array;
}

json_t *print_json_cell(enum column_type type, const struct cell *cell)
{
    char time[CIVIL_TIME_MAX];

    if (!cell->is_set)
        return json_null();
    switch (type) {
    case COLUMN_TEXT:
    case COLUMN_BYTES:
        return bytes_json(cell->text);
    case COLUMN_LIST:
        return list_json(cell);
    case COLUMN_COUNT:
    case COLUMN_DURATION:
        return json_integer(cell->number);
    case COLUMN_BOOL:
        return json_boolean(cell->number);
    case COLUMN_TIME:
        civil_time_print(cell->number, time);
        return json_string(time);
    }
    UNREACHABLE("no such type");
}

json_t *print_json_row(const struct column *columns, size_t n, const struct cell *cells)
{
    json_t *object = json_object();

    for (size_t i = 0; i < n; i++)
        json_object_set_new(object, columns[i].name, print_json_cell(columns[i].type, &cells[i]));
    return object;
}

bool print_json_write(const json_t *value, bool lines, FILE *out)
{
    return json_dumpf(value, out, lines ? 0 : JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;
}
