/* Python's Queue(2) from a mutex and two conditions, between a thread and its creator.
 *
 * Prints:
 *     0 1 2 3 4
 */
#include <rawthread.h>

#include <pthread.h>
#include <stdio.h>

enum { N_ROOM = 2, N_ITEMS = 5 };

struct queue {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t has_items, has_room;
    int items[N_ROOM];
    unsigned n_put, n_got;
};

static void put(struct queue *queue, int item)
{
    pthread_mutex_lock(&queue->lock);
    while (queue->n_put - queue->n_got == N_ROOM) /* Python's wait_for(): a condition may wake without a reason */
        pthread_cond_wait(&queue->has_room, &queue->lock);
    queue->items[queue->n_put++ % N_ROOM] = item;
    pthread_cond_signal(&queue->has_items);
    pthread_mutex_unlock(&queue->lock);
}

static int get(struct queue *queue)
{
    int item;

    pthread_mutex_lock(&queue->lock);
    while (queue->n_put == queue->n_got)
        pthread_cond_wait(&queue->has_items, &queue->lock);
    item = queue->items[queue->n_got++ % N_ROOM];
    pthread_cond_signal(&queue->has_room);
    pthread_mutex_unlock(&queue->lock);
    return item;
}

static void produce(void *queue)
{
    for (int i = 0; i < N_ITEMS; i++)
        put(queue, i);
}

int main(void)
{
    struct queue queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .has_items = PTHREAD_COND_INITIALIZER,
                          .has_room = PTHREAD_COND_INITIALIZER};
    struct rawthread thread;

    if (rawthread_init(&thread, produce, &queue, NULL) != 0 || rawthread_start(&thread) != 0)
        return 1;
    for (int i = 0; i < N_ITEMS; i++)
        printf("%d%s", get(&queue), i < N_ITEMS - 1 ? " " : "\n");
    return rawthread_join(&thread) != 0 || rawthread_release(&thread) != 0;
}
