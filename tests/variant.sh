# Sourced by test_variant_*.sh: the tests of pool/ and rawthread/ built in another way, each way in a folder of its
# own under variants/, where it stays for the next time. A variant is the variables that make is called with.
# shellcheck shell=bash
set -u
cd "$POOLBENCH_TOP" || exit 1
export POOLBENCH_STRESS_SECONDS=${POOLBENCH_STRESS_SECONDS-1}

variant='' settings=()
. tests/faults.sh

# set_variant <name> <variables>...: whatever a make around this one was given is set anew
set_variant() {
    variant=$1
    settings=(SAN= CFLAGS='-O1 -g1' LDFLAGS= RUNFLAGS=-j2 V= "${@:2}")
}

fault() {
    printf '%s: %s\n' "$variant" "$*"
    failures=$((failures + 1))
}

# Shows that what the variant is there to find is found and fails a test: finds <text> <program>
finds() {
    local tree=$POOLBENCH_BUILD/variants/$variant-fault
    mkdir -p "$tree/tests" && cp Makefile "$tree/" && cp tests/run "$tree/tests/" || exit 1
    printf '%s\n' "$2" >"$tree/tests/test_pool_fault.c"
    if ! make -C "$tree" BUILD=build "${settings[@]}" lib-tests >"$tree/out" 2>&1; then
        fault "cannot build a faulty test: $(cat "$tree/out")"
    elif make -C "$tree" BUILD=build "${settings[@]}" test-lib >"$tree/out" 2>&1; then
        fault "a faulty test passes that should end with: $1"
    elif ! grep -qF -e "$1" "$tree/out"; then
        fault "a faulty test does not say '$1' but: $(cat "$tree/out")"
    fi
}

# All tests, or those named.
passes() {
    local folder=$POOLBENCH_BUILD/variants/$variant
    local build=(make BUILD="$folder" "${settings[@]}") run=()
    if [ $# -eq 0 ]; then
        run=("${build[@]}" test-lib)
        build+=(lib-tests)
    else
        build+=("${@/#/$folder/tests/}")
        run=(tests/run --build "$folder" -j2 "$@")
    fi
    mkdir -p "$folder" || exit 1
    { "${build[@]}" >"$folder/out" 2>&1 && "${run[@]}" >"$folder/out" 2>&1; } ||
        fault "failed; again with: ${build[*]@Q} && ${run[*]@Q}"$'\n'"$(grep -v '^ok ' "$folder/out")"
}
