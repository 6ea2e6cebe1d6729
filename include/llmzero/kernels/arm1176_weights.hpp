// The weights of attention for arm1176_attention.hpp: from integer scores to integers that SMLAD multiplies with
// values, about 25 modelled cycles a weight, keeping the largest included.
//
// Powers of two come from a table of lines, as an exponential in floats takes three times as long here.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/base/config.hpp>

#    include <bit>
#    include <cstddef>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

namespace detail {

// z(n) = integers in their place * scales; n a multiple of 8. 5 cycles each.
// clang-format off
__attribute__((naked, noinline)) inline void scale_sums(float *, const float *, std::size_t) {
    __asm__ volatile(".syntax unified\n"
        "add r2, r0, r2, lsl #2; mov r3, r0\n"
        "1:\n"
        "vldmia r0!, {s0-s7}; vldmia r1!, {s8-s15}; pld [r1, #64]; cmp r0, r2\n"
        "vcvt.f32.s32 s0, s0; vcvt.f32.s32 s1, s1; vcvt.f32.s32 s2, s2; vcvt.f32.s32 s3, s3\n"
        "vcvt.f32.s32 s4, s4; vcvt.f32.s32 s5, s5; vcvt.f32.s32 s6, s6; vcvt.f32.s32 s7, s7\n"
        "vmul.f32 s0, s0, s8; vmul.f32 s1, s1, s9; vmul.f32 s2, s2, s10; vmul.f32 s3, s3, s11\n"
        "vmul.f32 s4, s4, s12; vmul.f32 s5, s5, s13; vmul.f32 s6, s6, s14; vmul.f32 s7, s7, s15\n"
        "vstmia r3!, {s0-s7}; bne 1b\n"
        "bx lr\n");
}

// Of the bits of z(n), n a multiple of 4, the largest as signed integers: that of the largest z, unless all are negative;
// then the least as unsigned integers is. 2.6 cycles each.
#define LLMZERO_EXTREME(compared, kept)                                                                                \
    __asm__ volatile(".syntax unified\n"                                                                              \
        "push {r4, r5}; ldr r12, [r0]; add r1, r0, r1, lsl #2\n"                                                      \
        "1:\n"                                                                                                        \
        "ldmia r0!, {r2-r5}\n"                                                                                        \
        "cmp r12, r2; mov" compared " r12, r2; cmp r12, r3; mov" compared " r12, r3\n"                                \
        "cmp r12, r4; mov" compared " r12, r4; cmp r12, r5; mov" compared " r12, r5; cmp r0, r1; bne 1b\n"            \
        "mov r0, r12; pop {r4, r5}; bx lr\n")
__attribute__((naked, noinline)) inline std::int32_t largest_signed(const float *, std::size_t) {
    LLMZERO_EXTREME("lt", "");
}
__attribute__((naked, noinline)) inline std::int32_t least_unsigned(const float *, std::size_t) {
    LLMZERO_EXTREME("hi", "");
}
#undef LLMZERO_EXTREME
// clang-format on

// The largest of z(n), a NaN if there is one that has no sign.
inline float largest_of(const float * z, std::size_t n) {
    std::size_t i = n / 4 * 4;
    std::int32_t bits = i > 0 ? largest_signed(z, i) : std::bit_cast<std::int32_t>(z[0]);
    if (bits < 0 && i > 0) {
        bits = least_unsigned(z, i);
    }
    auto largest = std::bit_cast<float>(bits);
    for (; i < n; ++i) {
        largest = z[i] <= largest ? largest : z[i];
    }
    return largest;
}

// 2^-f for f of 16 bits, in units of 2^-31, as base + (slope * f >> 16) with f's 16 bits taken as signed: a line for
// each of 128 pieces, which leaves a relative error of 4e-6.
struct power_line {
    std::int32_t base;
    std::int32_t slope;
};
struct power_table {
    static constexpr int pieces = 128;
    power_line line[pieces];

