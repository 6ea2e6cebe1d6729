#!/bin/sh
# How fast llmzero is on this machine, a PC: tools/bench-pc.sh, or only some rows: tools/bench-pc.sh smollm2-q4_0-best-1.
# tools/bench-pc.sh --list names them: model, kernels (avx2, or the best that there are) and threads; start-up at the end.
#
# Installs what is missing (Debian; root or sudo), builds llmzero-bench, llmzero-run and llmzero-quantize, makes files with
# random weights in the shapes of real models, and writes bench/results/pc.csv, pc.md and pc.svg. Rows that are not asked
# for stay as they are; every row names the commit, the machine and the compiler it was made with, and how busy the machine
# was with something else meanwhile. What is not kept lies in build/bench-pc. All rows take four minutes on two quiet cores,
# half of it for compiling.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
script=tools/bench-pc
. "$root/tools/packages.sh"
. "$root/tools/bench_models.sh"

need_packages g++ cmake ninja-build python3
choose_rows "$@"
begin
build release llmzero-quantize llmzero-run llmzero-bench
prompt 4

made=
table rows | while read -r row shape type mix; do
    is_wanted "$row" || continue
    echo "$row" >&2
    if [ "$made" != "$shape-$type-$mix" ]; then # the rows of a model follow each other
        rm -f "$work/$made.gguf"
        made=$shape-$type-$mix
        random_model "$shape" "$type" "$mix"
    fi
    table measure "$row" "$commit" "$work/$model" "$work/4" build/release
    table write
done
rm -f "$work"/*.gguf
echo "bench/results/pc.md" >&2
