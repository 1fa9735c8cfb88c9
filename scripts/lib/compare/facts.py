"""What a run says of where, with what and how it was measured: what must be equal before two runs are compared."""
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from base.runs import Run

MACHINE, SETTING, SUITE, BUILD, CODE, NOTE = "machine", "setting", "suite", "build", "code", "note"


@dataclass(frozen=True)
class Fact:
    name: str
    kind: str
    value: str


def text_of(of: dict[str, Any], part: str, name: str) -> str:
    """A field of machine.json, of whatever kind it is."""
    inner = of.get(part)
    value = inner.get(name, "unknown") if isinstance(inner, dict) else "unknown"
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def factor(run: Run, name: str) -> str:
    return text_of(run.document, "factors", name)


def processor(run: Run) -> str:
    model = text_of(run.machine, "processor", "model")
    return model if model != "unknown" else run.document["run"]["machine"]


def kernel(run: Run) -> str:
    release = factor(run, "kernel")
    return release if release != "unknown" else text_of(run.machine, "kernel", "release")


def digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


# Fields of machine.json that somebody can set without another machine: part, field, what it is called.
SETTINGS = [
    ("memory", "cgroup_limit_bytes", "memory limit"), ("limits", "cgroup_pids_max", "limit of process ids"),
    ("limits", "pid_max", "pid_max"), ("limits", "threads_max", "threads-max"),
    ("limits", "rlimit_nproc", "limit of processes"), ("limits", "max_map_count", "max_map_count"),
    ("limits", "rlimit_nofile", "limit of open files"), ("limits", "rlimit_stack_bytes", "limit of stacks"),
    ("processor", "smt", "SMT"), ("processor", "microcode", "microcode"), ("processor", "topology", "topology"),
    ("memory", "transparent_huge_pages", "transparent huge pages"),
    ("memory", "transparent_huge_pages_defrag", "defragmentation for huge pages"),
    ("memory", "numa_balancing", "NUMA balancing"),
    ("kernel", "preemption", "preemption"), ("kernel", "scheduling_policy", "scheduling policy"),
    ("kernel", "sched_autogroup", "sched_autogroup"), ("kernel", "parameters", "kernel parameters"),
    ("kernel", "mitigations", "mitigations"), ("frequency", "governor", "governor"),
    ("frequency", "driver", "frequency driver"), ("frequency", "driver_mode", "mode of the frequency driver"),
    ("frequency", "boost", "boost"),
    ("frequency", "energy_preference", "energy preference"), ("frequency", "idle_governor", "idle governor"),
    ("clock", "needs_system_call", "clock needs a system call"), ("virtualization", "hypervisor", "hypervisor"),
    ("virtualization", "container", "container"), ("scratch", "file_system", "file system of the scratch folder"),
    ("scratch", "device", "device of the scratch folder"), ("scratch", "options", "mount of the scratch folder"),
    ("scratch", "scheduler", "IO scheduler"), ("scratch", "write_cache", "write cache"),
    ("memory", "swap_bytes", "swap"), ("memory", "page_bytes", "page size"), ("memory", "swappiness", "swappiness"),
    ("frequency", "idle_driver", "idle driver"), ("limits", "cgroup_version", "version of control groups"),
    ("limits", "rlimit_as_bytes", "limit of addresses"), ("limits", "rlimit_data_bytes", "limit of data"),
    ("limits", "rlimit_cpu_s", "limit of processor time"), ("memory", "overcommit", "overcommit of memory"),
    ("memory", "ksm", "merging of pages"), ("kernel", "sched_rt_runtime_us", "time of real-time threads"),
    ("kernel", "timer_migration", "timer migration"), ("kernel", "watchdog", "watchdog"),
    ("kernel", "isolated_cpus", "isolated CPUs"), ("kernel", "tickless_cpus", "tickless CPUs"),
    ("kernel", "sched_ext", "loaded scheduler"), ("frequency", "allowed_minimum_mhz", "least frequency allowed"),
    ("frequency", "allowed_maximum_mhz", "highest frequency allowed"),
    ("process", "nice", "nice"), ("process", "scheduling_priority", "scheduling priority"),
    ("process", "utilization_clamp", "clamp of utilization"), ("process", "autogroup_nice", "nice of the autogroup"),
    ("process", "cgroup_cpu_weight", "weight of the control group"), ("process", "io_priority", "IO priority"),
    ("process", "timer_slack_ns", "timer slack"), ("process", "addresses", "layout of addresses"),
    ("process", "numa_policy", "NUMA policy"), ("process", "numa_nodes", "NUMA nodes that may be used"),
    ("process", "huge_pages_disabled", "huge pages disabled"), ("process", "memory_merging", "merging of own pages"),
    ("process", "seccomp", "seccomp"), ("process", "traced", "tracing"),
    ("process", "speculative_store_bypass", "speculative store bypass"),
    ("process", "indirect_branches", "indirect branches"), ("process", "variables", "environment variables"),
]
BUILDS = [("compiler", "compiler"), ("flags", "compiler flags"), ("cxx_flags", "C++ flags"),
          ("linker_flags", "linker flags"), ("type", "build type"), ("libc", "libc"),
          ("hwloc", "hwloc"), ("jansson", "jansson"), ("google_benchmark", "Google Benchmark")]

