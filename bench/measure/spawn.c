/* Starts a measuring process and takes its result.
 *
 * SIGINT, SIGTERM, SIGHUP and SIGCHLD are blocked but for the wait, so none of them can be missed between a look
 * and the wait. The process leads a group of its own, which is killed as a whole. It dies with its parent. What left
 * the group becomes a child of this process when its own parent is gone, and is ended here: nothing that a workload
 * started stays.
 */
#include "measure/spawn.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "machine/counters.h"
#include "machine/machine.h"
#include "measure/answer.h"
#include "measure/pause.h"
#include "measure/side.h"
#include "record/clock.h"

struct child {
    pid_t pid;
    int fd; /* where its line comes from, -1 at its end */
    char *text;
    size_t n_text;
    bool ended, timed_out, is_talkative; /* it said more than any answer is long */
    int wait_status;
    struct pause_watch pause;
    struct rusage usage;
};

/* What the machine says before and after a side. */
struct sample {
    struct machine_sample machine;
    struct machine_counts counts;
};

static struct machine_counters counters;

static volatile sig_atomic_t caught;
static sigset_t wait_mask; /* the mask of the wait: what it was before spawn_begin() */

static bool takes_orphans; /* unless whoever executed this program had children, which are not ours to end */

static void on_signal(int signal)
{
    if (signal != SIGCHLD)
        caught = signal;
}

void spawn_begin(void)
{
    static bool has_begun;
    if (has_begun)
        return;
    has_begun = true;
    siginfo_t info;
    bool has_children = waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
    takes_orphans = !has_children && prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    machine_counters_open(&counters);
    struct sigaction action = { .sa_handler = on_signal };
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
    struct sigaction old;
    sigset_t blocked;
    sigemptyset(&blocked);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        bool is_ignored = sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_IGN;
        if (signals[i] == SIGHUP && is_ignored) /* by nohup */
            continue;
        sigaction(signals[i], &action, NULL);
        sigaddset(&blocked, signals[i]);
    }
    sigprocmask(SIG_BLOCK, &blocked, &wait_mask);
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        sigdelset(&wait_mask, signals[i]);
}

int spawn_caught_signal(void)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    sigset_t pending;
    if (caught || sigpending(&pending) != 0)
        return caught;
    for (size_t i = 0; i < sizeof signals / sizeof *signals && !caught; i++)
        if (sigismember(&pending, signals[i]) == 1)
            caught = signals[i];
    return caught;
}

/* Google Benchmark's options, and what changes how the C library makes stacks, memory and threads: none of it may
 * reach a number from someone's shell. */
static void clean_environment(void)
{
    static const char *const prefixes[] = { "BENCHMARK_", "GLIBC_TUNABLES=", "MALLOC_" };
    char name[256];
    for (char **variable = environ; *variable;) {
        bool drop = false;
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
            drop = drop || strncmp(*variable, prefixes[i], strlen(prefixes[i])) == 0;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(*variable, "="), *variable);
        if (drop && unsetenv(name) == 0)
            variable = environ; /* the list has moved up */
        else
            variable++;
    }
}

/* What a thread's stack is where nobody says: that of most systems, whatever the shell's limit is, if it may be. */
static void limit_stack(void)
{
    const rlim_t usual_bytes = 8 << 20;
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == usual_bytes)
        return;
    limit.rlim_cur = limit.rlim_max < usual_bytes ? limit.rlim_max : usual_bytes;
    setrlimit(RLIMIT_STACK, &limit);
}

/* Where memory is short the kernel is to end what measures: not this run, and nothing else on the machine. */
static void offer_to_oom_killer(void)
{
    FILE *file = fopen("/proc/self/oom_score_adj", "we");
    if (!file)
        return;
    fputs("1000", file);
    fclose(file);
}

/* In the new process: never returns. What is printed there is for people: the parent's stdout is data. */
static void become_side(int result_fd, const char *job_text, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    if (result_fd != SIDE_RESULT_FD) {
        dup2(result_fd, SIDE_RESULT_FD);
        close(result_fd);
    }
    dup2(STDERR_FILENO, STDOUT_FILENO);
    clean_environment();
    limit_stack();
    offer_to_oom_killer();
    sigprocmask(SIG_SETMASK, &wait_mask, NULL);
    execl("/proc/self/exe", "poolbench", "side", job_text, (char *)NULL);
    _exit(127);
}

