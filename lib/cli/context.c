#include "cli/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cli/option_file.h"
#include "cli/suggest.h"
#include "codec/config_yaml.h"

enum { CONTEXT_DEPTH = 3, PATH_MAX_BYTES = 4096 };

#define DEFAULT_FILE "redwal/contexts.yaml"

/* --- options ---------------------------------------------------------------------------------- */

#define AT(field) offsetof(struct context_options, field)

/* clang-format off */
static const struct option_spec context_specs[] = {
    { "context",      OPTION_TEXT, OPTION_CALL, AT(name),     "NAME", NULL, 1, 255, NULL, "Context", "Connect as this context says; the current one when unset. With --rediswal, the kubeconfig's context" },
    { "context-file", OPTION_FILE, OPTION_CALL, AT(file),     "FILE", NULL, 0, 0,   NULL, "Context", "Where contexts are; ~/.config/redwal/contexts.yaml when unset" },
    { "config",       OPTION_FILE, OPTION_CALL, AT(config),   "FILE", NULL, 0, 0,   NULL, "Context", "Connect as this configuration file of redis-applier says, and use no context" },
    { "rediswal",     OPTION_NAME, OPTION_CALL, AT(rediswal), "NAME", NULL, 1, 63,  NULL, "Context", "Connect as this RedisWal of a cluster and its Secrets say, and use no context" },
};
/* clang-format on */

const struct option_table context_table = {
    .specs = context_specs,
    .n_specs = ARRAY_SIZE(context_specs),
    .size = sizeof(struct context_options),
};

#define CONNECTION_SPEC(type, scope, field, ...)                                                   \
    OPTION_SPEC_IN(struct connection_options, type, scope, field, __VA_ARGS__)
static const struct option_spec connection_specs[] = { CONNECTION_OPTIONS(CONNECTION_SPEC) };
#undef CONNECTION_SPEC

static void load_connection(struct invocation *in);

const struct option_table connection_table = {
    .specs = connection_specs,
    .n_specs = ARRAY_SIZE(connection_specs),
    .size = sizeof(struct connection_options),
    .common = "Connection",
    .load = load_connection,
};

void context_check_connection(struct invocation *in, unsigned needs)
{
    connection_check(invocation_values(in, &connection_table), needs, &in->set);
}

/* --- the file --------------------------------------------------------------------------------- */

void contexts_release(struct contexts *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->names[i]);
    for (size_t i = 0; i < c->n_settings; i++) {
        free(c->settings[i].name);
        free(c->settings[i].value);
    }
    free(c->names);
    free(c->settings);
    free(c->current);
    free(c->path);
    *c = (struct contexts){ 0 };
}

