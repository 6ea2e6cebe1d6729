// Attention over 8-bit keys and values with SMLAD, for several query heads that share them.
//
// Scores. A query becomes integers of 16 bits with one scale; a word of four key codes becomes two words of two lanes
// with two SXTB16, for all heads. For 4 codes and h heads: 1 + 2 + 3 h instructions, 1.0 per product for 3 heads.
// Sums are exact: 256 products of 127 * 32767 leave a bit of 31.
//
// Values. The weights of a chunk of positions, the scales of the values multiplied in, become integers of 15 bits:
// 16383 stands for the largest weight and the largest scale of the chunk, so that what the rest of the text loses to a
// position that stands out is the rest of its chunk. A word of each of two positions becomes pairs of lanes: 2 SXTB16
// and 2 PKH for 4 products of each head. With 3 heads, even and odd columns in turn, as there are registers for six
// sums: 1.1 instructions per product; with one head 1.9.
//
// Both errors are below a tenth of what 8-bit keys and values cost, which is up to 1 / 254 of the largest of a vector.
//
// At 1000 positions, 64 elements and 3 heads a product takes 2.1 modelled cycles, with all that belongs to it: keys
// 0.62, values 0.88, weights 0.37, the rest of a chunk 0.2.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_ARM1176

#    include <llmzero/kernels/arm1176_weights.hpp>
#    include <llmzero/kernels/dense.hpp>
#    include <llmzero/kernels/kernel_set.hpp>

#    include <algorithm>
#    include <bit>
#    include <cstddef>
#    include <cstdint>
#    include <cstring>
#    include <limits>

namespace llmzero::inline LLMZERO_ABI::kernels::arm1176 {

namespace detail {

inline constexpr std::size_t widest_head = 256;
inline constexpr std::size_t chunk = 32; // positions; their values stay in the cache for all columns
inline constexpr std::size_t line_bytes = 32;

// Without their signs floats are in the order of their bits, with NaN above all. n is a multiple of 4.
inline float magnitude_of(const float * x, std::size_t n) {
    constexpr std::size_t lanes = 4;
    std::int32_t largest[lanes] = {};
    for (std::size_t i = 0; i < n; i += lanes) {
        LLMZERO_PREFETCH(x, i + 4 * lanes);
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            const std::int32_t magnitude = std::bit_cast<std::int32_t>(x[i + lane]) & 0x7fffffff;
            largest[lane] = magnitude > largest[lane] ? magnitude : largest[lane];
        }
    }
    return std::bit_cast<float>(std::max(std::max(largest[0], largest[1]), std::max(largest[2], largest[3])));
}

// x * inverse, within 16 bits, rounded; of a NaN any number.
inline std::uint32_t rounded(float x, float inverse) {
    constexpr float to_integer = 12582912.0f; // 1.5 * 2^23
    return (std::bit_cast<std::uint32_t>(x * inverse + to_integer) - std::bit_cast<std::uint32_t>(to_integer)) &
           0xffffu;
}

// Before prefetches that count up from here: the timing model follows what is loaded through.
inline void touch(const std::int8_t * at) {
    std::int32_t unused;
    __asm__ volatile("ldrb %0, [%1]" : "=r"(unused) : "r"(at));
}

// q(head_dim) ~ scale * integers. Of every four, lanes 0 and 2 go to out[0], 1 and 3 to out[n_heads]. For each
// four a line is fetched ahead, first from `keys` on, then from `values` on.
inline float quantise_query(const float * q, std::size_t head_dim, std::size_t n_heads, std::uint32_t * out,
                            const std::int8_t * keys, const std::int8_t * values) {
    const float largest = magnitude_of(q, head_dim);
    const float inverse = largest > 1e-30f ? 32767.0f / largest : 0.0f;
    constexpr std::size_t lines_of_keys = 4;
    const std::size_t ends[] = {std::min(4 * lines_of_keys, head_dim), head_dim};
    std::size_t i = 0;
    for (std::size_t part = 0; part < 2; ++part) {
        const std::int8_t * next = part == 0 ? keys : values;
        touch(next);
        for (; i < ends[part]; i += 4, out += 2 * n_heads, next += line_bytes) {
            LLMZERO_PREFETCH(next, line_bytes);
            out[0] = rounded(q[i], inverse) | rounded(q[i + 2], inverse) << 16;
            out[n_heads] = rounded(q[i + 1], inverse) | rounded(q[i + 3], inverse) << 16;
        }
    }
    return largest / 32767.0f;
}

// What multiply_keys() reads, in this order: the query, past whose end it loads 16 bytes, [n, head_dim] keys, and sums
// of the heads [n], `stride` bytes apart.
struct keys_job {
    const std::uint32_t * q;
    const std::int8_t * keys;
    const std::uint32_t * q_loaded; // two words past the end: what has been loaded when the last 8 codes are in work
    const std::int8_t * keys_end;
    float * sums;
    std::size_t stride;
};

// Sums of products, as integers in the memory of floats. A step takes 8 codes and loads what the next step needs.
// 3 heads: 25 instructions and cycles for 24 products.
// clang-format off
__attribute__((naked, noinline)) inline void multiply_keys_3(const keys_job *) {
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; ldmia r0, {r0, r1, r2, r3, r4, r5}; push {r0, r3, r4, r5}\n"
        "2:\n"
        "ldmia r1!, {r6, r7}; ldmia r0!, {r10, r11}; ldmia r0!, {r12, lr}; mov r3, #0; mov r4, #0; mov r5, #0\n"
        "1:\n"
        "sxtb16 r8, r6; sxtb16 r9, r6, ror #8; smlad r3, r8, r10, r3; smlad r4, r8, r11, r4\n"
        "ldmia r0!, {r10, r11}; smlad r5, r8, r12, r5; pld [r1, #120]; smlad r3, r9, lr, r3\n"
        "ldmia r0!, {r12, lr}; sxtb16 r8, r7; smlad r4, r9, r10, r4; smlad r5, r9, r11, r5\n"
        "ldmia r0!, {r10, r11}; sxtb16 r9, r7, ror #8; smlad r3, r8, r12, r3; smlad r4, r8, lr, r4\n"
        "ldmia r0!, {r12, lr}; smlad r5, r8, r10, r5; smlad r3, r9, r11, r3\n"
        "ldmia r0!, {r10, r11}; cmp r0, r2; ldmiane r1!, {r6, r7}; smlad r4, r9, r12, r4\n"
        "smlad r5, r9, lr, r5; ldmia r0!, {r12, lr}; bne 1b\n"
        "ldmia sp, {r0, r6, r7, r8}; cmp r1, r6; str r4, [r7, r8]; str r5, [r7, r8, lsl #1]; str r3, [r7], #4\n"
        "str r7, [sp, #8]; bne 2b\n"
        "add sp, sp, #16; pop {r4-r11, pc}\n");
}

