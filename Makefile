# poolbench: builds in parallel by itself. `make help` lists what there is.

ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# What may be given to make: by target, and to every one. On the command line any other name is an error, because it
# is a mistyped one, which would change nothing. Distributions hand INSTALL, V, VERBOSE and folders to every target.
USES_bench := PROFILE RESULTS FILTER BACKENDS WORKERS ROUNDS SEED BIND SCRATCH PLUGINS RESUME
USES_peers := $(filter-out PROFILE,$(USES_bench))
USES_sanity := RESULTS ROUNDS SEED SCRATCH
USES_report := RUN
USES_archive := RUN OUTPUT
USES_advise := RUN TASK_US RATE CPU_SHARE
USES_cite := RUN ID FORMAT FORCE VERIFY
USES_compare := A B RUNS OUTPUT
USES_soak := SOAK
USES_trust := RESULTS TRUST_ROUNDS
EVERYWHERE := CC CXX AR OBJCOPY CPPFLAGS CFLAGS CXXFLAGS LDFLAGS GNU_CC LLVM_CC PKG_CONFIG PYTHON INSTALL BUILD \
	SAN V VERBOSE RUNFLAGS COMMIT DIRTY SOURCE_DATE_EPOCH DESTDIR PREFIX LIBDIR INCLUDEDIR MANDIR SHELL MAKEFLAGS
TARGETS := $(patsubst USES_%,%,$(filter USES_%,$(.VARIABLES)))
GIVEN := $(foreach v,$(.VARIABLES),$(if $(filter command,$(origin $v)),$v))
users = $(strip $(foreach t,$(sort $(TARGETS)),$(if $(filter $1,$(USES_$t)),$t)))
SOMEWHERE := $(sort $(foreach t,$(TARGETS),$(USES_$t)))
UNKNOWN := $(firstword $(filter-out $(EVERYWHERE) $(SOMEWHERE),$(GIVEN)))
ifneq ($(UNKNOWN),)
$(error no variable is called $(UNKNOWN): $(or $(shell printf '%s\n' $(EVERYWHERE) $(SOMEWHERE) | \
	awk -v name='$(UNKNOWN)' -f scripts/nearest.awk 2>/dev/null),make help names all))
endif
UNUSED := $(firstword $(filter-out $(EVERYWHERE) $(foreach t,$(MAKECMDGOALS),$(USES_$t)),$(GIVEN)))
ifneq ($(UNUSED),)
$(error make$(patsubst %, %,$(MAKECMDGOALS)) does not use $(UNUSED): it is for make $(call users,$(UNUSED)))
endif
is_on = $(filter-out 0 no,$1)
# Values that would end far from here in an error of the compiler or in another folder.
comma := ,
ifneq ($(filter-out address leak memory thread undefined,$(subst $(comma), ,$(SAN))),)
$(error SAN is '$(SAN)': it must be address, thread or undefined)
endif
ifneq ($(words $(or $(BUILD),$(if $(filter undefined,$(origin BUILD)),build))),1)
$(error BUILD is '$(BUILD)': it must be one folder, without spaces)
endif

ifeq ($(origin CC),default)
CC := gcc
endif
# Of the same make, place and version: ccache /opt/gcc/bin/gcc-12 has /opt/gcc/bin/g++-12.
ifeq ($(origin CXX),default)
CXX := $(shell printf '%s\n' $(CC) | sed -E \
	'/^-/!{s/clang(-[0-9.]+)?$$/clang++\1/; s/gcc(-[0-9.]+)?$$/g++\1/; s,(^|[-/])cc$$,\1c++,;}')
ifeq ($(CXX),$(strip $(CC)))
CXX := g++
endif
endif
# Those of the compiler, which may be one for another machine.
ifeq ($(origin AR),default)
AR = $(shell $(CC) -print-prog-name=ar)
endif
OBJCOPY ?= $(shell $(CC) -print-prog-name=objcopy)
INSTALL ?= install
PKG_CONFIG ?= pkg-config
BUILD ?= build$(if $(SAN),-$(SAN))
CFLAGS ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)

# A compiler gives up where TMPDIR is no folder that it can write to.
ifneq ($(TMPDIR),)
ifneq ($(shell made=$$(mktemp -d 2>/dev/null) && rmdir "$$made" || echo no),)
export TMPDIR := $(or $(shell test -w /tmp && echo /tmp),$(shell mkdir -p '$(BUILD)/tmp' && cd '$(BUILD)/tmp' && pwd))
endif
endif

# What a run is made with; each has an option of `poolbench run`.
PROFILE ?= quick
RESULTS ?= results

