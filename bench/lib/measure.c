#include "measure.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "base/check.h"

enum { USAGE = 2 };

static void refuse(const char *name, const char *value)
{
    fprintf(stderr, "cannot use %s %s\n", name, value ? value : "without a value");
    exit(USAGE);
}

static uint64_t number(const char *name, const char *value)
{
    int64_t n;

    if (!str_to_int64(str_from(value), &n) || n < 0)
        refuse(name, value);
    return (uint64_t)n;
}

static void take(struct measure_options *o, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **text;
        uint64_t *number;
    } options[] = {
        { "--brokers", &o->brokers, NULL },     { "--topic", &o->topic, NULL },
        { "--host", &o->host, NULL },           { "--port", NULL, &o->port },
        { "--records", NULL, &o->n },           { "--depth", NULL, &o->depth },
        { "--positions", NULL, &o->positions }, { "--rate", NULL, &o->per_second },
        { "--spread", NULL, &o->spread_s },     { "--schema-id", NULL, &o->schema_id },
    };

    if (!value)
        refuse(name, value);
    if ((strcmp(name, "--workload") == 0 && workload_find(value, &o->workload)) ||
        (strcmp(name, "--format") == 0 && format_find(value, &o->format)))
        return;
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (strcmp(name, options[i].name) != 0)
            continue;
        if (options[i].text)
            *options[i].text = value;
        else
            *options[i].number = number(name, value);
        return;
    }
    refuse(name, value);
}

struct measure_options measure_options_read(int argc, char **argv)
{
    struct measure_options o = { .host = "127.0.0.1", .depth = 1, .per_second = 1 };

    for (int i = 1; i < argc; i += 2)
        take(&o, argv[i], argv[i + 1]);
    if (o.n == 0 || o.depth == 0 || o.per_second == 0)
        refuse("--records, --depth or --rate", "0");
    return o;
}

double measure_now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

double measure_cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void measure_fail(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

void measure_print(uint64_t n, double started_s, double cpu_started_s)
{
    printf("{\"n\":%" PRIu64 ",\"seconds\":%.6f,\"cpu_seconds\":%.6f}\n", n,
           measure_now_s() - started_s, measure_cpu_s() - cpu_started_s);
}
