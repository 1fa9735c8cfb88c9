/* The life of echo's server process, as its parent leads it. The server ends with its parent in three
 * ways: when the control socket ends, when its parent's thread dies (for a parent that was killed), and
 * when it is told to.
 *
 * It ignores the signals that a terminal or a supervisor sends to a whole group: its parent decides when a
 * measurement stops.
 */
#include "echo.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void be_server(const struct echo_service *service, int control_fd, pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(0);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    _exit(echo__serve(service, control_fd));
}

/* Of listening socket and pairs. */
static void close_server_ends(const struct echo_service *service)
{
    if (service->listen_fd >= 0)
        close(service->listen_fd);
    for (size_t i = 0; i < service->n_pairs; i++)
        close(service->pairs[i].server_fd);
}

static void close_client_ends(const struct echo_service *service)
{
    for (size_t i = 0; i < service->n_pairs; i++)
        close(service->pairs[i].client_fd);
}

int echo__process_start(const struct echo_service *service, struct echo_process *process)
{
    pid_t pid, parent = getpid();
    int control[2], error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control)) {
        error = errno;
        close_server_ends(service);
        return -error;
    }
    pid = fork();
    if (pid == 0) {
        close(control[0]);
        close_client_ends(service);
        be_server(service, control[1], parent);
    }
    error = pid < 0 ? errno : 0;
    close_server_ends(service);
    close(control[1]);
    if (error) {
        close(control[0]);
        return -error;
    }
    *process = (struct echo_process){ .pid = pid, .control_fd = control[0] };
    return 0;
}

/* Returns whether the server has been reaped. */
static bool reap(struct echo_process *process, int options)
{
    pid_t reaped;

    if (process->is_reaped)
        return true;
    do
        reaped = waitpid(process->pid, &process->status, options);
    while (reaped < 0 && errno == EINTR);
    process->is_reaped = reaped != 0;
    return process->is_reaped;
}

bool echo__process_ended(struct echo_process *process, uint64_t wait_ns)
{
    const struct timespec pause = { .tv_nsec = 1000000 };
    uint64_t deadline_ns = workload__clock_ns(CLOCK_MONOTONIC) + wait_ns;

    while (!reap(process, WNOHANG)) {
        if (workload__clock_ns(CLOCK_MONOTONIC) >= deadline_ns)
            return false;
        nanosleep(&pause, NULL);
    }
    return true;
}

int echo__process_error(const struct echo_process *process)
{
    return WIFEXITED(process->status) ? WEXITSTATUS(process->status) : 0;
}

void echo__process_describe(const struct echo_process *process, char *text, size_t text_bytes)
{
    if (WIFSIGNALED(process->status))
        snprintf(text, text_bytes, "echo server ended: killed by signal %d", WTERMSIG(process->status));
    else
        snprintf(text, text_bytes, "echo server ended: exit code %d", WEXITSTATUS(process->status));
}

int echo__process_cpu_ns(const struct echo_process *process, uint64_t *cpu_ns)
{
    clockid_t clock;
    struct timespec t;
    int error = clock_getcpuclockid(process->pid, &clock);

    if (error)
        return -error;
    if (clock_gettime(clock, &t))
        return -errno;
    *cpu_ns = (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
    return 0;
}

void echo__process_stop(struct echo_process *process)
{
    /* not only a close: a process that was forked later may hold a copy of this end */
    shutdown(process->control_fd, SHUT_RDWR);
    reap(process, 0);
    close(process->control_fd);
}
