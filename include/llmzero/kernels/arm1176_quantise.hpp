// Activations as numerics/quantise.hpp makes them, the same codes and scales, with SIMD32; arranged as
// arm1176_activations.hpp says. About 40 modelled cycles a number, of which the four tries take 12.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/arm1176_activations.hpp>
#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/numerics/quantise.hpp>

#    include <bit>
#    include <cstddef>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

using group_fit = llmzero::detail::group_fit;

// clang-format off

// The bits of the largest magnitude of x(32), times 2; the 32 numbers behind are fetched ahead. 2.5 cycles a number.
__attribute__((naked, noinline)) inline std::uint32_t twice_largest_bits(const float *) {
#define LLMZERO_LARGER(x) "cmp r1, " x ", lsl #1; movcc r1, " x ", lsl #1\n"
    __asm__ volatile(".syntax unified\n"
        "push {r4-r9}; ldmia r0!, {r2-r5}; mov r1, #0; add r12, r0, #112\n"
        "1:\n"
        "ldmia r0!, {r6-r9}; pld [r0, #96]\n"
        LLMZERO_LARGER("r2") LLMZERO_LARGER("r3") LLMZERO_LARGER("r4") LLMZERO_LARGER("r5")
        "cmp r0, r12; ldmiane r0!, {r2-r5}\n"
        LLMZERO_LARGER("r6") LLMZERO_LARGER("r7") LLMZERO_LARGER("r8") LLMZERO_LARGER("r9")
        "cmp r0, r12; bne 1b\n"
        "mov r0, r1; pop {r4-r9}; bx lr\n");
#undef LLMZERO_LARGER
}

// Integers of 16 bits(32) = x(32) * constants[0], rounded by adding constants[1]. 3.3 cycles a number.
__attribute__((naked, noinline)) inline void scale_to_integers(const float *, const float *, void *) {
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11}; vldmia r1, {s8, s9}; add r12, r0, #128\n"
        "1:\n"
        "vldmia r0!, {s0-s7}; cmp r0, r12\n"
        "vmul.f32 s0, s0, s8; vmul.f32 s1, s1, s8; vmul.f32 s2, s2, s8; vmul.f32 s3, s3, s8\n"
        "vmul.f32 s4, s4, s8; vmul.f32 s5, s5, s8; vmul.f32 s6, s6, s8; vmul.f32 s7, s7, s8\n"
        "vadd.f32 s0, s0, s9; vadd.f32 s1, s1, s9; vadd.f32 s2, s2, s9; vadd.f32 s3, s3, s9\n"
        "vadd.f32 s4, s4, s9; vadd.f32 s5, s5, s9; vadd.f32 s6, s6, s9; vadd.f32 s7, s7, s9\n"
        "vmov r4, r5, s0, s1; vmov r6, r7, s2, s3; vmov r8, r9, s4, s5; vmov r10, r11, s6, s7\n"
        "pkhbt r4, r4, r5, lsl #16; pkhbt r5, r6, r7, lsl #16; pkhbt r6, r8, r9, lsl #16\n"
        "pkhbt r7, r10, r11, lsl #16; stmia r2!, {r4-r7}; bne 1b\n"
        "pop {r4-r11}; bx lr\n");
}

// Fits of x(32) with the factors that are the low and high lane of `factors`: fits [2]. For two numbers: a load, 4 SMLAxy
// that round, 2 PKHTB that take the codes from top halves, 4 SMLAD, as far apart as the core's latencies want them; 5.6
// cycles for a number and both factors. Loads 8 bytes past the end of x.
__attribute__((naked, noinline)) inline void fit_two(const void *, std::uint32_t, group_fit *) {
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; ldrd r4, r5, [r0], #8; mov r3, #0x8000; add r12, r0, #64; push {r2, r12}\n"
        "mov r2, #0; mov r6, #0; mov r7, #0; mov r8, #0\n"
        "1:\n"
        "smlabb r9, r4, r1, r3; smlatb r10, r4, r1, r3; smlabt r11, r4, r1, r3; smlatt r12, r4, r1, r3\n"
        "pkhtb r9, r10, r9, asr #16; pkhtb r11, r12, r11, asr #16; smlad r2, r9, r4, r2; smlad r7, r11, r4, r7\n"
        "ldr r4, [r0]; smlad r6, r9, r9, r6; smlad r8, r11, r11, r8\n"
        "ldr lr, [sp, #4]\n"
        "smlabb r9, r5, r1, r3; smlatb r10, r5, r1, r3; smlabt r11, r5, r1, r3; smlatt r12, r5, r1, r3\n"
        "pkhtb r9, r10, r9, asr #16; pkhtb r11, r12, r11, asr #16; smlad r2, r9, r5, r2; smlad r7, r11, r5, r7\n"
        "ldr r5, [r0, #4]; add r0, r0, #8; smlad r6, r9, r9, r6; cmp r0, lr; smlad r8, r11, r11, r8; bne 1b\n"
        "pop {r0, r12}; str r2, [r0]; str r6, [r0, #4]; str r7, [r0, #8]; str r8, [r0, #12]; pop {r4-r11, pc}\n");
}

