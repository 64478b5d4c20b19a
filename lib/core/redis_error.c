#include "core/redis_error.h"

#include <string.h>

#include "base/check.h"

static const struct {
    const char *word;
    enum redis_error_class class;
} words[] = {
    { "OOM", REDIS_ERROR_PRESSURE },       { "MISCONF", REDIS_ERROR_PRESSURE },
    { "BUSY", REDIS_ERROR_PRESSURE },      { "NOREPLICAS", REDIS_ERROR_PRESSURE },
    { "TRYAGAIN", REDIS_ERROR_PRESSURE },  { "UNKILLABLE", REDIS_ERROR_PRESSURE },
    { "READONLY", REDIS_ERROR_PRIMARY },   { "LOADING", REDIS_ERROR_PRIMARY },
    { "MASTERDOWN", REDIS_ERROR_PRIMARY }, { "CLUSTERDOWN", REDIS_ERROR_PRIMARY },
    { "MOVED", REDIS_ERROR_PRIMARY },      { "ASK", REDIS_ERROR_PRIMARY },
    { "UNBLOCKED", REDIS_ERROR_PRIMARY },  { "NOAUTH", REDIS_ERROR_ACCESS },
    { "WRONGPASS", REDIS_ERROR_ACCESS },   { "NOPERM", REDIS_ERROR_ACCESS },
};

static struct str first_word(struct str text)
{
    size_t n = 0;

    while (n < text.n && text.p[n] != ' ')
        n++;
    return (struct str){ text.p, n };
}

struct str redis_error_cause(struct str text)
{
    static const struct str because = { "because of: ", sizeof("because of: ") - 1 };

    if (!str_eq(first_word(text), STR_LITERAL("EXECABORT")))
        return text;
    for (size_t i = 0; i + because.n <= text.n; i++)
        if (memcmp(text.p + i, because.p, because.n) == 0)
            return (struct str){ text.p + i + because.n, text.n - i - because.n };
    return text;
}

enum redis_error_class redis_error_classify(struct str text)
{
    const struct str word = first_word(redis_error_cause(text));

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        if (str_eq(word, str_from(words[i].word)))
            return words[i].class;
    return REDIS_ERROR_OPERATION;
}

const char *redis_error_label(enum redis_error_class class)
{
#define REDIS_ERROR_LABEL(name, label) [REDIS_ERROR_##name] = label,
    static const char *const labels[] = { REDIS_ERROR_CLASSES(REDIS_ERROR_LABEL) };
#undef REDIS_ERROR_LABEL

    PRE(class < REDIS_ERROR_CLASS_COUNT);
    return labels[class];
}
