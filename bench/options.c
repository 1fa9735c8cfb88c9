/* Reads the options of `poolbench run`; every error is one line that says what would be right. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/executor.h"
#include "nearest.h"
#include "record/text.h"

const char *const options_bind_names[] = { "none", "core", "pu", NULL };

static const struct option long_options[] = {
    { "profile", required_argument, NULL, 'p' },  { "filter", required_argument, NULL, 'f' },
    { "backends", required_argument, NULL, 'b' }, { "workers", required_argument, NULL, 'w' },
    { "rounds", required_argument, NULL, 'n' },   { "seed", required_argument, NULL, 's' },
    { "results", required_argument, NULL, 'r' },  { "scratch", required_argument, NULL, 't' },
    { "resume", required_argument, NULL, 'c' },   { "bind", required_argument, NULL, 'i' },
    { "plugin", required_argument, NULL, 'g' },
    { "help", no_argument, NULL, 'h' },           { NULL, 0, NULL, 0 },
};

static const char usage[] =
    "usage: poolbench run [options]\n"
    "measures, and prints the run's folder on stdout\n"
    "  --profile NAME              what to measure, how often and how long: smoke, quick, full, peers (quick)\n"
    "  --filter REGEX              only cells whose name matches, such as '^grain/'\n"
    "  --backends LIST             of the backends that `poolbench list backends` shows (all)\n"
    "  --workers LIST              sizes of pools and caps (the CPUs that can be used)\n"
    "  --rounds N                  1 to 1000 (those of the profile)\n"
    "  --seed N                    of the order and of the data (1)\n"
    "  --results DIR               where the run's folder is made (results)\n"
    "  --scratch DIR               where workloads put their files (TMPDIR, or /tmp)\n"
    "  --bind none|core|pu         what each thread is bound to (none)\n"
    "  --plugin FILE.so            a backend or workload of your own: see bench/plugin.h; may be given again\n"
    "  --resume RUN                finish a run that was stopped; all other options are its own\n"
    "exit codes: 0 all cells measured, 1 error, 3 done but some cells failed, 130 stopped and can be resumed\n";

static int complain(const char *what, const char *value, const char *right)
{
    fprintf(stderr, "poolbench: %s '%s': %s\n", what, value, right);
    return 1;
}

static int unknown(const char *what, const char *value, const char *const *names)
{
    const char *nearest = nearest_name(value, names);
    fprintf(stderr, "poolbench: unknown %s '%s': did you mean '%s'?\n", what, value, nearest);
    return 1;
}

static int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno || value < min || value > max)
        return -EINVAL;
    *number = value;
    return 0;
}

static int parse_profile(struct run_options *options, const char *name)
{
    const char *names[8] = { NULL };
    options->profile = profile_find(name);
    for (size_t i = 0; profile_table[i].name; i++)
        names[i] = profile_table[i].name;
    return options->profile ? 0 : unknown("profile", name, names);
}

static int parse_bind(struct run_options *options, const char *name)
{
    for (int i = 0; options_bind_names[i]; i++)
        if (strcmp(options_bind_names[i], name) == 0) {
            options->bind = (enum machine_bind)i;
            return 0;
        }
    return unknown("binding", name, options_bind_names);
}

static int unknown_backend(const char *name)
{
    const char *names[OPTIONS_BACKENDS_MAX + 1] = { NULL };
    for (size_t i = 0; executor_at(i) && i < OPTIONS_BACKENDS_MAX; i++)
        names[i] = executor_at(i)->name;
    return unknown("backend", name, names);
}

static bool has_backend(const struct run_options *options, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(options->backends[i], name) == 0)
            return true;
    return false;
}

static int parse_backends(struct run_options *options, char *list)
{
    size_t n = 0;
    for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
        const struct executor *executor = executor_find(name);
        if (!executor)
            return unknown_backend(name);
        if (n == OPTIONS_BACKENDS_MAX)
            return complain("backends", name, "too many");
        if (!has_backend(options, n, executor->name))
            options->backends[n++] = executor->name;
    }
    options->backends[n] = NULL;
    return n ? 0 : complain("backends", list, "at least one is needed");
}

static bool has_workers(const struct run_options *options, size_t number)
{
    for (size_t i = 0; i < options->n_workers; i++)
        if (options->workers[i] == number)
            return true;
    return false;
}

static int parse_workers(struct run_options *options, char *list)
{
    options->n_workers = 0;
    for (char *text = strtok(list, ","); text; text = strtok(NULL, ",")) {
        uint64_t number;
        if (options->n_workers == PLAN_WORKERS_MAX)
            return complain("workers", text, "at most 16 numbers can be given");
        if (parse_number(text, 1, OPTIONS_WORKERS_MAX, &number) != 0)
            return complain("workers", text, "must be numbers from 1 to 4096, separated by commas");
        if (!has_workers(options, (size_t)number))
            options->workers[options->n_workers++] = (size_t)number;
    }
    return options->n_workers ? 0 : complain("workers", list, "at least one is needed");
}

static int parse_rounds(struct run_options *options, const char *text)
{
    uint64_t number;
    if (parse_number(text, 1, OPTIONS_ROUNDS_MAX, &number) != 0)
        return complain("rounds", text, "must be a number from 1 to 1000");
    options->rounds = (size_t)number;
    return 0;
}

static int parse_seed(struct run_options *options, const char *text)
{
    return parse_number(text, 0, INT64_MAX, &options->seed) == 0
        ? 0 : complain("seed", text, "must be a number from 0 to 9223372036854775807");
}

static int parse_dir(const char **dir, const char *what, const char *path)
{
    *dir = path;
    return path[0] ? 0 : complain(what, path, "must name a folder");
}

static int refuse(const char *argument)
{
    const char *names[sizeof long_options / sizeof *long_options] = { NULL };
    for (size_t i = 0; long_options[i].name; i++)
        names[i] = long_options[i].name;
    if (strncmp(argument, "--benchmark_", 12) == 0) {
        fprintf(stderr, "poolbench: '%s' is Google Benchmark's: use --filter, --rounds and --profile, see "
                "`poolbench run --help`\n", argument);
        return 1;
    }
    if (strncmp(argument, "--", 2) != 0)
        return complain("unexpected argument", argument, "see `poolbench run --help`");
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(argument + 2, "="), argument + 2);
    for (size_t i = 0; names[i]; i++)
        if (strcmp(names[i], name) == 0)
            return complain("option", argument, strchr(argument, '=') ? "takes no value" : "needs a value");
    fprintf(stderr, "poolbench: unknown option '%s': did you mean '--%s'?\n", argument, nearest_name(name, names));
    return 1;
}

static int parse_filter(struct run_options *options, const char *filter)
{
    if (strlen(filter) > OPTIONS_FILTER_MAX)
        return complain("filter", "", "must have at most 500 bytes");
    options->filter = filter;
    return 0;
}

static int parse_option(struct run_options *options, int option, char *value)
{
    switch (option) {
    case 'p': return parse_profile(options, value);
    case 'f': return parse_filter(options, value);
    case 'b': return parse_backends(options, value);
    case 'w': return parse_workers(options, value);
    case 'n': return parse_rounds(options, value);
    case 's': return parse_seed(options, value);
    case 'r': return parse_dir(&options->results_dir, "results", value);
    case 't': return parse_dir(&options->scratch_dir, "scratch", value);
    case 'c': return parse_dir(&options->resume, "resume", value);
    case 'g': return 0; /* options_take_plugins() had it */
    default: return parse_bind(options, value);
    }
}

