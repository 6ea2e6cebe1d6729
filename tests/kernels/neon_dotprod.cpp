// What every kernel set promises is tested in kernel_set.cpp; here, the largest sums, and that results are the same
// bits as without dot products.
#include <llmzero/kernels/neon.hpp>
#include <llmzero/kernels/neon_dotprod.hpp>

#include "neon_cases.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_DOTPROD

TEST_CASE("neon dotprod: the largest sums that there are, of both signs, for one token and several") {
    if (kernels::neon::detect().dotprod) {
        neon_cases::check_largest_sums<kernels::neon::dotprod::tiles>();
    }
}

TEST_CASE("neon dotprod: the same bits as without, for any rows and tokens") {
    if (!kernels::neon::detect().dotprod) {
        return;
    }
    support::numbers random(81);
    constexpr std::size_t rows = 37;
    constexpr std::size_t cols = 320;
    constexpr std::size_t n_tokens = 5;
    const auto x = kernel_cases::random_vectors(n_tokens * cols, random);
    for (const packed_format format : kernel_cases::formats) {
        CAPTURE(static_cast<int>(format));
        const auto w = kernel_cases::random_matrix(format, rows, cols, random);
        const kernel_cases::packed packed(kernels::neon::smull::set, w);
        const kernel_cases::prepared_vectors prepared(kernels::neon::smull::set, format, x, cols);
        std::vector<float> expected(n_tokens * rows, 77.0f);
        std::vector<float> found(n_tokens * rows, 77.0f);
        kernels::neon::smull::set.multiply(packed.view(), 3, rows, prepared.data(), n_tokens, expected.data(), rows);
        kernels::neon::dotprod::set.multiply(packed.view(), 3, rows, prepared.data(), n_tokens, found.data(), rows);
        for (std::size_t i = 0; i < found.size(); ++i) {
            REQUIRE(support::same_float(found[i], expected[i]));
        }
    }
}

#else

TEST_CASE("neon dotprod: not on other machines") {
    CHECK(LLMZERO_HAS_DOTPROD == 0);
}

#endif

} // namespace
