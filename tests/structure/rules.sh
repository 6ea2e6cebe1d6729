#!/bin/sh
# The rules of the house that can be read off the sources. Usage: rules.sh RULE [ROOT]; exits 1 and names the lines when
# the rule is broken. `rules.sh list` names the rules. rules_selftest.sh breaks each of them once.
#
# The checks read lines, not C++: they are there to catch what slips in, not what is hidden on purpose.
set -u
LC_ALL=C
export LC_ALL
here=$(cd "$(dirname "$0")" && pwd)

rules='layers instruction_sets allocation no_output no_global_state ascii macros header_form tests_mirror_headers'
rule=${1:?usage: rules.sh RULE [ROOT]}
if [ "$rule" = list ]; then
    echo "$rules"
    exit 0
fi
cd "${2:-$here/../..}" || exit 2

headers() { find include -name '*.hpp' | sort; }
code() { headers | xargs awk -f "$here/code.awk"; }

# Each layer uses itself and those below it. target.hpp stands outside: anyone may include it, it includes nothing.
check_layers() {
    headers | xargs awk '
        BEGIN {
            split("base=1 storage=2 numerics=3 kernels=3 tokenizer=4 model=5 generation=6", pairs, " ")
            for (i in pairs) { split(pairs[i], p, "="); layer[p[1]] = p[2] }
        }
        FNR == 1 {
            file = FILENAME
            sub(/^include\/llmzero\//, "", file)
            n = split(file, parts, "/")
            own = n == 1 ? "" : parts[1]
            if (own != "" && !(own in layer)) { print FILENAME ": the folder is no known layer" }
        }
        /^[ \t]*#[ \t]*include/ {
            if (file == "kernels/target.hpp" || file == "version.hpp") { print FILENAME ":" FNR ": may include nothing" }
            if (!match($0, /<llmzero\/[^>]*>/)) { next }
            name = substr($0, RSTART + 9, RLENGTH - 10)
            if (name == "kernels/target.hpp" || name == "version.hpp" || own == "") { next }
            if (name !~ /\//) { print FILENAME ":" FNR ": a header of a layer must not include " name; next }
            used = name
            sub(/\/.*/, "", used)
            if (!(used in layer)) { print FILENAME ":" FNR ": " used " is no known layer" }
            else if (layer[used] > layer[own]) { print FILENAME ":" FNR ": " own " must not use " used ", a layer above it" }
        }'
}

# Only kernels/ knows instruction sets.
check_instruction_sets() {
    code | grep -v '^include/llmzero/kernels/' |
        grep -iE '__arm|__aarch|__avx|__sse|__x86|__i386|__fma__|__f16c|immintrin|x86intrin|arm_neon|arm_acle|neon|arm1176|armv[5-8]|avx|\bsse|\bvfp|smlad|cpuid|__builtin_cpu|\basm\b|__asm'
}

# Heap memory comes from heap_array alone, and what may throw bad_alloc is not used.
check_allocation() {
    code | grep -E '#[ \t]*include[ \t]*<(any|deque|filesystem|forward_list|format|fstream|future|iomanip|ios|iostream|istream|list|locale|map|memory_resource|ostream|queue|regex|set|sstream|stack|stdexcept|streambuf|string|syncstream|thread|unordered_map|unordered_set|valarray|vector)>' |
        grep -v '^include/llmzero/base/result.hpp:[0-9]*:.*<stdexcept>'
    code | grep -E '\bstd::(any|basic_string|deque|filesystem|forward_list|format|function|list|make_shared|make_unique|map|multimap|multiset|pmr|queue|set|shared_ptr|allocate_shared|stack|string|to_string|unordered_map|unordered_set|valarray|vector|wstring|stable_sort|stable_partition|inplace_merge|get_temporary_buffer)\b'
    code | grep -E '\b(new|malloc|calloc|realloc|aligned_alloc|posix_memalign|strdup|free|alloca)\b[ \t]*[^;,)>]' |
        grep -vE '#[ \t]*include|\bnew \(std::nothrow\)|^include/llmzero/base/heap_array.hpp:.*operator (new|delete)'
}

# The library never prints and never ends the process; result<T>::value() alone throws or aborts.
check_no_output() {
    code | grep -E '\b(printf|fprintf|vprintf|vfprintf|dprintf|puts|fputs|putchar|putc|fputc|fwrite|perror|syslog|std::cout|std::cerr|std::clog|stdout|stderr)\b' |
        grep -vE '\b__attribute__\(\(format\(printf'
    code | grep -E '\b(exit|_exit|_Exit|quick_exit|abort|terminate|raise|assert|__builtin_trap|__builtin_unreachable)\b[ \t]*[({;]|\b(throw|catch|try|dynamic_cast|typeid)\b' |
        grep -vE '^include/llmzero/base/result.hpp:[0-9]*:[ \t]*(throw bad_result\(|std::abort\(\))'
    # Threads of the library leave signals to the program's own.
    code | grep -E '#[ \t]*include[ \t]*<(cassert|assert\.h|csignal|signal\.h|exception)>' |
        grep -v '^include/llmzero/base/thread_team.hpp:[0-9]*:.*<signal\.h>'
}

# No variable outlives a call but constants. Definitions in no function are found by linking two translation units.
check_no_global_state() {
    code | grep -E '\bthread_local\b'
    code | grep -E '(^|[^A-Za-z0-9_])(static|inline|extern)[ \t]' |
        grep -vE '\b(constexpr|consteval|const|namespace|using|struct|class)\b' |
        grep -E '^[^:]*:[0-9]*:[^(]*[A-Za-z0-9_>&* \t][A-Za-z_][A-Za-z0-9_]*(\[[^]]*\])*[ \t]*(=|;|\{)'
}

# Any editor, compiler and terminal can read the sources.
check_ascii() {
    find include src bench tests cmake tools .ci CMakeLists.txt CMakePresets.json .clang-format .clang-tidy README.md \
        -type f \( -name '*.hpp' -o -name '*.cpp' -o -name '*.in' -o -name '*.cmake' -o -name 'CMakeLists.txt' -o -name '*.json' \
        -o -name '*.sh' -o -name '*.awk' -o -name '*.py' -o -name '.clang*' -o -path '.ci/*' \) ! -path '*/corpus/*' \
        -exec grep -nH "$(printf '[^\t -~]')" {} + 2>/dev/null
}

# A macro of the library cannot collide with one of its users.
check_macros() { code | grep -E '#[ \t]*define[ \t]+' | grep -vE '#[ \t]*define[ \t]+LLMZERO_'; }

# A comment first, then #pragma once; names in the versioned namespace; own headers included from the include path.
check_header_form() {
    headers | xargs awk '
        function finish() {
            if (last == "") { return }
            if (!pragma) { print last ": has no #pragma once" }
            if (declares && !namespace) { print last ": does not use namespace llmzero::inline LLMZERO_ABI" }
        }
        FNR == 1 {
            finish()
            last = FILENAME
            pragma = declares = namespace = 0
            if ($0 !~ /^\/\/ /) { print FILENAME ": does not begin with a comment that says what it is for" }
        }
        /^#pragma once/ { pragma = 1 }
        /^namespace / {
            declares = 1
            if ($0 ~ /llmzero::inline LLMZERO_ABI/) { namespace = 1 }
        }
        /^#[ \t]*include[ \t]*"/ { print FILENAME ":" FNR ": include <llmzero/...> instead" }
        /using namespace / && !/^[ \t]*\/\// { print FILENAME ":" FNR ": a header must not open a namespace for its users" }
        END { finish() }'
}

# include/llmzero/<dir>/<name>.hpp is tested by tests/<dir>/<name>.cpp, and so is src/<dir>/<name>.hpp. A test
# file in those folders is named after the header, or after it with an addition: <name>_<what>.cpp.
check_tests_mirror_headers() {
    for header in $(find include/llmzero -mindepth 2 -name '*.hpp') $(find src -mindepth 2 -name '*.hpp' 2>/dev/null); do
        place=${header#include/llmzero/}
        place=${place#src/}
        test -e "tests/${place%.hpp}.cpp" || echo "$header: has no tests/${place%.hpp}.cpp"
    done
    for test in tests/base/*.cpp tests/storage/*.cpp tests/numerics/*.cpp tests/kernels/*.cpp tests/tokenizer/*.cpp \
        tests/model/*.cpp tests/generation/*.cpp tests/cli/*.cpp tests/run/*.cpp tests/random_model/*.cpp tests/stick/*.cpp tests/board/*.cpp \
        tests/fat/*.cpp; do
        test -e "$test" || continue
        folder=$(basename "$(dirname "$test")")
        name=$(basename "$test" .cpp)
        while :; do
            if [ -e "include/llmzero/$folder/$name.hpp" ] || [ -e "src/$folder/$name.hpp" ]; then
                break
            fi
            case $name in
                *_*) name=${name%_*} ;;
                *) echo "$test: tests no header of that name"; break ;;
            esac
        done
    done
}

case " $rules " in
    *" $rule "*) ;;
    *) echo "rules.sh: there is no rule '$rule'; there are: $rules" >&2; exit 2 ;;
esac
if [ -z "$(headers)" ]; then
    echo "rules.sh: there are no headers under $(pwd)/include" >&2
    exit 2
fi
found=$("check_$rule")
if [ -n "$found" ]; then
    printf 'Broken rule: %s\n%s\n' "$rule" "$found"
    exit 1
fi
echo "$rule: kept by $(headers | wc -l) headers"
