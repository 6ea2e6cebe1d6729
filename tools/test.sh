#!/bin/sh
# Builds and tests everything: tools/test.sh, or only some legs: tools/test.sh release armv6
#
# Installs what is missing (Debian; root or sudo). A leg is a preset of CMakePresets.json, built in build/<leg>:
#   release   gcc, optimised; also the projects that use the library (tests/consumer), and threads under ThreadSanitizer
#   clang     clang, optimised, -fno-exceptions -fno-rtti
#   asan      clang with AddressSanitizer and UndefinedBehaviorSanitizer; also the fuzzers over their corpus
#   i686      gcc, 32-bit x86, -fno-exceptions -fno-rtti
#   armv6     gcc, the Raspberry Pi Zero's core, under qemu-arm -cpu arm1176; also a check of every instruction, and
#             the image of tools/make-stick.sh in an emulated board, for which Debian packages are fetched
#   neon      gcc, the tests of kernels alone, as on a Cortex-A7, a Cortex-A53, and a Cortex-A76, which has dot products
#             (presets neon-armv7 and neon-aarch64)
#
# Only where they are named, with what they need:
#   armv7      gcc, 32-bit ARM with NEON, under qemu-arm -cpu cortex-a7
#   aarch64    gcc, 64-bit ARM, under qemu-aarch64 -cpu cortex-a53; what depends on kernels also under -cpu max, which
#              has dot products
#   mingw      MinGW, programs for Windows, under wine: tests up to the tokenizers and of sessions, and their texts against
#              those of this system
#   compilers  gcc 11 and 12, clang 14 and 16: a project that uses the library, and one with it in a shared library
#
# The conformance data lies in ../shared/conformance or in the folder LLMZERO_CONFORMANCE names. Without it the tests that
# need it are left out, loudly; with CI set in the environment that is a failure.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
. tools/packages.sh

all_legs='release clang asan i686 armv6 neon'
more_legs='armv7 aarch64 mingw compilers'
legs=${*:-$all_legs}
for leg in $legs; do
    case " $all_legs $more_legs " in
        *" $leg "*) ;;
        *) echo "tools/test.sh: there is no leg '$leg'; there are: $all_legs $more_legs" >&2; exit 2 ;;
    esac
done

emulated='g++ cmake ninja-build doctest-dev nlohmann-json3-dev qemu-user python3 python3-numpy dosfstools mtools'
packages_of() {
    case $1 in
        neon) echo g++ cmake ninja-build doctest-dev nlohmann-json3-dev qemu-user g++-arm-linux-gnueabi g++-aarch64-linux-gnu ;;
        armv7) echo $emulated g++-arm-linux-gnueabihf ;;
        aarch64) echo $emulated g++-aarch64-linux-gnu ;;
        mingw) echo g++ cmake ninja-build doctest-dev nlohmann-json3-dev g++-mingw-w64-x86-64-posix wine64 ;;
        compilers) echo cmake ninja-build g++-11 g++-12 clang-14 clang-16 ;;
        *)
            echo g++ cmake ninja-build clang libclang-rt-dev doctest-dev nlohmann-json3-dev \
                g++-i686-linux-gnu g++-arm-linux-gnueabi qemu-user python3 python3-numpy dosfstools mtools \
                qemu-system-arm fdisk cpio gzip device-tree-compiler
            ;;
    esac
}
# shellcheck disable=SC2046 # a list of words
need_packages $(for leg in $legs; do packages_of "$leg"; done) || exit 1

# The presets say how to compile; what the caller's environment says is for other projects.
unset CXX CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE CTEST_OUTPUT_ON_FAILURE
export CMAKE_GENERATOR=Ninja
jobs=$(nproc)
conformance=${LLMZERO_CONFORMANCE:-$root/../shared/conformance}

# For the leg mingw: the program whose texts those of Windows have to be.
build_native_run() {
    cmake --preset release -B build/mingw/native -DLLMZERO_BUILD_TESTS=OFF >> "$log" 2>&1 &&
        cmake --build build/mingw/native --parallel "$jobs" --target llmzero-run >> "$log" 2>&1
}

# run_preset PRESET TARGET TESTS [OPTION...]: builds the target and runs the tests whose names match.
run_preset() {
    preset=$1 target=$2 tests=$3
    shift 3
    cmake --preset "$preset" -DLLMZERO_WERROR=ON -DLLMZERO_BUILD_TESTS=ON -DLLMZERO_BUILD_PROGRAMS=ON \
        -DLLMZERO_EMULATED_TESTS=ON "-DLLMZERO_CONFORMANCE_DIR=$conformance" "$@" >> "$log" 2>&1 &&
        cmake --build --preset "$preset" --parallel "$jobs" --target "$target" >> "$log" 2>&1 || return 1
    built=$(date +%s)
    ctest --preset "$preset" --parallel "$jobs" --tests-regex "$tests" < /dev/null >> "$log" 2>&1
    status=$?
    tested=$((tested + $(date +%s) - built))
    return $status
}

use_kernels='^(kernels|numerics|model|generation|reference|conformance)/|^fuzz/(kernels|model)$' # names of tests
run_leg() {
    case $1 in
        neon)
            run_preset neon-armv7 test-kernels '^kernels/' &&
                run_preset neon-aarch64 test-kernels '^kernels/' -DLLMZERO_EMULATED_CPU=cortex-a53 &&
                run_preset neon-aarch64 test-kernels '^kernels/' -DLLMZERO_EMULATED_CPU=cortex-a76
            ;;
        aarch64)
            run_preset aarch64 all . -DLLMZERO_EMULATED_CPU=cortex-a53 &&
                run_preset aarch64 all "$use_kernels" -DLLMZERO_EMULATED_CPU=max
            ;;
        mingw) build_native_run && run_preset mingw all . "-DLLMZERO_NATIVE_RUN=$root/build/mingw/native/llmzero-run" ;;
        compilers) sh tests/consumer/compilers.sh g++-11 g++-12 clang++-14 clang++-16 > "$log" 2>&1 ;;
        *) run_preset "$1" all . ;;
    esac
}

start=$(date +%s)
failed=
for leg in $legs; do
    mkdir -p "build/$leg"
    log=build/$leg/test.log
    : > "$log"
    began=$(date +%s)
    tested=0
    echo "== $leg"
    if run_leg "$leg"; then
        grep -E '^[0-9]+% tests passed|^Total Test time|^passed: ' "$log"
    else
        failed="$failed $leg"
        cat "$log"
    fi
    echo "   built in $(($(date +%s) - began - tested)) s, tested in $tested s"
done

echo
if [ ! -d "$conformance" ]; then
    echo "NOT TESTED: the conformance data was not found, and the tests that need it were left out."
fi
echo "$(($(date +%s) - start)) seconds in all"
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "Passed: $legs"
