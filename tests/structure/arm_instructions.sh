#!/bin/sh
# Checks whole linked programs: static, of ARMv6 and VFPv2 by their attributes, no stack that can be executed, and not one
# instruction an ARM1176 lacks, the toolchain's libraries included. Usage: arm_instructions.sh READELF OBJDUMP PROGRAM...
set -u
here=$(cd "$(dirname "$0")" && pwd)
readelf=$1
objdump=$2
shift 2
bad=0
complain() {
    echo "$program: $1"
    bad=1
}
for program in "$@"; do
    attributes=$("$readelf" -A "$program")
    segments=$("$readelf" -lW "$program")
    arch=$(printf '%s\n' "$attributes" | sed -n 's/^ *Tag_CPU_arch: //p')
    float=$(printf '%s\n' "$attributes" | sed -n 's/^ *Tag_FP_arch: //p')
    case $arch in
        v6 | v6K | v6KZ) ;;
        *) complain "Tag_CPU_arch is '$arch', not v6, v6K or v6KZ" ;;
    esac
    case $float in
        '' | VFPv1 | VFPv2) ;;
        *) complain "Tag_FP_arch is '$float', beyond VFPv2" ;;
    esac
    case $attributes in
        *Tag_Advanced_SIMD_arch*) complain "is marked as using NEON" ;;
    esac
    case $segments in
        *INTERP*) complain "is not static" ;;
    esac
    if printf '%s\n' "$segments" | grep -q 'GNU_STACK.*RWE'; then
        complain "has an executable stack"
    fi
    if ! "$objdump" -t --special-syms "$program" | grep -q '\$d'; then
        complain "has no mapping symbols (stripped?), so instructions and data cannot be told apart"
    elif ! found=$("$objdump" -d "$program" | awk -f "$here/arm_instructions.awk"); then
        complain "has instructions beyond ARMv6K + VFPv2:
$found"
    fi
    echo "$program: $arch, ${float:-no floating point}"
done
exit $bad
