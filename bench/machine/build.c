/* How this program was built, and what it runs on: the Makefile passes what the compiler does not tell. */
#include "internal.h"

#include <string.h>
#include <unistd.h>

#if __has_include("version.h")
#include "version.h"
#endif

#ifndef POOLBENCH_CFLAGS
#define POOLBENCH_CFLAGS MACHINE__UNKNOWN
#endif
#ifndef POOLBENCH_BUILD_TYPE
#define POOLBENCH_BUILD_TYPE MACHINE__UNKNOWN
#endif
#ifndef POOLBENCH_GBENCH_VERSION
#define POOLBENCH_GBENCH_VERSION MACHINE__UNKNOWN
#endif

#ifndef POOLBENCH_CC
#ifdef __clang__
#define POOLBENCH_CC "clang " __clang_version__
#else
#define POOLBENCH_CC "gcc " __VERSION__
#endif
#endif

/* The words that the filter keeps, as it returns them. */
static void filter_words(const char *words, char *kept, size_t size, const char *(*filter)(const char *word))
{
    char text[2048];
    snprintf(text, sizeof text, "%s", words);
    kept[0] = '\0';
    char *rest = text;
    for (char *word = strsep(&rest, " \t\n"); word; word = strsep(&rest, " \t\n")) {
        const char *result = *word ? filter(word) : NULL;
        size_t length = strlen(kept);
        if (result)
            snprintf(kept + length, size - length, "%s%s", length ? " " : "", result);
    }
}

/* Flags that shape the code; a flag with a path in it would tell whose machine this is. */
static const char *filter_flag(const char *flag)
{
    static const char *const kinds[] = { "-O", "-g", "-m", "-f", "-std=", "-pthread", "-DNDEBUG", "-D_" };
    if (strcmp(flag, MACHINE__UNKNOWN) == 0)
        return flag;
    if (strpbrk(flag, "/~") || strstr(flag, "prefix-map"))
        return NULL;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(flag, kinds[i], strlen(kinds[i])) == 0)
            return flag;
    return NULL;
}

static const char *filter_compiler(const char *word)
{
    const char *slash = strrchr(word, '/');
    return slash ? slash + 1 : word;
}

/* musl has no name for its version. */
static const char *libc_version(char *text, size_t size)
{
    text[0] = '\0';
#ifdef _CS_GNU_LIBC_VERSION
    confstr(_CS_GNU_LIBC_VERSION, text, size);
#endif
    return text;
}

json_t *machine__describe_build(const struct machine *machine)
{
    json_t *object = json_object();
    char text[2048];
    filter_words(POOLBENCH_CC, text, sizeof text, filter_compiler);
    machine__set_text(object, "compiler", text);
    filter_words(POOLBENCH_CFLAGS, text, sizeof text, filter_flag);
    machine__set_text(object, "flags", text);
    machine__set_text(object, "type", POOLBENCH_BUILD_TYPE);
    machine__set_text(object, "libc", libc_version(text, sizeof text));
    machine__describe_hwloc(machine, object);
    machine__set_text(object, "jansson", jansson_version_str());
    machine__set_text(object, "google_benchmark", POOLBENCH_GBENCH_VERSION);
    return object;
}