static void set_defaults(struct run_options *options)
{
    const char *temporary = getenv("TMPDIR");
    *options = (struct run_options){
        .profile = profile_find("quick"),
        .seed = 1,
        .results_dir = "results",
        .scratch_dir = temporary && temporary[0] ? temporary : "/tmp",
    };
    for (size_t i = 0; executor_at(i) && i < OPTIONS_BACKENDS_MAX; i++)
        options->backends[i] = executor_at(i)->name;
}

int options_take_plugins(int argc, char **argv, struct plugin *plugins, size_t *n_plugins)
{
    int option;
    *n_plugins = 0;
    opterr = 0;
    optind = 0; /* begins anew, whatever was read before */
    while ((option = getopt_long(argc, argv, "-:", long_options, NULL)) != -1) {
        if (option != 'g')
            continue; /* what is wrong with it is said when all of them are read */
        if (*n_plugins == PLUGINS_MAX)
            return complain("plugin", optarg, "at most 16 can be given");
        if (plugins_describe(optarg, &plugins[*n_plugins]) != 0)
            return 1;
        ++*n_plugins;
    }
    return 0;
}

int options_parse(int argc, char **argv, struct run_options *options)
{
    struct plugin plugins[PLUGINS_MAX];
    size_t n_plugins;
    int option, n_given = 0, n_free = 0;
    if (options_take_plugins(argc, argv, plugins, &n_plugins) != 0)
        return 1;
    set_defaults(options);
    memcpy(options->plugins, plugins, n_plugins * sizeof *plugins);
    options->n_plugins = n_plugins;
    opterr = 0;
    optind = 0;
    for (;;) {
        int at = optind ? optind : 1;
        option = getopt_long(argc, argv, "+:", long_options, NULL);
        if (option == -1)
            break;
        if (option == 'h')
            return fputs(usage, stdout) == EOF ? 1 : -1;
        if (option == '?' || option == ':')
            return refuse(argv[at]);
        if (parse_option(options, option, optarg) != 0)
            return 1;
        n_given++;
        n_free += option == 'c' || option == 't' || option == 'g';
    }
    if (optind < argc)
        return refuse(argv[optind]);
    if (!text_is_printable(options->scratch_dir)) /* TMPDIR: arguments have been looked at */
        return complain("TMPDIR", "", "must be printable UTF-8: choose another folder with --scratch");
    if (options->resume && n_given > n_free) {
        fputs("poolbench: --resume takes all other options from the run, but for --scratch and --plugin: leave them "
              "out\n", stderr);
        return 1;
    }
    return 0;
}