// 1 head: 14 instructions for 8 products.
__attribute__((naked, noinline)) inline void multiply_keys_1(const keys_job *) {
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; ldmia r0, {r0, r1, r2, r3, r4, r5}; push {r0, r3, r4, r5}\n"
        "2:\n"
        "ldmia r1!, {r6, r7}; ldmia r0!, {r10, r11}; mov r3, #0; mov r4, #0\n"
        "1:\n"
        "sxtb16 r8, r6; sxtb16 r9, r6, ror #8; ldmia r0!, {r12, lr}; smlad r3, r8, r10, r3; smlad r4, r9, r11, r4\n"
        "ldmia r0!, {r10, r11}; sxtb16 r8, r7; cmp r0, r2; sxtb16 r9, r7, ror #8; pld [r1, #120]\n"
        "ldmiane r1!, {r6, r7}; smlad r3, r8, r12, r3; smlad r4, r9, lr, r4; bne 1b\n"
        "ldmia sp, {r0, r6, r7, r8}; add r3, r3, r4; cmp r1, r6; str r3, [r7], #4; str r7, [sp, #8]; bne 2b\n"
        "add sp, sp, #16; pop {r4-r11, pc}\n");
}
// clang-format on

// What add_columns() reads, in this order. The weights of n_pairs pairs of positions, [n_pairs, n_heads]; values
// [2 * n_pairs, head_dim], from the first of the columns on; what is read next, of which two lines
// are fetched into the cache.
struct columns_job {
    const std::int8_t * values;
    const std::uint32_t * pairs;
    std::size_t head_dim;
    const std::uint32_t * pairs_loaded; // what has been loaded when the last pairs are in work
    const std::int8_t * ahead; // the byte before it is loaded as well: the timing model follows what is loaded through
    std::int32_t * sums;
    const std::int8_t * last_values;         // with one head: of four positions more, or nullptr
    const std::uint32_t * last_pairs_loaded; // of these
};