    constexpr power_table() : line() {
        double start = 2147483647.0; // 2^-f at the start of a piece
        const double step = root_of_half(pieces);
        for (int i = 0; i < pieces; ++i) {
            const double slope = start * (step - 1) * pieces;    // of a whole 1 in f
            const double from = i < pieces / 2 ? i : i - pieces; // signed
            line[i].slope = static_cast<std::int32_t>(slope);
            line[i].base = static_cast<std::int32_t>(start - slope * from / pieces);
            start *= step;
        }
    }

private:
    static constexpr double root_of_half(int n) { // 2^(-1 / n)
        double x = 1;
        for (int steps = 0; steps < 40; ++steps) {
            double power = 1;
            for (int i = 0; i < n - 1; ++i) {
                power *= x;
            }
            x -= (power * x - 0.5) / (n * power);
        }
        return x;
    }
};
alignas(32) inline constexpr power_table powers;

inline constexpr float whole_weight = 16383; // what a weight of 1 becomes with the largest scale

// What weigh() reads, in this order.
struct weigh_job {
    const float * z;              // [n], n a multiple of 8
    const std::uint32_t * ratios; // [n / 2], two lanes each
    std::uint32_t * pairs;        // [n / 2], `stride` bytes apart
    std::size_t stride;
    const power_table * table;
    const std::uint32_t * last_ratios; // of the last 8
    float largest;                     // of z
    float factor;                      // above 0
    float base;                        // 128: numbers from it up to 256 have 16 bits of fraction
};

// p = 2^-(factor * (largest - z)); pairs of lanes of p * ratio / 2;
// returns the sum of p in units of 2^-26. 17 cycles each.
// clang-format off
__attribute__((naked, noinline)) inline std::uint32_t weigh(const weigh_job *) {
#define LLMZERO_WEIGH(t0, t1, a, b, c)                                                                                 \
        "vmov r12, lr, " t0 ", " t1 "\n" a                                                                             \
        "sub r12, r12, #0x43000000; sub lr, lr, #0x43000000; usat r12, #23, r12; usat lr, #23, lr\n" b                 \
        "and r9, r7, r12, lsr #6; and r11, r7, lr, lsr #6; add r9, r9, r4; add r11, r11, r4; ldrd r8, r9, [r9]; ldrd r10, r11, [r11]\n" c        \
        "smlawb r8, r9, r12, r8; smlawb r10, r11, lr, r10; ldr r9, [r1], #4; mov r12, r12, lsr #16\n"                  \
        "mov lr, lr, lsr #16; lsr r8, r8, r12; lsr r10, r10, lr; add r5, r5, r8, lsr #5; add r5, r5, r10, lsr #5\n"    \
        "smlawb r8, r8, r9, r6; smlawt r10, r10, r9, r6; pkhtb r8, r10, r8, asr #16; str r8, [r2], r3\n"
#define LLMZERO_FAR(t0, t1, s0, s1) "vsub.f32 " t0 ", s16, " s0 "; vsub.f32 " t1 ", s16, " s1 "\n"
#define LLMZERO_TIMES(t0, t1) "vmul.f32 " t0 ", " t0 ", s17; vmul.f32 " t1 ", " t1 ", s17\n"
#define LLMZERO_PLUS(t0, t1) "vadd.f32 " t0 ", " t0 ", s18; vadd.f32 " t1 ", " t1 ", s18\n"
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; vpush {d8, d9}; ldr r5, [r0, #20]; add r6, r0, #24; vldmia r6, {s16, s17, s18}; push {r5}\n"
        "ldmia r0, {r0, r1, r2, r3, r4}; mov r5, #0; mov r6, #0x8000; mov r7, #0x3f8; vldmia r0!, {s0-s7}\n"
        LLMZERO_FAR("s8", "s9", "s0", "s1") LLMZERO_FAR("s10", "s11", "s2", "s3")
        LLMZERO_FAR("s12", "s13", "s4", "s5") LLMZERO_FAR("s14", "s15", "s6", "s7")
        LLMZERO_TIMES("s8", "s9") LLMZERO_TIMES("s10", "s11") LLMZERO_TIMES("s12", "s13") LLMZERO_TIMES("s14", "s15")
        LLMZERO_PLUS("s8", "s9") LLMZERO_PLUS("s10", "s11")
        "1:\n"
        "ldr r8, [sp]; cmp r1, r8; vldmiacc r0!, {s0-s7}\n"
        LLMZERO_WEIGH("s8", "s9", LLMZERO_FAR("s8", "s9", "s0", "s1"), LLMZERO_PLUS("s12", "s13"), "")
        LLMZERO_WEIGH("s10", "s11", LLMZERO_FAR("s10", "s11", "s2", "s3"), LLMZERO_TIMES("s8", "s9"),
                      LLMZERO_PLUS("s14", "s15"))
        LLMZERO_WEIGH("s12", "s13", LLMZERO_FAR("s12", "s13", "s4", "s5"), LLMZERO_TIMES("s10", "s11"),
                      LLMZERO_PLUS("s8", "s9"))
        LLMZERO_WEIGH("s14", "s15", LLMZERO_FAR("s14", "s15", "s6", "s7"), LLMZERO_TIMES("s12", "s13"),
                      LLMZERO_PLUS("s10", "s11") LLMZERO_TIMES("s14", "s15"))
        "bcc 1b\n"
        "mov r0, r5; add sp, sp, #4; vpop {d8, d9}; pop {r4-r11, pc}\n");
#undef LLMZERO_WEIGH
#undef LLMZERO_FAR
#undef LLMZERO_TIMES
#undef LLMZERO_PLUS
}
// clang-format on

} // namespace detail

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
