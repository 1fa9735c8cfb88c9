/* The server of echo, spoken to directly: requests in pieces, clients that misbehave, the order of
 * answers. */
#include "check.h"
#include "echo.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FRAME_BYTES = 64, LARGE_BYTES = 65536, KEY = 77 };

struct server {
    struct sockaddr_in address;
    struct echo_process process;
};

static void start(struct server *server, size_t frame_bytes, uint64_t think_ns)
{
    struct echo_service service = { .listen_fd = echo__listen(&server->address), .frame_bytes = frame_bytes,
                                    .think_ns = think_ns, .key = KEY };

    CHECK(service.listen_fd >= 0);
    CHECK_EQ(echo__process_start(&service, &server->process), 0);
}

static int join(const struct server *server)
{
    unsigned char greeting;
    int fd = echo__connect(&server->address);

    CHECK(fd >= 0);
    CHECK(echo__receive(fd, &greeting, 1));
    return fd;
}

static void ask(int fd, uint64_t token)
{
    unsigned char frame[FRAME_BYTES];

    echo__frame_write(frame, sizeof(frame), token);
    CHECK(echo__send(fd, frame, sizeof(frame)));
}

static bool is_answered(int fd, uint64_t token)
{
    unsigned char frame[FRAME_BYTES];

    return echo__receive(fd, frame, sizeof(frame))
           && echo__frame_holds(frame, sizeof(frame), workload_mix(token ^ KEY));
}

static void check_frames(void)
{
    unsigned char frame[100];

    for (size_t n = ECHO_FRAME_MIN_BYTES; n <= sizeof(frame); n++) {
        echo__frame_write(frame, n, 5);
        CHECK_EQ(echo__frame_token(frame), 5);
        CHECK(echo__frame_holds(frame, n, 5));
        CHECK(!echo__frame_holds(frame, n, 6));
        for (size_t at = 0; at < n; at++) {
            frame[at] ^= 1;
            CHECK(!echo__frame_holds(frame, n, 5));
            frame[at] ^= 1;
        }
    }
}

/* Whether it spends its time waiting: some 50 ms of it. On a busy machine a server that spins may pass. */
static bool is_idle(const struct server *server)
{
    uint64_t before_ns, after_ns;

    CHECK_EQ(echo__process_cpu_ns(&server->process, &before_ns), 0);
    usleep(50000);
    CHECK_EQ(echo__process_cpu_ns(&server->process, &after_ns), 0);
    return after_ns - before_ns < 10000000;
}

static void check_thinks(void)
{
    enum { THINK_NS = 100000000 };
    struct server server;
    uint64_t start_ns;
    int fd;

    start(&server, FRAME_BYTES, THINK_NS);
    fd = join(&server);
    start_ns = workload__clock_ns(CLOCK_MONOTONIC);
    ask(fd, 1);
    CHECK(is_idle(&server));
    CHECK(is_answered(fd, 1));
    CHECK(workload__clock_ns(CLOCK_MONOTONIC) - start_ns >= THINK_NS);
    CHECK(is_idle(&server));
    close(fd);
    echo__process_stop(&server.process);
}

static void check_pieces(void)
{
    struct server server;
    unsigned char frame[FRAME_BYTES];
    int fd;

    start(&server, FRAME_BYTES, 0);
    fd = join(&server);
    echo__frame_write(frame, sizeof(frame), 9);
    for (size_t at = 0; at < sizeof(frame); at++)
        CHECK(echo__send(fd, frame + at, 1));
    CHECK(is_answered(fd, 9));
    close(fd);
    echo__process_stop(&server.process);
}

/* Sends requests without reading a response until nothing moves any more. Returns the bytes that were
 * sent. */
static size_t fill_connection(int fd)
{
    static unsigned char frame[LARGE_BYTES];
    struct pollfd writable = { .fd = fd, .events = POLLOUT };
    size_t n_sent = 0;

    while (poll(&writable, 1, 200) == 1) {
        ssize_t n;

        echo__frame_write(frame, sizeof(frame), n_sent / LARGE_BYTES);
        n = send(fd, frame + n_sent % LARGE_BYTES, LARGE_BYTES - n_sent % LARGE_BYTES, MSG_DONTWAIT);
        n_sent += n > 0 ? (size_t)n : 0;
    }
    return n_sent;
}

/* A server that cannot write any more waits, and completes its response once the client reads. */
static void check_slow_reader(void)
{
    static unsigned char frame[LARGE_BYTES];
    struct server server;
    size_t n_sent;
    int fd;

    start(&server, LARGE_BYTES, 0);
    fd = join(&server);
    n_sent = fill_connection(fd);
    CHECK(is_idle(&server));
    CHECK(n_sent / LARGE_BYTES > 1);
    for (uint64_t token = 0; token < n_sent / LARGE_BYTES; token++) {
        CHECK(echo__receive(fd, frame, sizeof(frame)));
        CHECK(echo__frame_holds(frame, sizeof(frame), workload_mix(token ^ KEY)));
    }
    CHECK(is_idle(&server));
    close(fd);
    echo__process_stop(&server.process);
}

/* One that sends nonsense is cut off, one that leaves while the server thinks is forgotten, others are
 * served. */
static void check_misbehaviour(void)
{
    struct server server;
    unsigned char nonsense[FRAME_BYTES] = { 1, 2, 3 }, byte;
    int good, bad;

    start(&server, FRAME_BYTES, 1000000);
    good = join(&server);
    for (uint64_t token = 0; token < 20; token++) {
        bad = join(&server);
        CHECK(echo__send(bad, nonsense, sizeof(nonsense)));
        CHECK(!echo__receive(bad, &byte, 1));
        close(bad);

        bad = join(&server);
        ask(bad, token);
        ask(good, token);
        close(bad);
        CHECK(is_answered(good, token));
    }
    close(good);
    CHECK(!echo__process_ended(&server.process, 0));
    echo__process_stop(&server.process);
}

/* First come, first served: once the last is answered, all are. */
static void check_order(void)
{
    enum { N = 20 };
    struct server server;
    int fds[N];

    start(&server, FRAME_BYTES, 1000000);
    for (int i = 0; i < N; i++)
        fds[i] = join(&server);
    for (uint64_t round = 0; round < 10; round++) {
        for (uint64_t i = 0; i < N; i++) {
            ask(fds[i], i);
            if (i % 3 == 0)
                usleep(100);
        }
        CHECK(is_answered(fds[N - 1], N - 1));
        for (uint64_t i = 0; i < N - 1; i++) {
            unsigned char byte;

            CHECK_EQ(recv(fds[i], &byte, 1, MSG_DONTWAIT | MSG_PEEK), 1);
            CHECK(is_answered(fds[i], i));
        }
    }
    for (int i = 0; i < N; i++)
        close(fds[i]);
    echo__process_stop(&server.process);
}

int main(void)
{
    alarm(60);
    check_frames();
    check_thinks();
    check_pieces();
    check_slow_reader();
    check_misbehaviour();
    check_order();
    return check_failures() != 0;
}
