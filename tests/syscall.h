/* Stands before libc's syscall(), through which pool/ makes its futex calls. A test says what comes before each. */
#ifndef SYSCALL_H
#define SYSCALL_H

#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The futex operation without its flags. */
static void before_futex(int operation);

long syscall(long number, ...)
{
    static long (*_Atomic next)(long, ...);
    long args[6];
    va_list list;

    if (next == NULL)
        next = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    va_start(list, number);
    for (size_t i = 0; i < 6; i++)
        args[i] = va_arg(list, long);
    va_end(list);
    if (number == SYS_futex)
        before_futex((int)args[1] & FUTEX_CMD_MASK);
    return next(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

#endif
