#include <llmzero/kernels/neon_scale.hpp>

#include "kernel_cases.hpp"

#include <cmath>
#include <doctest/doctest.h>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

// With sums, factors and biases as large as they can be, of one sign.
TEST_CASE("neon scale: sums times factors are exact, and so is what undoes the bias") {
    using namespace kernels::neon;
    activation_group a{};
    a.scale = 0.25f;
    a.half_sum[0] = 16 * 127;
    a.half_sum[1] = -16 * 127;
    a.sum = 0.25f;
    row_scales w{};
    w.scale = vdupq_n_f32(2.0f);
    w.offset = vdupq_n_f32(-1.0f);
    for (std::size_t h = 0; h < 2; ++h) {
        w.half_scale[h] = vdupq_n_s32(-128);
        w.half_offset[h] = vdupq_n_s32(h == 0 ? -128 : 127);
    }
    const group_sums sums{{vdupq_n_s32(-16 * 32 * 127), vdupq_n_s32(-16 * 32 * 127 + 1)}};
    const float32x4_t six = add_scaled<packed_format::q8_halves>(vdupq_n_f32(1.0f), sums, w, a);
    CHECK(vgetq_lane_f32(six, 3) == 1.0f + 0.5f * (128.0f * (2 * 16 * 32 * 127 - 1)));
    const float32x4_t four = add_scaled<packed_format::q4_halves_offset>(vdupq_n_f32(0.0f), group_sums{}, w, a);
    CHECK(vgetq_lane_f32(four, 0) == 0.25f * (255.0f * 16 * 127));
    const float32x4_t offset = add_scaled<packed_format::q8_offset>(vdupq_n_f32(8.0f), sums, w, a);
    CHECK(vgetq_lane_f32(offset, 1) == 8.0f - 0.5f * 16 * 32 * 127 - 0.25f);
    const int32x4_t q4 = unbiased<packed_format::q4>(vdupq_n_s32(100), -3);
    CHECK(vgetq_lane_s32(q4, 2) == 100 + 3 * 8);
    CHECK(vgetq_lane_s32(unbiased<packed_format::q8_halves>(vdupq_n_s32(100), 7), 0) == 100 - 7 * 32);
    CHECK(vgetq_lane_s32(unbiased<packed_format::q5>(vdupq_n_s32(100), 7), 0) == 100 - 7 * 16);
    for (const int32x4_t same :
         {unbiased<packed_format::q8>(vdupq_n_s32(100), 7), unbiased<packed_format::q5_offset>(vdupq_n_s32(100), 7),
          unbiased<packed_format::q4_offset>(vdupq_n_s32(100), 7)}) {
        CHECK(vgetq_lane_s32(same, 0) == 100);
    }
}

#else

TEST_CASE("neon scale: not on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
