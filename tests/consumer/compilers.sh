#!/bin/sh
# The library with every compiler that is to be supported: compilers.sh COMPILER...
#
# Compiles the project beside this with each, at the warnings of cmake/warnings.cmake, with and without exceptions and type
# information, and runs it: the consumer, and a shared library beside a program that has the library too.
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
warnings='-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wold-style-cast -Wnon-virtual-dtor -Wdouble-promotion -Werror'

failed=
for compiler in "$@"; do
    for options in '' '-fno-exceptions -fno-rtti'; do
        for shared in OFF ON; do
            if cmake -DWORK="$work/build" -DREFUSED=OFF "-DARGUMENTS=-DCMAKE_CXX_COMPILER=$compiler;-DCMAKE_CXX_FLAGS=-O1 $warnings $options;-DLLMZERO_FROM=subdirectory;-DLLMZERO_SOURCE=$root;-DLLMZERO_SHARED=$shared" \
                -P "$here/run.cmake" > "$work/log" 2>&1; then
                echo "passed: $compiler $options (shared library: $shared)"
            else
                cat "$work/log"
                failed="$failed $compiler"
                echo "FAILED: $compiler $options (shared library: $shared)"
            fi
        done
    done
done
test -z "$failed"
