#include "cli/option_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "codec/config_yaml.h"

enum err_code option_file_read(const char *path, struct buf *ret, struct err *err)
{
    FILE *f = fopen(path, "rb");
    enum err_code rc = ERR_OK;

    if (!f)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_INVALID, "cannot be opened: %s",
                       strerror(errno));
    buf_init(ret, CONFIG_YAML_BYTES_MAX + 1);
    if (!buf_reserve(ret, CONFIG_YAML_BYTES_MAX + 1))
        UNREACHABLE("it is the buffer's limit");
    errno = 0;
    ret->n = fread(ret->p, 1, CONFIG_YAML_BYTES_MAX + 1, f);
    if (ferror(f))
        rc = err_set(err, ERR_INVALID, "cannot be read: %s", strerror(errno));
    fclose(f);
    return rc;
}

static void take_entry(void *self, struct str name, struct str value, unsigned line)
{
    option_set_take_entry(self, name, value, line);
}

void option_file_take(struct option_set *set, const char *option, const char *path)
{
    CLEANUP(buf_release) struct buf text = { 0 };
    struct err err = { 0 };

    set->file = path;
    if (option_file_read(path, &text, &err) != ERR_OK)
        option_set_problem(set, "--%s: file '%s' %s", option, path, err.msg);
    else if (config_yaml_parse(buf_str(&text), take_entry, set, &err) != ERR_OK)
        option_set_problem(set, "%s:%s", path, err.msg);
}
