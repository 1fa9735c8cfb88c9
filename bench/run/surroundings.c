/* What a run is measured in and must not change: kernel, CPUs, machine, programs, file system. One table says what a
 * resume refuses and what stops a run that goes on.
 *
 * After each side a quick look comes before its line is written, so a run that is killed holds no line of another
 * setting. After each round, and after the pilot, all of it is looked at. If something changed, what was measured since
 * the round began is left out: nobody knows when the change came.
 */
#include "run/run.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "record/folder.h"
#include "record/text.h"

static const struct run_change changes[] = {
    { "kernel", "the kernel", "it was measured on another kernel" },
    { "cpu_setting", "the CPU mask or quota", "it was measured with another CPU mask or quota" },
    { "binary", "this program", "it was measured by another build of poolbench" },
    { "plugins", "a plugin's file",
      "it was measured with other plugins: give the same with --plugin, in the same order" },
    { "machine", "the machine", "it was measured on another machine" },
    { "process", "a setting of this process: its ", "it was started with another " },
    { "scratch", "the file system or disk of --scratch",
      "its files lay on another file system or disk: give the same with --scratch" },
    { "python", "python3", "it was measured with another python3" },
    { NULL, NULL, NULL },
};

static json_t *kernel_json(void)
{
    struct utsname system;
    char text[128] = "unknown";
    if (uname(&system) == 0)
        snprintf(text, sizeof text, "%.60s %.60s", system.release, system.machine);
    text_clean(text);
    return json_string(text);
}

static json_t *cpu_setting_json(void)
{
    char text[MACHINE_SETTING_BYTES];
    machine_read_cpu_setting("", text, sizeof text);
    return json_string(text);
}

static json_t *plugins_json(const struct run_options *options)
{
    char hash[17];
    json_t *list = json_array();
    for (size_t i = 0; i < options->n_plugins; i++) {
        folder_hash_file(options->plugins[i].path, hash);
        json_array_append_new(list, json_string(hash));
    }
    return list;
}

json_t *run_scratch_place(const json_t *described)
{
    static const char *const keys[] = { "file_system", "options", "device", "model", "rotational" };
    json_t *place = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        const char *text = json_string_value(json_object_get(described, keys[i]));
        json_object_set_new(place, keys[i], json_string(text ? text : ""));
    }
    return place;
}

/* What runs in it beside this program is one of the checks. */
json_t *run_process_setting(const json_t *description)
{
    json_t *setting = json_copy(json_object_get(description, "process"));
    json_object_del(setting, "variables");
    json_object_del(setting, "libraries");
    return setting ? setting : json_object();
}

/* Where the run's own folder lies. If that is gone, sides that need it say so by themselves. */
static json_t *scratch_json(const struct run *run)
{
    json_t *described = NULL;
    if (machine_describe_path("", run->scratch_dir, &described) != 0)
        machine_describe_path("", run->options.scratch_dir, &described);
    json_t *place = run_scratch_place(described);
    json_decref(described);
    return place;
}

json_t *run_surroundings(const struct run *run, const struct machine *machine)
{
    char hash[17];
    json_t *now = json_pack("{s:o, s:o, s:o, s:o}", "kernel", kernel_json(), "cpu_setting", cpu_setting_json(),
                            "plugins", plugins_json(&run->options), "scratch", scratch_json(run));
    if (!machine)
        return now;
    folder_hash_file("/proc/self/exe", hash);
    json_object_set_new(now, "binary", json_string(hash));
    json_object_set_new(now, "machine", json_string(machine_id(machine)));
    json_object_set_new(now, "process", run_process_setting(machine_description(machine)));
    return now;
}

const struct run_change *run_find_change(const json_t *before, const json_t *now)
{
    for (const struct run_change *change = changes; change->key; change++) {
        const json_t *old = json_object_get(before, change->key), *new = json_object_get(now, change->key);
        if (old && new && !json_equal(old, new))
            return change;
    }
    return NULL;
}

const char *run_changed_part(const struct run_change *change, const json_t *before, const json_t *now)
{
    const char *name;
    json_t *value;
    if (strcmp(change->key, "process") == 0)
        json_object_foreach(json_object_get((json_t *)now, "process"), name, value)
            if (!json_equal(value, json_object_get(json_object_get(before, "process"), name)))
                return name;
    return "";
}

/* Returns 0, or an exit code. */
static int look_closely(struct run *run, json_t **now)
{
    struct machine *machine;
    int error = machine_open("", &machine);
    if (error)
        return run_give_up(run, "cannot look at the machine for", error);
    *now = run_surroundings(run, machine);
    machine_close(machine);
    int code = run_look_at_python(run, *now);
    if (code)
        json_decref(*now);
    return code;
}

static void print_change(const struct run *run, const struct run_change *change, const json_t *now)
{
    const char *old = json_string_value(json_object_get(run->surroundings, change->key));
    const char *new = json_string_value(json_object_get(now, change->key));
    progress_end(&run->progress);
    fprintf(stderr, "poolbench: %s%s changed while '%s' was measured", change->what,
            run_changed_part(change, run->surroundings, now), run->dir);
    if (old && new)
        fprintf(stderr, " ('%s' is now '%s')", old, new);
    fprintf(stderr, ": %s is left out; change it back, then go on with: poolbench run --resume %s\n",
            run->journal.plan ? "this round so far" : "the pilot", run->dir);
}

/* What went before the change is good, and a resume does the rest again. */
static int stop_for(struct run *run, const struct run_change *change, const json_t *now)
{
    print_change(run, change, now);
    int error = run->journal.plan ? journal_cut(&run->journal, run->round_start) : 0;
    if (!error)
        error = run_write_document(run, "incomplete");
    if (error)
        fprintf(stderr, "poolbench: cannot write to '%s': %s\n", run->dir, folder_why(error));
    return RUN_ERROR;
}

int run_look_again(struct run *run, enum run_look look)
{
    json_t *now = NULL;
    int code = 0;
    if (look == RUN_LOOK_QUICKLY)
        now = run_surroundings(run, NULL);
    else
        code = look_closely(run, &now);
    if (code)
        return code;
    const struct run_change *change = run_find_change(run->surroundings, now);
    code = change ? stop_for(run, change, now) : 0;
    json_decref(now);
    return code;
}
