/* The id of a machine: words that people know it by, and a hash of its hardware.
 *
 * Into the hash goes only what stays the same whatever kernel, name, affinity mask or quota: a field that is
 * added to or changed in this list gives every machine a new id. Memory is rounded up to GiB, because
 * kernels keep different amounts of it for themselves. */
#include "internal.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const hashed[] = { "architecture", "vendor",  "model",  "family",           "model_number",
                                      "stepping",     "sockets", "cores",  "hardware_threads", "numa_nodes",
                                      "caches" };

enum { SLUG_WORDS_BYTES = 40 };

static bool ends_with(const char *word, const char *ending)
{
    size_t length = strlen(word), n = strlen(ending);
    return length >= n && strcasecmp(word + length - n, ending) == 0;
}

/* What says nothing about which processor it is. */
static bool is_filler(const char *word)
{
    static const char *const fillers[] = { "CPU", "processor", "gen", "version", "unknown" };
    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++)
        if (strcasecmp(word, fillers[i]) == 0)
            return true;
    return ends_with(word, "-core") || (isdigit((unsigned char)word[0]) && ends_with(word, "th"));
}

/* Appends the letters and digits of a word, a hyphen for each run of anything else. */
static void append_word(char *slug, size_t size, const char *word)
{
    size_t length = strlen(slug);
    bool gap = length > 0;
    for (; *word && length + 2 < size; word++) {
        if (*word == '(') {
            word += strcspn(word, ")");
            if (!*word)
                break;
            continue;
        }
        if (!isalnum((unsigned char)*word)) {
            gap = length > 0;
            continue;
        }
        if (gap)
            slug[length++] = '-';
        gap = false;
        slug[length++] = (char)tolower((unsigned char)*word);
    }
    slug[length] = '\0';
}

void machine__slug(const char *model, char *slug, size_t size)
{
    char text[MACHINE__TEXT_BYTES];
    snprintf(text, sizeof text, "%s", model);
    text[strcspn(text, "@")] = '\0';
    slug[0] = '\0';
    char *rest = text;
    for (char *word = strsep(&rest, " _"); word; word = strsep(&rest, " _")) {
        if (strcasecmp(word, "with") == 0 || strlen(slug) + strlen(word) + 2 > size)
            break;
        if (!is_filler(word))
            append_word(slug, size, word);
    }
}

uint32_t machine__hash(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash;
}

/* A container may be shown less in one of the two places, never more. */
static double memory_gib(const struct machine *machine)
{
    double total_bytes = machine__number(machine, "memory", "total_bytes");
    return ceil(fmax(total_bytes, machine__numa_memory_bytes(machine)) / (1 << 30));
}

static uint32_t hash_hardware(const struct machine *machine)
{
    json_t *facts = json_object();
    const json_t *processor = json_object_get(machine->description, "processor");
    for (size_t i = 0; i < sizeof hashed / sizeof *hashed; i++)
        json_object_set(facts, hashed[i], json_object_get(processor, hashed[i]));
    machine__set_number(facts, "memory_gib", memory_gib(machine));
    char *text = json_dumps(facts, JSON_COMPACT | JSON_SORT_KEYS);
    uint32_t hash = machine__hash(text ? text : "");
    free(text);
    json_decref(facts);
    return hash;
}

void machine__make_id(struct machine *machine)
{
    char words[SLUG_WORDS_BYTES];
    char cores[24] = "";
    machine__slug(machine__text(machine, "processor", "model"), words, sizeof words);
    if (!words[0])
        machine__slug(machine__text(machine, "processor", "architecture"), words, sizeof words);
    double n_cores = machine__number(machine, "processor", "cores");
    if (n_cores > 0)
        snprintf(cores, sizeof cores, "-%.0fc", n_cores);
    snprintf(machine->id, sizeof machine->id, "%s%s-%08" PRIx32, words[0] ? words : "unknown", cores,
             hash_hardware(machine));
}
