/*
 * Words for our own mistakes and for what the compiler can check for us. The assertions stay on
 * in release builds; input from outside is never asserted, it gets an error.
 */
#ifndef REDWAL_BASE_CHECK_H
#define REDWAL_BASE_CHECK_H

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The caller must look at the result. */
#define NODISCARD __attribute__((warn_unused_result))

/* Runs `fn(&variable)` when the variable goes out of scope. */
#define CLEANUP(fn)                    __attribute__((cleanup(fn)))

#define PRINTF_LIKE(text_at, first_at) __attribute__((format(printf, text_at, first_at)))

/* A precondition, a truth after a mutation, a place that cannot be reached. Each aborts with the
 * place and the text; none may have a side effect. */
#define PRE(cond)        ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, "precondition", #cond))
#define INVARIANT(cond)  ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, "invariant", #cond))
#define UNREACHABLE(why) check_failed(__FILE__, __LINE__, "unreachable", why)

__attribute__((noreturn)) void check_failed(const char *file, int line, const char *kind,
                                            const char *what);

#endif
