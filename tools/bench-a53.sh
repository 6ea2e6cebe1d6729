#!/bin/sh
# How many instructions llmzero-run executes for a token on a Cortex-A53 (Raspberry Pi 3 and Zero 2 W), counted under an
# emulator: tools/bench-a53.sh, or only some rows: tools/bench-a53.sh stories15m-q4_0. tools/bench-a53.sh --list names
# them. It says nothing about time.
#
# Installs what is missing (Debian; root or sudo), builds llmzero-run for AArch64 and llmzero-quantize for this machine,
# makes files with random weights in the shapes of real models, and writes bench/results/a53.csv, a53.md and a53.svg. Rows
# that are not asked for stay as they are; every row names the commit it was made at. What is not kept lies in
# build/bench-a53. All rows take a few minutes, most of it for compiling.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
script=tools/bench-a53
. "$root/tools/packages.sh"
. "$root/tools/bench_models.sh"

need_packages g++ gcc libc6-dev cmake ninja-build g++-aarch64-linux-gnu qemu-user python3
choose_rows "$@"
begin
build release llmzero-quantize
build aarch64 llmzero-run
gcc -O2 -Wall -Wextra -shared -fPIC -fvisibility=hidden bench/a53/count_instructions.c -o "$work/count_instructions.so"

instructions() { # instructions MODEL arguments...: of a whole run, one thread
    of=$1
    shift
    # shellcheck disable=SC2046 # a list of words; the model's path is relative
    (cd "$work" && qemu-aarch64 -cpu cortex-a53 -plugin ./count_instructions.so,out=count "$root/build/aarch64/llmzero-run" \
        $(run_as "$of") -t 1 "$@" < /dev/null > /dev/null && cat count)
}

table rows | while read -r row shape type mix what low high; do
    is_wanted "$row" || continue
    echo "$row" >&2
    random_model "$shape" "$type" "$mix"
    case $what in
        decode)
            prompt 4
            fewer=$(instructions "$model" -f 4 -n "$low")
            more=$(instructions "$model" -f 4 -n "$high")
            ;;
        prompt)
            prompt "$low"
            prompt "$high"
            fewer=$(instructions "$model" -f "$low" -n 1)
            more=$(instructions "$model" -f "$high" -n 1)
            ;;
    esac
    finish_row "$row" $(((more - fewer) / (high - low)))
done
echo "bench/results/a53.md" >&2
