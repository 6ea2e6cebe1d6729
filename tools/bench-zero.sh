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
script=tools/bench-zero
. "$root/tools/packages.sh"
. "$root/tools/bench_models.sh"

need_packages g++ cmake ninja-build g++-arm-linux-gnueabi qemu-user python3
choose_rows "$@"
begin
build release llmzero-quantize llmzero-run
build armv6 llmzero-run
sh bench/pizero/setup.sh > /dev/null

# Milliseconds, from per-token's "207.00 ms/token (modelled, 4 tokens)". per-token replaces an argument @ by a number of
# tokens to write, or by the name of a file with as many words.
modelled() { # modelled LOW HIGH MODEL arguments...
    low=$1 high=$2 of=$3
    shift 3
    # shellcheck disable=SC2046 # a list of words; the model's path is relative
    (cd "$work" && "$root/bench/pizero/per-token" "$low" "$high" "$root/build/armv6/llmzero-run" $(run_as "$of") "$@" < /dev/null) |
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
    is_wanted "$row" || continue
    echo "$row" >&2
    random_model "$shape" "$type" "$mix"
    case $what in
        decode)
            words=4
            if [ "$shape" = lamini-flan-t5-77m ]; then
                words=21
            fi
            prompt "$words"
            # Both runs have the same context, so that they lie alike in memory and the prompt cancels out.
            value=$(modelled "$low" "$high" "$model" --ctx-size 64 -f "$words" -n @)
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
    finish_row "$row" "$value"
done
echo "bench/results/zero.md" >&2
