/* A backend as one writes it first: a detached thread for each task, and a semaphore that counts who is done. */
#include <plugin.h>

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>

static sem_t done;
static size_t n_outstanding;

struct task { sem_t *done; executor_fn *fn; void *arg; };

static void *run(void *arg)
{
    struct task task = *(struct task *)arg;
    free(arg);
    task.fn(task.arg);
    sem_post(task.done);
    return NULL;
}

static int create(const struct executor_options *options, void **state)
{
    (void)options;
    *state = &done;
    return sem_init(&done, 0, 0) ? -errno : 0;
}

static int submit(void *state, executor_fn *fn, void *arg)
{
    struct task *task = malloc(sizeof *task);
    pthread_t thread;
    if (!task)
        return -ENOMEM;
    *task = (struct task){ state, fn, arg };
    int error = -pthread_create(&thread, NULL, run, task);
    if (error)
        free(task);
    else
        n_outstanding += pthread_detach(thread) == 0;
    return error;
}

static int wait_all(void *state)
{
    while (n_outstanding > 0)
        n_outstanding -= sem_wait(state) == 0; /* it is not where a signal came */
    return 0;
}

static void destroy(void *state)
{
    sem_destroy(state);
}

static const struct executor backend = {
    .name = "naive", .summary = "a detached thread for each task",
    .create = create, .submit = submit, .wait_all = wait_all, .destroy = destroy,
};
static const struct executor *const backends[] = { &backend, NULL };
const struct poolbench_plugin poolbench_plugin = { .version = POOLBENCH_PLUGIN_VERSION, .backends = backends };
