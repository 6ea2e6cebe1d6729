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
#
# The conformance data lies in ../shared/conformance or in the folder LLMZERO_CONFORMANCE names. Without it the tests that
# need it are left out, loudly; with CI set in the environment that is a failure.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
. tools/packages.sh

all_legs='release clang asan i686 armv6'
legs=${*:-$all_legs}
for leg in $legs; do
    case " $all_legs " in
        *" $leg "*) ;;
        *) echo "tools/test.sh: there is no leg '$leg'; there are: $all_legs" >&2; exit 2 ;;
    esac
done

need_packages g++ cmake ninja-build clang libclang-rt-dev doctest-dev nlohmann-json3-dev \
    g++-i686-linux-gnu g++-arm-linux-gnueabi qemu-user python3 python3-numpy dosfstools mtools \
    qemu-system-arm fdisk cpio gzip device-tree-compiler || exit 1

# The presets say how to compile; what the caller's environment says is for other projects.
unset CXX CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE CTEST_OUTPUT_ON_FAILURE
export CMAKE_GENERATOR=Ninja
jobs=$(nproc)
conformance=${LLMZERO_CONFORMANCE:-$root/../shared/conformance}

run_leg() {
    cmake --preset "$1" -DLLMZERO_WERROR=ON -DLLMZERO_BUILD_TESTS=ON -DLLMZERO_BUILD_PROGRAMS=ON \
        -DLLMZERO_EMULATED_TESTS=ON "-DLLMZERO_CONFORMANCE_DIR=$conformance" > "$log" 2>&1 &&
        cmake --build --preset "$1" --parallel "$jobs" >> "$log" 2>&1 &&
        built=$(date +%s) &&
        ctest --preset "$1" --parallel "$jobs" < /dev/null >> "$log" 2>&1
}

start=$(date +%s)
failed=
for leg in $legs; do
    mkdir -p "build/$leg"
    log=build/$leg/test.log
    began=$(date +%s)
    built=
    echo "== $leg"
    if run_leg "$leg"; then
        grep -E '^[0-9]+% tests passed|^Total Test time' "$log"
    else
        failed="$failed $leg"
        cat "$log"
    fi
    now=$(date +%s)
    echo "   built in $((${built:-$now} - began)) s, tested in $((now - ${built:-$now})) s"
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
