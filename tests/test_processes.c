/* The backend whose tasks run in processes of its own: each task once, each process on a CPU of its own, none left. */
#include "backends/executor.h"
#include "check.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_TASKS = 1000, N_PROCESSES = 3 };

/* In memory that all processes see. */
static struct shared {
    atomic_int n_runs[N_TASKS], n_inside; /* how often each ran; how many in the process of the test */
    pid_t pids[N_TASKS];
    int n_cpus[N_TASKS];
    pid_t tester;
} *shared;

static char args[N_TASKS];

static void note(void *arg)
{
    size_t i = (size_t)((char *)arg - args);
    cpu_set_t mask;
    sched_getaffinity(0, sizeof mask, &mask);
    shared->n_runs[i]++;
    shared->pids[i] = getpid();
    shared->n_cpus[i] = CPU_COUNT(&mask);
    shared->n_inside += getpid() == shared->tester;
}

static size_t count_processes(void)
{
    size_t n = 0;
    for (size_t i = 0; i < N_TASKS; i++)
        n += i == 0 || shared->pids[i] != shared->pids[i - 1];
    return n;
}

static void crash(void *arg)
{
    (void)arg;
    raise(SIGSEGV);
}

/* Who waits for a process that has crashed ends as it did, instead of waiting for ever. */
static void test_crash(const struct executor *processes, const struct executor_options *options)
{
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        void *state;
        if (processes->create(options, &state) == 0 && processes->submit(state, crash, args) == 0)
            processes->wait_all(state);
        _exit(0);
    }
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    CHECK_EQ(WTERMSIG(status), SIGSEGV);
}

/* Stands before the C library's: what a system does that refuses a mask, or takes it and ignores it. */
static enum { TAKEN, REFUSED, IGNORED } masks_are;

int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *set)
{
    int (*real)(pid_t, size_t, const cpu_set_t *);
    *(void **)&real = dlsym(RTLD_NEXT, "sched_setaffinity");
    if (masks_are == REFUSED)
        errno = EPERM;
    return masks_are == REFUSED ? -1 : masks_are == IGNORED ? 0 : real(pid, size, set);
}

/* What is not bound is no measure of what bound processes reach: there is none then, and nothing is left. It is a limit
 * of the system, which the reason names; options without room for one are well, too. */
static void test_unbound(const struct executor *processes, const struct executor_options *options)
{
    static const char refused[] = "cannot bind a process to its CPU: Operation not permitted";
    char reason[200] = "";
    struct executor_options telling = *options;
    cpu_set_t mine;
    void *state;
    telling.reason = reason;
    telling.reason_bytes = sizeof reason;
    sched_getaffinity(0, sizeof mine, &mine);
    masks_are = REFUSED;
    CHECK_EQ(processes->create(options, &state), -ENOTSUP);
    CHECK_EQ(processes->create(&telling, &state), -ENOTSUP);
    CHECK(strcmp(reason, refused) == 0);
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    masks_are = IGNORED;
    reason[0] = '\0';
    if (CPU_COUNT(&mine) > 1) {
        CHECK_EQ(processes->create(&telling, &state), -ENOTSUP);
        CHECK(strncmp(reason, refused, strlen("cannot bind a process to its CPU: ")) == 0);
    }
    CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    masks_are = TAKEN;
}

int main(void)
{
    const struct executor *processes = executor_find("processes");
    const struct executor_options options = { .n_workers = N_PROCESSES, .stack_bytes = 1 << 16 };
    void *state;
    size_t n_accepted = 0;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    shared->tester = getpid();
    test_crash(processes, &options);
    test_unbound(processes, &options);
    if (!CHECK_EQ(processes->create(&options, &state), 0))
        return 1;
    for (int round = 1; round <= 3; round++) {
        CHECK_EQ(processes->submit_many(state, note, args, 1, N_TASKS, &n_accepted), 0);
        CHECK_EQ(n_accepted, N_TASKS);
        CHECK_EQ(processes->wait_all(state), 0);
        for (size_t i = 0; i < N_TASKS; i++)
            CHECK_EQ(shared->n_runs[i], round);
        CHECK_EQ(count_processes(), N_PROCESSES);
    }
    CHECK_EQ(processes->submit(state, note, args), 0);
    CHECK_EQ(processes->wait_all(state), 0);
    CHECK_EQ(shared->n_runs[0], 4);
    CHECK_EQ(shared->n_inside, 0);
    for (size_t i = 0; i < N_TASKS; i++)
        CHECK_EQ(shared->n_cpus[i], 1);
    processes->destroy(state);
    CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_EQ(errno, ECHILD);
    return check_failures() != 0;
}
