// What every kernel set promises is tested in kernel_set.cpp; here, that results do not leave their rows, and that no
// sum of 16 bits overflows where all products are as large as they can be.
#include <llmzero/kernels/loops.hpp>
#include <llmzero/kernels/x86_avx2.hpp>
#include <llmzero/kernels/x86_cpu.hpp>

#include "kernel_cases.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_X86

TEST_CASE("x86 avx2: the largest sums that there are, of both signs, for one token and several") {
    if (!kernels::x86::detect().avx2) {
        return;
    }
    support::numbers random(80);
    for (const packed_format format : kernel_cases::formats) {
        if (!is_quantised(format)) {
            continue;
        }
        CAPTURE(static_cast<int>(format));
        const auto range = kernel_cases::codes_of(format);
        for (const int code : {range.low, range.high}) {
            auto w = kernel_cases::random_matrix(format, 32, 64, random);
            for (weight_group & group : w.groups) {
                std::fill(std::begin(group.code), std::end(group.code), static_cast<std::int8_t>(code));
            }
            std::vector<std::byte> memory(static_cast<std::size_t>(kernels::x86::packed_bytes(format, 32, 64)));
            const packed_view view{format, 32, 64, memory.data()};
            for (std::size_t row = 0; row < 32; ++row) {
                kernels::x86::pack_row(view, row, w.row(row));
            }
            std::vector<kernels::x86::activation_group> x(2 * 4);
            for (std::size_t g = 0; g < x.size(); ++g) {
                const int sign = g % 3 == 0 ? -1 : 1;
                std::fill(std::begin(x[g].code), std::end(x[g].code), static_cast<std::int8_t>(127 * sign));
                x[g].scale = 0.5f;
                x[g].sum = 0.5f * static_cast<float>(32 * 127 * sign);
                x[g].minus8[0] = x[g].minus8[1] = -8 * 16 * 127 * sign;
            }
            float one[4 * 32];
            float four[4 * 32];
            kernels::with_format(format, [&]<packed_format f>() {
                for (std::size_t t = 0; t < 4; ++t) {
                    kernels::x86::avx2::multiply_tile<f, 1>(memory.data(), 0, 32, x.data() + 2 * t, 2, one + 32 * t);
                }
                kernels::x86::avx2::multiply_tile<f, 4>(memory.data(), 0, 32, x.data(), 2, four);
            });
            for (std::size_t i = 0; i < 4 * 32; ++i) {
                double expected = 0;
                double magnitude = 0;
                for (std::size_t g = 0; g < 2; ++g) {
                    const weight_group & group = w.groups[i % 32 * 2 + g];
                    const double x_sum = static_cast<double>(x[i / 32 * 2 + g].sum) / 2;
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
    }
}

#else

TEST_CASE("x86 avx2: not on other machines") {
    CHECK(LLMZERO_HAS_X86 == 0);
}

#endif

} // namespace
