#include <llmzero/kernels/select.hpp>
#include <llmzero/kernels/x86.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_X86

TEST_CASE("x86: a set runs where the processor has what it needs, the best first") {
    const kernels::x86::cpu_features found = kernels::x86::detect();
    CHECK((find_kernels("avx2") == &kernels::x86::avx2::set) == found.avx2);
    CHECK((find_kernels("avx512vnni") == &kernels::x86::avx512vnni::set) == found.avx512vnni);
    const std::string best = best_kernels().name;
    CHECK(best == (found.avx512vnni ? "avx512vnni" : found.avx2 ? "avx2" : "portable"));
}

TEST_CASE("x86: all sets read the same layout, and take the same activations") {
    for (const kernel_set * set : {&kernels::x86::avx2::set, &kernels::x86::avx512vnni::set}) {
        CHECK(std::string(set->layout_name) == "x86");
        CHECK((set->pack_row == kernels::x86::layout.pack_row && set->prepare == kernels::x86::avx2::set.prepare));
    }
}

#else

TEST_CASE("x86: no such sets on other machines") {
    CHECK(find_kernels("avx2") == nullptr);
    CHECK(find_layout("x86") != nullptr);
}

#endif

} // namespace
