/* poolbench: run, list, machine. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "list.h"
#include "machine/machine.h"
#include "measure/side.h"
#include "nearest.h"
#include "options.h"
#include "run/run.h"
#include "version.h"

static const char usage[] =
    "usage: poolbench run [options]        measure; see `poolbench run --help`\n"
    "       poolbench list [topic] [--json]  what there is to measure, and what each profile costs\n"
    "       poolbench machine [--json]     what this machine is, and what may be used of it\n"
    "       poolbench --help | --version\n"
    "A reusable pool of threads, or one thread per task? Measured here, on this machine.\n";

static int run_command(int argc, char **argv)
{
    struct run_options options;
    int code = options_parse(argc, argv, &options);
    return code < 0 ? 0 : code ? code : run_main(&options);
}

static int machine_command(int argc, char **argv)
{
    struct machine *machine;
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;
    if (argc > 1 && !json) {
        fprintf(stderr, "poolbench: machine: unexpected argument '%s': only --json is known\n", argv[1]);
        return 1;
    }
    int error = machine_open("", &machine);
    if (error) {
        fprintf(stderr, "poolbench: cannot read the machine's topology: %s\n", strerror(-error));
        return 1;
    }
    if (json) {
        json_dumpf(machine_description(machine), stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
        putchar('\n');
    } else {
        machine_print(machine, stdout);
    }
    machine_close(machine);
    return 0;
}

/* The processes that `run` starts for its sides: not for people. */
static int side_command(int argc, char **argv)
{
    return argc == 2 ? side_main(argv[1]) : 1;
}

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {
    { "run", run_command }, { "list", list_main }, { "machine", machine_command }, { "side", side_command },
};

static int unknown_command(const char *name)
{
    static const char *const names[] = { "run", "list", "machine", "--help", "--version", NULL };
    fprintf(stderr, "poolbench: unknown command '%s': did you mean '%s'?\n", name, nearest_name(name, names));
    return 1;
}

/* A reader that has seen enough, such as head, is no error; a full disk is. */
static int close_stdout(int code)
{
    if (fflush(stdout) == 0 || errno == EPIPE)
        return code;
    fprintf(stderr, "poolbench: cannot write to stdout: %s\n", strerror(errno));
    return code ? code : 1;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    if (argc < 2) {
        fputs(usage, stderr);
        return 1;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        fputs(usage, stdout);
        return close_stdout(0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("poolbench " POOLBENCH_VERSION " (" POOLBENCH_COMMIT ")");
        return close_stdout(0);
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, argv[1]) == 0)
            return close_stdout(commands[i].run(argc - 1, argv + 1));
    return unknown_command(argv[1]);
}
