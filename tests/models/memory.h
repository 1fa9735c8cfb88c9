/* Memory between threads that hold no common lock. The models include it after they define N_THREADS and N_WORDS.
 *
 * A store enters a buffer of its thread and reaches the memory at any later moment: after those to the same word that
 * came before it, and, if it is a release, after all that came before it. The thread itself sees it at once. A seq_cst
 * store waits until the buffer is empty and then goes to the memory. So does a read-modify-write, where it is a release
 * or more; any other does not wait, and what the buffer holds for other words stays there.
 *
 * Loads are made in the order of the program and never see what is older than the memory: a model that is to show that
 * two loads need an order has a mutation that makes them in the other one.
 */
#define N_BUFFERED 3

typedef store_buffer {
    byte n;
    byte at[N_BUFFERED];
    byte value[N_BUFFERED];
    bool is_release[N_BUFFERED];
};

store_buffer buffers[N_THREADS];
byte memory[N_WORDS];

#define HAS(thread, i, word) (buffers[thread].n > i && buffers[thread].at[i] == (word))
#define LOAD(thread, word) \
    (HAS(thread, 2, word) -> buffers[thread].value[2] : \
     (HAS(thread, 1, word) -> buffers[thread].value[1] : \
      (HAS(thread, 0, word) -> buffers[thread].value[0] : memory[word])))

/* A condition to wait for, before a seq_cst store and before a read-modify-write that is a release. */
#define IS_DRAINED(thread) (buffers[thread].n == 0)

inline store_buffered(thread, word, new_value, has_release)
{
    atomic {
        buffers[thread].n < N_BUFFERED;
        buffers[thread].at[buffers[thread].n] = word;
        buffers[thread].value[buffers[thread].n] = new_value;
        buffers[thread].is_release[buffers[thread].n] = has_release;
        buffers[thread].n++;
    }
}

#define store_relaxed(thread, word, new_value) store_buffered(thread, word, new_value, false)
#define store_release(thread, word, new_value) store_buffered(thread, word, new_value, true)

inline store_seq_cst(thread, word, new_value)
{
    atomic { IS_DRAINED(thread) -> memory[word] = new_value; }
}

#define MOVE(to, from) \
    buffers[me].at[to] = buffers[me].at[from]; \
    buffers[me].value[to] = buffers[me].value[from]; \
    buffers[me].is_release[to] = buffers[me].is_release[from]

/* Takes the last one off, which leaves nothing that would make two states of one. */
#define SHORTEN \
    buffers[me].n--; \
    buffers[me].at[buffers[me].n] = 0; \
    buffers[me].value[buffers[me].n] = 0; \
    buffers[me].is_release[buffers[me].n] = false

#define MAY_PASS(i, j) (!buffers[me].is_release[i] && buffers[me].at[i] != buffers[me].at[j])

/* Brings what the thread has stored to the memory. */
proctype flush(byte me)
{
end:
    do
    :: d_step {
        buffers[me].n > 0 ->
        memory[buffers[me].at[0]] = buffers[me].value[0];
        MOVE(0, 1); MOVE(1, 2); SHORTEN;
    }
    :: d_step {
        buffers[me].n > 1 && MAY_PASS(1, 0) ->
        memory[buffers[me].at[1]] = buffers[me].value[1];
        MOVE(1, 2); SHORTEN;
    }
    :: d_step {
        buffers[me].n > 2 && MAY_PASS(2, 0) && MAY_PASS(2, 1) ->
        memory[buffers[me].at[2]] = buffers[me].value[2];
        SHORTEN;
    }
    od
}
