#!/bin/sh
# How fast llmzero-run would be on a Raspberry Pi Zero W, by the timing model in bench/pizero: tools/bench-zero.sh, or only
# some rows: tools/bench-zero.sh stories15m-q4_0 lamini-q4_k_m. tools/bench-zero.sh --list names them.
#
# Installs what is missing (Debian; root or sudo), builds llmzero-run for ARM and llmzero-quantize for this machine, makes
# files with random weights in the shapes of real models, and writes bench/results/zero.csv, zero.md and zero.svg. Rows
# that are not asked for stay as they are; every row names the commit it was made at. What is not kept lies in
# build/bench-zero.
#
# The model runs some hundred times slower than this machine: a row of stories15m takes a minute, one of lamini two, and
# one of smollm2 ten or more, most of it for loading.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/tools/packages.sh"
table() { python3 -B "$root/tools/bench-zero.py" "$@"; }

need_packages g++ cmake ninja-build g++-arm-linux-gnueabi qemu-user python3
names=$(table rows | cut -d ' ' -f 1 | tr '\n' ' ')
if [ "${1:-}" = --list ]; then
    echo "$names"
    exit 0
fi
for row in "$@"; do
    case " $names" in
        *" $row "*) ;;
        *) echo "tools/bench-zero.sh: there is no row '$row'; there are: $names" >&2; exit 2 ;;
    esac
done
wanted=" ${*:-$names} "

# The presets say how to compile; what the caller's environment says is for other projects.
unset CXX CXXFLAGS CPPFLAGS LDFLAGS CMAKE_TOOLCHAIN_FILE
export CMAKE_GENERATOR=Ninja
work=$root/build/bench-zero
mkdir -p "$work"
cd "$root"
build() { # build PRESET TARGET...
    preset=$1
    shift
    echo "building $* ($preset)" >&2
    if ! { cmake --preset "$preset" -DLLMZERO_WERROR=OFF -DLLMZERO_BUILD_TESTS=OFF &&
        cmake --build --preset "$preset" --target "$@"; } > "$work/build.log" 2>&1; then
        cat "$work/build.log" >&2
        exit 1
    fi
}
build release llmzero-quantize llmzero-run
build armv6 llmzero-run
sh bench/pizero/setup.sh > /dev/null

commit=$(git rev-parse --short=12 HEAD 2> /dev/null || echo unknown)
if [ -n "$(git status --porcelain -- include src cmake bench/pizero 2> /dev/null)" ]; then
    commit=$commit+changes
fi

# N words of the vocabulary, which begins with special tokens and bytes, in a file named N: per-token gives the program
# either the name or a number of tokens to write.
prompt() { # prompt N
    awk -v n="$1" 'BEGIN { for (i = 0; i < n; ++i) { printf "%d ", 300 + i * 37 % 30000 } }' > "$work/$1"
}
run_as() { # run_as MODEL: the arguments that all runs have
    printf '%s\n' -m "$1" --ids --temp 0 --seed 1 --ignore-eos --memory 0
}
# Milliseconds, from per-token's "207.00 ms/token (modelled, 4 tokens)".
modelled() { # modelled LOW HIGH MODEL arguments...
    low=$1 high=$2 model=$3
    shift 3
    # shellcheck disable=SC2046 # a list of words; the model's path is relative
    (cd "$work" && "$root/bench/pizero/per-token" "$low" "$high" "$root/build/armv6/llmzero-run" $(run_as "$model") "$@" < /dev/null) |
        cut -d ' ' -f 1
}
at_position() { # at_position N MODEL LOW HIGH: of a token after N others, which this machine reads beforehand
    prompt "$1"
    # shellcheck disable=SC2046 # q8: what the ARM program takes by itself for heads of 64
    (cd "$work" && rm -f "$2.cache" &&
        "$root/build/release/llmzero-run" $(run_as "$2") --kv q8 -f "$1" -n 0 --prompt-cache "$2.cache" < /dev/null) > /dev/null
    modelled "$3" "$4" "$2" -f "$1" --prompt-cache "$2.cache" -n @
}

table rows | while read -r row shape type mix what low high; do
    case $wanted in
        *" $row "*) ;;
        *) continue ;;
    esac
    echo "$row" >&2
    model=$shape-$type-$mix.gguf
    pure=
    if [ "$mix" = pure ]; then
        pure=--pure
    fi
    # shellcheck disable=SC2086 # an option or nothing
    build/release/llmzero-quantize --random "$shape" --type "$type" $pure "$work/$model" --force --json \
        > "$work/$model.json" 2> /dev/null
    case $what in
        decode)
            words=4
            if [ "$shape" = lamini-flan-t5-77m ]; then
                words=21
            fi
            prompt "$words"
            value=$(modelled "$low" "$high" "$model" -f "$words" -n @)
            ;;
        prompt)
            prompt "$low"
            prompt "$high"
            value=$(modelled "$low" "$high" "$model" -f @ -n 1)
            ;;
        position)
            near=$(at_position 10 "$model" "$low" "$high")
            far=$(at_position 1000 "$model" "$low" "$high")
            value=$(awk -v near="$near" -v far="$far" 'BEGIN { printf "%.3f\n", far / near }')
            echo "   $near ms at 10, $far ms at 1000" >&2
            ;;
    esac
    case $value in
        '' | *[!0-9.]*) echo "tools/bench-zero.sh: $row: the model gave '$value', expected a number" >&2; exit 1 ;;
    esac
    rm -f "$work/$model" "$work/$model.cache"
    table record "$row" "$value" "$commit" "$work/$model.json"
    table write
    echo "   $value" >&2
done
echo "bench/results/zero.md" >&2