VERBOSE ?=
V ?= $(VERBOSE)
say = $(if $(call is_on,$(V)),,@printf '  %-5s %s\n' '$(1)' '$(2)';)

SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
SANFLAGS += $(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=all)
export ASAN_OPTIONS ?= detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= print_stacktrace=1
WARN := -Wall -Wextra -Wshadow
C_ALL = -std=c11 -D_GNU_SOURCE $(WARN) -Wstrict-prototypes -Wmissing-prototypes $(CPPFLAGS) $(CFLAGS) $(SANFLAGS) \
	-pthread -MMD -MP
CXX_ALL = -std=c++17 -D_GNU_SOURCE $(WARN) $(CPPFLAGS) $(CXXFLAGS) $(SANFLAGS) -pthread -MMD -MP
LINK_ALL = $(CFLAGS) $(SANFLAGS) $(LDFLAGS) -pthread

# Libraries outside of pool/, rawthread/ and workloads/. Asked for once, and only where something is built.
PACKAGES := benchmark hwloc jansson
lib_cflags = $(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null)
lib_libs = $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null || echo -lbenchmark -lhwloc -ljansson)

sources = $(sort $(wildcard $(1)/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(patsubst %.cc,$(BUILD)/%.o,$(1)))

# Each library is compiled as a whole: what one of its files calls in another can be inlined, as in one that is all
# header, and nothing of its callers is. So static names are unique in a library.
LIBRARIES := pool rawthread
POOL := $(BUILD)/pool.o
RAWTHREAD := $(BUILD)/rawthread.o
WORKLOADS := $(call objects,$(call sources,workloads))
BENCH := $(call objects,$(filter-out bench/peers/%,$(sort $(wildcard bench/*.c bench/*/*.c bench/*/*.cc))))
BENCH_LIB := $(filter-out $(BUILD)/bench/main.o,$(BENCH))
TESTS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(call sources,tests))
LIB_TESTS := $(filter $(BUILD)/tests/test_pool% $(BUILD)/tests/test_rawthread% $(BUILD)/tests/test_cpu_limits,$(TESTS))
BENCH_TESTS := $(filter-out $(LIB_TESTS),$(TESTS))
EXAMPLES := $(patsubst %.c,$(BUILD)/%,$(call sources,docs/examples))
BINARY := $(BUILD)/poolbench

# The programs of bench/idioms, each with what its user would have.
IDIOM_SOURCES := $(sort $(wildcard bench/idioms/*_*.c))
POOL_IDIOMS := $(call objects,$(filter bench/idioms/%_pool.c,$(IDIOM_SOURCES)) $(wildcard bench/idioms/*_pool_*.c))
RAW_IDIOMS := $(call objects,$(filter bench/idioms/%_raw.c,$(IDIOM_SOURCES)) $(wildcard bench/idioms/*_raw_*.c))

# bench/ has NAN for what is not known, which -Ofast and -ffast-math would take for a number: they stay the libraries'.
HAS_NAN := -fno-finite-math-only
# Each folder sees only what it may include.
$(WORKLOADS): INCLUDE := -Iworkloads
$(BENCH): INCLUDE = -Ibench -Ipool -Irawthread -Iworkloads -I$(BUILD) $(lib_cflags) $(HAS_NAN)
$(POOL_IDIOMS): INCLUDE := -Ibench/idioms -Ipool
$(RAW_IDIOMS): INCLUDE := -Ibench/idioms -Irawthread
$(LIB_TESTS:=.o): INCLUDE := -Ipool -Irawthread
$(BUILD)/tests/test_rawthread_growth.o: INCLUDE += -fsanitize-coverage=trace-pc # counts its steps
$(BENCH_TESTS:=.o): INCLUDE = -Ibench -Ipool -Irawthread -Iworkloads -I$(BUILD) $(lib_cflags) $(HAS_NAN)

.PHONY: all bench test report list clean help
all: $(BINARY)

$(BINARY): $(BENCH) $(POOL) $(RAWTHREAD) $(WORKLOADS)
	$(call say,LINK,$@)$(CXX) $(LINK_ALL) -o $@ $^ $(lib_libs) -lm

# Which version this is: rewritten only when it changes.
VERSION := 0.1.0
# What is given empty, as by the Containerfile, is asked for.
TREE := $(or $(shell sh scripts/version 2>/dev/null),nogit unknown 0)
COMMIT := $(word 1,$(TREE))
DIRTY := $(word 2,$(TREE))
ifeq ($(COMMIT),)
override COMMIT := $(word 1,$(TREE))
endif
ifeq ($(DIRTY),)
override DIRTY := $(word 2,$(TREE))
endif
ifeq ($(shell printf '%s\n' '$(COMMIT)-$(DIRTY)' | grep -xE '([0-9a-f]{8}|nogit)-(yes|no|unknown)'),)
$(error COMMIT is '$(COMMIT)' and DIRTY '$(DIRTY)': they must be 8 hexadecimal digits and yes, no or unknown)
endif
GBENCH_VERSION := $(shell $(PKG_CONFIG) --modversion benchmark 2>/dev/null || echo unknown)
COMPILER := $(shell $(CC) --version 2>/dev/null | sed -n 1p)
define VERSION_TEXT
#define POOLBENCH_VERSION "$(VERSION)"
#define POOLBENCH_COMMIT "$(COMMIT)"
#define POOLBENCH_DIRTY "$(DIRTY)"
#define POOLBENCH_CC "$(subst ",,$(COMPILER))"
#define POOLBENCH_CFLAGS "$(subst ",,$(subst \,,$(if $(CPPFLAGS),$(CPPFLAGS) )$(CFLAGS) $(SANFLAGS)))"
#define POOLBENCH_CXXFLAGS "$(subst ",,$(subst \,,$(CXXFLAGS) $(SANFLAGS)))"
#define POOLBENCH_LDFLAGS "$(subst ",,$(subst \,,$(LDFLAGS)))"
#define POOLBENCH_BUILD_TYPE "$(if $(SAN),sanitizer,$(if $(filter -O1 -O2 -O3 -Os -Ofast,$(CFLAGS)),release,debug))"
#define POOLBENCH_GBENCH_VERSION "$(GBENCH_VERSION)"
endef
export VERSION_TEXT
# And with what it is built: other flags build everything again, so that what is recorded is true.
FLAGS_TEXT = $(CC) | $(C_ALL) | $(CXX) | $(CXX_ALL) | $(LDFLAGS)
export FLAGS_TEXT
.PHONY: stamps
stamps:
	@mkdir -p $(BUILD)
	@printf '%s\n' "$$VERSION_TEXT" | cmp -s - $(BUILD)/version.h || printf '%s\n' "$$VERSION_TEXT" >$(BUILD)/version.h
	@printf '%s\n' "$$FLAGS_TEXT" | cmp -s - $(BUILD)/flags || printf '%s\n' "$$FLAGS_TEXT" >$(BUILD)/flags
$(BUILD)/version.h $(BUILD)/flags: stamps ;
# A script as a string of C, so that the program can be moved.
$(BUILD)/python_script.h: bench/backends/python.py
	@mkdir -p $(@D)
	@{ echo 'static const char python_script[] ='; \
	sed 's/\\/\\\\/g; s/"/\\"/g; s/^/    "/; s/$$/\\n"/' $<; echo '    ;'; } >$@
$(BUILD)/bench/backends/python.o: $(BUILD)/python_script.h

# pool/ and rawthread/ and their tests build without these.
$(BUILD)/packages: $(BUILD)/flags
	@printf '#include <%s>\n' benchmark/benchmark.h hwloc.h jansson.h | \
	$(CXX) $(CPPFLAGS) -x c++ -E $(lib_cflags) - >/dev/null 2>&1 || { \
	echo 'make: $(CXX) does not find Google Benchmark, hwloc and jansson: scripts/setup installs what is missing' >&2; \
	exit 1; }
	@touch $@
$(BENCH) $(BENCH_TESTS:=.o): | $(BUILD)/version.h $(BUILD)/packages
$(BENCH) $(POOL) $(RAWTHREAD) $(WORKLOADS) $(TESTS:=.o) $(TESTS): $(BUILD)/flags

# How long each program is, for the binary.
$(BUILD)/idiom_lines.h: bench/idioms/lines.awk $(IDIOM_SOURCES)
	@mkdir -p $(@D)
	$(call say,AWK,$@)awk -f $< $(IDIOM_SOURCES) >$@
$(BUILD)/bench/idioms/registry.o: $(BUILD)/idiom_lines.h

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(C_ALL) $(INCLUDE) -c -o $@ $<

$(BUILD)/%.o: %.cc
	@mkdir -p $(@D)
	$(call say,CXX,$<)$(CXX) $(CXX_ALL) $(INCLUDE) -c -o $@ $<

HASH := \#
# -fexceptions: with it pthread_cleanup_push() costs nothing.
compile_library = { :$(foreach file,$(call sources,$(1)),; echo '$(HASH)include "$(file)"'); } | \
	$(CC) $(C_ALL) -I$(1) -fexceptions -x c -c -o $@
define library_object
$(BUILD)/$(1).o: $(call sources,$(1)) $(wildcard $(1))
	@mkdir -p $$(@D)
	$$(call say,CC,$(1))$$(call compile_library,$(1)) -
endef
$(foreach library,$(LIBRARIES),$(eval $(call library_object,$(library))))

# A test may include anything, but a library's test its library alone.
$(BENCH_TESTS): %: %.o $(BENCH_LIB) $(POOL) $(RAWTHREAD) $(WORKLOADS)
	$(call say,LINK,$@)$(CXX) $(LINK_ALL) -o $@ $(filter %.o,$^) $(lib_libs) -lm

$(filter-out %/test_pool_growth,$(LIB_TESTS)): %: %.o $(POOL) $(RAWTHREAD)
	$(call say,LINK,$@)$(CC) $(LINK_ALL) $(WRAP) -o $@ $(filter %.o,$^)

# A copy of the library that counts its steps, without -fexceptions, for which musl has no unwinder there.
COUNTING := $(patsubst %.c,$(BUILD)/counting/%.o,$(call sources,pool))
$(COUNTING): INCLUDE := -Ipool -fsanitize-coverage=trace-pc
$(BUILD)/counting/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,CC,$<)$(CC) $(C_ALL) $(INCLUDE) -c -o $@ $<
$(BUILD)/tests/test_pool_growth: %: %.o $(COUNTING)
	$(call say,LINK,$@)$(CC) $(LINK_ALL) -o $@ $(filter %.o,$^)

# As a user would build them.
$(EXAMPLES:=.o): INCLUDE := -Ipool -Irawthread -Wpedantic
$(EXAMPLES:=.o): $(BUILD)/flags
$(EXAMPLES): %: %.o $(POOL) $(RAWTHREAD)
	$(call say,LINK,$@)$(CC) $(LINK_ALL) -o $@ $(filter %.o,$^)

# What tests/refuse_calls.h puts itself before.
$(addprefix $(BUILD)/tests/,test_pool_allocations test_pool_faults test_pool_tokens test_rawthread_faults): WRAP := \
	$(foreach name,malloc calloc realloc aligned_alloc free fopen getline __getdelim pthread_create pthread_join \
	pthread_attr_setaffinity_np,-Wl,--wrap=$(name))

-include $(shell find $(BUILD) -path $(BUILD)/variants -prune -o -name '*.d' -print 2>/dev/null)

# One command line from the sources to the answer. The run's folder comes back on stdout.
# A run that is resumed has options of its own: defaults stay away, and what is given to it all the same is refused.
RUN_OPTIONS = $(if $(RESUME),--resume '$(RESUME)') \
	$(foreach v,PROFILE RESULTS,$(if $(and $(RESUME),$(filter-out command,$(firstword $(origin $v)))),,$(RUN_$v))) \
	$(if $(FILTER),--filter '$(FILTER)') \
	$(if $(BACKENDS),--backends '$(BACKENDS)') $(if $(WORKERS),--workers '$(WORKERS)') \
	$(if $(ROUNDS),--rounds '$(ROUNDS)') $(if $(SEED),--seed '$(SEED)') $(if $(BIND),--bind '$(BIND)') \
	$(if $(SCRATCH),--scratch '$(SCRATCH)') $(PLUGIN_OPTIONS)
PLUGIN_OPTIONS = $(foreach p,$(PLUGINS),--plugin '$(p)')
RUN_PROFILE = --profile '$(PROFILE)'
RUN_RESULTS = --results '$(RESULTS)'
measure = run=$$($(BINARY) run $(RUN_OPTIONS)); code=$$?; \
	case $$code in 0|3) scripts/report "$$run" || exit;; esac; exit $$code
bench: $(BINARY)
	@$(measure)

report:
	@$(if $(RUN),scripts/report '$(RUN)',\
	echo "make report: say which run: make report RUN=results/<machine>/<run>" >&2; exit 1)

.PHONY: archive
archive:
	@$(if $(RUN),scripts/archive '$(RUN)' $(if $(OUTPUT),--output '$(OUTPUT)'),\
	echo "make archive: say which run: make archive RUN=results/<machine>/<run>" >&2; exit 1)

# What is missing is said by the script.
.PHONY: advise
advise:
	@scripts/advise $(if $(TASK_US),--task-us '$(TASK_US)') $(if $(CPU_SHARE),--cpu-share '$(CPU_SHARE)') \
	$(if $(RATE),--rate '$(RATE)') $(if $(RUN),'$(RUN)')

.PHONY: cite
cite:
	@$(if $(VERIFY),scripts/cite --verify '$(VERIFY)' $(if $(RUN),--run '$(RUN)'),$(if $(RUN),scripts/cite '$(RUN)' \
	$(if $(ID),'$(ID)') $(if $(FORMAT),--format '$(FORMAT)') $(if $(call is_on,$(FORCE)),--force),\
	echo "make cite: say which run: make cite RUN=results/<machine>/<run> ID=C2, or VERIFY=<file>" >&2; exit 1))

# Two or more runs of any machines; the exit code of make itself is 2 for whatever is not 0.
.PHONY: compare
compare:
	@$(if $(and $(or $(A),$(RUNS)),$(or $(B),$(RUNS))),scripts/compare $(if $(A),'$(A)') $(if $(B),'$(B)') $(RUNS) \
	--output '$(or $(OUTPUT),comparison)',\
	echo "make compare: say which runs: make compare A=results/<machine>/<run> B=results/<machine>/<run>" >&2; exit 1)

list: $(BINARY)
	@$(BINARY) list

tests: $(BINARY) $(TESTS) $(EXAMPLES) peer-plugins $(if $(SAN),,$(BUILD)/trust/delayed.so)
lib-tests: $(LIB_TESTS)
.PHONY: tests lib-tests test-lib
test: tests
	@tests/run --build '$(BUILD)' $(RUNFLAGS)
test-lib: lib-tests
	@tests/run --build '$(BUILD)' $(RUNFLAGS) $(notdir $(LIB_TESTS))

# Each turn is up to 20 s of every stress program, with a seed of its own.
STRESS := $(foreach test,$(LIB_TESTS),$(if $(findstring _stress,$(test)),$(test)))
SOAK ?= 600
.PHONY: soak
soak: $(STRESS)
	@case '$(SOAK)' in ''|0*|*[!0-9]*) echo "make soak: SOAK is '$(SOAK)': give it whole seconds" >&2; exit 1;; esac; \
	end=$$(($$(date +%s) + $(SOAK))); \
	while left=$$((end - $$(date +%s))); [ $$left -gt 0 ]; do \
		settings="POOLBENCH_STRESS_SEED=$$(od -An -N6 -tu8 /dev/urandom | tr -d ' ')"; \
		settings="$$settings POOLBENCH_STRESS_SECONDS=$$((left < 20 ? left : 20))"; \
		echo "$$settings"; \
		env $$settings tests/run --build '$(BUILD)' $(RUNFLAGS) $(notdir $(STRESS)) || { \
		echo "again with: $$settings tests/run --build '$(BUILD)' $(RUNFLAGS) <the test that failed>"; exit 1; }; \
	done

# Where make test verifies the models, this weakens each in every way as well.
.PHONY: models
models:
	@'$(PYTHON)' tests/test_models.py --all

# The pool without each of its rules: every one has a test that fails.
.PHONY: mutants-rules
mutants-rules:
	@tests/mutate_rules.py

# The libraries' tests that end soon under valgrind, which runs one thread at a time and each some 50 times slower.
VALGRIND_TESTS := $(addprefix test_pool_,apply bound end errors handle imap join lazy map nested order refused several \
	source tokens) test_rawthread
VALGRIND = valgrind -q --fair-sched=yes --error-exitcode=9 --suppressions=tests/valgrind.supp --tool
.PHONY: valgrind
valgrind: lib-tests
	@$(if $(SAN),echo 'make valgrind: SAN=$(SAN) does not run there: make it without' >&2; exit 1;) \
	for tool in 'memcheck --leak-check=full' helgrind drd; do \
	echo "$$tool"; \
	tests/run --build '$(BUILD)' --wrap "$(VALGRIND)=$$tool" $(RUNFLAGS) $(VALGRIND_TESTS) || exit 1; \
	done

# Weakens the orderings of the pool one by one: each has to be noticed. Takes an hour or so.
.PHONY: mutants
mutants:
	@'$(PYTHON)' tests/mutants.py

# Pools of other libraries as plugins. Each is built where its adapter finds its library; poolbench itself needs none of
# them, and their sanitizers would find fault with the libraries.
PEERS := boost-asio eigen glib libuv moodycamel onetbb openmp-gomp openmp-llvm pthreadpool
# Each OpenMP is made for the code of its own compiler.
GNU_CC ?= gcc
LLVM_CC ?= clang
package = $$$$($(PKG_CONFIG) --$(1) $(2) 2>/dev/null)
peer_so = $(patsubst %,$(BUILD)/peers/%.so,$(1))

# $(call peer,name,source,compiler,flags of poolbench,flags of the library,libraries)
define peer
$(call peer_so,$(1)): bench/peers/$(2) $(BUILD)/flags
	@mkdir -p $$(@D); \
	if $(3) -D_GNU_SOURCE $(CPPFLAGS) -Ibench $(5) -E $$< >/dev/null 2>&1; then \
		echo '  PEER  $(1)'; $(if $(call is_on,$(V)),set -x;) \
		$(3) $$($(4)) -Ibench $(5) -shared -fPIC -MF $(BUILD)/peers/$(1).d -o $$@ $$< $(6); \
	else rm -f $$@; fi
endef
c_peer = $(eval $(call peer,$(1),$(2),$(3),C_ALL,$(4),$(5)))
cxx_peer = $(eval $(call peer,$(1),$(1).cc,$$(CXX),CXX_ALL,$(2),$(3)))
$(call c_peer,glib,glib.c,$$(CC),$(call package,cflags,glib-2.0),$(call package,libs,glib-2.0))
$(call c_peer,libuv,libuv.c,$$(CC),,-luv)
$(call c_peer,openmp-gomp,openmp.c,$(GNU_CC),-fopenmp)
$(call c_peer,openmp-llvm,openmp.c,$(LLVM_CC),-fopenmp=libomp)
$(call c_peer,pthreadpool,pthreadpool.c,$$(CC),,-lpthreadpool)
$(call cxx_peer,boost-asio)
$(call cxx_peer,eigen,-isystem /usr/include/eigen3)
# gcc 12 sees an overflow in the queue's own code where none is.
$(call cxx_peer,moodycamel,-Wno-stringop-overflow -Wno-unknown-warning-option)
$(call cxx_peer,onetbb,,-ltbb)

.PHONY: peers peer-plugins
peer-plugins: $(if $(SAN),,$(call peer_so,$(PEERS)))
# Looked for when the recipe runs, and so once they are built.
found_peers = $(shell ls $(call peer_so,$(PEERS)) 2>/dev/null)
lost_peers = $(filter-out $(basename $(notdir $(found_peers))),$(PEERS))
peers: override PROFILE = peers
peers: override PLUGINS += $(found_peers)
peers: $(BINARY) peer-plugins
	$(if $(lost_peers),@echo 'make peers: not found: $(lost_peers): scripts/setup --peers installs what is missing' >&2)
	@$(measure)

# The quick check: is the pool about as good as a well-known one?
.PHONY: sanity
sanity: override PROFILE = peers
sanity: override BACKENDS = pool,pool-again,glib
sanity: override PLUGINS = $(call peer_so,glib)
sanity: ROUNDS = 8
sanity: $(if $(SAN),,$(BINARY) $(call peer_so,glib))
	@test -e $(PLUGINS) || { $(if $(SAN),echo 'make sanity: SAN=$(SAN) is for tests: make it without' >&2,\
	echo 'make sanity: $(CC) does not find GLib: scripts/setup --peers installs it (libglib2.0-dev)' >&2); exit 1; }
	@$(measure)

# Each library by itself: one object in which only the public names can be seen, as an archive and shared.
PREFIX ?= /usr/local
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
HEADERDIR = $(INCLUDEDIR)/poolbench
MANDIR ?= $(PREFIX)/share/man
PYTHON ?= python3
ABI := $(firstword $(subst ., ,$(VERSION)))
shared = $(BUILD)/lib/libpoolbench-$(1).so.$(VERSION)
archive = $(BUILD)/lib/libpoolbench-$(1).a
manual = $(BUILD)/man/poolbench-$(1).3

# Whatever flags a distribution has: an object whose names are hidden by objcopy must be code and not the compiler's own
# representation, what is public is said below, and flags that are for linking programs stay away. DW.ref is the
# compiler's, and stays hidden.
define library_rules
$(BUILD)/lib/$(1).o: $(call sources,$(1)) $(wildcard $(1)) $(BUILD)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$(1))$$(call compile_library,$(1)) -fPIC -fno-lto -fvisibility=default \
	-fno-semantic-interposition - && \
	$$(OBJCOPY) -w -G '$(1)_[a-z]*' -G 'DW.ref.*' $$@

$(call archive,$(1)): $(BUILD)/lib/$(1).o
	$$(call say,AR,$$@)rm -f $$@ && $$(AR) rcsD $$@ $$^

$(call shared,$(1)): $(BUILD)/lib/$(1).o
	@echo 'POOLBENCH_$(ABI) { global: $(1)_[a-z]*; local: *; };' >$(BUILD)/lib/$(1).map
	$$(call say,LINK,$$@)$$(CC) $$(filter-out -pie -no-pie -static -static-pie -s,$$(LINK_ALL)) -fPIC -fno-lto \
	-shared -Wl,-z,defs -Wl,-soname,libpoolbench-$(1).so.$(ABI) \
	-Wl,--version-script=$(BUILD)/lib/$(1).map -o $$@ $$^

$(call manual,$(1)): $(1)/$(1).h scripts/man
	$$(call say,MAN,$$<)$$(PYTHON) scripts/man $$< poolbench-$(1) $(VERSION) $$(@D)
endef
$(foreach library,$(LIBRARIES),$(eval $(call library_rules,$(library))))

# What scripts/trust holds the verdicts against: the pool beside itself in primary cells of quick; and pools that delay
# each task by known times, in a cell of so many tasks that what comes once a batch does not count.
TRUST_CELLS := reuse/empty/batches:10/.*life:run|grain/spin/length_ns:10000/|oneoff/empty/life:run
TRUST_CELLS := ^($(TRUST_CELLS)|io/sleep/inflight:64/|gap/.*pause_ns:1000000/)
TRUST_ROUNDS ?= 420
$(BUILD)/trust/delayed.so: tests/plugins/delayed.c $(call archive,pool) $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,PLUG,$@)$(CC) $(C_ALL) -Ibench -Ipool -shared -fPIC -o $@ $< $(call archive,pool)
.PHONY: trust
trust: $(BINARY) $(BUILD)/trust/delayed.so
	@set -e; equal=$$($(BINARY) run --profile quick --results '$(RESULTS)' --rounds $(TRUST_ROUNDS) \
	--backends pool,pool-again --filter '$(TRUST_CELLS)'); \
	delayed=$$($(BINARY) run --profile smoke --results '$(RESULTS)' --rounds $(TRUST_ROUNDS) --workers 1 \
	--plugin $(BUILD)/trust/delayed.so --backends delayed-0ns,delayed-500ns,delayed-2us,delayed-10us \
	--filter '^forget/'); \
	echo "$$equal"; echo "$$delayed"; code=0; \
	scripts/trust false-alarms "$$equal" || code=$$?; scripts/trust between "$$equal" || code=$$?; \
	scripts/trust delays "$$delayed" || code=$$?; exit $$code

define PKG_CONFIG_TEXT
libdir=$(LIBDIR)
includedir=$(INCLUDEDIR)

Name: poolbench-@
Description: poolbench's lib@ for C and C++
Version: $(VERSION)
Cflags: -I"$${includedir}" -I"$${includedir}/poolbench" -pthread
Libs: -L"$${libdir}" -lpoolbench-@
Libs.private: -pthread
endef
export PKG_CONFIG_TEXT

# A build with a sanitizer, or a relative folder, is refused before anything is copied.
installed_folders := LIBDIR INCLUDEDIR MANDIR
check_install = $(if $(SAN),echo 'make $@: SAN=$(SAN) is for tests: install without it' >&2; exit 1;) \
	$(foreach f,$(installed_folders),case '$($(f))' in (/*) ;; (*) echo "make $@: $(f) is '$($(f))':" \
	'PREFIX and what is made from it must begin with /' >&2; exit 1;; esac;)
at = '$(DESTDIR)$($(1))'
.PHONY: libraries install uninstall
libraries: $(foreach l,$(LIBRARIES),$(call archive,$(l)) $(call shared,$(l)) $(call manual,$(l)))
install: libraries
	@$(check_install) set -e; umask 022; \
	$(INSTALL) -d $(call at,LIBDIR)/pkgconfig $(call at,HEADERDIR) $(call at,MANDIR)/man3; \
	for l in $(LIBRARIES); do \
	$(INSTALL) -m 644 $$l/$$l.h $(call at,HEADERDIR); \
	$(INSTALL) -m 644 $(BUILD)/lib/libpoolbench-$$l.a $(call at,LIBDIR); \
	$(INSTALL) -m 755 $(BUILD)/lib/libpoolbench-$$l.so.$(VERSION) $(call at,LIBDIR); \
	ln -sf libpoolbench-$$l.so.$(VERSION) $(call at,LIBDIR)/libpoolbench-$$l.so.$(ABI); \
	ln -sf libpoolbench-$$l.so.$(ABI) $(call at,LIBDIR)/libpoolbench-$$l.so; \
	printf '%s\n' "$$PKG_CONFIG_TEXT" | sed "/^[A-Z]/s/@/$$l/" >$(call at,LIBDIR)/pkgconfig/poolbench-$$l.pc; \
	done; \
	$(INSTALL) -m 644 $(BUILD)/man/*.3 $(call at,MANDIR)/man3; \
	echo "libraries in $(DESTDIR)$(LIBDIR), headers in $(DESTDIR)$(HEADERDIR), manual pages in $(DESTDIR)$(MANDIR)"
uninstall: $(foreach l,$(LIBRARIES),$(call manual,$(l)))
	@$(check_install) for l in $(LIBRARIES); do \
	rm -f $(call at,HEADERDIR)/$$l.h $(call at,LIBDIR)/libpoolbench-$$l.a $(call at,LIBDIR)/libpoolbench-$$l.so \
	$(call at,LIBDIR)/libpoolbench-$$l.so.$(ABI) $(call at,LIBDIR)/libpoolbench-$$l.so.$(VERSION) \
	$(call at,LIBDIR)/pkgconfig/poolbench-$$l.pc; done; \
	rmdir $(call at,HEADERDIR) 2>/dev/null; \
	cd $(BUILD)/man && for page in *.3; do rm -f $(call at,MANDIR)/man3/"$$page"; done

# What runs on a bare node: the same objects, linked to find their libraries in lib/ beside the program. By DT_RPATH,
# because DT_RUNPATH would hold for the program's own libraries and not for theirs (libudev is hwloc's), and because it
# goes before LD_LIBRARY_PATH, with which clusters offer other builds of the same libraries. Paths of this machine stand
# in the debug information: it stays behind.
DIST_ARCH = $(firstword $(subst -, ,$(shell $(CC) -dumpmachine 2>/dev/null || echo unknown)))
DIST_NAME = poolbench-$(VERSION)-$(COMMIT)$(if $(filter yes,$(DIRTY)),-modified)-$(DIST_ARCH)
DIST_TIME = $(or $(SOURCE_DATE_EPOCH),$(word 3,$(TREE)))
$(BUILD)/dist/poolbench: $(BENCH) $(POOL) $(RAWTHREAD) $(WORKLOADS)
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CXX) $(LINK_ALL) -Wl,--disable-new-dtags '-Wl,-rpath,$$ORIGIN/lib' -Wl,--strip-debug \
	-o $@ $^ $(lib_libs) -lm
.PHONY: dist
dist: $(if $(SAN),,$(BUILD)/dist/poolbench)
	@$(if $(SAN),echo 'make dist: SAN=$(SAN) is for tests: make it without' >&2; exit 1,\
	scripts/dist '$<' '$(DIST_NAME)' '$(BUILD)/dist' '$(DIST_TIME)')

clean:
	rm -rf -- '$(BUILD)'

help:
	@echo 'make                 build $(BINARY)'
	@echo 'make bench           measure and report: PROFILE=smoke|quick|full|peers (quick) FILTER= BACKENDS= WORKERS='
	@echo '                     ROUNDS= PLUGINS= SEED= RESULTS= SCRATCH= BIND=none|core|pu RESUME=<run>'
	@echo 'make report RUN=     draw a run again'
	@echo 'make compare A= B=   runs against each other, with a page: RUNS=<more of them> OUTPUT= (comparison)'
	@echo 'make cite RUN= ID=   the citable block of a claim or a figure: FORMAT=text|markdown|json|bibtex FORCE=1;'
	@echo '                     without ID what can be cited; VERIFY=<file> works the numbers of a block out again'
	@echo 'make archive RUN=    one file of a run, which scripts/archive --open opens elsewhere: OUTPUT='
	@echo 'make test            all tests: RUNFLAGS=<options of tests/run>'
	@echo 'make test-lib        those of pool/ and rawthread/, which need a C compiler only'
	@echo 'make soak            their stress, with new seeds: SOAK=<seconds> (600)'
	@echo 'make models          models of what works without the lock, and each weakened in every way'
	@echo 'make mutants-rules   the pool without each of its rules: which test fails then'
	@echo 'make valgrind        the quicker tests of pool/ and rawthread/ under memcheck, helgrind and drd'
	@echo 'make mutants         weakens the orderings of the pool one by one, in an hour or so: docs/pool.md'
	@echo 'make peers           the pool beside those of other libraries, which scripts/setup --peers installs'
	@echo 'make sanity          the pool beside that of GLib alone, in a minute: ROUNDS=8 RESULTS='
	@echo 'make advise          pool or threads for tasks of yours: TASK_US= RATE= CPU_SHARE= (1) RUN='
	@echo 'make trust           how often verdicts are wrong here, on data whose truth is known: docs/method.md'
	@echo 'make list            what there is to measure'
	@echo 'make dist            an archive for machines without the libraries: docs/machines.md'
	@echo 'make install         pool/ and rawthread/ as libraries: PREFIX=/usr/local DESTDIR= LIBDIR= INCLUDEDIR= MANDIR='
	@echo 'make uninstall       remove them again'
	@echo 'make clean           remove $(BUILD)'
	@echo 'Everywhere: CC= CPPFLAGS= CFLAGS= LDFLAGS= BUILD= PYTHON= SAN=address|thread|undefined V=1'
