// What both products of NEON have to show: the largest sums that there are.
#pragma once

#include <llmzero/kernels/loops.hpp>
#include <llmzero/kernels/neon_activations.hpp>
#include <llmzero/kernels/neon_layout.hpp>

#include "kernel_cases.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <vector>

#if LLMZERO_HAS_NEON

namespace neon_cases {

using namespace llmzero;

// Tiles: with multiply<format, n_tokens>(tile, x, n_groups, y)
template <class Tiles> void check_largest_sums(packed_format format, int code, support::numbers & random) {
    auto w = kernel_cases::random_matrix(format, 16, 64, random);
    for (weight_group & group : w.groups) {
        std::fill(std::begin(group.code), std::end(group.code), static_cast<std::int8_t>(code));
    }
    std::vector<std::byte> memory(static_cast<std::size_t>(kernels::neon::packed_bytes(format, 16, 64)));
    const packed_view view{format, 16, 64, memory.data()};
    for (std::size_t row = 0; row < 16; ++row) {
        kernels::neon::pack_row(view, row, w.row(row));
    }
    std::vector<kernels::neon::activation_group> x(2 * 4);
    for (std::size_t g = 0; g < x.size(); ++g) {
        const int sign = g % 3 == 0 ? -1 : 1;
        std::fill(std::begin(x[g].code), std::end(x[g].code), static_cast<std::int8_t>(127 * sign));
        x[g].scale = 0.5f;
        x[g].sum = 0.5f * static_cast<float>(32 * 127 * sign);
        x[g].half_sum[0] = x[g].half_sum[1] = 16 * 127 * sign;
    }
    float one[4 * 16];
    float four[4 * 16];
    kernels::with_format(format, [&]<packed_format f>() {
        for (std::size_t t = 0; t < 4; ++t) {
            Tiles::template multiply<f, 1>(memory.data(), x.data() + 2 * t, 2, one + 16 * t);
        }
        Tiles::template multiply<f, 4>(memory.data(), x.data(), 2, four);
    });
    for (std::size_t i = 0; i < 4 * 16; ++i) {
        double expected = 0;
        double magnitude = 0;
        for (std::size_t g = 0; g < 2; ++g) {
            const weight_group & group = w.groups[i % 16 * 2 + g];
            const double x_sum = static_cast<double>(x[i / 16 * 2 + g].sum) / 2;
            for (std::size_t h = 0; h < 2; ++h) {
                const double product = static_cast<double>(group.scale) * group.half_scale[h] * code * x_sum;
                const double offset = static_cast<double>(group.offset) * group.half_offset[h] * x_sum;
                expected += product + offset;
                magnitude += std::fabs(product) + std::fabs(offset);
            }
        }
        REQUIRE(std::fabs(static_cast<double>(one[i]) - expected) <= 1e-6 * magnitude);
        REQUIRE(support::same_float(one[i], four[i]));
    }
}

template <class Tiles> void check_largest_sums() {
    support::numbers random(80);
    for (const packed_format format : kernel_cases::formats) {
        if (is_quantised(format)) {
            CAPTURE(static_cast<int>(format));
            const auto range = kernel_cases::codes_of(format);
            check_largest_sums<Tiles>(format, range.low, random);
            check_largest_sums<Tiles>(format, range.high, random);
        }
    }
}

} // namespace neon_cases

#endif
