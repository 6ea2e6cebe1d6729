#include <llmzero/kernels/neon.hpp>
#include <llmzero/kernels/select.hpp>

#include <doctest/doctest.h>
#include <string>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

TEST_CASE("neon: with dot products where the processor has them") {
    CHECK(find_kernels("neon") == &kernels::neon::smull::set);
    const bool has_dotprod = kernels::neon::detect().dotprod;
    CHECK((find_kernels("dotprod") != nullptr) == has_dotprod);
    CHECK(std::string(best_kernels().name) == (has_dotprod ? "dotprod" : "neon"));
}

TEST_CASE("neon: all sets read the same layout, and take the same activations") {
    for (const kernel_set * set : compiled_kernels()) {
        if (set != &kernels::portable::set) {
            CHECK(std::string(set->layout_name) == "neon");
            CHECK((set->pack_row == kernels::neon::layout.pack_row && set->prepare == kernels::neon::prepare));
        }
    }
}

#else

TEST_CASE("neon: no such sets on other machines") {
    CHECK(find_kernels("neon") == nullptr);
    CHECK(find_kernels("dotprod") == nullptr);
    CHECK(find_layout("neon") != nullptr);
}

#endif

} // namespace