// clang-format off
// 3 heads, two columns of four: sums [n_heads, 2]. 28 instructions for 24 products. Loads the weights of two pairs more.
// An even number of pairs.
#define LLMZERO_ADD_COLUMNS_3(rotation)                                                                               \
    __asm__ volatile(".syntax unified\n"                                                                              \
        "push {r4-r11, lr}; ldmia r0, {r0, r1, r2, r3, r4, r5}; push {r3, r5}\n"                                      \
        "ldrb r11, [r4, #-1]; ldr r9, [r0], r2; pld [r4]; ldr r10, [r0], r2; ldmia r1!, {r12, lr}; pld [r4, #32]\n"   \
        "mov r3, #0; mov r4, #0; mov r5, #0; mov r6, #0; mov r7, #0; mov r8, #0\n"                                    \
        "1:\n"                                                                                                        \
        "sxtb16 r9, r9" rotation "; sxtb16 r10, r10" rotation "; pkhbt r11, r9, r10, lsl #16\n"                       \
        "pkhtb r9, r10, r9, asr #16; ldr r10, [r1], #4; smlad r3, r11, r12, r3; smlad r4, r9, r12, r4\n"              \
        "ldr r12, [r0], r2; smlad r5, r11, lr, r5; smlad r6, r9, lr, r6; ldr lr, [r0], r2\n"                          \
        "smlad r7, r11, r10, r7; ldr r11, [sp]; smlad r8, r9, r10, r8; ldmia r1!, {r9, r10}; sxtb16 r12, r12" rotation "\n" \
        "sxtb16 lr, lr" rotation "; cmp r1, r11; pkhbt r11, r12, lr, lsl #16; pkhtb r12, lr, r12, asr #16\n"          \
        "ldr lr, [r1], #4; smlad r3, r11, r9, r3; smlad r4, r12, r9, r4; ldrne r9, [r0], r2; smlad r5, r11, r10, r5\n" \
        "smlad r6, r12, r10, r6; ldrne r10, [r0], r2; smlad r7, r11, lr, r7; smlad r8, r12, lr, r8\n"                 \
        "ldmia r1!, {r12, lr}; bne 1b\n"                                                                              \
        "pop {r0, r1}; stmia r1, {r3-r8}; pop {r4-r11, pc}\n")

__attribute__((naked, noinline)) inline void add_even_columns_3(const columns_job *) {
    LLMZERO_ADD_COLUMNS_3("");
}
__attribute__((naked, noinline)) inline void add_odd_columns_3(const columns_job *) {
    LLMZERO_ADD_COLUMNS_3(", ror #8");
}
#undef LLMZERO_ADD_COLUMNS_3

// 1 head, four columns: sums [4]. 15 instructions for 8 products. The last four positions may stand elsewhere.
__attribute__((naked, noinline)) inline void add_columns_1(const columns_job *) {
    __asm__ volatile(".syntax unified\n"
        "push {r4-r11, lr}; ldr lr, [r0, #24]; ldr r12, [r0, #28]; ldmia r0, {r0, r1, r2, r3, r4, r5}; push {r5, r12}\n"
        "ldrb r11, [r4, #-1]; ldr r7, [r0], r2; pld [r4]; ldr r8, [r0], r2; ldr r9, [r1], #4; pld [r4, #32]\n"
        "mov r12, r3; mov r3, #0; mov r4, #0; mov r5, #0; mov r6, #0\n"
        "1:\n"
        "sxtb16 r10, r7; sxtb16 r11, r7, ror #8; cmp r1, r12; ldrne r7, [r0], r2; smlabb r3, r10, r9, r3\n"
        "smlatb r5, r10, r9, r5; sxtb16 r10, r8; smlabb r4, r11, r9, r4; smlatb r6, r11, r9, r6\n"
        "sxtb16 r11, r8, ror #8; ldrne r8, [r0], r2; smlabt r3, r10, r9, r3; smlatt r5, r10, r9, r5\n"
        "smlabt r4, r11, r9, r4; smlatt r6, r11, r9, r6; ldr r9, [r1], #4; bne 1b\n"
        "movs r0, lr; ldrne r12, [sp, #4]; ldrne r7, [r0], r2; mov lr, #0; ldrne r8, [r0], r2; bne 1b\n"
        "pop {r1, r12}; stmia r1, {r3-r6}; pop {r4-r11, pc}\n");
}
// clang-format on