bool contexts_find(const struct contexts *c, const char *name, size_t *ret_index)
{
    for (size_t i = 0; i < c->n; i++) {
        if (strcmp(c->names[i], name) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

const char *contexts_value(const struct contexts *c, size_t context, const char *name)
{
    for (size_t i = 0; i < c->n_settings; i++)
        if (c->settings[i].context == context && strcmp(c->settings[i].name, name) == 0)
            return c->settings[i].value;
    return NULL;
}

struct reading {
    struct contexts *contexts;
    struct err *err;
    enum err_code rc; /* of the first thing that is wrong */
};

static char *copy(struct str s)
{
    return mem_copy_text(s.p, s.n);
}

static void refuse(struct reading *r, unsigned line, const char *what)
{
    if (r->rc == ERR_OK)
        r->rc = err_set(r->err, ERR_INVALID, "%u: %s", line, what);
}

static void add_context(struct reading *r, const struct config_node *node)
{
    struct contexts *c = r->contexts;
    char *name = copy(node->path[1]);
    size_t index;

    if (contexts_find(c, name, &index)) {
        refuse(r, node->line, "a second context of that name");
        free(name);
        return;
    }
    c->names = mem_resize(c->names, c->n + 1, sizeof(*c->names));
    c->names[c->n++] = name;
}

static void add_setting(struct reading *r, const struct config_node *node)
{
    struct contexts *c = r->contexts;

    c->settings = mem_resize(c->settings, c->n_settings + 1, sizeof(*c->settings));
    c->settings[c->n_settings++] = (struct context_setting){
        .context = c->n - 1,
        .name = copy(node->path[2]),
        .value = copy(node->value),
        .line = node->line,
    };
}

static void take_node(void *self, const struct config_node *node)
{
    struct reading *r = self;
    const bool in_contexts = str_eq(node->path[0], STR_LITERAL("contexts"));
    const bool is_mapping = node->value.p == NULL;

    if (node->n_path == 1 && !is_mapping && str_eq(node->path[0], STR_LITERAL("current"))) {
        free(r->contexts->current);
        r->contexts->current = copy(node->value);
        r->contexts->current_line = node->line;
    } else if (in_contexts && node->n_path < CONTEXT_DEPTH && is_mapping) {
        if (node->n_path == 2)
            add_context(r, node);
    } else if (in_contexts && node->n_path == CONTEXT_DEPTH && !is_mapping && r->rc == ERR_OK) {
        add_setting(r, node);
    } else {
        refuse(
            r, node->line,
            "a file of contexts has `current: NAME` and `contexts:` with settings for each NAME");
    }
}

static enum err_code parse(struct str text, struct contexts *ret, struct err *err)
{
    struct reading r = { .contexts = ret, .err = err };
    const enum err_code rc = config_yaml_parse_nested(text, CONTEXT_DEPTH, take_node, &r, err);

    return rc != ERR_OK ? rc : r.rc;
}

static char *default_path(const char *const *environment)
{
    const char *base = environment_value(environment, "XDG_CONFIG_HOME");
    const char *home = environment_value(environment, "HOME");
    char path[PATH_MAX_BYTES];

    if (base && base[0] == '/')
        snprintf(path, sizeof(path), "%s/" DEFAULT_FILE, base);
    else
        snprintf(path, sizeof(path), "%s/.config/" DEFAULT_FILE, home ? home : "");
    return mem_copy_text(path, strlen(path));
}

enum err_code contexts_read(const char *const *environment, const char *path, struct contexts *ret,
                            struct err *err)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    struct err wrong = { 0 };
    enum err_code rc;

    *ret = (struct contexts){ 0 };
    ret->path = path ? mem_copy_text(path, strlen(path)) : default_path(environment);
    rc = option_file_read(ret->path, &text, err);
    if (rc == ERR_NOT_FOUND && !path)
        return ERR_OK;
    if (rc != ERR_OK)
        return err_wrap(err, ERR_INVALID, "%s", ret->path);
    rc = parse(buf_str(&text), ret, &wrong);
    return rc == ERR_OK ? ERR_OK : err_set(err, rc, "%s:%s", ret->path, wrong.msg);
}

/* --- options from a context ------------------------------------------------------------------- */

static void take_settings(const struct contexts *c, size_t context, struct option_set *set)
{
    set->file = c->path;
    set->shared = false;
    for (size_t i = 0; i < c->n_settings; i++)
        if (c->settings[i].context == context)
            option_set_take_entry(set, str_from(c->settings[i].name),
                                  str_from(c->settings[i].value), c->settings[i].line);
    set->shared = true;
}

static void take_context(struct invocation *in, const struct contexts *c, const char *name)
{
    struct suggestion near = suggest_for(str_from(name));
    size_t context;

    if (contexts_find(c, name, &context)) {
        take_settings(c, context, &in->set);
        return;
    }
    for (size_t i = 0; i < c->n; i++)
        suggest_consider(&near, c->names[i]);
    option_set_problem(&in->set, "%s: there is no context '%s'; %s%s%s", c->path, name,
                       near.best ? "did you mean " : "`context list` shows them",
                       near.best ? near.best : "", near.best ? "?" : "");
}

static void load_connection(struct invocation *in)
{
    const struct context_options *o = invocation_values(in, &context_table);
    CLEANUP(contexts_release) struct contexts c = { 0 };
    struct err err = { 0 };

    if (o->rediswal) {
        if (o->config)
            option_set_problem(&in->set, "--config, --rediswal: give one of them, not both");
        return;
    }
    if (o->config) {
        if (o->name)
            option_set_problem(&in->set, "--config, --context: give one of them, not both");
        option_file_take(&in->set, "config", o->config);
        return;
    }
    if (contexts_read(in->environment, o->file, &c, &err) != ERR_OK) {
        option_set_problem(&in->set, "%s", err.msg);
        return;
    }
    in->file = mem_copy_text(c.path, strlen(c.path));
    if (o->name || c.current)
        take_context(in, &c, o->name ? o->name : c.current);
    in->set.file = in->file;
}

void contexts_judge(const struct contexts *c, size_t context, struct buf *ret_problems)
{
    struct connection_options values = { 0 };
    struct option_set set;

    option_set_init(&set, connection_specs, ARRAY_SIZE(connection_specs), "", &values);
    take_settings(c, context, &set);
    connection_check(&values, 0, &set);
    buf_print(ret_problems, "%.*s", STR_ARGS(buf_str(&set.problems)));
    option_values_release(connection_specs, ARRAY_SIZE(connection_specs), &values);
    option_set_release(&set);
}

void contexts_complete(struct completion_names *names, enum completion what,
                       const struct completion_line *line)
{
    CLEANUP(contexts_release) struct contexts c = { 0 };
    const char *path = environment_value(line->environment, "REDWAL_CONTEXT_FILE");

    if (what != COMPLETE_CONTEXT || contexts_read(line->environment, path, &c, NULL) != ERR_OK)
        return;
    for (size_t i = 0; i < c.n; i++)
        completion_name(names, str_from(c.names[i]));
}

/* --- choosing another one --------------------------------------------------------------------- */

/* The file's text with the line of `current` replaced, or one put in front. */
static void rewrite(const struct contexts *c, struct str text, const char *name, struct buf *ret)
{
    unsigned line = 1;

    if (!c->current)
        buf_print(ret, "current: %s\n", name);
    while (text.n > 0) {
        const char *end = memchr(text.p, '\n', text.n);
        const size_t n = end ? (size_t)(end - text.p) + 1 : text.n;

        if (c->current && line == c->current_line)
            buf_print(ret, "current: %s\n", name);
        else
            buf_print(ret, "%.*s", (int)n, text.p);
        text = (struct str){ text.p + n, text.n - n };
        line++;
    }
}

/* The edit is by line; a file that is written otherwise must not be spoilt. */
static bool says_the_same(const struct contexts *before, struct str text, const char *current)
{
    CLEANUP(contexts_release) struct contexts after = { 0 };

    return parse(text, &after, NULL) == ERR_OK && after.current &&
           strcmp(after.current, current) == 0 && after.n == before->n &&
           after.n_settings == before->n_settings;
}

static bool write_file(const char *path, struct str text)
{
    FILE *f = fopen(path, "wb");
    const bool good = f && fwrite(text.p, 1, text.n, f) == text.n;

    return f && fclose(f) == 0 && good;
}

/* Whole or not at all, unless it is a link, which stays one. */
static bool replace_file(const char *path, struct str text)
{
    char fresh[PATH_MAX_BYTES + 8];
    struct stat facts;

    if (lstat(path, &facts) == 0 && S_ISLNK(facts.st_mode))
        return write_file(path, text);
    snprintf(fresh, sizeof(fresh), "%.*s.new", PATH_MAX_BYTES, path);
    if (write_file(fresh, text) && rename(fresh, path) == 0)
        return true;
    remove(fresh);
    return false;
}

enum err_code contexts_use(const struct contexts *c, const char *name, struct err *err)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    CLEANUP(buf_release) struct buf fresh = { 0 };
    enum err_code rc = option_file_read(c->path, &text, err);

    if (rc != ERR_OK)
        return err_wrap(err, rc, "%s", c->path);
    buf_init(&fresh, 2 * CONFIG_YAML_BYTES_MAX);
    rewrite(c, buf_str(&text), name, &fresh);
    if (!says_the_same(c, buf_str(&fresh), name))
        return err_set(err, ERR_INVALID,
                       "%s: is not written a setting a line; change `current` by hand", c->path);
    if (!replace_file(c->path, buf_str(&fresh)))
        return err_set(err, ERR_DENIED, "%s: cannot be written", c->path);
    return ERR_OK;
}