static int start(struct child *child, const char *job_text)
{
    int ends[2];
    if (pipe(ends) != 0)
        return -errno;
    pid_t parent = getpid();
    child->pid = fork();
    if (child->pid == 0) {
        close(ends[0]);
        become_side(ends[1], job_text, parent);
    }
    int error = child->pid < 0 ? -errno : 0;
    close(ends[1]);
    child->fd = ends[0];
    if (error)
        close(ends[0]);
    else
        setpgid(child->pid, child->pid);
    return error;
}

static void read_some(struct child *child)
{
    char *text = realloc(child->text, child->n_text + 65537);
    ssize_t n = text ? read(child->fd, text + child->n_text, 65536) : 0;
    if (n > 0)
        child->n_text += (size_t)n;
    if (text) {
        child->text = text;
        child->text[child->n_text] = '\0'; /* also if nothing came: the block may hold an older answer */
    }
    child->is_talkative = child->n_text > ANSWER_MAX_BYTES;
    if (n > 0)
        return;
    if (n == 0 || errno != EINTR) {
        close(child->fd);
        child->fd = -1;
    }
}

/* Whether it has ended. It keeps its process id until end_group() has used that. */
static bool has_ended(const struct child *child)
{
    siginfo_t info = { 0 };
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child->pid;
}

/* The kernel's list of them, empty where it keeps none. Returns how many there are. */
static size_t kill_children(void)
{
    size_t n = 0;
    int pid;
    FILE *children = fopen("/proc/thread-self/children", "re");
    for (; children && fscanf(children, "%d", &pid) == 1; n++)
        kill(pid, SIGKILL);
    if (children)
        fclose(children);
    return n;
}

/* Each that ends may leave others. */
static void end_orphans(void)
{
    pid_t reaped;
    do
        reaped = waitpid(-1, NULL, kill_children() ? 0 : WNOHANG);
    while (reaped > 0 || (reaped < 0 && errno == EINTR));
}

/* Ends whatever of its group still runs, and takes its status. */
static void end_group(struct child *child)
{
    kill(-child->pid, SIGKILL);
    if (!child->ended)
        kill(child->pid, SIGKILL); /* it may not yet lead its group */
    while (wait4(child->pid, &child->wait_status, 0, &child->usage) < 0 && errno == EINTR)
        ;
    if (takes_orphans)
        end_orphans();
}

/* Until the process has ended, the time is over or a signal came. */
static void attend(struct child *child, double timeout_s)
{
    uint64_t deadline = clock_now_ns() + (uint64_t)(timeout_s * 1e9);
    for (;;) {
        child->ended = has_ended(child);
        uint64_t now = clock_now_ns();
        child->timed_out = !child->ended && now >= deadline;
        if (child->ended || child->timed_out || child->is_talkative || spawn_caught_signal())
            return;
        uint64_t left = deadline - now < PAUSE_LOOK_NS ? deadline - now : PAUSE_LOOK_NS;
        struct timespec wait = { .tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u) };
        struct pollfd poll = { .fd = child->fd, .events = POLLIN };
        int n_ready = ppoll(&poll, 1, &wait, &wait_mask);
        deadline += pause_look(&child->pause, child->pid, now + left);
        if (n_ready > 0)
            read_some(child);
    }
}

static void read_rest(struct child *child)
{
    struct pollfd poll_fd = { .fd = child->fd, .events = POLLIN };
    while (child->fd >= 0 && !child->is_talkative && poll(&poll_fd, 1, 0) > 0)
        read_some(child);
    if (child->fd >= 0)
        close(child->fd);
}

/* SIGKILL is what the kernel sends where memory is short, and what anyone may send. */
static void describe_kill(double n_oom_kills, char *reason, size_t reason_bytes)
{
    const double mib = 1 << 20;
    double limit_bytes = machine_memory_limit_bytes("");
    if (isnan(n_oom_kills))
        snprintf(reason, reason_bytes, "killed by signal 9: out of memory, or by someone");
    else if (n_oom_kills <= 0)
        snprintf(reason, reason_bytes, "killed by signal 9: by someone, not for lack of memory");
    else if (isfinite(limit_bytes))
        snprintf(reason, reason_bytes, "killed by signal 9: out of memory (the control group's limit is %.0f MiB)",
                 limit_bytes / mib);
    else
        snprintf(reason, reason_bytes, "killed by signal 9: out of memory");
}

