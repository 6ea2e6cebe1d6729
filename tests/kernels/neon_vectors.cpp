#include <llmzero/base/f16.hpp>
#include <llmzero/kernels/neon_vectors.hpp>

#include "kernel_cases.hpp"

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

TEST_CASE("neon vectors: sums of lanes and of pairs") {
    const std::int32_t a[] = {1, 20, 300, 4000};
    const std::int32_t b[] = {-5, 60, -700, 8000};
    std::int32_t sums[4];
    vst1q_s32(sums, kernels::neon::add_pairs(vld1q_s32(a), vld1q_s32(b)));
    CHECK(sums[0] == 21);
    CHECK(sums[1] == 4300);
    CHECK(sums[2] == 55);
    CHECK(sums[3] == 7300);
    CHECK(kernels::neon::sum_of_lanes(vcvtq_f32_s32(vld1q_s32(a))) == 4321.0f);
}

// NEON of ARMv7 takes subnormal floats for 0, but not subnormal halves.
TEST_CASE("neon vectors: every finite half") {
    for (std::uint32_t bits = 0; bits < 0x10000; bits += 4) {
        std::uint16_t halves[4];
        for (std::size_t i = 0; i < 4; ++i) {
            halves[i] = static_cast<std::uint16_t>(bits + i);
        }
        if ((bits & 0x7c00) == 0x7c00) {
            continue;
        }
        float floats[4];
        vst1q_f32(floats, kernels::neon::halves_to_floats(vld1_u16(halves)));
        for (std::size_t i = 0; i < 4; ++i) {
            REQUIRE(support::same_float(floats[i], f16_to_f32(halves[i])));
        }
    }
}

TEST_CASE("neon vectors: factors have signs") {
    const std::int8_t factors[] = {-128, 127, -1, 0, 99};
    std::int32_t loaded[4];
    vst1q_s32(loaded, kernels::neon::load_factors(reinterpret_cast<const std::byte *>(factors)));
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(loaded[i] == factors[i]);
    }
}

template <packed_format format> void check_lines(support::numbers & random) {
    using kernels::neon::tile_shape;
    constexpr tile_shape shape{format};
    const auto w = kernel_cases::random_matrix(format, 16, 32, random);
    std::vector<std::byte> memory(static_cast<std::size_t>(kernels::neon::packed_bytes(format, 16, 32)));
    for (std::size_t row = 0; row < 16; ++row) {
        kernels::neon::pack_row({format, 16, 32, memory.data()}, row, w.row(row));
    }
    for (std::size_t first = 0; first < 16; first += 4) {
        int8x16_t line[8];
        kernels::neon::load_lines<format>(memory.data() + shape.group_at(0) + shape.factor_bytes() + 4 * first, line);
        for (std::size_t k = 0; k < 8; ++k) {
            std::int8_t code[16];
            vst1q_s8(code, line[k]);
            for (std::size_t i = 0; i < 16; ++i) {
                REQUIRE(code[i] - shape.bias() == w.groups[first + i / 4].code[4 * k + i % 4]);
            }
        }
    }
}

TEST_CASE("neon vectors: lines of weights are the codes with their bias") {
    support::numbers random(82);
    check_lines<packed_format::q8>(random);
    check_lines<packed_format::q5>(random);
    check_lines<packed_format::q5_offset>(random);
    check_lines<packed_format::q4>(random);
    check_lines<packed_format::q4_offset>(random);
    check_lines<packed_format::q8_halves>(random);
    check_lines<packed_format::q4_halves>(random);
}

#else

TEST_CASE("neon vectors: not on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
