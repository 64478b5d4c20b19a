/*
 * kubectl-redwal, or `kubectl redwal`: a verb a file, in the tree of tree.c.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "adapter/redis_connect.h"
#include "cli/verb_complete.h"
#include "cli/verb_print.h"
#include "live_names.h"
#include "runtime/process.h"
#include "tree.h"

extern char **environ;

static bool write_all(const struct buf *text, FILE *to)
{
    return fwrite(text->p ? text->p : "", 1, text->n, to) == text->n && fflush(to) == 0;
}

static enum exit_status answer_shell(int n, const char *const *words)
{
    CLEANUP(buf_release) struct buf out = { 0 };

    buf_init(&out, VERB_PRINT_MAX_BYTES);
    verb_complete(&tree, n, words, live_names_complete, (const char *const *)environ, &out);
    return write_all(&out, stdout) ? EXIT_DONE : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    CLEANUP(invocation_release) struct invocation in = { 0 };
    CLEANUP(buf_release) struct buf output = { 0 };
    const char *const *args = (const char *const *)argv;

    process_protect_memory();
    redis_connect_prepare();
    signal(SIGPIPE, SIG_IGN);
    if (argc > 1 && strcmp(argv[1], VERB_COMPLETE_WORD) == 0)
        return (int)answer_shell(argc - 2, args + 2);

    switch (verb_parse(&tree, argc, args, (const char *const *)environ, &in, &output)) {
    case VERB_PRINT:
        return write_all(&output, stdout) ? EXIT_DONE : EXIT_FAILED;
    case VERB_BAD:
        write_all(&output, stderr);
        return EXIT_USAGE;
    case VERB_LACKS:
        write_all(&output, stderr);
        return EXIT_FAILED;
    case VERB_RUN:
        write_all(&output, stderr);
        break;
    }
    return (int)in.verb->run(&in);
}
