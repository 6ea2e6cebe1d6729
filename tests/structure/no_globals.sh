#!/bin/sh
# Says which variables of the library lie in the writable data of a program: there must be none. Guards of variables inside
# functions count. Usage: no_globals.sh OBJDUMP PROGRAM...
set -eu
objdump=$1
shift
for program in "$@"; do
    "$objdump" --syms --demangle "$program" | awk -v program="$program" '
        { symbols++ }
        / \.(data|bss|tdata|tbss)[ \t]/ {
            name = $0
            sub(/^.* \.(data|bss|tdata|tbss)[ \t]+[0-9a-f]+[ \t]+(\.hidden )?/, "", name)
            if (name ~ /^((guard|reference) (variable|temporary[^f]*) for )?llmzero::/) { print program ": variable " name; found = 1 }
        }
        END {
            if (symbols < 50) { print program ": has no symbols to check"; found = 1 }
            exit found
        }'
done