// totals += scale(3) * sums, both [n_quads][even, odd][3][2]: four columns a turn, 51 cycles.
// clang-format off
__attribute__((naked, noinline)) inline void add_scaled_sums(float * /* totals */, const std::int32_t * /* sums */,
                                                             const float * /* scale */, std::size_t /* n_quads */) {
    __asm__ volatile(".syntax unified\n"
        "vpush {d8-d13}; vldmia r2, {s12-s14}\n"
        "1:\n"
        "vldmia r1!, {s0-s11}; subs r3, r3, #1; vldmia r0, {s16-s27}\n"
        "vcvt.f32.s32 s0, s0; vcvt.f32.s32 s1, s1; vcvt.f32.s32 s2, s2; vcvt.f32.s32 s3, s3\n"
        "vcvt.f32.s32 s4, s4; vcvt.f32.s32 s5, s5; vcvt.f32.s32 s6, s6; vcvt.f32.s32 s7, s7\n"
        "vcvt.f32.s32 s8, s8; vcvt.f32.s32 s9, s9; vcvt.f32.s32 s10, s10; vcvt.f32.s32 s11, s11\n"
        "vmla.f32 s16, s0, s12; vmla.f32 s17, s1, s12; vmla.f32 s18, s2, s13; vmla.f32 s19, s3, s13\n"
        "vmla.f32 s20, s4, s14; vmla.f32 s21, s5, s14; vmla.f32 s22, s6, s12; vmla.f32 s23, s7, s12\n"
        "vmla.f32 s24, s8, s13; vmla.f32 s25, s9, s13; vmla.f32 s26, s10, s14; vmla.f32 s27, s11, s14\n"
        "vstmia r0!, {s16-s27}; bne 1b\n"
        "vpop {d8-d13}; bx lr\n");
}
// clang-format on

// out(n) += scale * sums(n), or where is_more is false out = scale * sums; n is a multiple of 8.
inline void add_scaled_sums_1(float * out, const std::int32_t * sums, float scale, bool is_more, std::size_t n) {
    constexpr std::size_t lanes = 8;
    for (std::size_t i = 0; i < n; i += lanes) {
        float scaled[lanes];
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            scaled[lane] = scale * static_cast<float>(sums[i + lane]);
        }
        for (std::size_t lane = 0; lane < lanes && is_more; ++lane) {
            scaled[lane] += out[i + lane];
        }
        LLMZERO_LANES
        for (std::size_t lane = 0; lane < lanes; ++lane) {
            out[i + lane] = scaled[lane];
        }
    }
}

// The largest of `scales`(n), and their ratios to it as lanes, 2 * whole_weight for 1, zeros up to `chunk`.
inline float scale_ratios(const float * scales, std::size_t n, std::uint32_t * ratios) {
    alignas(4) std::int16_t lane[chunk] = {};
    std::int32_t bits = 0; // floats of one sign are in the order of their bits, with NaN above all
    constexpr std::size_t lanes = 8;
    std::size_t t = 0;
    const auto look_at = [&bits, scales](std::size_t at) {
        std::int32_t scale;
        std::memcpy(&scale, scales + at, sizeof scale);
        bits = scale > bits ? scale : bits;
    };
    for (; t + lanes <= n; t += lanes) {
        LLMZERO_PREFETCH(scales, t + chunk);
        LLMZERO_LANES
        for (std::size_t i = 0; i < lanes; ++i) {
            look_at(t + i);
        }
    }
    for (; t < n; ++t) {
        look_at(t);
    }
    const auto largest = std::bit_cast<float>(bits);
    const float inverse = largest > 1e-30f ? 2.0f * whole_weight / largest : 0.0f;
    t = 0;
    for (; t + lanes <= n; t += lanes) {
        std::uint32_t ratio[lanes];
        LLMZERO_LANES
        for (std::size_t i = 0; i < lanes; ++i) {
            ratio[i] = rounded(scales[t + i], inverse);
        }
        LLMZERO_LANES
        for (std::size_t i = 0; i < lanes; ++i) {
            lane[t + i] = static_cast<std::int16_t>(ratio[i]);
        }
    }
    for (; t < n; ++t) {
        lane[t] = static_cast<std::int16_t>(rounded(scales[t], inverse));
    }
    std::memcpy(ratios, lane, sizeof lane);
    return largest;
}

