#!/bin/sh
# Tests the timing model: pizero.sh ROOT PROGRAM FOLDER, where PROGRAM is chains.cpp, built for ARM, and FOLDER is for what
# is made here. Exits 77 where something is missing that the model needs.
set -eu
root=$1 program=$2 folder=$3
for needed in qemu-arm gcc awk; do
    command -v "$needed" > /dev/null || { echo "left out: there is no $needed"; exit 77; }
done
mkdir -p "$folder"
fail() {
    echo "pizero.sh: $1" >&2
    exit 1
}
# The program finds its environment on its stack, whose place moves with it: names of the same length.
report() { # report NAME MODEL: its report about the program
    mkdir -p "$folder/$1.so"
    PIZERO_BUILD=$folder/$1.so sh "$2/setup.sh" > /dev/null
    PIZERO_BUILD=$folder/$1.so sh "$2/pizero" --top 5 --out "$folder/$1.txt" "$program" > /dev/null
}
report itself "$root/bench/pizero"

# Cycles of a function, divided by what was done in it.
each() { # each SYMBOL N
    awk -v symbol="$1" -v n="$2" '$5 == symbol { printf "%d\n", 100 * $1 / n; found = 1 } END { if (!found) { print -1 } }' \
        "$folder/itself.txt"
}
between() { # between LOW HIGH SYMBOL N WHAT: hundredths of a cycle
    found=$(each "$3" "$4")
    if [ "$found" -lt "$1" ] || [ "$found" -gt "$2" ]; then
        cat "$folder/itself.txt" >&2
        fail "$5 takes $found hundredths of a cycle, expected $1 to $2"
    fi
    echo "$5: $found hundredths of a cycle"
}
# The manual's figures, and a little for the loop around 8 products.
between 200 240 one_accumulator 80000 "a product that waits for the one before"
between 100 140 two_accumulators 80000 "a product that waits for none"
# 571 MB/s at 1 GHz are 56 cycles for a line.
between 5600 6100 walk_memory 65536 "a line from memory, prefetched"

# per-token: two runs that do the same differ by nothing.
PIZERO_BUILD=$folder/itself.so sh "$root/bench/pizero/per-token" 1 3 "$program" @ > "$folder/per-token.txt"
grep -q '^-\{0,1\}0.00 ms/token (modelled, 2 tokens)$' "$folder/per-token.txt" ||
    fail "per-token says '$(cat "$folder/per-token.txt")' of a program that does the same twice"

yardstick=$root/../shared/pizero
if [ ! -f "$yardstick/pizero_timing.c" ]; then
    echo "not compared: there is no $yardstick"
    exit 0
fi
report others "$yardstick"
diff "$folder/itself.txt" "$folder/others.txt" || fail "the reports of bench/pizero and of $yardstick differ"
echo "the reports of bench/pizero and of $yardstick are the same"
