/* Sets a workload up and runs its tasks, serially or from several threads. */
#ifndef TEST_WORKLOADS_H
#define TEST_WORKLOADS_H

#include "check.h"
#include "workload.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct trial {
    const struct workload *workload;
    struct workload_config config;
    void *state;
    char reason[200];
};

/* A folder for files, which goes with the test. On a disk, if the machine has one there. */
static char trial_folder[] = "/var/tmp/poolbench-test-XXXXXX";

static inline void trial_remove_files(void)
{
    DIR *folder = opendir(trial_folder);
    struct dirent *entry;

    while (folder && (entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
}

static inline void trial_remove_folder(void)
{
    trial_remove_files();
    rmdir(trial_folder);
}

static inline const char *trial_scratch(void)
{
    static bool is_there;

    if (!is_there && mkdtemp(trial_folder))
        atexit(trial_remove_folder);
    is_there = true;
    return trial_folder;
}

/* In a thread of its own. */
struct trial_half {
    void (*fn)(void *arg);
    void *arg;
};

static inline void *trial_run_half(void *half)
{
    ((struct trial_half *)half)->fn(((struct trial_half *)half)->arg);
    return NULL;
}

static inline void trial_run_both(void *context, void (*fn)(void *arg), void *left, void *right)
{
    struct trial_half half = { fn, left };
    pthread_t thread;

    (void)context;
    pthread_create(&thread, NULL, trial_run_half, &half);
    fn(right);
    pthread_join(thread, NULL);
}

static const struct workload_fork trial_fork = { .both = trial_run_both };

/* Fills in what every set-up has; the caller sets values and n_concurrent, then calls set_up(). */
static inline void trial_init(struct trial *trial, const char *name)
{
    const struct workload_parameter *parameter;
    uint64_t *value = trial->config.values;

    memset(trial, 0, sizeof(*trial));
    trial->workload = workload_find(name);
    trial->config.n_concurrent = 1;
    trial->config.seed = 12345;
    trial->config.calibration = 1000000;
    trial->config.scratch_dir = "/tmp";
    trial->config.scratch_dir = trial_scratch();
    trial->config.fork = &trial_fork;
    trial->config.reason = trial->reason;
    trial->config.reason_bytes = sizeof(trial->reason);
    for (parameter = trial->workload->parameters; parameter->name; parameter++)
        *value++ = parameter->default_value;
}

static inline int set_up(struct trial *trial)
{
    int error = trial->workload->setup(&trial->config, &trial->state);

    if (error)
        fprintf(stderr, "%s: setup: %s\n", trial->workload->name, trial->reason);
    return error;
}

static inline uint64_t run_task(struct trial *trial, uint64_t index)
{
    return trial->workload->run(trial->state, index);
}

static inline void tear_down(struct trial *trial)
{
    trial->workload->teardown(trial->state);
}

/* What check() says to this tally; the reason is in trial->reason. */
static inline int judge(struct trial *trial, uint64_t n_submitted, uint64_t n_run, uint64_t value_sum)
{
    struct workload_tally tally = { n_submitted, n_run, value_sum };

    trial->reason[0] = '\0';
    return trial->workload->check(trial->state, &tally, trial->reason, sizeof(trial->reason));
}

static inline int passes(struct trial *trial, uint64_t n_tasks, uint64_t value_sum)
{
    int error = judge(trial, n_tasks, n_tasks, value_sum);

    if (error)
        fprintf(stderr, "%s: check: %s\n", trial->workload->name, trial->reason);
    return error == 0;
}

static inline uint64_t run_serially(struct trial *trial, uint64_t n_tasks)
{
    uint64_t sum = 0;

    for (uint64_t index = 0; index < n_tasks; index++)
        sum += run_task(trial, index);
    return sum;
}

struct share {
    struct trial *trial;
    uint64_t first, step, n_tasks, sum;
    pthread_t thread;
};

static inline void *run_share(void *arg)
{
    struct share *share = arg;

    for (uint64_t index = share->first; index < share->n_tasks; index += share->step)
        share->sum += run_task(share->trial, index);
    return NULL;
}

enum { N_THREADS = 4 };

static inline uint64_t run_from_threads(struct trial *trial, uint64_t n_tasks)
{
    struct share shares[N_THREADS];
    uint64_t sum = 0;

    for (uint64_t i = 0; i < N_THREADS; i++) {
        shares[i] = (struct share){ .trial = trial, .first = i, .step = N_THREADS, .n_tasks = n_tasks };
        pthread_create(&shares[i].thread, NULL, run_share, &shares[i]);
    }
    for (int i = 0; i < N_THREADS; i++) {
        pthread_join(shares[i].thread, NULL);
        sum += shares[i].sum;
    }
    return sum;
}

#endif
