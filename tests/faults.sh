# Sourced by tests: what is wrong is said and counted, and a test that lacks a tool is skipped.
# shellcheck shell=bash
# shellcheck disable=SC2034 # the test's exit code
failures=0
fault() {
    echo "$*"
    failures=$((failures + 1))
}

need() {
    local tool
    for tool; do
        command -v "$tool" >/dev/null || { echo "$tool is missing"; exit 77; }
    done
}
