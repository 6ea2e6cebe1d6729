// What the ARM1176 set promises beyond the other sets. What all promise is tested in kernel_set.cpp.
#include <llmzero/kernels/arm1176.hpp>
#include <llmzero/kernels/portable.hpp>
#include <llmzero/kernels/select.hpp>

#include "kernel_cases.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

#if LLMZERO_HAS_ARM1176

namespace {

namespace arm = kernels::arm1176;

TEST_CASE("arm1176: kinds of activations and their size") {
    CHECK(arm::activation_bytes(activation_kind::nibble_safe, 64) == 2 * 96);
    for (const packed_format format : kernel_cases::formats) {
        const activation_kind expected =
            !is_quantised(format)   ? activation_kind::floats
            : has_nibbles(format)   ? has_halves(format) ? activation_kind::nibble_halves : activation_kind::nibble_safe
            : has_five_bits(format) ? activation_kind::threes
            : has_six_bits(format)  ? activation_kind::sixes
                                    : activation_kind::eight;
        CHECK(arm::kind_for(format) == expected);
    }
}

TEST_CASE("arm1176: products are those of the portable kernels to the last bit, where both quantise alike") {
    support::numbers random(64);
    for (const packed_format format : {packed_format::q8, packed_format::q5, packed_format::q8_halves}) {
        constexpr std::size_t rows = 2 * 96 + 35; // whole tiles, and some of one
        constexpr std::size_t n_tokens = 6;       // four at once, and two
        const auto w = kernel_cases::random_matrix(format, rows, 288, random);
        const auto x = kernel_cases::random_vectors(n_tokens * 288, random);
        float results[2][n_tokens * rows];
        const kernel_set * sets[] = {&arm::set, &kernels::portable::set};
        for (std::size_t s = 0; s < 2; ++s) {
            const kernel_cases::packed packed(*sets[s], w);
            const kernel_cases::prepared_vectors prepared(*sets[s], format, x, 288);
            sets[s]->multiply(packed.view(), 0, rows, prepared.data(), n_tokens, results[s], rows);
        }
        CHECK(std::memcmp(results[0], results[1], sizeof results[0]) == 0);
    }
}

} // namespace

#else

TEST_CASE("arm1176: is not in builds for other machines, and nothing pretends that it is") {
    CHECK(find_kernels("arm1176") == nullptr);
    CHECK(best_kernels().name != std::string_view("arm1176"));
    // Lanes with several weights are the only reason for these.
    for (const packed_format format : kernel_cases::formats) {
        CHECK_FALSE(has_nibble_limit(best_kernels().kind_for(format)));
        CHECK(best_kernels().kind_for(format) != activation_kind::threes);
        CHECK(best_kernels().kind_for(format) != activation_kind::sixes);
    }
}

#endif