# Factors that the machine and its setting decide, and what they are called.
FROM_SETTING = {"cpus_usable": "usable CPUs", "cpu_setting": "CPUs that may be used", "kernel": "kernel",
                "cpus_open": "CPUs of open loads", "generator": "place of the generator"}
# Python runs controls alone.
NOTED = {"python": "Python"}
NAMES = {"stack_bytes": "stack size"}


def workers(run: Run) -> str:
    """By default as many as there are CPUs, which is the same choice on every machine."""
    chosen, cpus = run.document["factors"]["workers"], run.document["factors"]["cpus_usable"]
    return "one for each usable CPU" if chosen == [cpus] else ", ".join(map(str, chosen))


def factors(run: Run) -> list[Fact]:
    """Those that somebody chose. What a newer version adds is compared under its own name."""
    out = []
    for name in run.document["factors"]:
        if name == "cpu_setting":  # `0-1 quota none`
            cpus, _, quota = factor(run, name).partition(" quota ")
            out += [Fact(FROM_SETTING[name], SETTING, cpus), Fact("quota", SETTING, quota or "unknown")]
        elif name in FROM_SETTING:
            out.append(Fact(FROM_SETTING[name], SETTING, factor(run, name)))
        elif name in NOTED:
            out.append(Fact(NOTED[name], NOTE, factor(run, name)))
        else:
            value = workers(run) if name == "workers" else factor(run, name)
            out.append(Fact(NAMES.get(name, name), SUITE, value))
    return out


def plan(run: Run) -> list[Fact]:
    """Rules and metrics decide what the words mean. Cells differ with the machine; sides are compared by their name."""
    rules = digest([[of.name, of.claim, str(of.rule and (of.rule.supported_all, of.rule.refuted_any,
                                                         of.rule.evaluator))] for of in run.experiments])
    metrics = digest(sorted((of.name, of.unit, of.more_is_better) for of in run.metrics.values()))
    cells = digest([[name, [list(side) for side in cell.sides]] for name, cell in run.cells.items()])
    return [Fact("rules of claims", SUITE, rules), Fact("metrics", SUITE, metrics),
            Fact("cells", NOTE, f"{len(run.cells)} ({cells})")]


CALIBRATION = "steps of spin in a millisecond"

# What somebody may have chosen on another machine too. The rest of its setting comes with it.
CHOSEN_ANYWHERE = {"usable CPUs", "CPUs that may be used", "quota", "kernel", "clock", "memory limit", "SMT",
                   "governor", "limit of process ids", "hypervisor", "container"}
# What is no difference of its own where another is there.
FOLLOWS = {
    "usable CPUs": {"CPUs of open loads", "place of the generator", "cells"},
    "kernel": {"preemption", "scheduling policy", "sched_autogroup", "kernel parameters", "mitigations",
               "transparent huge pages", "defragmentation for huge pages", "NUMA balancing", "frequency driver",
               "mode of the frequency driver", "idle governor", "idle driver", "threads-max", "limit of processes",
               "time of real-time threads", "timer migration", "watchdog", "loaded scheduler", "merging of own pages",
               "speculative store bypass", "indirect branches", "clamp of utilization"},
    "profile": {"cells", "rounds"},
    "filter": {"cells"}, "backends": {"cells"}, "plugins": {"cells"}, "workers": {"cells"},
    "suite version": {"cells", "rules of claims", "metrics"},
}


def may_follow(name: str, kind: str, other: str) -> bool:
    """Whether a difference can be explained by another one."""
    if other == "machine" and (kind == SETTING and name not in CHOSEN_ANYWHERE or name in ("processor", "cells")):
        return True
    return name in FOLLOWS.get(other, set())


def calibrated(run: Run) -> list[Fact]:
    """How much work tasks of a length are, which each run measures once: it is in no interval."""
    of = run.document.get("calibration")
    steps = of.get("spin") if isinstance(of, dict) else None
    return [Fact(CALIBRATION, NOTE, str(steps) if isinstance(steps, (int, float)) else "unknown")]


def facts_of(run: Run) -> tuple[Fact, ...]:
    document, machine = run.document, run.machine
    suite = document["suite"]
    clock = document["clock"]["source"]
    out = [Fact("machine", MACHINE, document["run"]["machine"]), Fact("processor", MACHINE, processor(run)),
           *(fact for fact in factors(run) if fact.kind == SETTING), Fact("clock", SETTING, clock),
           *(Fact(name, SETTING, text_of(machine, part, key)) for part, key, name in SETTINGS),
           Fact("suite version", SUITE, suite["version"]),
           *(fact for fact in factors(run) if fact.kind == SUITE), *plan(run),
           *(Fact(name, BUILD, text_of(machine, "build", key)) for key, name in BUILDS),
           Fact("libraries", BUILD, text_of(machine, "process", "libraries")),
           *(fact for fact in factors(run) if fact.kind == NOTE), *calibrated(run),
           Fact("commit", CODE, suite["commit"]),
           Fact("uncommitted changes", CODE, str(suite.get("dirty", "unknown"))),
           Fact("binary", CODE, str(suite.get("binary", "unknown")))]
    return tuple(out)
