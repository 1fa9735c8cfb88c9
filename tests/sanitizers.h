/* Which sanitizer a test is built with, for what one cannot follow. */
#ifndef SANITIZERS_H
#define SANITIZERS_H

#if defined(__has_feature)
#define HAS_THREAD_SANITIZER __has_feature(thread_sanitizer)
#elif defined(__SANITIZE_THREAD__)
#define HAS_THREAD_SANITIZER 1
#else
#define HAS_THREAD_SANITIZER 0
#endif

#endif
