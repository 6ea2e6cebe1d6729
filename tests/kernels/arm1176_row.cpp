// Rows alone against rows of a stream.
#include <llmzero/kernels/arm1176.hpp>
#include <llmzero/kernels/arm1176_row.hpp>
#include <llmzero/kernels/loops.hpp>
#include <llmzero/kernels/select.hpp>

#include "kernel_cases.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

#if LLMZERO_HAS_ARM1176

namespace {

namespace arm = kernels::arm1176;

TEST_CASE("arm1176 row: every row of a tile has the bits that the stream gives it") {
    support::numbers random(73);
    for (const packed_format format : kernel_cases::formats) {
        CAPTURE(static_cast<int>(format));
        for (const std::size_t n_groups : {1u, 2u, 8u, 9u, 18u}) {
            if (!is_quantised(format)) {
                continue;
            }
            const arm::tile_shape shape(format, n_groups == 9 ? 48 : arm::tile_shape::rows());
            const std::size_t cols = n_groups * group_size;
            const auto w = kernel_cases::random_matrix(format, shape.height, cols, random);
            const kernel_cases::packed packed(arm::set, w);
            const auto x = kernel_cases::random_vectors(cols, random);
            const kernel_cases::prepared_vectors prepared(arm::set, format, x, cols);
            std::vector<float> expected(shape.height);
            arm::stream_for(format)(prepared.data(), packed.view().data, expected.data(), n_groups, 1, 0, shape.height,
                                    shape.height);
            kernels::with_format(format, [&]<packed_format known>() {
                const auto * const groups = reinterpret_cast<const arm::detail::group_of<known> *>(prepared.data());
                for (std::size_t row = 0; row < shape.height; ++row) {
                    const float found = arm::multiply_row<known>(shape, packed.view().data, row, groups, n_groups);
                    REQUIRE(support::same_float(found, expected[row]));
                }
            });
        }
    }
}

TEST_CASE("arm1176 row: codes, factors and activations at their ends") {
    support::numbers random(74);
    for (const packed_format format : kernel_cases::formats) {
        if (!is_quantised(format)) {
            continue;
        }
        CAPTURE(static_cast<int>(format));
        const arm::tile_shape shape(format);
        constexpr std::size_t cols = 64;
        auto w = kernel_cases::random_matrix(format, shape.rows(), cols, random);
        std::vector<float> x(cols);
        for (std::size_t i = 0; i < cols; ++i) {
            x[i] = i % 3 == 0 ? -1.0f : 1.0f;
        }
        const auto range = kernel_cases::codes_of(format);
        for (std::size_t g = 0; g < w.groups.size(); ++g) {
            for (std::size_t i = 0; i < group_size; ++i) { // as large a sum as there is
                const bool is_high = x[g % 2 * group_size + i] > 0;
                w.groups[g].code[i] = static_cast<std::int8_t>(is_high ? range.high : range.low);
            }
            if (has_halves(format)) {
                w.groups[g].half_scale[0] = w.groups[g].half_scale[1] = -128;
            }
        }
        const kernel_cases::packed packed(arm::set, w);
        const kernel_cases::prepared_vectors prepared(arm::set, format, x, cols);
        std::vector<float> all(shape.rows());
        arm::set.multiply(packed.view(), 0, shape.rows(), prepared.data(), 1, all.data(), shape.rows());
        for (std::size_t row = 0; row < shape.rows(); ++row) {
            std::vector<float> y(shape.rows());
            arm::set.multiply(packed.view(), row, row + 1, prepared.data(), 1, y.data(), shape.rows());
            REQUIRE(support::same_float(y[row], all[row]));
        }
    }
}

} // namespace

#else

TEST_CASE("arm1176 row: is not in builds for other machines") {
    CHECK(find_kernels("arm1176") == nullptr);
}

#endif
