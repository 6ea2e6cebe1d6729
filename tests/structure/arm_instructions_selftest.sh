#!/bin/sh
# Assembles instructions an ARM1176 lacks, and expects arm_instructions.awk to name each; and some it has.
# Usage: arm_instructions_selftest.sh CXX OBJDUMP
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cxx=$1
objdump=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
failures=0

# The words are given as numbers, so the assembler's own idea of the processor does not matter.
sees() {
    printf 'asm("%s\\n.inst %s\\n.word 0");\n' "${3:-}" "$1" > "$folder/x.cpp"
    "$cxx" -mcpu=arm1176jzf-s -marm -c "$folder/x.cpp" -o "$folder/x.o"
    "$objdump" -d "$folder/x.o" | awk -f "$here/arm_instructions.awk" > "$folder/out" && bad=no || bad=yes
    if [ "$bad" != "$2" ]; then
        failures=$((failures + 1))
        echo "FAILED: $1: found bad: $bad, expected: $2"
        "$objdump" -d "$folder/x.o" | tail -n 2
    fi
}

sees 0xe3000003 yes # movw
sees 0xe3400003 yes # movt
sees 0xe7e100d1 yes # ubfx
sees 0xe7c20091 yes # bfi
sees 0xe0603291 yes # mls
sees 0xe6ff0f31 yes # rbit
sees 0xe710f110 yes # sdiv
sees 0xe730f110 yes # udiv
sees 0xf57ff05b yes # dmb
sees 0xf57ff06f yes # isb
sees 0xe0f100b2 yes # ldrht
sees 0xe0e100b2 yes # strht
sees 0xf450f000 yes # pli
sees 0xe320f0f1 yes # dbg
sees 0xee710ba2 yes # vadd.f64 d16, d17, d18
sees 0xedd00b00 yes # vldr d16
sees 0xeeb70a00 yes # vmov.f32 s0, #1.0
sees 0xeeba0aee yes # vcvt.f32.s32 s0, s0, #3
sees 0xf2010802 yes # vadd.i8
sees 0xf420070f yes # vld1.8
sees 0xf3010d12 yes # vmul.f32 d0, d1, d2
sees 0xf2020d54 yes # vmla.f32 q0, q1, q2
sees 0xf2800010 yes # vmov.i32
sees 0xeea00a81 yes # vfma.f32
sees 0xeeb20a60 yes # vcvtb.f32.f16
sees 0xee000110 yes # coprocessor 1
sees 0xf7f0a000 yes # undefined
sees 0xf2400001 yes .thumb # Thumb code
sees 0xe0800001 no  # add
sees 0xe1b0f00e no  # movs
sees 0xe6810472 no  # sxtab16
sees 0xe7003211 no  # smlad
sees 0xe1b20f9f no  # ldrexd
sees 0xee070fba no  # the barrier of ARMv6, by coprocessor 15
sees 0xee710a21 no  # vadd.f32
sees 0xee000a81 no  # vmla.f32
sees 0xeeb70bc0 no  # vcvt.f32.f64
sees 0xecb00a04 no  # vldmia
sees 0x09bd8010 no  # popeq
test "$failures" = 0