// Rounds the 32 integers at `group` with a factor, and puts the factors of the 4-bit form in their place. sums [2, 2]: of
// the codes of each half, two lanes each: those that the start is made of, and the others. Whether every factor fits 16
// bits, which the saturation flag tells. 3.6 cycles a number.
__attribute__((naked, noinline)) inline bool arrange_nibbles(void *, std::int32_t, std::uint32_t *) {
#define LLMZERO_ARRANGE_8                                                                                              \
        "ldrd r4, r5, [r0]; ldrd r6, r7, [r0, #8]\n"                                                                   \
        "smlabb r8, r4, r1, r3; smlabb r9, r6, r1, r3; smlatb r4, r4, r1, r3; smlatb r6, r6, r1, r3\n"                 \
        "smlabb r10, r5, r1, r3; smlabb r11, r7, r1, r3; smlatb r5, r5, r1, r3; smlatb r7, r7, r1, r3\n"               \
        "pkhtb r8, r9, r8, asr #16; pkhtb r9, r6, r4, asr #16; pkhtb r10, r11, r10, asr #16\n"                         \
        "pkhtb r4, r7, r5, asr #16; and r6, r12, r9, lsl #4; ssub16 r6, r6, r10; ssat16 r6, #12, r6\n"                 \
        "and r5, r12, r10, lsl #4; ssub16 r5, r5, r4; and r7, r12, r8, lsl #4; ssub16 r7, r7, r9\n"
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; msr apsr_nzcvq, #0; mov r3, #0x8000; mvn r12, #0x000f; bic r12, r12, #0x000f0000\n"
        LLMZERO_ARRANGE_8
        "sadd16 r8, r8, r9; and r6, r12, r6, lsl #4; sadd16 r14, r8, r10; stmia r0!, {r4-r7}; mov r8, r4; push {r8}\n"
        LLMZERO_ARRANGE_8
        "sadd16 r8, r8, r9; and r6, r12, r6, lsl #4; sadd16 r8, r8, r10; pop {r9}; sadd16 r8, r8, r14\n"
        "stmia r0!, {r4-r7}; sadd16 r9, r9, r4; stmia r2!, {r8, r9}\n"
        LLMZERO_ARRANGE_8
        "sadd16 r8, r8, r9; and r6, r12, r6, lsl #4; sadd16 r14, r8, r10; stmia r0!, {r4-r7}; mov r8, r4; push {r8}\n"
        LLMZERO_ARRANGE_8
        "sadd16 r8, r8, r9; and r6, r12, r6, lsl #4; sadd16 r8, r8, r10; pop {r9}; sadd16 r8, r8, r14\n"
        "stmia r0!, {r4-r7}; sadd16 r9, r9, r4; stmia r2!, {r8, r9}\n"
        "mrs r0, apsr; mvn r0, r0, lsr #27; and r0, r0, #1; pop {r4-r11, pc}\n");
#undef LLMZERO_ARRANGE_8
}

// The same for the 8-bit form, whose factors always fit. 2.9 cycles a number.
__attribute__((naked, noinline)) inline void arrange_bytes(void *, std::int32_t, std::uint32_t *) {
#define LLMZERO_ARRANGE_8                                                                                              \
        "ldrd r4, r5, [r0]; ldrd r6, r7, [r0, #8]\n"                                                                   \
        "smlabb r8, r4, r1, r3; smlabb r9, r5, r1, r3; smlatb r4, r4, r1, r3; smlatb r5, r5, r1, r3\n"                 \
        "smlabb r10, r6, r1, r3; smlabb r11, r7, r1, r3; smlatb r6, r6, r1, r3; smlatb r7, r7, r1, r3\n"               \
        "pkhtb r8, r9, r8, asr #16; pkhtb r4, r5, r4, asr #16; pkhtb r10, r11, r10, asr #16\n"                         \
        "pkhtb r6, r7, r6, asr #16; and r5, r12, r8, lsl #8; and r7, r12, r10, lsl #8; ssub16 r5, r5, r4\n"            \
        "ssub16 r7, r7, r6; stmia r0!, {r4-r7}; sadd16 r8, r8, r10; sadd16 r4, r4, r6\n"
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; mov r3, #0x8000; mvn r12, #0x00ff; bic r12, r12, #0x00ff0000\n"
        LLMZERO_ARRANGE_8 "mov r14, r8; push {r4}\n"
        LLMZERO_ARRANGE_8 "sadd16 r8, r8, r14; pop {r9}; sadd16 r9, r9, r4; stmia r2!, {r8, r9}\n"
        LLMZERO_ARRANGE_8 "mov r14, r8; push {r4}\n"
        LLMZERO_ARRANGE_8 "sadd16 r8, r8, r14; pop {r9}; sadd16 r9, r9, r4; stmia r2!, {r8, r9}\n"
        "pop {r4-r11, pc}\n");
