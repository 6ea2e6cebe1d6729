#include <llmzero/kernels/x86_cpu.hpp>

#include <doctest/doctest.h>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_X86

// The compiler's own detection knows the same bits.
TEST_CASE("x86 cpu: what is found is what the compiler's library finds") {
    const kernels::x86::cpu_features found = kernels::x86::detect();
    CHECK(found.avx2 == (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")));
    CHECK(found.avx512vnni == (__builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512f") &&
                               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                               __builtin_cpu_supports("avx512vl")));
    CHECK((found.avx2 || !found.avx512vnni));
}

TEST_CASE("x86 cpu: all of the bits are needed") {
    CHECK(kernels::x86::detail::has_all(7, 5));
    CHECK(kernels::x86::detail::has_all(0, 0));
    CHECK_FALSE(kernels::x86::detail::has_all(4, 5));
    CHECK_FALSE(kernels::x86::detail::has_all(0, 1));
}

#else

TEST_CASE("x86 cpu: nothing to ask on other machines") {
    CHECK(LLMZERO_HAS_X86 == 0);
}

#endif

} // namespace
