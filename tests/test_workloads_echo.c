/* Echo: the server is a process of its own that ends with its parent, its death is told and never hangs a
 * task, and a limit of open files is named. */
#include "test_workloads.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

enum { THINK_NS, REQUEST_BYTES };

/* What happens to responses on their way into this process; the server sees requests as they are. */
static atomic_bool is_damaged, is_cut_off;

/* Stands in for libc's. */
ssize_t recv(int fd, void *data, size_t n_bytes, int flags)
{
    ssize_t n = recvfrom(fd, data, n_bytes, flags, NULL, NULL);

    if (atomic_load(&is_damaged) && n > 0)
        ((unsigned char *)data)[n - 1] ^= 1;
    return atomic_load(&is_cut_off) ? 0 : n;
}

static pid_t parent_of(const char *pid)
{
    char path[300], text[512], *after_name;
    int fd, parent = -1;
    ssize_t n;

    snprintf(path, sizeof(path), "/proc/%s/stat", pid);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        return -1;
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    after_name = strrchr(text, ')');
    return after_name && sscanf(after_name, ") %*c %d", &parent) == 1 ? parent : -1;
}

/* The only child of this process, or -1. */
static pid_t find_server(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t child = -1;

    while ((entry = readdir(proc)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' && parent_of(entry->d_name) == getpid())
            child = atoi(entry->d_name);
    closedir(proc);
    return child;
}

static void start(struct trial *trial, uint64_t think_ns, uint64_t request_bytes, uint64_t n_concurrent)
{
    trial_init(trial, "echo");
    trial->config.values[THINK_NS] = think_ns;
    trial->config.values[REQUEST_BYTES] = request_bytes;
    trial->config.n_concurrent = n_concurrent;
    CHECK_EQ(set_up(trial), 0);
}

static void check_process(void)
{
    struct workload_measure measures[2];
    struct trial trial;
    pid_t server;

    start(&trial, 0, 64, 4);
    server = find_server();
    CHECK(server > 0 && server != getpid());
    kill(server, SIGTERM); /* what a supervisor sends to a whole group is for the parent to heed */
    kill(server, SIGINT);
    CHECK(passes(&trial, 300, run_from_threads(&trial, 300)));
    CHECK_EQ(trial.workload->measure(trial.state, measures, 2), 1);
    CHECK(!strcmp(measures[0].name, "server_cpu_ns"));
    CHECK(measures[0].value > 0);
    CHECK_EQ(trial.workload->measure(trial.state, measures, 0), 0);
    tear_down(&trial);
    CHECK_EQ(kill(server, 0), -1);
    CHECK_EQ(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

static void check_sizes(void)
{
    static const uint64_t sizes[] = { 16, 17, 63, 4096, 65536 };
    struct trial trial;

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        start(&trial, i % 2 ? 100000 : 0, sizes[i], 4);
        CHECK(passes(&trial, 40, run_from_threads(&trial, 40)));
        tear_down(&trial);
    }
    start(&trial, 10000, 64, 1); /* more tasks at once than connections */
    CHECK(passes(&trial, 100, run_from_threads(&trial, 100)));
    tear_down(&trial);
}

static void check_wrong_response(void)
{
    struct trial trial;
    uint64_t sum;

    start(&trial, 0, 64, 1);
    sum = run_serially(&trial, 9);
    atomic_store(&is_damaged, true);
    sum += run_task(&trial, 9);
    atomic_store(&is_damaged, false);
    CHECK_EQ(judge(&trial, 10, 10, sum), -EBADMSG);
    CHECK(!strcmp(trial.reason, "sum of results is wrong"));
    tear_down(&trial);
}

static void check_no_response(void)
{
    struct trial trial;
    uint64_t sum;

    start(&trial, 0, 64, 1);
    sum = run_serially(&trial, 9);
    atomic_store(&is_cut_off, true);
    sum += run_task(&trial, 9);
    atomic_store(&is_cut_off, false);
    CHECK_EQ(judge(&trial, 10, 10, sum), -EBADMSG);
    CHECK(!strcmp(trial.reason, "1 of 10 requests were not answered"));
    tear_down(&trial);
}

/* Kills the server while tasks wait for it; it thinks longer than the test may take. */
static void check_killed(void)
{
    struct trial trial;
    struct share shares[N_THREADS];
    uint64_t sum = 0;

    start(&trial, 1000000000, 64, N_THREADS);
    for (uint64_t i = 0; i < N_THREADS; i++) {
        shares[i] = (struct share){ .trial = &trial, .first = i, .step = N_THREADS, .n_tasks = 1000 };
        pthread_create(&shares[i].thread, NULL, run_share, &shares[i]);
    }
    kill(find_server(), SIGKILL);
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(shares[i].thread, NULL);
        sum += shares[i].sum;
    }
    CHECK_EQ(judge(&trial, 1000, 1000, sum), -EBADMSG);
    CHECK(!strcmp(trial.reason, "echo server ended: killed by signal 9"));
    CHECK_EQ(judge(&trial, 1000, 1000, sum), -EBADMSG); /* and says so again */
    CHECK(!strcmp(trial.reason, "echo server ended: killed by signal 9"));
    tear_down(&trial);
}

/* Even where nothing was running when it died, and the tally is as it should be. */
static void check_killed_idle(void)
{
    struct trial trial;
    uint64_t sum;
    pid_t server;

    start(&trial, 0, 64, 1);
    sum = run_serially(&trial, 10);
    server = find_server();
    kill(server, SIGKILL);
    waitid(P_PID, (id_t)server, &(siginfo_t){ 0 }, WEXITED | WNOWAIT);
    CHECK_EQ(judge(&trial, 10, 10, sum), -EBADMSG);
    CHECK(!strcmp(trial.reason, "echo server ended: killed by signal 9"));
    tear_down(&trial);
}

/* Runs body in a process of its own and expects it to return 0. */
static void in_child(void (*body)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        alarm(20);
        body();
        _exit(check_failures() != 0);
    }
    waitpid(pid, &status, 0);
    CHECK_EQ(status, 0);
}

static void limit_files(rlim_t soft, rlim_t hard)
{
    struct rlimit limit = { soft, hard };

    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void refuse_hard_limit(void)
{
    struct trial trial;

    limit_files(64, 64);
    trial_init(&trial, "echo");
    trial.config.n_concurrent = 1000;
    CHECK_EQ(trial.workload->setup(&trial.config, &trial.state), -EMFILE);
    CHECK(!strncmp(trial.reason, "needs 10", 8));
    CHECK(strstr(trial.reason, " open files, RLIMIT_NOFILE allows 64") != NULL);
    CHECK_EQ(find_server(), -1);
}

static void raise_soft_limit(void)
{
    struct trial trial;

    limit_files(20, 200);
    start(&trial, 0, 64, 100);
    CHECK(passes(&trial, 200, run_from_threads(&trial, 200)));
    tear_down(&trial);
}

/* Files that the process has open already are more than setup reckons with. */
static void run_out_of_files(void)
{
    struct trial trial;
    int lowest = dup(0);

    for (int i = 0; i < 40; i++)
        CHECK(dup(0) >= 0);
    close(lowest);
    limit_files(130, 130);
    trial_init(&trial, "echo");
    trial.config.n_concurrent = 100;
    CHECK_EQ(trial.workload->setup(&trial.config, &trial.state), -EMFILE);
    CHECK(strstr(trial.reason, "too many open files") != NULL);
    CHECK_EQ(find_server(), -1);
}

/* The server does not outlive a parent that had no time to end it, even if it cannot see for itself. */
static void check_parent_killed(void)
{
    struct trial trial;
    int to_test[2];
    pid_t pid, server = -1;

    CHECK_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1), 0); /* the server becomes a child of this process */
    CHECK_EQ(pipe(to_test), 0);
    pid = fork();
    if (pid == 0) {
        start(&trial, 0, 64, 1);
        server = find_server();
        kill(server, SIGSTOP);
        if (write(to_test[1], &server, sizeof(server)) != sizeof(server))
            _exit(1);
        raise(SIGKILL);
    }
    CHECK_EQ(read(to_test[0], &server, sizeof(server)), sizeof(server));
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(waitpid(server, NULL, 0), server);
    close(to_test[0]);
    close(to_test[1]);
}

int main(void)
{
    alarm(60);
    check_process();
    check_sizes();
    alarm(20);
    check_wrong_response();
    check_no_response();
    check_killed();
    check_killed_idle();
    in_child(refuse_hard_limit);
    in_child(raise_soft_limit);
    in_child(run_out_of_files);
    check_parent_killed();
    return check_failures() != 0;
}
