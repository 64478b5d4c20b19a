#include "codec/proto_file.h"

#include "base/check.h"

bool proto_file_add_type(struct proto_file *f, struct proto_type type, int *ret_index)
{
    int *n_messages =
        type.outer == PROTO_NO_TYPE ? &f->n_messages : &f->types[type.outer].n_messages;

    if (f->n_types == PROTO_TYPES_MAX)
        return false;
    type.n_messages = 0;
    type.index = type.is_enum ? 0 : (*n_messages)++;
    f->types[f->n_types] = type;
    *ret_index = f->n_types++;
    return true;
}

bool proto_file_add_field(struct proto_file *f, const struct proto_field *field)
{
    if (f->n_fields == PROTO_FIELDS_MAX)
        return false;
    f->fields[f->n_fields++] = *field;
    return true;
}

/* Cuts ".name" off the end of `full`; the dot may be missing when nothing is left of it. */
static bool cut_name(struct str *full, struct str name)
{
    struct str end;

    if (full->n < name.n)
        return false;
    end = (struct str){ full->p + full->n - name.n, name.n };
    if (!str_eq(end, name))
        return false;
    full->n -= name.n;
    if (full->n == 0)
        return true;
    return full->p[--full->n] == '.';
}

static bool has_full_name(const struct proto_file *f, int type, struct str full)
{
    for (; type != PROTO_NO_TYPE; type = f->types[type].outer)
        if (!cut_name(&full, f->types[type].name))
            return false;
    return str_eq(full, f->package);
}

int proto_file_find(const struct proto_file *f, struct str full_name)
{
    for (int i = 0; i < f->n_types; i++)
        if (has_full_name(f, i, full_name))
            return i;
    return PROTO_NO_TYPE;
}

/* Whether `type` is `name` as seen from `scope`, which is a message or the file. */
static bool is_in_scope(const struct proto_file *f, int type, int scope, struct str name)
{
    for (; type != scope; type = f->types[type].outer)
        if (type == PROTO_NO_TYPE || !cut_name(&name, f->types[type].name))
            return false;
    return name.n == 0;
}

static int find_in_scope(const struct proto_file *f, int scope, struct str name)
{
    for (int i = 0; i < f->n_types; i++)
        if (i != scope && is_in_scope(f, i, scope, name))
            return i;
    return PROTO_NO_TYPE;
}

int proto_file_resolve(const struct proto_file *f, int message, struct str name)
{
    int found;

    if (str_starts_with(name, STR_LITERAL(".")))
        return proto_file_find(f, (struct str){ name.p + 1, name.n - 1 });
    for (int scope = message;; scope = f->types[scope].outer) {
        found = find_in_scope(f, scope, name);
        if (found != PROTO_NO_TYPE || scope == PROTO_NO_TYPE)
            break;
    }
    return found != PROTO_NO_TYPE ? found : proto_file_find(f, name);
}

size_t proto_file_path(const struct proto_file *f, int message, int32_t *ret_path)
{
    size_t n = 0;

    for (int m = message; m != PROTO_NO_TYPE; m = f->types[m].outer)
        n++;
    PRE(n <= PROTO_DEPTH_MAX);
    for (size_t i = n; i > 0; i--) {
        ret_path[i - 1] = f->types[message].index;
        message = f->types[message].outer;
    }
    return n;
}
