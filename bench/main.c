/* poolbench: run, list, machine. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "list.h"
#include "machine/machine.h"
#include "measure/side.h"
#include "nearest.h"
#include "options.h"
#include "record/text.h"
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

/* They stand in messages and in files, which hold no other text. */
static int check_arguments(int argc, char **argv)
{
    char shown[200];
    for (int i = 1; i < argc; i++)
        if (!text_is_printable(argv[i])) {
            snprintf(shown, sizeof shown, "%s", argv[i]);
            text_clean(shown);
            fprintf(stderr, "poolbench: argument '%s': must be printable UTF-8\n", shown);
            return 1;
        }
    return 0;
}

/* So that what JSON refuses is always a text that is none, never want of memory. */
static void *allocate(size_t n_bytes)
{
    void *block = malloc(n_bytes);
    if (!block) {
        fputs("poolbench: out of memory\n", stderr);
        _exit(1);
    }
    return block;
}

/* Where one of them is closed, the next file that is opened would take its place, and messages would go there. */
static void keep_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", O_RDONLY); /* what is written there fails as before */
}

int main(int argc, char **argv)
{
    keep_standard_files();
    umask(umask(077) & 077); /* what is written for others is theirs to say; its owner reads it again */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* `ulimit -f`: the write says so */
    json_set_alloc_funcs(allocate, free);
    if (check_arguments(argc, argv) != 0)
        return 1;
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
