/* Pairs of short programs: the same job done with a pool and with threads, as a careful user would write it.
 *
 * Each program is a function in a file of its own, <experiment>_<backend>.c, which includes this header, libc, and
 * pool.h or rawthread.h. It makes what it needs, does the job, and ends all of it; errors are handled; no task runs on
 * the thread that calls it. What stands here is what its user would have anyway: the inputs, the work, and somebody who
 * takes the results. Its lines are counted without blank ones and comments.
 */
#ifndef IDIOM_H
#define IDIOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a program is to do. Each uses what its job has. */
struct idiom_setting {
    uint64_t *inputs;   /* of each task one */
    size_t n_tasks;
    size_t n_at_once;   /* so many tasks run at a time: the workers of a pool, or threads where these are limited */
    size_t max_threads; /* more threads may not exist at a time; 0 = no such limit */
    size_t stack_bytes; /* of each thread */
    uint64_t spin_ns;   /* who waits for a thread looks for so long before it sleeps; 0 = it sleeps at once */
    int64_t pool_spin_ns; /* the same as pool.h takes it */
    char *arguments;    /* n_bytes for each task, one after the other, for results of as many bytes */
    size_t n_bytes;
    unsigned n_steps;   /* of a task, each of which needs the result of the one before */
    int64_t poll_ns;    /* from one look at the tasks to the next; -1 = nobody looks */
};

/* Who takes the results; the harness's own. */
struct idiom_result;

typedef int idiom_fn(const struct idiom_setting *setting, struct idiom_result *result);


/*
 * The work: called by tasks, by many at a time
 */

/* Does a unit of work. Returns 0 with *value set, or a negative errno where the input is one that cannot be done. */
int idiom_work(uint64_t input, uint64_t *value);

/* How many units the task with this input takes. */
unsigned idiom_units(uint64_t input);

/* Answers an argument of n_bytes by as many. */
void idiom_answer(const void *argument, void *answer);

/* Builds the state that answers need, which takes its time. Each answer is the value of its work plus the state. */
uint64_t idiom_build(void);


/*
 * The results: handed over by the thread that called the program, each task's once
 */

void idiom_take(struct idiom_result *result, size_t task, int code, uint64_t value);
void idiom_take_answer(struct idiom_result *result, size_t task, const void *answer);

/* So many tasks have ended: what a look at all of them saw. By any one thread, before any result is handed over. */
void idiom_look(struct idiom_result *result, size_t n_ended);


/*
 * For the harness
 */

struct idiom {
    const char *experiment;
    const char *backend; /* the name of its side */
    const char *base;    /* the backend that it belongs to, with which it comes and goes */
    const char *summary;
    idiom_fn *run;       /* returns 0 or a negative errno; -EAGAIN where it was refused a thread */
    unsigned n_lines;
    bool cancels;        /* after an error it takes no more results */
};

/* All programs, ended by a row without an experiment. */
extern const struct idiom idiom_table[];

/* The program of that side, that of the pool for pool-again; NULL: there is none. */
const struct idiom *idiom_find(const char *experiment, const char *backend);

idiom_fn fanout_pool, fanout_raw, fanout_raw_group, results_pool, results_pool_copied, results_raw, status_pool,
    status_raw, state_pool, state_pool_rebuilt, state_raw, first_pool, first_pool_ordered, first_raw, steps_pool,
    steps_pool_chained, steps_raw, oneoff_pool, oneoff_raw;

#endif
