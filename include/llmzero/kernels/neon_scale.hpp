// From the integer sums of a group to totals of floats, for 4 rows: the same operations in every NEON set, so that
// their results are the same bits.
#pragma once

#include <llmzero/kernels/target.hpp>

#if LLMZERO_HAS_NEON

#    include <llmzero/kernels/kernel_set.hpp>
#    include <llmzero/kernels/neon_activations.hpp>
#    include <llmzero/kernels/neon_layout.hpp>
#    include <llmzero/kernels/neon_vectors.hpp>

#    include <arm_neon.h>
#    include <cstddef>
#    include <cstdint>

namespace llmzero::inline LLMZERO_ABI::kernels::neon {

// What multiplies the codes of 4 rows. Members that the format does not have are not set.
struct row_scales {
    float32x4_t scale;
    float32x4_t offset;
    int32x4_t half_scale[2];
    int32x4_t half_offset[2];
};

// Exact sums of a group's products, for 4 rows: with halves of each half, else of both in the first.
struct group_sums {
    int32x4_t half[2];
};

// What a sum of products is without the bias of the codes; x_sum: of the activations.
template <packed_format format> LLMZERO_ALWAYS_INLINE int32x4_t unbiased(int32x4_t sum, std::int32_t x_sum) {
    constexpr int bias = tile_shape{format}.bias();
    return bias == 0 ? sum : vsubq_s32(sum, vdupq_n_s32(x_sum * bias));
}

template <packed_format format>
LLMZERO_ALWAYS_INLINE row_scales load_row_scales(const std::byte * block, const std::byte * group, std::size_t row) {
    constexpr tile_shape shape{format};
    constexpr std::size_t all = tile_shape::rows;
    row_scales loaded{};
    loaded.scale = load_scales<format>(block + row * shape.scale_bytes());
    if constexpr (has_offset(format)) {
        loaded.offset = load_scales<format>(block + (all + row) * shape.scale_bytes());
    }
    if constexpr (has_halves(format)) {
        LLMZERO_UNROLL
        for (std::size_t h = 0; h < 2; ++h) {
            loaded.half_scale[h] = load_factors(group + h * all + row);
            if constexpr (has_offset(format)) {
                loaded.half_offset[h] = load_factors(group + (2 + h) * all + row);
            }
        }
    }
    return loaded;
}

// total + the group's products. With their factors sums are exact integers below 2^25.
template <packed_format format>
LLMZERO_ALWAYS_INLINE float32x4_t add_scaled(float32x4_t total, const group_sums & sums, const row_scales & w,
                                             const activation_group & a) {
    const float32x4_t scale = vmulq_n_f32(w.scale, a.scale);
    if constexpr (!has_halves(format)) {
        total = vfmaq_f32(total, vcvtq_f32_s32(sums.half[0]), scale);
        if constexpr (has_offset(format)) {
            total = vfmaq_f32(total, w.offset, vdupq_n_f32(a.sum));
        }
    } else {
        const int32x4_t sum = vmlaq_s32(vmulq_s32(sums.half[0], w.half_scale[0]), sums.half[1], w.half_scale[1]);
        total = vfmaq_f32(total, vcvtq_f32_s32(sum), scale);
        if constexpr (has_offset(format)) {
            const int32x4_t offsets =
                vmlaq_n_s32(vmulq_n_s32(w.half_offset[0], a.half_sum[0]), w.half_offset[1], a.half_sum[1]);
            total = vfmaq_f32(total, vcvtq_f32_s32(offsets), vmulq_n_f32(w.offset, a.scale));
        }
    }
    return total;
}

} // namespace llmzero::inline LLMZERO_ABI::kernels::neon

#endif
