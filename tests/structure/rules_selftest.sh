#!/bin/sh
# Breaks each rule of rules.sh in a copy of the sources and expects to be told; and expects silence about look-alikes.
# Usage: rules_selftest.sh [ROOT]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "${1:-$here/../..}" && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
tests=0
failures=0

# A small library that keeps every rule.
fresh_copy() {
    rm -rf "${copy:?}"/*
    mkdir -p "$copy/include/llmzero/base" "$copy/include/llmzero/storage" "$copy/include/llmzero/kernels" \
        "$copy/tests/base" "$copy/tests/storage" "$copy/tests/kernels"
    cp "$root/include/llmzero/version.hpp" "$copy/include/llmzero/"
    for header in base/result base/config base/heap_array base/checked kernels/target; do
        cp "$root/include/llmzero/$header.hpp" "$copy/include/llmzero/$header.hpp"
        : > "$copy/tests/$header.cpp"
    done
    cat > "$copy/include/llmzero/storage/sample.hpp" <<'END'
// A header of the second layer.
#pragma once

#include <llmzero/base/result.hpp>

#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

inline constexpr int limit = 1'000;
static constexpr const char * words[] = {"new vector printf( throw static int x = 1; __AVX2__"};
// std::vector<int> v; new int; printf("x"); throw 1; static int x = 1; arm_neon
/* exit(1); #define OTHER
   abort(); */
class sample {
public:
    static result<sample> create(int n = 1) { return sample(n); }
    static const char * name() { return words[0]; }

private:
    explicit sample(int n) : renew_(n) {}
    int renew_;
};

inline std::string_view text() {
    static constexpr char letter = '"';
    return {&letter, 1};
}

} // namespace llmzero::inline LLMZERO_ABI
END
    : > "$copy/tests/storage/sample.cpp"
}

broken() { # RULE WHAT: the rule must be found broken in the copy
    tests=$((tests + 1))
    if "$here/rules.sh" "$1" "$copy" > "$copy/.out" 2>&1; then
        failures=$((failures + 1))
        echo "FAILED: rules.sh $1 does not see $2"
    fi
    fresh_copy
}

kept() {
    tests=$((tests + 1))
    if ! "$here/rules.sh" "$1" "$copy" > "$copy/.out" 2>&1; then
        failures=$((failures + 1))
        echo "FAILED: rules.sh $1 complains about a library that keeps it:"
        cat "$copy/.out"
    fi
    fresh_copy
}

sample=include/llmzero/storage/sample.hpp
add() { printf '%s\n' "$1" >> "$copy/${2:-$sample}"; }
add_each() { # RULE LINE...: each line alone breaks the rule
    rule=$1
    shift
    for line in "$@"; do
        add "$line"
        broken "$rule" "$line"
    done
}

fresh_copy
for rule in $("$here/rules.sh" list); do
    kept "$rule"
done

add_each layers '#include <llmzero/generation/session.hpp>' '#include <llmzero/kernels/portable.hpp>' \
    '#include <llmzero/llmzero.hpp>' '#include <llmzero/unknown/x.hpp>'
add '#include <llmzero/storage/sample.hpp>' include/llmzero/base/result.hpp
broken layers 'base including storage'
add '#include <cstdint>' include/llmzero/kernels/target.hpp
broken layers 'target.hpp including anything'
mkdir "$copy/include/llmzero/attic"
echo '// x' > "$copy/include/llmzero/attic/x.hpp"
broken layers 'a folder that is no layer'

add_each instruction_sets '#include <immintrin.h>' '#if defined(__ARM_NEON)' '#ifdef __SSE2__' '#include <arm_acle.h>' \
    '#if LLMZERO_HAS_ARM1176' 'int a = __builtin_cpu_supports("x");' 'asm("nop");'
add '#include <immintrin.h>' include/llmzero/kernels/target.hpp
kept instruction_sets

add_each allocation '#include <vector>' '#include <string>' '#include <iostream>' '#include <regex>' 'std::vector<int> v;' \
    'std::string s;' 'std::function<void()> f;' 'auto p = std::make_unique<int>(1);' 'int * p = new int;' \
    'int * p = new int[3];' 'void * p = malloc(3);' 'void * p = ::operator new(3);' 'free(p);' 'std::stable_sort(a, b);'
add_each no_output 'printf("x");' 'std::printf("x");' 'std::fputs("x", stderr);' 'std::cerr << 1;' 'std::exit(1);' \
    'std::abort();' 'throw 1;' 'assert(x);' 'try { f(); } catch (...) {}' '#include <cassert>' 'std::terminate();'
add_each no_global_state 'static int counter = 0;' 'inline int counter = 0;' 'thread_local int x;' \
    'static std::uint64_t table[256];' 'inline std::atomic<int> n{0};' 'extern int other;'
add_each macros '#define LOCAL_MACRO 1' '#  define MAX(a, b) a'
add_each ascii "$(printf '// caf\303\251')" "$(printf 'int x; // \342\200\224')"
add_each header_form '#include "sample.hpp"' 'using namespace std;'
sed -i '1d' "$copy/$sample"
broken header_form 'a header without a comment at its top'
sed -i '/#pragma once/d' "$copy/$sample"
broken header_form 'a header without #pragma once'
sed -i 's/^namespace.*{/namespace llmzero {/' "$copy/$sample"
broken header_form 'a header outside the versioned namespace'
rm "$copy/tests/storage/sample.cpp"
broken tests_mirror_headers 'a header without tests'
: > "$copy/tests/storage/other.cpp"
broken tests_mirror_headers 'a test file of no header'
: > "$copy/tests/storage/sample_bad_files.cpp"
kept tests_mirror_headers
rm -r "$copy/include"
broken layers 'that there is nothing to check'

echo "rules_selftest: $((tests - failures)) of $tests passed"
test "$failures" = 0
