/*
 * The scripts that are registered with a WAL, by name. A record calls one; it never brings text. A
 * name means one text for ever, so that a replay runs what was run the first time: the text's
 * SHA-256 stands in Redis beside the WAL's identity, and an applier with another text holds.
 */
#ifndef REDWAL_CORE_SCRIPT_H
#define REDWAL_CORE_SCRIPT_H

#include "base/buf.h"
#include "base/str.h"

enum {
    SCRIPTS_MAX = 64,
    SCRIPT_NAME_MAX = 63,
    SCRIPT_TEXT_MAX_BYTES = 64 * 1024,
    SCRIPT_SHA_CHARS = 64, /* SHA-256 of the text, in lower-case hexadecimal */
    SCRIPT_RULE_CHARS = 3,
    SCRIPT_FIELD_MAX = 8 + SCRIPT_NAME_MAX,
};

struct script {
    char name[SCRIPT_NAME_MAX + 1];
    char sha[SCRIPT_SHA_CHARS + 1];
    struct str body; /* what EVAL is given: script_compose() */
};

struct script_set {
    const struct script *scripts;
    size_t n;
};

/* Letters, digits, '-', '.' and '_'. */
bool script_name_is_valid(struct str name);
/* NULL when none has that name. `set` may be NULL. */
const struct script *script_find(const struct script_set *set, struct str name);
/* The field of redwal:identity that holds its SHA, written to `ret`, which has SCRIPT_FIELD_MAX
 * bytes. */
struct str script_field(const struct script *script, char *ret);

/* Appends what Redis runs for a script of that text: the text as a function that sees only what is
 * the same in every replay (core/lua/). False when `out` has no room. */
NODISCARD bool script_compose(struct str text, struct buf *out);

/* Appends what Redis compiles like the script, and which does nothing. */
NODISCARD bool script_compose_idle(const struct script *script, struct buf *out);

/* Where an error of Redis says it is: "LINE: what"; empty when it does not. */
struct str script_error_line(struct str error);

/* How a script may call the command, as core/lua/script_tail.lua reads it; false: it may not. */
struct command;
bool script_rule(const struct command *c, char ret[SCRIPT_RULE_CHARS]);

#endif
