/* Whether a hypervisor or a container lies between this process and the hardware. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct mark {
    const char *word, *name;
};

/* The last mark of a table has no word and ends it. */
static const char *find_mark(const char *text, const struct mark *marks)
{
    for (; marks->word; marks++)
        if (strcasestr(text, marks->word))
            return marks->name;
    return NULL;
}

/* The clocks that a hypervisor offers tell which it is, where DMI does not. */
static const char *name_hypervisor(const char *root, const char *product)
{
    static const struct mark products[] = {
        { "vmware", "vmware" }, { "virtualbox", "virtualbox" }, { "innotek", "virtualbox" }, { "xen", "xen" },
        { "hvm domu", "xen" }, { "microsoft", "hyper-v" }, { "parallels", "parallels" }, { "bhyve", "bhyve" },
        { "kvm", "kvm" }, { "qemu", "kvm or qemu" }, { "amazon", "kvm" }, { "google", "kvm" }, { NULL, NULL },
    };
    static const struct mark clocks[] = {
        { "kvm-clock", "kvm" }, { "hyperv", "hyper-v" }, { "xen", "xen" }, { NULL, NULL },
    };
    char sources[MACHINE__TEXT_BYTES];
    machine__read_line(root, sources, sizeof sources,
                       "/sys/devices/system/clocksource/clocksource0/available_clocksource");
    const char *name = find_mark(product, products);
    return name ? name : find_mark(sources, clocks);
}

static bool is_in_virtual_product(const char *product)
{
    static const struct mark only_virtual[] = {
        { "vmware", "" }, { "virtualbox", "" }, { "hvm domu", "" }, { "virtual machine", "" }, { "kvm", "" },
        { "qemu", "" }, { NULL, NULL },
    };
    return find_mark(product, only_virtual) != NULL;
}

/* x86 has a flag for it; elsewhere no mark is no proof. */
static void describe_hypervisor(const char *root, const char *product, json_t *object)
{
    char type[32], flags[8192];
    if (machine__read_line(root, type, sizeof type, "/sys/hypervisor/type") == 0) {
        machine__set_text(object, "hypervisor", type);
        return;
    }
    bool has_flags = machine__read_field(root, "/proc/cpuinfo", "flags", flags, sizeof flags) == 0;
    const char *name = name_hypervisor(root, product);
    if (has_flags && strstr(flags, " hypervisor"))
        machine__set_text(object, "hypervisor", name ? name : "present, kind unknown");
    else if (has_flags)
        machine__set_text(object, "hypervisor", "none");
    else
        machine__set_text(object, "hypervisor", is_in_virtual_product(product) ? name : MACHINE__UNKNOWN);
}

static void read_product(const char *root, char *product, size_t size)
{
    char vendor[64], name[64];
    bool has_vendor = machine__read_line(root, vendor, sizeof vendor, "/sys/class/dmi/id/sys_vendor") == 0;
    bool has_name = machine__read_line(root, name, sizeof name, "/sys/class/dmi/id/product_name") == 0;
    if (has_vendor && has_name)
        snprintf(product, size, "%s %s", vendor, name);
    else
        snprintf(product, size, "%s", has_vendor ? vendor : name);
}

/* A value that containers set for themselves, kept only as one of the words that are known. */
static const char *environment_container(const char *root)
{
    static const struct mark kinds[] = {
        { "container=docker", "docker" }, { "container=podman", "podman" }, { "container=lxc", "lxc" },
        { "container=systemd-nspawn", "systemd-nspawn" }, { "container=oci", "oci" },
        { "container=kube", "kubernetes" }, { "container=", "other" }, { NULL, NULL },
    };
    FILE *file = machine__open(root, "/proc/1/environ");
    if (!file)
        return NULL;
    const char *kind = NULL;
    char *variable = NULL;
    size_t variable_bytes = 0;
    while (!kind && getdelim(&variable, &variable_bytes, '\0', file) > 0)
        if (strncmp(variable, "container=", strlen("container=")) == 0)
            kind = find_mark(variable, kinds);
    free(variable);
    fclose(file);
    return kind;
}

static const char *cgroup_container(const char *root)
{
    static const struct mark kinds[] = {
        { "kubepods", "kubernetes" }, { "docker", "docker" }, { "libpod", "podman" }, { "lxc", "lxc" },
        { "containerd", "containerd" }, { "garden", "garden" }, { NULL, NULL },
    };
    FILE *file = machine__open(root, "/proc/self/cgroup");
    if (!file)
        return NULL;
    const char *kind = NULL;
    char *line = NULL;
    size_t line_bytes = 0;
    while (!kind && getline(&line, &line_bytes, file) > 0)
        kind = find_mark(line, kinds);
    free(line);
    fclose(file);
    return kind;
}

static const char *container(const char *root)
{
    const char *kind = cgroup_container(root);
    if (!kind)
        kind = environment_container(root);
    if (!kind && machine__exists(root, "/.dockerenv"))
        kind = "docker";
    if (!kind && machine__exists(root, "/run/.containerenv"))
        kind = "podman";
    if (kind)
        return kind;
    return machine__exists(root, "/proc/self/cgroup") ? "none" : MACHINE__UNKNOWN;
}

json_t *machine__describe_virtualization(const struct machine *machine)
{
    json_t *object = json_object();
    char product[160];
    read_product(machine->root, product, sizeof product);
    describe_hypervisor(machine->root, product, object);
    machine__set_text(object, "product", product);
    machine__set_text(object, "container", container(machine->root));
    return object;
}
