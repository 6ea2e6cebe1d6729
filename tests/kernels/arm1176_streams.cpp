// The assembly against plain integers. That the header is what tools/arm1176-streams.py writes is a test of its own.
#include <llmzero/kernels/arm1176.hpp>
#include <llmzero/kernels/arm1176_streams.hpp>
#include <llmzero/kernels/select.hpp>

#include "arm1176_arrange.hpp"
#include "kernel_cases.hpp"
#include "support/scale.hpp"

#include <doctest/doctest.h>
#include <type_traits>
#include <vector>

#if LLMZERO_HAS_ARM1176

using namespace llmzero;

namespace {

namespace arm = kernels::arm1176;

constexpr std::size_t tokens = 4;

// The largest that the 4-bit form can carry.
void make_nibble_safe(std::int16_t * code) {
    for (std::size_t i = 0; i < group_size; i += 4) {
        const int limit = 2047;
        const int x1 = code[i + 1];
        const int difference = 16 * x1 - code[i + 2];
        if (difference > limit) {
            code[i + 2] = static_cast<std::int16_t>(16 * x1 - limit);
        } else if (difference < -limit) {
            code[i + 2] = static_cast<std::int16_t>(16 * x1 + limit);
        }
    }
    REQUIRE(llmzero::detail::is_nibble_safe(code));
}

// Group and Quad are those of the format's kind. Sums of a tile by one token and by four: the bits of a float product
// for each group and of its offsets, added in order.
template <class Group, class Quad>
void check_tile(packed_format format, std::size_t height, std::size_t n_groups, int extremes,
                support::numbers & random) {
    CAPTURE(static_cast<int>(format));
    CAPTURE(n_groups);
    const arm::tile_shape shape(format, height);
    const auto range = kernel_cases::codes_of(format);
    const std::size_t cols = n_groups * group_size;
    auto w = kernel_cases::random_matrix(format, shape.height, cols, random);
    std::vector<std::int16_t> x(tokens * cols);
    for (std::size_t i = 0; i < x.size(); ++i) {
        const int limit = random.bits() % 2 != 0 ? 127 : -127;
        x[i] = static_cast<std::int16_t>(extremes != 0 ? limit : random.integer(-127, 127));
    }
    std::vector<Group> prepared(tokens * n_groups);
    std::vector<Quad> quads(n_groups);
    std::vector<float> x_scale(tokens * n_groups);
    for (std::size_t g = 0; g < tokens * n_groups; ++g) {
        if (has_nibble_limit(arm::kind_for(format))) {
            make_nibble_safe(x.data() + g * group_size);
        }
        x_scale[g] = 0.01f + 0.1f * std::fabs(random.normal());
        support::arrange_group(arm::kind_for(format), x.data() + g * group_size, x_scale[g], prepared[g]);
        arm::insert_group(prepared[g], g / n_groups, quads[g % n_groups]);
    }
    for (std::size_t i = 0; i < w.groups.size(); ++i) {
        weight_group & group = w.groups[i];
        for (std::size_t k = 0; k < group_size && extremes != 0; ++k) { // as large a sum as there is, of either sign
            const bool is_high = (x[i % n_groups * group_size + k] > 0) == (extremes > 0);
            group.code[k] = static_cast<std::int8_t>(is_high ? range.high : range.low);
        }
        if (extremes != 0 && has_halves(format)) {
            group.half_scale[0] = -128;
            group.half_scale[1] = i % 2 == 0 ? std::int8_t{127} : std::int8_t{-128};
        }
    }
    auto memory = heap_array<std::byte>::create(static_cast<std::size_t>(arm::tiled_bytes(format, shape.height, cols)));
    REQUIRE(memory);
    const packed_view view{format, shape.height, cols, memory->data()};
    for (std::size_t r = 0; r < shape.height; ++r) {
        arm::pack_tile_row(view, r, w.groups.data() + r * n_groups);
    }
    const std::size_t stride = shape.height + 3; // of tokens in fours
    std::vector<float> fours(tokens * stride + 1, 77.0f);
    for (std::size_t r = 0; r < shape.height; r += shape.strip_rows()) {
        const std::byte * const strip = memory->data() + shape.strip_at(r);
        const std::byte * const units = memory->data() + shape.unit_at(r, n_groups);
        arm::quad_stream_for(format)(quads.data(), strip, fours.data() + 1 + r, n_groups, stride, units,
                                     shape.group_bytes());
    }
    CHECK(fours.front() == 77.0f);
    for (std::size_t t = 0; t < tokens; ++t) {
        CAPTURE(t);
        for (std::size_t i = shape.height; i < stride; ++i) {
            CHECK(fours[1 + t * stride + i] == 77.0f);
        }
        // All rows, or some strips.
        const std::size_t n_rows = shape.whole_strips(t == 0 ? shape.height : 1 + random.bits() % shape.height);
        std::vector<float> y(n_rows + 2, 77.0f);
        arm::stream_for(format)(prepared.data() + t * n_groups, memory->data(), y.data() + 1, n_groups, 1, 0, n_rows,
                                shape.height);
        CHECK(y.front() == 77.0f);
        CHECK(y.back() == 77.0f);
        for (std::size_t r = 0; r < shape.height; ++r) {
            float expected = 0.0f;
            for (std::size_t g = 0; g < n_groups; ++g) {
                const weight_group & group = w.groups[r * n_groups + g];
                std::int32_t sum = 0;
                for (std::size_t i = 0; i < group_size; ++i) {
                    const int code = group.code[i] - arm::detail::offset_shift(format);
                    sum += group.half_scale[i / half_size] * code * x[t * cols + g * group_size + i];
                }
                if constexpr (std::is_same_v<Group, arm::activation_group>) {
                    const Group & a = prepared[t * n_groups + g];
                    for (std::size_t h = 0; h < shape.n_offsets(); ++h) {
                        const float moved = group.scale * static_cast<float>(arm::detail::offset_shift(format));
                        const float offset = group.offset * static_cast<float>(group.half_offset[h]) + moved;
                        expected = multiply_add(offset, has_halves(format) ? a.half_sum[h] : a.sum, expected);
                    }
                }
                expected = multiply_add(static_cast<float>(sum), group.scale * x_scale[t * n_groups + g], expected);
            }
            if (r < n_rows) {
                REQUIRE(support::same_float(y[1 + r], expected));
            }
            REQUIRE(support::same_float(fours[1 + t * stride + r], expected));
        }
    }
}

TEST_CASE("arm1176 streams: the sums of plain integers, to the last bit") {
    support::numbers random(71);
    const int repeats = support::full_scale() ? 20 : 5;
    for (const packed_format format : kernel_cases::formats) {
        for (int n = 0; n < repeats && is_quantised(format); ++n) {
            for (const std::size_t n_groups : {1u, 2u, 3u, 9u, 18u, 48u}) {
                const std::size_t height = n % 2 == 0 ? arm::tile_shape::rows() : n_groups % 2 == 0 ? 32 : 80;
                if (has_six_bits(format)) {
                    check_tile<arm::sixes_group, arm::sixes_quad>(format, height, n_groups, n % 3 - 1, random);
                } else {
                    check_tile<arm::activation_group, arm::activation_quad>(format, height, n_groups, n % 3 - 1,
                                                                            random);
                }
            }
        }
    }
}

} // namespace

#else

TEST_CASE("arm1176 streams: are not in builds for other machines") {
    CHECK(llmzero::best_kernels().name != std::string_view("arm1176"));
}

#endif