// out(n_heads, head_dim) = softmax(factor(n_heads) * z(n_heads, n)) values(n, head_dim); n_heads 1 or 3. Of factors
// above 0; a NaN in a factor or in z becomes one in `out`.
template <std::size_t n_heads>
inline void add_values(const float * z, const float * factor, const kv_rows & values, std::size_t n,
                       std::size_t head_dim, float * out) {
    constexpr float log2_e = 1.44269504f;
    std::uint32_t ratios[chunk / 2];
    std::uint32_t pairs[(chunk / 2 + 2) * n_heads] = {};
    // Where values end within four positions: those that do, with 3 heads all of their chunk.
    alignas(4) std::int8_t last_rows[(n_heads == 3 ? chunk : 4) * widest_head];
    float last_z[chunk];
    // With 3 heads, for each four columns: [even, odd][3][2].
    alignas(8) std::int32_t sums[n_heads * widest_head];
    alignas(8) float totals[n_heads == 3 ? 3 * widest_head : 1];
    std::fill(totals, totals + (n_heads == 3 ? 3 * head_dim : 0), 0.0f);
    float largest[n_heads];
    double sum[n_heads] = {};
    for (std::size_t h = 0; h < n_heads; ++h) {
        largest[h] = largest_of(z + h * n, n);
    }
    const auto inverse_of = [&](std::size_t h) {
        const float not_a_number = (largest[h] - largest[h]) * factor[h]; // or 0
        return 1.0f / static_cast<float>(sum[h] * 0x1p-26) + not_a_number;
    };
    for (std::size_t t = 0; t < n; t += chunk) {
        const std::size_t n_rows = std::min(chunk, n - t);
        const std::size_t n_pairs = (n_rows + 3) / 4 * 2;
        const std::size_t n_weights = (n_rows + 7) / 8 * 8;
        const std::int8_t * rows = values.codes + t * head_dim;
        const std::size_t n_in_place = n_heads == 3 && n_rows % 4 != 0 ? 0 : n_rows - n_rows % 4;
        if (const std::size_t n_last = n_rows - n_in_place; n_last > 0) {
            std::memcpy(last_rows, rows + n_in_place * head_dim, n_last * head_dim);
            std::memset(last_rows + n_last * head_dim, 0, (4 - n_rows % 4) * head_dim);
        }
        rows = n_in_place > 0 ? rows : last_rows;
        const float unit = scale_ratios(values.scales + t, n_rows, ratios) / whole_weight;
        float scale[n_heads];
        for (std::size_t h = 0; h < n_heads; ++h) {
            const float * from = z + h * n + t;
            if (n_rows < n_weights) {
                std::memcpy(last_z, from, n_rows * sizeof(float));
                std::fill(last_z + n_rows, last_z + n_weights, -std::numeric_limits<float>::infinity());
                from = last_z;
            }
            const float top = largest_of(from, n_rows);
            const float share = fast_exp(factor[h] * (top - largest[h]));
            const weigh_job job{from,      ratios,
                                pairs + h, n_heads * sizeof(std::uint32_t),
                                &powers,   ratios + n_weights / 2 - 4,
                                top,       factor[h] * log2_e,
                                128.0f};
            sum[h] += weigh(&job) * static_cast<double>(share);
            scale[h] = n <= chunk ? unit * share * inverse_of(h) : unit * share; // else when all have been added
        }
        const std::int8_t * const end = values.codes + n * head_dim;
        const std::int8_t * const ahead = values.codes + (t + n_rows) * head_dim; // comes while these rows are in work
        const std::uint32_t * const loaded = pairs + n_pairs * n_heads - (n_heads == 3 ? 1 : 0);
        const bool is_split = n_in_place > 0 && n_in_place < n_rows;
        columns_job job{rows,  pairs, head_dim, is_split ? pairs + n_in_place / 2 : loaded,
                        ahead, sums,  nullptr,  loaded};
        for (std::size_t i = 0; i < head_dim; i += 4, job.values += 4) {
            job.last_values = is_split ? last_rows + i : nullptr;
            if constexpr (n_heads == 3) {
                add_even_columns_3(&job);
                job.ahead = std::min(job.ahead + 2 * line_bytes, end);
                job.sums += 6;
                add_odd_columns_3(&job);
                job.ahead = std::min(job.ahead + 2 * line_bytes, end);
                job.sums += 6;
            } else {
                add_columns_1(&job);
                job.ahead = std::min(job.ahead + 2 * line_bytes, end);
                job.sums += 4;
            }
        }
        if constexpr (n_heads == 3) {
            add_scaled_sums(totals, sums, scale, head_dim / 4);
        } else {
            add_scaled_sums_1(out, sums, scale[0], t > 0, head_dim);
        }
    }
    if constexpr (n_heads == 3) {
        for (std::size_t i = 0; i < head_dim; i += 4) {
            LLMZERO_LANES
            for (std::size_t at = 0; at < 12; ++at) {
                out[at % 6 / 2 * head_dim + i + at % 2 * 2 + at / 6] = totals[3 * i + at];
            }
        }
    }
    for (std::size_t h = 0; h < n_heads && n > chunk; ++h) {
        const float inverse = inverse_of(h);
        LLMZERO_LANES
        for (std::size_t i = 0; i < head_dim; ++i) {
            out[h * head_dim + i] *= inverse;
        }
    }
}