#undef LLMZERO_ARRANGE_8
}

// The same for the 5-bit form, whose factors always fit. sums [2]: of the codes that the start is made of, and of the
// others. About 6 cycles a number.
__attribute__((naked, noinline)) inline void arrange_threes(void *, std::int32_t, std::uint32_t *) {
#define LLMZERO_ARRANGE_6                                                                                              \
        "ldmia r0, {r4, r5, r6}\n"                                                                                     \
        "smlabb r7, r4, r1, r3; smlatb r8, r4, r1, r3; smlatb r10, r5, r1, r3; smlabb r11, r6, r1, r3\n"               \
        "smlabb r9, r5, r1, r3; smlatb r4, r6, r1, r3; pkhtb r7, r10, r7, asr #16; pkhtb r8, r11, r8, asr #16\n"       \
        "sadd16 r10, r7, r7; sadd16 r2, r2, r7; pkhtb r9, r4, r9, asr #16; and r11, r12, r10, lsl #5\n"                \
        "and r10, r12, r8, lsl #5; ssub16 r11, r11, r8; ssub16 r10, r10, r9; sadd16 r2, r2, r8\n"                      \
        "sadd16 lr, lr, r9; stmia r0!, {r9, r10, r11}\n"
    __asm__ volatile(".syntax unified\n"
        "push {r2, r4-r11, lr}; mov r3, #0x8000; mvn r12, #0x001f; bic r12, r12, #0x001f0000; mov r2, #0; mov lr, #0\n"
        LLMZERO_ARRANGE_6 LLMZERO_ARRANGE_6 LLMZERO_ARRANGE_6 LLMZERO_ARRANGE_6 LLMZERO_ARRANGE_6
        "ldr r4, [r0]; smlatb r6, r4, r1, r3; smlabb r5, r4, r1, r3; pop {r7}; pkhtb r5, r6, r5, asr #16\n"
        "sadd16 lr, lr, r5; str r5, [r0]; str r2, [r7]; str lr, [r7, #4]; pop {r4-r11, pc}\n");
#undef LLMZERO_ARRANGE_6
}

// The same for the 6-bit form: the 32 integers stand 4 words after the place of the 20 words of factors. sums [2]: of the
// codes that the start of each half is made of. About 5 cycles a number.
__attribute__((naked, noinline)) inline void arrange_sixes(void *, std::int32_t, std::uint32_t *) {
    // A word of weights: its first factor in r7, its second in r9; r8 are codes to be taken from the third, r10 the sum.
#define LLMZERO_ARRANGE_4(place)                                                                                       \
        "ldrd r6, r7, [r0, #" place "]\n"                                                                              \
        "smlatb r9, r6, r1, r3; smlabb r8, r6, r1, r3; smlatb r6, r7, r1, r3; smlabb r11, r7, r1, r3\n"                \
        "pkhtb r7, r6, r9, asr #16; pkhtb r8, r11, r8, asr #16; and r9, r12, r8, lsl #6; sadd16 r10, r10, r8\n"        \
        "ssub16 r9, r9, r7\n"
#define LLMZERO_ARRANGE_16(last, first, second, third)                                                                 \
        "ldrd r4, r5, [r0, #" last "]\n"                                                                               \
        "smlabb r6, r4, r1, r3; smlatb r7, r4, r1, r3; smlabb r8, r5, r1, r3; smlatb r9, r5, r1, r3\n"                 \
        "pkhtb r4, r8, r6, asr #16; pkhtb r5, r9, r7, asr #16; sadd16 r10, r4, r5\n"                                   \
        LLMZERO_ARRANGE_4(first) "and r11, r12, r4, lsl #6; ssub16 r11, r11, r8; stmia r0!, {r7, r9, r11}\n"           \
        LLMZERO_ARRANGE_4(second) "and r11, r12, r5, lsl #6; ssub16 r11, r11, r8; stmia r0!, {r7, r9, r11}\n"          \
        LLMZERO_ARRANGE_4(third) "and r4, lr, r4, lsl #2; ssub16 r4, r4, r5; and r11, lr, r5, lsl #2\n"                \
        "ssub16 r11, r11, r8; and r4, lr, r4, lsl #2; stmia r0!, {r7, r9, r11}; str r4, [r0], #4; str r10, [r2], #4\n"
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; mov r3, #0x8000; mvn r12, #0x003f; bic r12, r12, #0x003f0000; mvn lr, #0x0003\n"
        "bic lr, lr, #0x00030000\n"
        LLMZERO_ARRANGE_16("40", "16", "12", "8") LLMZERO_ARRANGE_16("32", "8", "4", "0")
        "pop {r4-r11, pc}\n");
