// What every kernel set promises is tested in kernel_set.cpp; here, each way to go through rows and tokens, with rests.
#include <llmzero/kernels/neon.hpp>
#include <llmzero/kernels/neon_dense.hpp>

#include "kernel_cases.hpp"

#include <algorithm>
#include <cmath>
#include <doctest/doctest.h>
#include <iterator>
#include <vector>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

template <packed_format format> void check_dot_products(std::size_t n, support::numbers & random) {
    const auto w = kernel_cases::random_matrix(format, 4, n, random);
    const kernel_cases::packed packed(kernels::neon::smull::set, w);
    const auto x = kernel_cases::random_vectors(4 * n, random);
    float of_rows[5] = {0, 0, 0, 0, 77};
    kernels::neon::dot_products<format, 4, 1>(packed.view().data, n, x.data(), of_rows, 0);
    float of_tokens[4 * 3 + 1];
    std::fill(std::begin(of_tokens), std::end(of_tokens), 77.0f);
    kernels::neon::dot_products<format, 1, 4>(packed.view().data, n, x.data(), of_tokens, 3);
    for (std::size_t a = 0; a < 4; ++a) {
        const auto row = kernel_cases::exact(kernels::neon::smull::set, w, a, x.data());
        REQUIRE(std::fabs(static_cast<double>(of_rows[a]) - row.value) <= 1e-6 * row.magnitude);
        const auto token = kernel_cases::exact(kernels::neon::smull::set, w, 0, x.data() + a * n);
        REQUIRE(std::fabs(static_cast<double>(of_tokens[3 * a]) - token.value) <= 1e-6 * token.magnitude);
    }
    CHECK(of_rows[4] == 77.0f);
    for (std::size_t i = 0; i < std::size(of_tokens); ++i) {
        CHECK((of_tokens[i] != 77.0f) == (i % 3 == 0 && i < 12));
    }
    CHECK(support::same_float(of_rows[0], of_tokens[0]));
}

TEST_CASE("neon dense: four rows, or four tokens, of any length") {
    support::numbers random(90);
    for (const std::size_t n : {1u, 7u, 8u, 15u, 16u, 17u, 31u, 32u, 100u, 257u}) {
        CAPTURE(n);
        check_dot_products<packed_format::f32>(n, random);
        check_dot_products<packed_format::f16>(n, random);
        check_dot_products<packed_format::bf16>(n, random);
    }
}

#else

TEST_CASE("neon dense: not on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
