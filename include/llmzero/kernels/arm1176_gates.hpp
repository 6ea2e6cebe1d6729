// Gated activations for the ARM1176: gate(n) becomes act(gate) * up, with the bits of numerics/swiglu.hpp and gelu.hpp.
// Written by tools/arm1176-gates.py, which says in what order things are done; a test fails when it is not what that
// writes.
//
// Each step of an exponential waits for the one before, up to 8 cycles, and a division takes 15 of a unit that works
// beside the others: several pairs of elements are in work at once, each 47 or 54 cycles behind the one before. Of an
// element (n a multiple of 8) silu takes 22.1 cycles and gelu 26.1, when they are in the cache; to see that
// none is out of bounds takes 1.8.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/numerics/gelu.hpp>
#    include <llmzero/numerics/math.hpp>
#    include <llmzero/numerics/swiglu.hpp>

#    include <bit>
#    include <cstddef>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

namespace detail {

// What the loops below compute with, in this order.
struct gate_constants {
    float log2_e = llmzero::detail::exponential::log2_e;
    float to_integer = llmzero::detail::exponential::to_integer;
    float ln2_high = llmzero::detail::exponential::ln2_high;
    float ln2_low = llmzero::detail::exponential::ln2_low;
    float q0 = llmzero::detail::exponential::factors[0];
    float q1 = llmzero::detail::exponential::factors[1];
    float q2 = llmzero::detail::exponential::factors[2];
    float q3 = llmzero::detail::exponential::factors[3];
    float q4 = llmzero::detail::exponential::factors[4];
    float one = 1.0f;
    float linear = llmzero::detail::gelu_linear;
    float cubic = llmzero::detail::gelu_cubic;
};
inline constexpr gate_constants constants_of_gates;

// clang-format off

// Whether the magnitudes of all x(n) are at most `bound`, n a multiple of 8; twice_bound: its bits, doubled.
__attribute__((naked, noinline)) inline bool are_within(const float *, std::size_t, std::uint32_t /* twice_bound */) {
    __asm__ volatile(".syntax unified\n"
        "push {r4-r9}; add r1, r0, r1, lsl #2\n"
        "1:\n"
        "ldmia r0!, {r3-r6}; pld [r0, #80]; cmp r2, r3, lsl #1; ldmia r0!, {r7-r9, r12}; cmpcs r2, r4, lsl #1\n"
        "cmpcs r2, r5, lsl #1; cmpcs r2, r6, lsl #1; cmpcs r2, r7, lsl #1; cmpcs r2, r8, lsl #1\n"
        "cmpcs r2, r9, lsl #1; cmpcs r2, r12, lsl #1; bcc 2f; cmp r0, r1; bne 1b\n"
        "2:\n"
        "mov r0, #0; movcs r0, #1; pop {r4-r9}; bx lr\n");
}

// gate(n), up(n), n a multiple of 8 above 0; the constants.
__attribute__((naked, noinline)) inline void multiply_by_silu(float *, const float *, std::size_t, const float *) {
    __asm__ volatile(".syntax unified\n"
        "add r2, r0, r2, lsl #2; push {r4-r11, lr}; vpush {d8-d15}; vldmia r3, {s22-s31}; vldr d0, [r0]\n"
        "vnmul.f32 s2, s0, s22; vnmul.f32 s3, s1, s22; vadd.f32 s2, s2, s23; vadd.f32 s3, s3, s23\n"
        "vmov r4, r5, s2, s3; vsub.f32 s2, s2, s23; vsub.f32 s3, s3, s23; vnmla.f32 s0, s2, s24\n"
        "vnmla.f32 s1, s3, s24; vmls.f32 s0, s2, s25; vmls.f32 s1, s3, s25; vmul.f32 s2, s0, s29\n"
        "vmul.f32 s3, s1, s29; vmul.f32 s4, s0, s0; vmul.f32 s5, s1, s1; vmul.f32 s6, s0, s27; vmul.f32 s7, s1, s27\n"
        "vldr d4, [r0, #8]; vadd.f32 s2, s2, s28; vadd.f32 s3, s3, s28; vnmul.f32 s10, s8, s22\n"
        "vnmul.f32 s11, s9, s22; vadd.f32 s6, s6, s26; vadd.f32 s7, s7, s26; vmla.f32 s2, s4, s30\n"
        "vmla.f32 s3, s5, s30; vadd.f32 s10, s10, s23; vadd.f32 s11, s11, s23; vmla.f32 s6, s4, s2\n"
        "vmla.f32 s7, s5, s3; vmov r8, r9, s10, s11; vsub.f32 s10, s10, s23; vsub.f32 s11, s11, s23\n"
        "vmla.f32 s0, s4, s6; vmla.f32 s1, s5, s7; vnmla.f32 s8, s10, s24; vnmla.f32 s9, s11, s24\n"
        "vadd.f32 s0, s0, s31; vadd.f32 s1, s1, s31; vmls.f32 s8, s10, s25; vmls.f32 s9, s11, s25\n"
        "vmov r6, r7, s0, s1; add r6, r6, r4, lsl #23; add r7, r7, r5, lsl #23; vmul.f32 s4, s8, s29\n"
        "vmul.f32 s5, s9, s29; vmul.f32 s6, s8, s8; vmul.f32 s7, s9, s9; vmul.f32 s10, s8, s27; vmul.f32 s11, s9, s27\n"
        "vldr d6, [r0, #16]; vadd.f32 s4, s4, s28; vadd.f32 s5, s5, s28; vmov s0, s1, r6, r7; vnmul.f32 s14, s12, s22\n"
        "vnmul.f32 s15, s13, s22; vadd.f32 s10, s10, s26; vadd.f32 s11, s11, s26; vmla.f32 s4, s6, s30\n"
        "vmla.f32 s5, s7, s30; vadd.f32 s0, s0, s31; vadd.f32 s14, s14, s23; vadd.f32 s15, s15, s23\n"
        "vadd.f32 s1, s1, s31; vldr d1, [r0]; vmla.f32 s10, s6, s4; vmla.f32 s11, s7, s5; vdiv.f32 s0, s2, s0\n"
        "vmov r6, r7, s14, s15; vsub.f32 s14, s14, s23; vsub.f32 s15, s15, s23; vmla.f32 s8, s6, s10\n"
        "vmla.f32 s9, s7, s11; vnmla.f32 s12, s14, s24; vnmla.f32 s13, s15, s24; vadd.f32 s8, s8, s31\n"
        "vadd.f32 s9, s9, s31; vdiv.f32 s1, s3, s1; vmls.f32 s12, s14, s25; vmls.f32 s13, s15, s25\n"
        "vmov r4, r5, s8, s9; add r4, r4, r8, lsl #23; add r5, r5, r9, lsl #23; vmul.f32 s2, s12, s29\n"
        "vmul.f32 s3, s13, s29; vmul.f32 s6, s12, s12; vmul.f32 s7, s13, s13; vmul.f32 s10, s12, s27\n"
        "vmul.f32 s11, s13, s27; vldr d8, [r0, #24]; vadd.f32 s2, s2, s28; vadd.f32 s3, s3, s28; vmov s8, s9, r4, r5\n"
        "vnmul.f32 s14, s16, s22; vnmul.f32 s15, s17, s22; vadd.f32 s10, s10, s26; vadd.f32 s11, s11, s26\n"
        "vmla.f32 s2, s6, s30; vmla.f32 s3, s7, s30; vadd.f32 s8, s8, s31; vadd.f32 s14, s14, s23\n"
        "vadd.f32 s15, s15, s23; vadd.f32 s9, s9, s31; vldr d2, [r0, #8]; vmla.f32 s10, s6, s2; vmla.f32 s11, s7, s3\n"
        "vldr d1, [r1]; vdiv.f32 s8, s4, s8; vmov r8, r9, s14, s15; vsub.f32 s14, s14, s23; vsub.f32 s15, s15, s23\n"
        "vmla.f32 s12, s6, s10; vmla.f32 s13, s7, s11; vmul.f32 s0, s0, s2; vmul.f32 s1, s1, s3\n"
        "vnmla.f32 s16, s14, s24; vnmla.f32 s17, s15, s24; vadd.f32 s12, s12, s31; vadd.f32 s13, s13, s31\n"
        "vstr d0, [r0]; vdiv.f32 s9, s5, s9; vmls.f32 s16, s14, s25; vmls.f32 s17, s15, s25; vmov r4, r5, s12, s13\n"
        "add r4, r4, r6, lsl #23; add r5, r5, r7, lsl #23; vmul.f32 s4, s16, s29; vmul.f32 s5, s17, s29\n"
        "vmul.f32 s10, s16, s16; vmul.f32 s11, s17, s17; vmul.f32 s14, s16, s27; vmul.f32 s15, s17, s27\n"
        "add r1, r1, #32; add r0, r0, #32; cmp r0, r2; beq 2f\n"
        "1:\n"
        "vldr d0, [r0]; vadd.f32 s4, s4, s28; vadd.f32 s5, s5, s28; vmov s12, s13, r4, r5; vnmul.f32 s2, s0, s22\n"
        "vnmul.f32 s3, s1, s22; vadd.f32 s14, s14, s26; vadd.f32 s15, s15, s26; vmla.f32 s4, s10, s30\n"
        "vmla.f32 s5, s11, s30; vadd.f32 s12, s12, s31; vadd.f32 s2, s2, s23; vadd.f32 s3, s3, s23\n"
        "vadd.f32 s13, s13, s31; vldr d3, [r0, #-16]; vmla.f32 s14, s10, s4; vmla.f32 s15, s11, s5\n"
        "vldr d2, [r1, #-24]; vdiv.f32 s12, s6, s12; vmov r4, r5, s2, s3; vsub.f32 s2, s2, s23; vsub.f32 s3, s3, s23\n"
        "vmla.f32 s16, s10, s14; vmla.f32 s17, s11, s15; vmul.f32 s8, s8, s4; vmul.f32 s9, s9, s5; pld [r0, #64]\n"
        "vnmla.f32 s0, s2, s24; vnmla.f32 s1, s3, s24; vadd.f32 s16, s16, s31; vadd.f32 s17, s17, s31; pld [r1, #64]\n"
        "vstr d4, [r0, #-24]; vdiv.f32 s13, s7, s13; vmls.f32 s0, s2, s25; vmls.f32 s1, s3, s25\n"
        "vmov r6, r7, s16, s17; add r6, r6, r8, lsl #23; add r7, r7, r9, lsl #23; vmul.f32 s2, s0, s29\n"
        "vmul.f32 s3, s1, s29; vmul.f32 s4, s0, s0; vmul.f32 s5, s1, s1; vmul.f32 s6, s0, s27; vmul.f32 s7, s1, s27\n"
        "vldr d4, [r0, #8]; vadd.f32 s2, s2, s28; vadd.f32 s3, s3, s28; vmov s16, s17, r6, r7; vnmul.f32 s10, s8, s22\n"
        "vnmul.f32 s11, s9, s22; vadd.f32 s6, s6, s26; vadd.f32 s7, s7, s26; vmla.f32 s2, s4, s30\n"
        "vmla.f32 s3, s5, s30; vadd.f32 s16, s16, s31; vadd.f32 s10, s10, s23; vadd.f32 s11, s11, s23\n"
        "vadd.f32 s17, s17, s31; vldr d7, [r0, #-8]; vmla.f32 s6, s4, s2; vmla.f32 s7, s5, s3; vldr d1, [r1, #-16]\n"
        "vdiv.f32 s16, s14, s16; vmov r8, r9, s10, s11; vsub.f32 s10, s10, s23; vsub.f32 s11, s11, s23\n"
        "vmla.f32 s0, s4, s6; vmla.f32 s1, s5, s7; vmul.f32 s12, s12, s2; vmul.f32 s13, s13, s3\n"
        "vnmla.f32 s8, s10, s24; vnmla.f32 s9, s11, s24; vadd.f32 s0, s0, s31; vadd.f32 s1, s1, s31\n"
        "vstr d6, [r0, #-16]; vdiv.f32 s17, s15, s17; vmls.f32 s8, s10, s25; vmls.f32 s9, s11, s25\n"
        "vmov r6, r7, s0, s1; add r6, r6, r4, lsl #23; add r7, r7, r5, lsl #23; vmul.f32 s4, s8, s29\n"
        "vmul.f32 s5, s9, s29; vmul.f32 s6, s8, s8; vmul.f32 s7, s9, s9; vmul.f32 s10, s8, s27; vmul.f32 s11, s9, s27\n"
        "vldr d6, [r0, #16]; vadd.f32 s4, s4, s28; vadd.f32 s5, s5, s28; vmov s0, s1, r6, r7; vnmul.f32 s14, s12, s22\n"
        "vnmul.f32 s15, s13, s22; vadd.f32 s10, s10, s26; vadd.f32 s11, s11, s26; vmla.f32 s4, s6, s30\n"
        "vmla.f32 s5, s7, s30; vadd.f32 s0, s0, s31; vadd.f32 s14, s14, s23; vadd.f32 s15, s15, s23\n"
        "vadd.f32 s1, s1, s31; vldr d1, [r0]; vmla.f32 s10, s6, s4; vmla.f32 s11, s7, s5; vldr d2, [r1, #-8]\n"
        "vdiv.f32 s0, s2, s0; vmov r6, r7, s14, s15; vsub.f32 s14, s14, s23; vsub.f32 s15, s15, s23\n"
        "vmla.f32 s8, s6, s10; vmla.f32 s9, s7, s11; vmul.f32 s16, s16, s4; vmul.f32 s17, s17, s5\n"
        "vnmla.f32 s12, s14, s24; vnmla.f32 s13, s15, s24; vadd.f32 s8, s8, s31; vadd.f32 s9, s9, s31\n"
        "vstr d8, [r0, #-8]; vdiv.f32 s1, s3, s1; vmls.f32 s12, s14, s25; vmls.f32 s13, s15, s25; vmov r4, r5, s8, s9\n"
        "add r4, r4, r8, lsl #23; add r5, r5, r9, lsl #23; vmul.f32 s2, s12, s29; vmul.f32 s3, s13, s29\n"
        "vmul.f32 s6, s12, s12; vmul.f32 s7, s13, s13; vmul.f32 s10, s12, s27; vmul.f32 s11, s13, s27\n"
        "vldr d8, [r0, #24]; vadd.f32 s2, s2, s28; vadd.f32 s3, s3, s28; vmov s8, s9, r4, r5; vnmul.f32 s14, s16, s22\n"
        "vnmul.f32 s15, s17, s22; vadd.f32 s10, s10, s26; vadd.f32 s11, s11, s26; vmla.f32 s2, s6, s30\n"
        "vmla.f32 s3, s7, s30; vadd.f32 s8, s8, s31; vadd.f32 s14, s14, s23; vadd.f32 s15, s15, s23\n"
        "vadd.f32 s9, s9, s31; vldr d2, [r0, #8]; vmla.f32 s10, s6, s2; vmla.f32 s11, s7, s3; vldr d1, [r1]\n"
        "vdiv.f32 s8, s4, s8; vmov r8, r9, s14, s15; vsub.f32 s14, s14, s23; vsub.f32 s15, s15, s23\n"
        "vmla.f32 s12, s6, s10; vmla.f32 s13, s7, s11; vmul.f32 s0, s0, s2; vmul.f32 s1, s1, s3\n"
        "vnmla.f32 s16, s14, s24; vnmla.f32 s17, s15, s24; vadd.f32 s12, s12, s31; vadd.f32 s13, s13, s31\n"
        "vstr d0, [r0]; vdiv.f32 s9, s5, s9; vmls.f32 s16, s14, s25; vmls.f32 s17, s15, s25; vmov r4, r5, s12, s13\n"
        "add r4, r4, r6, lsl #23; add r5, r5, r7, lsl #23; vmul.f32 s4, s16, s29; vmul.f32 s5, s17, s29\n"
        "vmul.f32 s10, s16, s16; vmul.f32 s11, s17, s17; vmul.f32 s14, s16, s27; vmul.f32 s15, s17, s27\n"
        "add r1, r1, #32; add r0, r0, #32; cmp r0, r2; bne 1b\n"
        "2:\n"
        "vadd.f32 s4, s4, s28; vadd.f32 s5, s5, s28; vmov s12, s13, r4, r5; vadd.f32 s14, s14, s26\n"
        "vadd.f32 s15, s15, s26; vmla.f32 s4, s10, s30; vmla.f32 s5, s11, s30; vadd.f32 s12, s12, s31\n"
        "vadd.f32 s13, s13, s31; vldr d3, [r0, #-16]; vmla.f32 s14, s10, s4; vmla.f32 s15, s11, s5\n"
        "vldr d2, [r1, #-24]; vdiv.f32 s12, s6, s12; vmla.f32 s16, s10, s14; vmla.f32 s17, s11, s15\n"
        "vmul.f32 s8, s8, s4; vmul.f32 s9, s9, s5; vadd.f32 s16, s16, s31; vadd.f32 s17, s17, s31\n"
        "vstr d4, [r0, #-24]; vdiv.f32 s13, s7, s13; vmov r6, r7, s16, s17; add r6, r6, r8, lsl #23\n"
        "add r7, r7, r9, lsl #23; vmov s16, s17, r6, r7; vadd.f32 s16, s16, s31; vadd.f32 s17, s17, s31\n"
        "vldr d7, [r0, #-8]; vldr d1, [r1, #-16]; vdiv.f32 s16, s14, s16; vmul.f32 s12, s12, s2\n"
        "vmul.f32 s13, s13, s3; vstr d6, [r0, #-16]; vdiv.f32 s17, s15, s17; vldr d2, [r1, #-8]\n"
        "vmul.f32 s16, s16, s4; vmul.f32 s17, s17, s5; vstr d8, [r0, #-8]; vpop {d8-d15}; pop {r4-r11, pc}\n");
}

__attribute__((naked, noinline)) inline void multiply_by_gelu(float *, const float *, std::size_t, const float *) {
    __asm__ volatile(".syntax unified\n"
        "add r2, r0, r2, lsl #2; push {r4-r11, lr}; vpush {d8-d15}; vldmia r3, {s20-s31}; vldr d0, [r0]\n"
        "vmul.f32 s2, s0, s0; vmul.f32 s3, s1, s1; vmul.f32 s2, s2, s31; vmul.f32 s3, s3, s31; vadd.f32 s2, s2, s30\n"
        "vadd.f32 s3, s3, s30; vmul.f32 s0, s0, s2; vmul.f32 s1, s1, s3; vmul.f32 s2, s0, s20; vmul.f32 s3, s1, s20\n"
        "vadd.f32 s2, s2, s21; vadd.f32 s3, s3, s21; vmov r4, r5, s2, s3; vsub.f32 s2, s2, s21; vsub.f32 s3, s3, s21\n"
        "vldr d4, [r0, #8]; vmls.f32 s0, s2, s22; vmls.f32 s1, s3, s22; vmul.f32 s10, s8, s8; vmul.f32 s11, s9, s9\n"
        "vmls.f32 s0, s2, s23; vmls.f32 s1, s3, s23; vmul.f32 s10, s10, s31; vmul.f32 s11, s11, s31\n"
        "vmul.f32 s2, s0, s27; vmul.f32 s3, s1, s27; vmul.f32 s4, s0, s0; vadd.f32 s10, s10, s30\n"
        "vadd.f32 s11, s11, s30; vmul.f32 s5, s1, s1; vmul.f32 s6, s0, s25; vadd.f32 s2, s2, s26\n"
        "vadd.f32 s3, s3, s26; vmul.f32 s7, s1, s25; vmul.f32 s8, s8, s10; vmul.f32 s9, s9, s11; vadd.f32 s6, s6, s24\n"
        "vmla.f32 s2, s4, s28; vmla.f32 s3, s5, s28; vadd.f32 s7, s7, s24; vmul.f32 s10, s8, s20\n"
        "vmul.f32 s11, s9, s20; vmla.f32 s6, s4, s2; vmla.f32 s7, s5, s3; vadd.f32 s10, s10, s21\n"
        "vadd.f32 s11, s11, s21; vmla.f32 s0, s4, s6; vmla.f32 s1, s5, s7; vmov r8, r9, s10, s11\n"
        "vsub.f32 s10, s10, s21; vsub.f32 s11, s11, s21; vadd.f32 s0, s0, s29; vadd.f32 s1, s1, s29\n"
        "vldr d6, [r0, #16]; vmls.f32 s8, s10, s22; vmls.f32 s9, s11, s22; vmul.f32 s14, s12, s12\n"
        "vmul.f32 s15, s13, s13; vmov r6, r7, s0, s1; vmls.f32 s8, s10, s23; vmls.f32 s9, s11, s23\n"
        "add r6, r6, r4, lsl #23; vmul.f32 s14, s14, s31; vmul.f32 s15, s15, s31; add r7, r7, r5, lsl #23\n"
        "vmov s0, s1, r6, r7; vmul.f32 s4, s8, s27; vmul.f32 s5, s9, s27; vmul.f32 s6, s8, s8; vadd.f32 s14, s14, s30\n"
        "vadd.f32 s15, s15, s30; vmul.f32 s7, s9, s9; vmul.f32 s10, s8, s25; vadd.f32 s4, s4, s26\n"
        "vadd.f32 s5, s5, s26; vmul.f32 s11, s9, s25; vmul.f32 s12, s12, s14; vmul.f32 s13, s13, s15\n"
        "vadd.f32 s0, s0, s29; vadd.f32 s10, s10, s24; vmla.f32 s4, s6, s28; vmla.f32 s5, s7, s28\n"
        "vadd.f32 s11, s11, s24; vmul.f32 s14, s12, s20; vmul.f32 s15, s13, s20; vadd.f32 s1, s1, s29; vldr d1, [r0]\n"
        "vmla.f32 s10, s6, s4; vmla.f32 s11, s7, s5; vadd.f32 s14, s14, s21; vadd.f32 s15, s15, s21\n"
        "vdiv.f32 s0, s2, s0; vmla.f32 s8, s6, s10; vmla.f32 s9, s7, s11; vmov r6, r7, s14, s15\n"
        "vsub.f32 s14, s14, s21; vsub.f32 s15, s15, s21; vadd.f32 s8, s8, s29; vadd.f32 s9, s9, s29\n"
        "vldr d8, [r0, #24]; vmls.f32 s12, s14, s22; vmls.f32 s13, s15, s22; vdiv.f32 s1, s3, s1\n"
        "vmul.f32 s18, s16, s16; vmul.f32 s19, s17, s17; vmov r4, r5, s8, s9; vmls.f32 s12, s14, s23\n"
        "vmls.f32 s13, s15, s23; add r4, r4, r8, lsl #23; vmul.f32 s18, s18, s31; vmul.f32 s19, s19, s31\n"
        "add r5, r5, r9, lsl #23; vmov s8, s9, r4, r5; vmul.f32 s6, s12, s27; vmul.f32 s7, s13, s27\n"
        "vmul.f32 s10, s12, s12; vadd.f32 s18, s18, s30; vadd.f32 s19, s19, s30; vmul.f32 s11, s13, s13\n"
        "vmul.f32 s14, s12, s25; vadd.f32 s6, s6, s26; vadd.f32 s7, s7, s26; vmul.f32 s15, s13, s25\n"
        "vmul.f32 s16, s16, s18; vmul.f32 s17, s17, s19; vadd.f32 s8, s8, s29; vadd.f32 s14, s14, s24\n"
        "vmla.f32 s6, s10, s28; vmla.f32 s7, s11, s28; vadd.f32 s15, s15, s24; vmul.f32 s18, s16, s20\n"
        "vmul.f32 s19, s17, s20; vadd.f32 s9, s9, s29; vldr d2, [r0, #8]; vmla.f32 s14, s10, s6; vldr d1, [r1]\n"
        "vmla.f32 s15, s11, s7; vadd.f32 s18, s18, s21; vadd.f32 s19, s19, s21; vdiv.f32 s8, s4, s8\n"
        "vmul.f32 s0, s0, s2; vmla.f32 s12, s10, s14; vmul.f32 s1, s1, s3; vmla.f32 s13, s11, s15\n"
        "vmov r8, r9, s18, s19; vsub.f32 s18, s18, s21; vsub.f32 s19, s19, s21; vadd.f32 s12, s12, s29; vstr d0, [r0]\n"
        "vadd.f32 s13, s13, s29; add r1, r1, #32; add r0, r0, #32; cmp r0, r2; beq 2f\n"
        "1:\n"
        "vldr d0, [r0]; vmls.f32 s16, s18, s22; vmls.f32 s17, s19, s22; vdiv.f32 s9, s5, s9; vmul.f32 s2, s0, s0\n"
        "vmul.f32 s3, s1, s1; vmov r4, r5, s12, s13; pld [r0, #64]; vmls.f32 s16, s18, s23; vmls.f32 s17, s19, s23\n"
        "add r4, r4, r6, lsl #23; vmul.f32 s2, s2, s31; vmul.f32 s3, s3, s31; add r5, r5, r7, lsl #23\n"
        "vmov s12, s13, r4, r5; vmul.f32 s10, s16, s27; vmul.f32 s11, s17, s27; vmul.f32 s14, s16, s16\n"
        "vadd.f32 s2, s2, s30; vadd.f32 s3, s3, s30; vmul.f32 s15, s17, s17; vmul.f32 s18, s16, s25\n"
        "vadd.f32 s10, s10, s26; vadd.f32 s11, s11, s26; vmul.f32 s19, s17, s25; vmul.f32 s0, s0, s2\n"
        "vmul.f32 s1, s1, s3; vadd.f32 s12, s12, s29; vadd.f32 s18, s18, s24; vmla.f32 s10, s14, s28\n"
        "vmla.f32 s11, s15, s28; vadd.f32 s19, s19, s24; vmul.f32 s2, s0, s20; vmul.f32 s3, s1, s20\n"
        "vadd.f32 s13, s13, s29; vldr d3, [r0, #-16]; vmla.f32 s18, s14, s10; vldr d2, [r1, #-24]\n"
        "vmla.f32 s19, s15, s11; vadd.f32 s2, s2, s21; vadd.f32 s3, s3, s21; vdiv.f32 s12, s6, s12\n"
        "vmul.f32 s8, s8, s4; vmla.f32 s16, s14, s18; vmul.f32 s9, s9, s5; vmla.f32 s17, s15, s19; pld [r1, #64]\n"
        "vmov r4, r5, s2, s3; vsub.f32 s2, s2, s21; vsub.f32 s3, s3, s21; vadd.f32 s16, s16, s29; vstr d4, [r0, #-24]\n"
        "vadd.f32 s17, s17, s29; vldr d4, [r0, #8]; vmls.f32 s0, s2, s22; vmls.f32 s1, s3, s22; vdiv.f32 s13, s7, s13\n"
        "vmul.f32 s10, s8, s8; vmul.f32 s11, s9, s9; vmov r6, r7, s16, s17; vmls.f32 s0, s2, s23\n"
        "vmls.f32 s1, s3, s23; add r6, r6, r8, lsl #23; vmul.f32 s10, s10, s31; vmul.f32 s11, s11, s31\n"
        "add r7, r7, r9, lsl #23; vmov s16, s17, r6, r7; vmul.f32 s2, s0, s27; vmul.f32 s3, s1, s27\n"
        "vmul.f32 s4, s0, s0; vadd.f32 s10, s10, s30; vadd.f32 s11, s11, s30; vmul.f32 s5, s1, s1\n"
        "vmul.f32 s6, s0, s25; vadd.f32 s2, s2, s26; vadd.f32 s3, s3, s26; vmul.f32 s7, s1, s25; vmul.f32 s8, s8, s10\n"
        "vmul.f32 s9, s9, s11; vadd.f32 s16, s16, s29; vadd.f32 s6, s6, s24; vmla.f32 s2, s4, s28\n"
        "vmla.f32 s3, s5, s28; vadd.f32 s7, s7, s24; vmul.f32 s10, s8, s20; vmul.f32 s11, s9, s20\n"
        "vadd.f32 s17, s17, s29; vldr d9, [r0, #-8]; vmla.f32 s6, s4, s2; vldr d7, [r1, #-16]; vmla.f32 s7, s5, s3\n"
        "vadd.f32 s10, s10, s21; vadd.f32 s11, s11, s21; vdiv.f32 s16, s18, s16; vmul.f32 s12, s12, s14\n"
        "vmla.f32 s0, s4, s6; vmul.f32 s13, s13, s15; vmla.f32 s1, s5, s7; vmov r8, r9, s10, s11\n"
        "vsub.f32 s10, s10, s21; vsub.f32 s11, s11, s21; vadd.f32 s0, s0, s29; vstr d6, [r0, #-16]\n"
        "vadd.f32 s1, s1, s29; vldr d6, [r0, #16]; vmls.f32 s8, s10, s22; vmls.f32 s9, s11, s22\n"
        "vdiv.f32 s17, s19, s17; vmul.f32 s14, s12, s12; vmul.f32 s15, s13, s13; vmov r6, r7, s0, s1\n"
        "vmls.f32 s8, s10, s23; vmls.f32 s9, s11, s23; add r6, r6, r4, lsl #23; vmul.f32 s14, s14, s31\n"
        "vmul.f32 s15, s15, s31; add r7, r7, r5, lsl #23; vmov s0, s1, r6, r7; vmul.f32 s4, s8, s27\n"
        "vmul.f32 s5, s9, s27; vmul.f32 s6, s8, s8; vadd.f32 s14, s14, s30; vadd.f32 s15, s15, s30\n"
        "vmul.f32 s7, s9, s9; vmul.f32 s10, s8, s25; vadd.f32 s4, s4, s26; vadd.f32 s5, s5, s26\n"
        "vmul.f32 s11, s9, s25; vmul.f32 s12, s12, s14; vmul.f32 s13, s13, s15; vadd.f32 s0, s0, s29\n"
        "vadd.f32 s10, s10, s24; vmla.f32 s4, s6, s28; vmla.f32 s5, s7, s28; vadd.f32 s11, s11, s24\n"
        "vmul.f32 s14, s12, s20; vmul.f32 s15, s13, s20; vadd.f32 s1, s1, s29; vldr d1, [r0]; vmla.f32 s10, s6, s4\n"
        "vldr d9, [r1, #-8]; vmla.f32 s11, s7, s5; vadd.f32 s14, s14, s21; vadd.f32 s15, s15, s21\n"
        "vdiv.f32 s0, s2, s0; vmul.f32 s16, s16, s18; vmla.f32 s8, s6, s10; vmul.f32 s17, s17, s19\n"
        "vmla.f32 s9, s7, s11; vmov r6, r7, s14, s15; vsub.f32 s14, s14, s21; vsub.f32 s15, s15, s21\n"
        "vadd.f32 s8, s8, s29; vstr d8, [r0, #-8]; vadd.f32 s9, s9, s29; vldr d8, [r0, #24]; vmls.f32 s12, s14, s22\n"
        "vmls.f32 s13, s15, s22; vdiv.f32 s1, s3, s1; vmul.f32 s18, s16, s16; vmul.f32 s19, s17, s17\n"
        "vmov r4, r5, s8, s9; vmls.f32 s12, s14, s23; vmls.f32 s13, s15, s23; add r4, r4, r8, lsl #23\n"
        "vmul.f32 s18, s18, s31; vmul.f32 s19, s19, s31; add r5, r5, r9, lsl #23; vmov s8, s9, r4, r5\n"
        "vmul.f32 s6, s12, s27; vmul.f32 s7, s13, s27; vmul.f32 s10, s12, s12; vadd.f32 s18, s18, s30\n"
        "vadd.f32 s19, s19, s30; vmul.f32 s11, s13, s13; vmul.f32 s14, s12, s25; vadd.f32 s6, s6, s26\n"
        "vadd.f32 s7, s7, s26; vmul.f32 s15, s13, s25; vmul.f32 s16, s16, s18; vmul.f32 s17, s17, s19\n"
        "vadd.f32 s8, s8, s29; vadd.f32 s14, s14, s24; vmla.f32 s6, s10, s28; vmla.f32 s7, s11, s28\n"
        "vadd.f32 s15, s15, s24; vmul.f32 s18, s16, s20; vmul.f32 s19, s17, s20; vadd.f32 s9, s9, s29\n"
        "vldr d2, [r0, #8]; vmla.f32 s14, s10, s6; vldr d1, [r1]; vmla.f32 s15, s11, s7; vadd.f32 s18, s18, s21\n"
        "vadd.f32 s19, s19, s21; vdiv.f32 s8, s4, s8; vmul.f32 s0, s0, s2; vmla.f32 s12, s10, s14\n"
        "vmul.f32 s1, s1, s3; vmla.f32 s13, s11, s15; vmov r8, r9, s18, s19; vsub.f32 s18, s18, s21\n"
        "vsub.f32 s19, s19, s21; vadd.f32 s12, s12, s29; vstr d0, [r0]; vadd.f32 s13, s13, s29; add r1, r1, #32\n"
        "add r0, r0, #32; cmp r0, r2; bne 1b\n"
        "2:\n"
        "vmls.f32 s16, s18, s22; vmls.f32 s17, s19, s22; vdiv.f32 s9, s5, s9; vmov r4, r5, s12, s13\n"
        "vmls.f32 s16, s18, s23; vmls.f32 s17, s19, s23; add r4, r4, r6, lsl #23; add r5, r5, r7, lsl #23\n"
        "vmov s12, s13, r4, r5; vmul.f32 s10, s16, s27; vmul.f32 s11, s17, s27; vmul.f32 s14, s16, s16\n"
        "vmul.f32 s15, s17, s17; vmul.f32 s18, s16, s25; vadd.f32 s10, s10, s26; vadd.f32 s11, s11, s26\n"
        "vmul.f32 s19, s17, s25; vadd.f32 s12, s12, s29; vadd.f32 s18, s18, s24; vmla.f32 s10, s14, s28\n"
        "vmla.f32 s11, s15, s28; vadd.f32 s19, s19, s24; vadd.f32 s13, s13, s29; vldr d3, [r0, #-16]\n"
        "vmla.f32 s18, s14, s10; vldr d2, [r1, #-24]; vmla.f32 s19, s15, s11; vdiv.f32 s12, s6, s12\n"
        "vmul.f32 s8, s8, s4; vmla.f32 s16, s14, s18; vmul.f32 s9, s9, s5; vmla.f32 s17, s15, s19\n"
        "vadd.f32 s16, s16, s29; vstr d4, [r0, #-24]; vadd.f32 s17, s17, s29; vdiv.f32 s13, s7, s13\n"
        "vmov r6, r7, s16, s17; add r6, r6, r8, lsl #23; add r7, r7, r9, lsl #23; vmov s16, s17, r6, r7\n"
        "vadd.f32 s16, s16, s29; vadd.f32 s17, s17, s29; vldr d9, [r0, #-8]; vldr d7, [r1, #-16]\n"
        "vdiv.f32 s16, s18, s16; vmul.f32 s12, s12, s14; vmul.f32 s13, s13, s15; vstr d6, [r0, #-16]\n"
        "vdiv.f32 s17, s19, s17; vldr d9, [r1, #-8]; vmul.f32 s16, s16, s18; vmul.f32 s17, s17, s19\n"
        "vstr d8, [r0, #-8]; vpop {d8-d15}; pop {r4-r11, pc}\n");
}
// clang-format on

inline bool are_within(const float * x, std::size_t n, float bound) {
    return are_within(x, n, 2 * std::bit_cast<std::uint32_t>(bound));
}

} // namespace detail

inline void swiglu(float * gate, const float * up, std::size_t n) {
    const std::size_t whole = n / 8 * 8;
    if (whole == 0 || !detail::are_within(gate, whole, 87.0f)) {
        return llmzero::swiglu(gate, up, n);
    }
    detail::multiply_by_silu(gate, up, whole, &detail::constants_of_gates.log2_e);
    llmzero::swiglu(gate + whole, up + whole, n - whole);
}

inline void geglu(float * gate, const float * up, std::size_t n) {
    const std::size_t whole = n / 8 * 8;
    if (whole == 0 || !detail::are_within(gate, whole, 9.5f)) { // where the exponent is 76
        return llmzero::geglu(gate, up, n);
    }
    detail::multiply_by_gelu(gate, up, whole, &detail::constants_of_gates.log2_e);
    llmzero::geglu(gate + whole, up + whole, n - whole);
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
