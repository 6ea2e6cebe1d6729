// The layouts that the header draws, and the integer parts that other kernel sets are compared with. What every kernel
// set promises is tested in kernel_set.cpp.
#include <llmzero/kernels/portable.hpp>

#include "kernel_cases.hpp"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

TEST_CASE("portable: bytes of rows") {
    using namespace kernels::portable;
    CHECK(packed_bytes(packed_format::q8, 3, 64) == 3 * 2 * 36);
    CHECK(packed_bytes(packed_format::q8_offset, 3, 64) == 3 * 2 * 40);
    CHECK(packed_bytes(packed_format::q5, 3, 64) == 3 * 2 * 36);
    CHECK(packed_bytes(packed_format::q5_offset, 3, 64) == 3 * 2 * 40);
    CHECK(packed_bytes(packed_format::q4, 3, 64) == 3 * 2 * 20);
    CHECK(packed_bytes(packed_format::q4_offset, 3, 64) == 3 * 2 * 24);
    CHECK(packed_bytes(packed_format::q8_halves, 3, 512) == 3 * 2 * (4 + 8 * 36));
    CHECK(packed_bytes(packed_format::q4_halves, 3, 512) == 3 * 2 * (4 + 8 * 20));
    CHECK(packed_bytes(packed_format::q4_halves_offset, 3, 512) == 3 * 2 * (8 + 8 * 20));
    CHECK(packed_bytes(packed_format::f32, 3, 7) == 3 * 7 * 4);
    CHECK(packed_bytes(packed_format::f16, 3, 7) == 3 * 7 * 2);
    CHECK(packed_bytes(packed_format::bf16, 3, 7) == 3 * 7 * 2);
    CHECK(activation_bytes(activation_kind::eight, 64) == 2 * (4 + 4 + 4 + 64));
    CHECK(activation_bytes(activation_kind::floats, 7) == 28);
}

TEST_CASE("portable: codes lie as the header says") {
    support::numbers random(40);
    for (const packed_format format : kernel_cases::formats) {
        if (!is_quantised(format)) {
            continue;
        }
        CAPTURE(static_cast<int>(format));
        const auto w = kernel_cases::random_matrix(format, 1, 32, random);
        const kernel_cases::packed packed(kernels::portable::set, w);
        const weight_group & group = w.groups[0];
        const std::byte * at = packed.view().data + kernels::scale_bytes(format) + kernels::factor_bytes(format);
        if (!has_nibbles(format)) {
            CHECK(std::memcmp(at, group.code, 32) == 0);
            continue;
        }
        const int plus = format == packed_format::q4_offset ? 0 : 8;
        for (std::size_t i = 0; i < 16; ++i) {
            const int low = static_cast<int>(at[i]) % 16;
            const int high = static_cast<int>(at[i]) / 16;
            CHECK(low == group.code[i] + plus);
            CHECK(high == group.code[i + 16] + plus);
        }
    }
}

TEST_CASE("portable: the prepared vector holds the codes, their scale, and their sums") {
    support::numbers random(41);
    const auto x = kernel_cases::random_vectors(96, random);
    kernels::portable::activation_group groups[3];
    kernels::portable::prepare(activation_kind::eight, x.data(), 96, 1, reinterpret_cast<std::byte *>(groups));
    for (std::size_t g = 0; g < 3; ++g) {
        std::int16_t code[group_size];
        const float scale = quantise_group(activation_kind::eight, x.data() + g * group_size, code);
        CHECK(groups[g].scale == scale);
        CHECK(std::equal(code, code + group_size, groups[g].code));
        double sum = 0;
        int half_sum[2] = {};
        for (std::size_t i = 0; i < group_size; ++i) {
            sum += code[i];
            half_sum[i / 16] += code[i];
        }
        CHECK(groups[g].half_sum[0] == half_sum[0]);
        CHECK(groups[g].half_sum[1] == half_sum[1]);
        CHECK(static_cast<double>(groups[g].sum) == doctest::Approx(sum * static_cast<double>(scale)).epsilon(1e-6));
        CHECK(sum != 0);
    }
    float copy[96];
    kernels::portable::prepare(activation_kind::floats, x.data(), 96, 1, reinterpret_cast<std::byte *>(copy));
    CHECK(std::memcmp(copy, x.data(), sizeof copy) == 0);
}

TEST_CASE("portable: integer_dot of random and extreme codes") {
    support::numbers random(42);
    std::int16_t a[group_size];
    std::int16_t b[group_size];
    for (int n = 0; n < 2000; ++n) {
        std::int64_t sum = 0;
        for (std::size_t i = 0; i < group_size; ++i) {
            a[i] = static_cast<std::int16_t>(n < 4 ? (n % 2 == 0 ? -128 : 127) : random.integer(-128, 127));
            b[i] = static_cast<std::int16_t>(n < 4 ? (n / 2 == 0 ? -127 : 127) : random.integer(-127, 127));
            sum += static_cast<std::int64_t>(a[i]) * b[i];
        }
        REQUIRE(kernels::portable::integer_dot(a, b) == sum);
    }
    for (std::size_t i = 0; i < group_size; ++i) { // each place counts once
        std::fill(a, a + group_size, std::int16_t{0});
        std::fill(b, b + group_size, std::int16_t{100});
        a[i] = -7;
        CHECK(kernels::portable::integer_dot(a, b) == -700);
    }
}

} // namespace
