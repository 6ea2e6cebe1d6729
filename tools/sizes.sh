#!/bin/sh
# Prints how large the programs are without their symbols, in kB (1000 bytes), as a table for each preset named:
#     tools/sizes.sh [PRESET...]      armv6 and release, where none is
#
# Builds them in build/sizes/<preset>. A program with an embedded model is there twice, with it and without
# (-DLLMZERO_EMBEDDED_MODEL=).
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
unset CXX CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE

# row PROGRAM WHAT: a line of the table, where there is such a program.
row() {
    strip=$(sed -n 's/^CMAKE_STRIP:[A-Z]*=//p' "$build/CMakeCache.txt")
    for file in "$build/$1" "$build/$1.exe"; do
        if [ -e "$file" ]; then
            "$strip" -o "$build/stripped" "$file"
            printf '| %s | %s |\n' "$1$2" "$(($(wc -c < "$build/stripped") / 1000))"
        fi
    done
}

build_all() {
    cmake --preset "$preset" -B "$build" -DLLMZERO_BUILD_TESTS=OFF -DLLMZERO_WERROR=OFF "$@" > "$build/log" 2>&1 &&
        cmake --build "$build" >> "$build/log" 2>&1 || { cat "$build/log" >&2; exit 1; }
}

for preset in ${*:-armv6 release}; do
    build=build/sizes/$preset
    mkdir -p "$build"
    build_all "-DLLMZERO_EMBEDDED_MODEL=$root/models/storyteller.gguf"
    printf '| %s | kB |\n|---|---|\n' "$preset"
    for program in llmzero-run llmzero-stick llmzero-quantize llmzero-info llmzero-bench; do
        row "$program" ""
    done
    build_all -DLLMZERO_EMBEDDED_MODEL=
    for program in llmzero-run llmzero-stick; do
        row "$program" " without its model"
    done
    echo
done
