// What every kernel set promises is tested in kernel_set.cpp; here, that no sum of 16 bits overflows where all products
// are as large as they can be.
#include <llmzero/kernels/neon.hpp>
#include <llmzero/kernels/neon_smull.hpp>

#include "neon_cases.hpp"

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

TEST_CASE("neon smull: the largest sums that there are, of both signs, for one token and several") {
    neon_cases::check_largest_sums<kernels::neon::smull::tiles>();
}

#else

TEST_CASE("neon smull: not on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
