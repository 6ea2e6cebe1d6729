// Float products and the ends of attention. What every kernel set promises, attention included, is tested in
// kernel_set.cpp.
#include <llmzero/kernels/dense.hpp>

#include "kernel_cases.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

TEST_CASE("dense: all finite halves convert exactly, with their sign") {
    for (std::uint32_t i = 0; i < 65536; ++i) {
        const auto half = static_cast<std::uint16_t>(i);
        if (!support::is_finite_half(half)) {
            continue;
        }
        const float value = kernels::dense::finite_f16_to_f32(half);
        REQUIRE(static_cast<double>(value) == support::finite_half(half));
        REQUIRE(std::signbit(value) == (half >= 0x8000));
    }
}

TEST_CASE("dense: elements of rows that are not aligned") {
    std::byte bytes[9] = {};
    const float value = 1.5f;
    std::memcpy(bytes + 5, &value, 4);
    CHECK(kernels::dense::element<packed_format::f32>(bytes + 1, 1) == 1.5f);
    const std::uint16_t half = f32_to_f16(-0.25f);
    std::memcpy(bytes + 5, &half, 2);
    CHECK(kernels::dense::element<packed_format::f16>(bytes + 1, 2) == -0.25f);
    const std::uint16_t brain = f32_to_bf16(-3.0f);
    std::memcpy(bytes + 7, &brain, 2);
    CHECK(kernels::dense::element<packed_format::bf16>(bytes + 1, 3) == -3.0f);
}

template <packed_format format> void check_dot(std::size_t n, support::numbers & random) {
    const auto w = kernel_cases::random_matrix(format, 1, n, random);
    const auto x = kernel_cases::random_vectors(n, random);
    double expected = 0;
    double magnitude = 0;
    for (std::size_t i = 0; i < n; ++i) {
        const double product = static_cast<double>(w.values[i]) * static_cast<double>(x[i]);
        expected += product;
        magnitude += std::fabs(product);
    }
    std::vector<std::byte> row(n * w.element_bytes());
    kernels::dense::pack_row({format, 1, n, row.data()}, 0, w.row(0));
    const float dot = kernels::dense::dot<format>(row.data(), x.data(), n);
    REQUIRE(std::fabs(static_cast<double>(dot) - expected) <= 1e-6 * magnitude);
}

TEST_CASE("dense: dot products of every tail length") {
    support::numbers random(50);
    for (std::size_t n = 0; n <= 70; ++n) {
        CAPTURE(n);
        check_dot<packed_format::f32>(n, random);
        check_dot<packed_format::f16>(n, random);
        check_dot<packed_format::bf16>(n, random);
    }
}

TEST_CASE("dense: dot products of heads, with floats and with 8-bit codes") {
    support::numbers random(51);
    for (std::size_t n = 0; n <= 130; ++n) {
        CAPTURE(n);
        const auto a = kernel_cases::random_vectors(n, random);
        const auto b = kernel_cases::random_vectors(n, random);
        std::vector<std::int8_t> codes(n);
        double expected = 0;
        double expected_codes = 0;
        double magnitude = 0;
        for (std::size_t i = 0; i < n; ++i) {
            codes[i] = static_cast<std::int8_t>(random.integer(-128, 127));
            expected += static_cast<double>(a[i]) * static_cast<double>(b[i]);
            expected_codes += static_cast<double>(a[i]) * codes[i];
            magnitude += std::fabs(static_cast<double>(a[i])) * 128.0;
        }
        const auto dot = static_cast<double>(kernels::dense::dot(a.data(), b.data(), n));
        const auto dot_codes = static_cast<double>(kernels::dense::dot(a.data(), codes.data(), n));
        REQUIRE(std::fabs(dot - expected) <= 1e-6 * (magnitude / 32.0));
        REQUIRE(std::fabs(dot_codes - expected_codes) <= 1e-6 * magnitude);
    }
}

TEST_CASE("dense: add_scaled adds to what is there") {
    support::numbers random(52);
    for (std::size_t n = 0; n <= 40; ++n) {
        auto out = kernel_cases::random_vectors(n + 1, random);
        const auto before = out;
        const auto b = kernel_cases::random_vectors(n, random);
        kernels::dense::add_scaled(out.data(), -0.5f, b.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            REQUIRE(support::same_float(out[i], before[i] + -0.5f * b[i]));
        }
        CHECK(out[n] == before[n]);
    }
}

TEST_CASE("dense: attention to one position is its value") {
    const float q[] = {1e10f, -1e10f};
    const float key[] = {1e10f, 1e9f};
    const float value[] = {0.1f, -7.5f};
    float score = 0;
    float out[2] = {};
    kernels::dense::attend(q, 1, {key, nullptr, nullptr}, {value, nullptr, nullptr}, 1, 2, 1.0f, nullptr, &score, out);
    CHECK(out[0] == 0.1f);
    CHECK(out[1] == -7.5f);
}

TEST_CASE("dense: attention follows a score that stands out") {
    const float q[] = {1.0f, 0.0f};
    const float keys[] = {0, 5, 300, 0, 0, -5};
    const std::int8_t values[] = {1, 2, 3, 4, 5, 6};
    const float scales[] = {1.0f, 0.5f, 1.0f};
    float scores[3] = {};
    float out[2] = {};
    kernels::dense::attend(q, 1, {keys, nullptr, nullptr}, {nullptr, values, scales}, 3, 2, 1.0f, nullptr, scores, out);
    CHECK(out[0] == 1.5f);
    CHECK(out[1] == 2.0f);
}

} // namespace