#undef LLMZERO_ARRANGE_16
#undef LLMZERO_ARRANGE_4
}
// clang-format on

inline constexpr std::int32_t factor_step = llmzero::detail::factor_step;

// The best of four tries for the 32 integers at x.
LLMZERO_NOINLINE inline llmzero::detail::group_choice choose(const void * x, float unit, std::int32_t first_factor) {
    const auto factors = static_cast<std::uint32_t>(first_factor | (first_factor - factor_step) << 16);
    group_fit fits[llmzero::detail::n_tries];
    fit_two(x, factors, fits);
    fit_two(x, factors - 2 * factor_step * 0x10001u, fits + 2);
    return llmzero::detail::best_of(fits, first_factor, unit);
}

inline std::int32_t sum_of_lanes(std::uint32_t word) {
    return static_cast<std::int16_t>(word & 0xffffu) + static_cast<std::int16_t>(word >> 16);
}

// The rest of a group whose factors are there.
inline void complete_group(activation_kind kind, const std::uint32_t (&sums)[4], float scale, activation_group & out) {
    const int offset_bits = kind == activation_kind::eight ? 7 : kind == activation_kind::threes ? 4 : 3;
    const int shift = sum_shift(kind) + offset_bits; // 128, 16 or 8 for each of these codes
    const std::int32_t first = sum_of_lanes(sums[0]);
    const std::int32_t second = sum_of_lanes(sums[2]);
    const std::int32_t first_sum = first + sum_of_lanes(sums[1]);
    const std::int32_t second_sum = second + sum_of_lanes(sums[3]);
    out.start = -((first + second) << shift);
    out.half_start[0] = -(first << shift);
    out.half_start[1] = -(second << shift);
    out.scale = scale * (kind == activation_kind::eight    ? 1.0f / 256
                         : kind == activation_kind::threes ? 1.0f / 2048
                                                           : 1.0f / 4096);
    out.small_scale = 0x1p48f * scale;
    out.sum = scale * static_cast<float>(first_sum + second_sum);
    out.half_sum[0] = scale * static_cast<float>(first_sum);
    out.half_sum[1] = scale * static_cast<float>(second_sum);
}

// x(32) as llmzero::quantise_group() makes it, arranged.
inline void quantise_group(activation_kind kind, const float * x, activation_group & out) {
    namespace common = llmzero::detail;
    const std::uint32_t bits = twice_largest_bits(x) >> 1;
    if (!common::can_be_scaled(bits)) {
        out = {};
        return;
    }
    const auto largest = std::bit_cast<float>(bits);
    const float constants[] = {common::scaled_limit / largest, common::to_whole};
    const float unit = largest / common::scaled_limit;
    scale_to_integers(x, constants, out.factor);
    common::group_choice choice = choose(out.factor, unit, common::wide_factor);
    std::uint32_t sums[4] = {};
    if (kind == activation_kind::eight) {
        arrange_bytes(out.factor, choice.factor, sums);
    } else if (kind == activation_kind::threes) {
        arrange_threes(out.factor, choice.factor, sums);
    } else if (!arrange_nibbles(out.factor, choice.factor, sums)) {
        scale_to_integers(x, constants, out.factor);
        choice = choose(out.factor, unit, common::narrow_factor);
        arrange_nibbles(out.factor, choice.factor, sums);
    }
    complete_group(kind, sums, choice.scale, out);
}

inline void quantise_group(activation_kind kind, const float * x, sixes_group & out) {
    namespace common = llmzero::detail;
    const std::uint32_t bits = twice_largest_bits(x) >> 1;
    if (!common::can_be_scaled(bits)) {
        out = {};
        return;
    }
    const auto largest = std::bit_cast<float>(bits);
    const float constants[] = {common::scaled_limit / largest, common::to_whole};
    std::int32_t * const integers = out.factor + 4;
    scale_to_integers(x, constants, integers);
    const common::group_choice choice = choose(integers, largest / common::scaled_limit, common::wide_factor);
    std::uint32_t sums[2];
    arrange_sixes(out.factor, choice.factor, sums);
    for (std::size_t h = 0; h < 2; ++h) {
        out.half_start[h] = -(sum_of_lanes(sums[h]) << (sum_shift(kind) + 5)); // 32 for each of these codes
    }
    out.scale = choice.scale * (1.0f / 1024);
    out.unused = 0;
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
