#!/bin/sh
# Tells a story that begins with the given words: tools/demo.sh "Once upon a time"
#
# Installs a compiler and CMake if they are missing (Debian; root or sudo), builds llmzero-run with its embedded model, and
# runs it. Further arguments go to llmzero-run: tools/demo.sh "Once upon a time" --temp 0.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"

prompt=${1:-Once upon a time}
test $# = 0 || shift

if ! command -v cmake > /dev/null || ! command -v c++ > /dev/null || ! { command -v make || command -v ninja; } > /dev/null; then
    need_packages g++ cmake make
fi

mkdir -p "$root/build/release"
log=$root/build/release/demo.log
say() {
    if [ -t 2 ]; then
        printf '%s' "$1" >&2
    fi
}
build() {
    cd "$root" || return
    command -v make > /dev/null || export CMAKE_GENERATOR=Ninja
    # A newer compiler may warn about something else; that is no reason not to tell a story.
    cmake --preset release -DLLMZERO_WERROR=OFF -DLLMZERO_BUILD_TESTS=OFF && cmake --build --preset release --target llmzero-run
}
say "Building llmzero-run (the first time takes about half a minute) ... "
if ! (build) > "$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
say "done
"
exec "$root/build/release/llmzero-run" --prompt "$prompt" "$@"
