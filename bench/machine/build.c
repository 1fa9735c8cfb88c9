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
#ifndef POOLBENCH_CXXFLAGS
#define POOLBENCH_CXXFLAGS MACHINE__UNKNOWN
#endif
#ifndef POOLBENCH_LDFLAGS
#define POOLBENCH_LDFLAGS MACHINE__UNKNOWN
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

static bool begins_with_any(const char *flag, const char *const *starts)
{
    for (; *starts; starts++)
        if (strncmp(flag, *starts, strlen(*starts)) == 0)
            return true;
    return false;
}

/* All but warnings and where files lie. A path would tell whose machine this is: what it is the value of stays. */
static const char *filter_flag(const char *flag)
{
    static const char *const shaping[] = { "-Wl,", "-Wa,", "-Wp,", NULL };
    static const char *const other[] = { "-W", "-I", "-L", "-isystem", "-iquote", "-idirafter", "-M", NULL };
    static char shown[256];
    size_t length = strcspn(flag, "/~");
    if (strstr(flag, "prefix-map") || (begins_with_any(flag, other) && !begins_with_any(flag, shaping)))
        return NULL;
    if (!flag[length])
        return flag;
    snprintf(shown, sizeof shown, "%.*s(path)", (int)(length < 200 ? length : 200), flag);
    return *flag == '-' ? shown : NULL;
}

/* What the flags made of it, whatever they were called. */
static const char *build_type(void)
{
    static const char *const instrumented[] = {
        "-pg", "--coverage", "-fprofile-arcs", "-fprofile-generate", "-fprofile-instr-generate",
        "-fcoverage-mapping", "-finstrument-functions", "-fxray-instrument",
    };
    for (size_t i = 0; i < sizeof instrumented / sizeof *instrumented; i++)
        if (strstr(POOLBENCH_CFLAGS, instrumented[i]))
            return "instrumented";
    if (strstr(POOLBENCH_CFLAGS, "-fsanitize="))
        return "sanitizer";
#ifndef __OPTIMIZE__
    if (strcmp(POOLBENCH_BUILD_TYPE, "release") == 0)
        return "debug";
#endif
    return POOLBENCH_BUILD_TYPE;
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
    filter_words(POOLBENCH_CXXFLAGS, text, sizeof text, filter_flag);
    machine__set_text(object, "cxx_flags", text);
    filter_words(POOLBENCH_LDFLAGS, text, sizeof text, filter_flag);
    machine__set_text(object, "linker_flags", *text ? text : "none");
    machine__set_text(object, "type", build_type());
    machine__set_text(object, "libc", libc_version(text, sizeof text));
    machine__describe_hwloc(machine, object);
    machine__set_text(object, "jansson", jansson_version_str());
    machine__set_text(object, "google_benchmark", POOLBENCH_GBENCH_VERSION);
    return object;
}
