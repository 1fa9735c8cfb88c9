/* What the two ends of echo share: the frame, and the process that answers.
 *
 * A request and its response are frames of the same size. A frame is a token and a size of 64 bits each,
 * then a payload that follows from the token byte by byte. The answer to the frame of a token t is the
 * frame of workload_mix(t ^ key): a response that is late, damaged or meant for another task is not the
 * one expected.
 */
#ifndef WORKLOADS_ECHO_H
#define WORKLOADS_ECHO_H

#include "internal.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/types.h>

enum { ECHO_FRAME_MIN_BYTES = 16, ECHO_FRAME_MAX_BYTES = 65536 };

void echo__frame_write(unsigned char *frame, size_t frame_bytes, uint64_t token);
uint64_t echo__frame_token(const unsigned char *frame);

/* Whether this is the frame of that token, every byte of it. */
bool echo__frame_holds(const unsigned char *frame, size_t frame_bytes, uint64_t token);

/* A listening, non-blocking socket on a free port of the loopback interface, and a connection to it. Both
 * return a descriptor or a negative errno. */
int echo__listen(struct sockaddr_in *address);
int echo__connect(const struct sockaddr_in *address);

/* A connection without a network: fds[0] blocks, fds[1], the server's, does not. Returns 0 or a negative errno. */
int echo__pair(int fds[2]);

/* All n_bytes, or false: the other end is gone. No SIGPIPE. */
bool echo__send(int fd, const unsigned char *data, size_t n_bytes);
bool echo__receive(int fd, unsigned char *data, size_t n_bytes);

/* Both ends of a connection that needs no network: the client's and the server's. */
struct echo_pair {
    int client_fd, server_fd;
};

/* What the server does. */
struct echo_service {
    int listen_fd; /* non-blocking; -1: it serves the pairs, and only them */
    const struct echo_pair *pairs;
    size_t n_pairs;
    size_t frame_bytes;
    uint64_t think_ns, key;
};

/* Serves until control_fd ends, in a process of its own. Sends one byte on every accepted connection, so
 * that who connects knows that it is served. Returns 0 or the errno that made it give up. */
int echo__serve(const struct echo_service *service, int control_fd);

/* The server as its parent sees it. */
struct echo_process {
    pid_t pid;
    int control_fd; /* its end ends the server */
    bool is_reaped;
    int status;     /* as of waitpid, once it is reaped */
};

/* Forks the server: only in a process that has one thread, which must live as long as the server (the
 * kernel kills the server when that thread ends). Closes listen_fd in the parent, and of each pair in each process
 * the end that is the other's. Returns 0 or a negative errno. */
int echo__process_start(const struct echo_service *service, struct echo_process *process);

/* Whether the server has ended; waits for that for at most wait_ns. */
bool echo__process_ended(struct echo_process *process, uint64_t wait_ns);

/* Both only after echo__process_ended(): the errno that made the server give up, 0 if it was something
 * else, and how it ended in words: "echo server ended: killed by signal 9". */
int echo__process_error(const struct echo_process *process);
void echo__process_describe(const struct echo_process *process, char *text, size_t text_bytes);

/* CPU time that the server has used. Returns 0 or a negative errno. */
int echo__process_cpu_ns(const struct echo_process *process, uint64_t *cpu_ns);

/* Ends the server and reaps it. */
void echo__process_stop(struct echo_process *process);

#endif
