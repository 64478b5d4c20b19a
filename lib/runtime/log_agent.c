#include "runtime/log_agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/secret.h"
#include "codec/log_look_json.h"

enum { ARENA_CHUNK = 4096, LINE_SIZE = LOG_LOOK_LINE_MAX + 2 };

struct agent {
    const struct log_agent_source *source;
    void *self;
    enum err_code opened; /* whether `self` may be used */
    struct err why;
    FILE *input;
    int output;
    char *line; /* LINE_SIZE */
    struct arena arena;
    struct buf out;
};

/* False: the input has ended. */
static bool read_line(struct agent *a, struct str *ret)
{
    if (!fgets(a->line, LINE_SIZE, a->input))
        return false;
    *ret = str_from(a->line);
    if (ret->n > 0 && ret->p[ret->n - 1] == '\n')
        ret->n--;
    return true;
}

static enum err_code write_line(struct agent *a, struct err *err)
{
    size_t at = 0;

    if (!buf_append(&a->out, "\n", 1))
        return err_set(err, ERR_LIMIT, "the look is too long");
    while (at < a->out.n) {
        const ssize_t n = write(a->output, a->out.p + at, a->out.n - at);

        if (n <= 0)
            return err_set(err, ERR_UNAVAILABLE, "nobody reads what was found");
        at += (size_t)n;
    }
    return ERR_OK;
}

/* An access that cannot be used is the answer to every question. */
static void look(struct agent *a, const struct log_place *place, struct log_look *ret)
{
    if (a->opened == ERR_OK) {
        a->source->look(a->self, place->topic, place->group, ret);
        return;
    }
    log_look_init(ret);
    ret->look.outcome = LOOK_FAILED;
    snprintf(ret->look.why, sizeof(ret->look.why), "%s", a->why.msg);
}

static enum err_code serve_line(struct agent *a, struct str line, struct err *err)
{
    struct log_place place = { 0 };
    struct log_look found;
    enum err_code rc = log_question_decode(line, &a->arena, &place, err);
    bool fits;

    if (rc != ERR_OK)
        return rc;
    look(a, &place, &found);
    buf_clear(&a->out);
    fits = log_look_encode(&a->out, &found);
    log_look_release(&found);
    arena_reset(&a->arena);
    return fits ? write_line(a, err) : err_set(err, ERR_LIMIT, "the look is too long");
}

static enum err_code open_source(struct agent *a, struct err *err)
{
    struct log_place place = { 0 };
    struct str line;
    enum err_code rc;

    if (!read_line(a, &line))
        return err_set(err, ERR_CORRUPT, "nobody says how to reach the brokers");
    rc = log_access_decode(line, &a->arena, &place, err);
    secret_wipe(a->line, line.n);
    if (rc != ERR_OK)
        return rc;
    a->opened = a->source->open(&place, &a->self, &a->why);
    arena_reset(&a->arena);
    return ERR_OK;
}

enum err_code log_agent_serve(int input, int output, const struct log_agent_source *source,
                              struct err *err)
{
    struct agent a = { .source = source, .output = output, .opened = ERR_INVALID };
    struct str line;
    enum err_code rc;

    a.input = fdopen(input, "r");
    if (!a.input)
        return err_set(err, ERR_UNAVAILABLE, "there is no input");
    a.line = mem_new(LINE_SIZE, 1);
    arena_init(&a.arena, ARENA_CHUNK);
    buf_init(&a.out, LOG_LOOK_LINE_MAX + 1);
    rc = open_source(&a, err);
    while (rc == ERR_OK && read_line(&a, &line))
        rc = serve_line(&a, line, err);
    if (a.opened == ERR_OK)
        source->close(a.self);
    buf_release(&a.out);
    arena_release(&a.arena);
    free(a.line);
    fclose(a.input);
    return rc;
}
