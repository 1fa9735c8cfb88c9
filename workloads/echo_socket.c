/* Sockets of echo's client side. Connections are reset when they are closed, not ended in order: thousands
 * of runs would else leave their ports waiting.
 */
#include "echo.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

int echo__listen(struct sockaddr_in *address)
{
    const int on = 1;
    socklen_t address_bytes = sizeof(*address);
    int error, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    *address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    /* TCP_NODELAY passes to accepted connections */
    if (!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))
        && !bind(fd, (struct sockaddr *)address, sizeof(*address)) && !listen(fd, SOMAXCONN)
        && !getsockname(fd, (struct sockaddr *)address, &address_bytes))
        return fd;
    error = errno;
    close(fd);
    return -error;
}

int echo__connect(const struct sockaddr_in *address)
{
    const int on = 1;
    const struct linger reset = { .l_onoff = 1, .l_linger = 0 };
    int error, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    if (!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on))
        && !setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset))
        && !connect(fd, (const struct sockaddr *)address, sizeof(*address)))
        return fd;
    error = errno;
    close(fd);
    return -error;
}

int echo__pair(int fds[2])
{
    int error;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
        return -errno;
    if (!fcntl(fds[1], F_SETFL, O_NONBLOCK))
        return 0;
    error = errno;
    close(fds[0]);
    close(fds[1]);
    return -error;
}

bool echo__send(int fd, const unsigned char *data, size_t n_left)
{
    while (n_left) {
        ssize_t n = send(fd, data, n_left, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        n_left -= (size_t)n;
    }
    return true;
}

bool echo__receive(int fd, unsigned char *data, size_t n_left)
{
    while (n_left) {
        ssize_t n = recv(fd, data, n_left, MSG_WAITALL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        n_left -= (size_t)n;
    }
    return true;
}
