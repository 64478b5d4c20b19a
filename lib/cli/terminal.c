#include "cli/terminal.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct terminal terminal_of(FILE *out, const char *no_color, const char *term)
{
    struct terminal t = { .out = out, .is_terminal = isatty(fileno(out)) == 1 };
    struct winsize size;

    if (!t.is_terminal)
        return t;
    t.colour = !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0)
        t.width = size.ws_col;
    return t;
}
