#include "codec/proto_text.h"

#include <string.h>

#include "base/check.h"

enum token_type { TOKEN_END, TOKEN_NAME, TOKEN_NUMBER, TOKEN_TEXT, TOKEN_SYMBOL, TOKEN_BAD };

struct parser {
    struct str rest;
    unsigned line;
    enum token_type type; /* of the token at hand */
    struct str token;
    struct proto_file *file;
    struct err *err;
};

/* --- tokens ----------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void skip(struct parser *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p->line += p->rest.p[i] == '\n';
    p->rest.p += n;
    p->rest.n -= n;
}

static size_t comment_n(struct str s)
{
    size_t n = 2;

    if (str_starts_with(s, STR_LITERAL("//"))) {
        while (n < s.n && s.p[n] != '\n')
            n++;
        return n;
    }
    if (!str_starts_with(s, STR_LITERAL("/*")))
        return 0;
    while (n + 1 < s.n && !(s.p[n] == '*' && s.p[n + 1] == '/'))
        n++;
    return n + 2 < s.n ? n + 2 : s.n;
}

static void skip_blanks(struct parser *p)
{
    size_t n = 1;

    while (p->rest.n > 0 && n > 0) {
        n = strchr(" \t\r\n\v\f", p->rest.p[0]) && p->rest.p[0] ? 1 : comment_n(p->rest);
        skip(p, n);
    }
}

static size_t text_n(struct str s)
{
    size_t n = 1;

    while (n < s.n && s.p[n] != s.p[0] && s.p[n] != '\n')
        n += s.p[n] == '\\' ? 2 : 1;
    return n < s.n && s.p[n] == s.p[0] ? n + 1 : 0;
}

static void next(struct parser *p)
{
    size_t n = 1;
    char c;

    skip_blanks(p);
    if (p->rest.n == 0) {
        p->type = TOKEN_END;
        p->token = p->rest;
        return;
    }
    c = p->rest.p[0];
    if (is_letter(c) || (c == '.' && p->rest.n > 1 && is_letter(p->rest.p[1]))) {
        p->type = TOKEN_NAME;
        while (n < p->rest.n &&
               (is_letter(p->rest.p[n]) || is_digit(p->rest.p[n]) || p->rest.p[n] == '.'))
            n++;
    } else if (is_digit(c)) {
        p->type = TOKEN_NUMBER;
        while (n < p->rest.n && (is_letter(p->rest.p[n]) || is_digit(p->rest.p[n])))
            n++;
    } else if (c == '"' || c == '\'') {
        n = text_n(p->rest);
        p->type = n > 0 ? TOKEN_TEXT : TOKEN_BAD;
    } else {
        p->type = TOKEN_SYMBOL;
    }
    p->token = (struct str){ p->rest.p, n };
    skip(p, n);
}

static bool is(const struct parser *p, const char *text)
{
    return p->type != TOKEN_TEXT && str_eq(p->token, str_from(text));
}

static bool take(struct parser *p, const char *text)
{
    if (!is(p, text))
        return false;
    next(p);
    return true;
}

static bool bad(struct parser *p, const char *what)
{
    err_set(p->err, ERR_INVALID, "line %u: %s", p->line, what);
    return false;
}

/* --- what is passed over ---------------------------------------------------------------------- */

/* To the end of a statement, or of the block it opens. */
static bool pass_over(struct parser *p)
{
    size_t depth = 0;

    for (; p->type != TOKEN_END && p->type != TOKEN_BAD; next(p)) {
        if (is(p, "{"))
            depth++;
        if (is(p, "}") && depth == 0)
            break;
        if ((is(p, "}") && --depth == 0) || (is(p, ";") && depth == 0)) {
            next(p);
            return true;
        }
    }
    return bad(p, "a statement does not end");
}

/* An option's value may be a block, and ends in a semicolon all the same. */
static bool pass_over_option(struct parser *p)
{
    size_t depth = 0;

    for (; p->type != TOKEN_END && p->type != TOKEN_BAD; next(p)) {
        depth += is(p, "{");
        if (is(p, "}") && depth-- == 0)
            break;
        if (depth == 0 && take(p, ";"))
            return true;
    }
    return bad(p, "an option does not end");
}