static void set_failure(struct spawn_result *result, const struct child *child, double timeout_s, double n_oom_kills)
{
    strcpy(result->status, "failed");
    int status = child->wait_status;
    if (child->timed_out)
        snprintf(result->reason, sizeof result->reason, "not done after %.0f s: stopped", timeout_s);
    else if (child->is_talkative)
        snprintf(result->reason, sizeof result->reason, "its answer is damaged: it is longer than %d MiB",
                 ANSWER_MAX_BYTES >> 20);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        describe_kill(n_oom_kills, result->reason, sizeof result->reason);
    else if (WIFSIGNALED(status))
        snprintf(result->reason, sizeof result->reason, "killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(result->reason, sizeof result->reason, "ended with code %d", WEXITSTATUS(status));
}

static struct sample take_sample(void)
{
    struct sample sample = { .counts = machine_counters_read(&counters) };
    machine_sample("", &sample.machine);
    return sample;
}

static void set_environment(json_t *environment, const char *name, double value)
{
    json_object_set_new(environment, name, isfinite(value) ? json_real(value) : json_string("unknown"));
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec * 1e-6;
}

static void fill_environment(struct spawn_result *result, const struct rusage *usage, const json_t *answer,
                             const struct sample *before, const struct sample *after)
{
    json_t *e = result->environment;
    const json_t *resident = json_object_get(answer, "resident_peak_bytes");
    set_environment(e, "load1", after->machine.load1);
    set_environment(e, "steal_ms", after->machine.steal_ms - before->machine.steal_ms);
    set_environment(e, "throttled_ms", after->machine.throttled_ms - before->machine.throttled_ms);
    set_environment(e, "frequency_mhz", after->machine.frequency_mhz);
    set_environment(e, "context_switches_voluntary", (double)usage->ru_nvcsw);
    set_environment(e, "context_switches_involuntary", (double)usage->ru_nivcsw);
    set_environment(e, "faults_minor", (double)usage->ru_minflt);
    set_environment(e, "faults_major", (double)usage->ru_majflt);
    set_environment(e, "user_s", seconds(usage->ru_utime));
    set_environment(e, "system_s", seconds(usage->ru_stime));
    set_environment(e, "wall_s", result->wall_s);
    set_environment(e, "resident_peak_bytes", resident ? json_number_value(resident) : NAN);
    set_environment(e, "cycles", after->counts.cycles - before->counts.cycles);
    set_environment(e, "instructions", after->counts.instructions - before->counts.instructions);
}

int spawn_side(const json_t *job, const struct cell *cell, double timeout_s, struct spawn_result *result)
{
    struct child child = { .pid = -1 };
    char *job_text = json_dumps(job, JSON_COMPACT);
    struct sample before = take_sample();
    pause_begin(&child.pause);
    uint64_t start_ns = clock_now_ns();
    int error = job_text ? start(&child, job_text) : -ENOMEM;
    free(job_text);
    if (error)
        return error;
    attend(&child, timeout_s);
    end_group(&child);
    read_rest(&child);
    if (spawn_caught_signal()) {
        free(child.text);
        return -EINTR;
    }
    *result = (struct spawn_result){ .iteration_ns = NAN, .metrics = json_object(), .environment = json_object() };
    result->timed_out = child.timed_out;
    if (child.timed_out || WIFEXITED(child.wait_status)) /* what crashes does so whatever stood still */
        pause_end(&child.pause, result->pause, sizeof result->pause);
    result->wall_s = (double)(clock_now_ns() - start_ns) * 1e-9;
    struct sample after = take_sample();
    bool is_well = !child.timed_out && !child.is_talkative && WIFEXITED(child.wait_status)
        && WEXITSTATUS(child.wait_status) == 0;
    json_t *answer = NULL;
    set_failure(result, &child, timeout_s, after.machine.oom_kills - before.machine.oom_kills);
    if (is_well && child.n_text > 0)
        answer = answer_read(job, cell, child.text, child.n_text, result->reason, sizeof result->reason);
    if (answer)
        answer_take(answer, result);
    fill_environment(result, &child.usage, answer, &before, &after);
    json_decref(answer);
    free(child.text);
    return 0;
}

int spawn_side_awake(const json_t *job, const struct cell *cell, double timeout_s, struct spawn_result *result)
{
    int error = spawn_side(job, cell, timeout_s, result);
    if (error || !result->pause[0])
        return error;
    spawn_release(result);
    return spawn_side(job, cell, timeout_s, result);
}

void spawn_release(struct spawn_result *result)
{
    json_decref(result->metrics);
    json_decref(result->histogram);
    json_decref(result->timeline);
    json_decref(result->lateness);
    json_decref(result->environment);
}