template <std::size_t n_heads>
inline void attend(const float * q, const kv_rows & keys, const kv_rows & values, std::size_t n, std::size_t head_dim,
                   float scale, const float * bias, float * scores, float * out) {
    alignas(8) std::uint32_t integers[widest_head / 2 * n_heads + 4];
    float factor[n_heads];
    for (std::size_t t = 0; t < std::min(n, chunk); t += line_bytes / sizeof(float)) {
        LLMZERO_PREFETCH(keys.scales, t);
        LLMZERO_PREFETCH(values.scales, t);
    }
    for (std::size_t h = 0; h < n_heads; ++h) {
        const std::int8_t * const next = values.codes + std::min(h * head_dim * (line_bytes / 4), n * head_dim - 1);
        factor[h] = scale * quantise_query(q + h * head_dim, head_dim, n_heads, integers + h, keys.codes, next);
    }
    const keys_job job{integers, keys.codes,       integers + head_dim / 2 * n_heads + 2, keys.codes + n * head_dim,
                       scores,   n * sizeof(float)};
    if constexpr (n_heads == 3) {
        multiply_keys_3(&job);
    } else {
        multiply_keys_1(&job);
    }
    for (std::size_t h = 0; h < n_heads; ++h) {
        float * const z = scores + h * n;
        std::size_t t = n / 8 * 8;
        if (t > 0) {
            scale_sums(z, keys.scales, t);
        }
        for (; t < n; ++t) {
            z[t] = static_cast<float>(std::bit_cast<std::int32_t>(z[t])) * keys.scales[t];
        }
        for (t = 0; t < n && bias != nullptr; ++t) {
            z[t] = z[t] * factor[h] + bias[h * n + t];
        }
        factor[h] = bias == nullptr ? factor[h] : 1.0f;
    }
    add_values<n_heads>(scores, factor, values, n, head_dim, out);
}

} // namespace detail

// As kernel_set::attend.
inline void attend(const float * q, std::size_t n_heads, const kv_rows & keys, const kv_rows & values, std::size_t n,
                   std::size_t head_dim, float scale, const float * bias, float * scores, float * out) {
    if (keys.codes == nullptr || values.codes == nullptr || head_dim % 8 != 0 || head_dim > detail::widest_head) {
        return dense::attend(q, n_heads, keys, values, n, head_dim, scale, bias, scores, out);
    }
    for (std::size_t h = 0; h < n_heads;) {
        const std::size_t at_once = n_heads - h >= 3 ? 3 : 1;
        const auto run = at_once == 3 ? detail::attend<3> : detail::attend<1>;
        run(q + h * head_dim, keys, values, n, head_dim, scale, bias == nullptr ? bias : bias + h * n, scores,
            out + h * head_dim);
        h += at_once;
    }
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::arm1176

#endif