static bool is_passed_over(const struct parser *p)
{
    static const char *const words[] = { "syntax",     "edition", "import", "reserved",
                                         "extensions", "service", "extend" };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (is(p, words[i]))
            return true;
    return false;
}

/* --- declarations ----------------------------------------------------------------------------- */

static bool read_name(struct parser *p, struct str *ret)
{
    if (p->type != TOKEN_NAME)
        return bad(p, "a name is missing");
    *ret = p->token;
    next(p);
    return true;
}

static bool read_number(struct parser *p, int64_t *ret)
{
    if (p->type != TOKEN_NUMBER || !str_to_int64(p->token, ret))
        return bad(p, "a field's number is missing, or not decimal");
    next(p);
    return true;
}

static bool read_type_name(struct parser *p, struct str *ret)
{
    if (!is(p, "map"))
        return read_name(p, ret);
    *ret = p->token;
    next(p);
    if (!is(p, "<"))
        return true; /* a message may have that name */
    while (p->type != TOKEN_END && p->type != TOKEN_BAD && !is(p, ">"))
        next(p);
    next(p);
    return true;
}

/* "[label] type name = number [options];" */
static bool read_field(struct parser *p, int message)
{
    struct proto_field field = { .message = message, .repeated = is(p, "repeated") };

    if (is(p, "repeated") || is(p, "optional") || is(p, "required"))
        next(p);
    if (is(p, "group"))
        return bad(p, "groups are not read");
    if (!read_type_name(p, &field.type) || !read_name(p, &field.name))
        return false;
    if (!take(p, "="))
        return bad(p, "a field lacks its number");
    if (!read_number(p, &field.number) || !pass_over_option(p))
        return false;
    return proto_file_add_field(p->file, &field) || bad(p, "too many fields");
}

struct scope {
    int message;
    bool is_oneof; /* its fields are the message's */
};

static bool open_type(struct parser *p, struct scope *scopes, size_t *depth, bool is_enum)
{
    struct proto_type type = { .outer = scopes[*depth].message, .is_enum = is_enum };
    int index;

    next(p);
    if (!read_name(p, &type.name))
        return false;
    if (!proto_file_add_type(p->file, type, &index))
        return bad(p, "too many types");
    if (is_enum)
        return pass_over(p);
    if (!take(p, "{"))
        return bad(p, "a message lacks its body");
    if (*depth == PROTO_DEPTH_MAX)
        return bad(p, "messages stand too deep in each other");
    scopes[++*depth] = (struct scope){ .message = index };
    return true;
}

static bool open_oneof(struct parser *p, struct scope *scopes, size_t *depth)
{
    struct str name;

    next(p);
    if (!read_name(p, &name))
        return false;
    if (!take(p, "{") || scopes[*depth].is_oneof || *depth == PROTO_DEPTH_MAX)
        return bad(p, "a oneof lacks its body, or stands where none can");
    scopes[*depth + 1] = (struct scope){ .message = scopes[*depth].message, .is_oneof = true };
    ++*depth;
    return true;
}

static bool read_statement(struct parser *p, struct scope *scopes, size_t *depth)
{
    const int message = scopes[*depth].message;

    if (take(p, ";"))
        return true;
    if (*depth > 0 && take(p, "}")) {
        --*depth;
        return true;
    }
    if (is(p, "option"))
        return pass_over_option(p);
    if (is_passed_over(p))
        return pass_over(p);
    if (*depth == 0 && take(p, "package"))
        return read_name(p, &p->file->package) && pass_over(p);
    if (is(p, "message") || is(p, "enum"))
        return open_type(p, scopes, depth, is(p, "enum"));
    if (message == PROTO_NO_TYPE)
        return bad(p, "not a declaration");
    return is(p, "oneof") ? open_oneof(p, scopes, depth) : read_field(p, message);
}

enum err_code proto_text_read(struct str text, struct proto_file *ret, struct err *err)
{
    struct parser p = { .rest = text, .line = 1, .file = ret, .err = err };
    struct scope scopes[PROTO_DEPTH_MAX + 1] = { { .message = PROTO_NO_TYPE } };
    size_t depth = 0;

    bool good = true;

    next(&p);
    while (good && p.type != TOKEN_END)
        good = read_statement(&p, scopes, &depth);
    if (good && depth > 0)
        good = bad(&p, "a message does not end");
    return good ? ERR_OK : ERR_INVALID;
}
