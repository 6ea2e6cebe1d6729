#include <llmzero/kernels/select.hpp>

#include <algorithm>
#include <doctest/doctest.h>
#include <iterator>
#include <string_view>

using namespace llmzero;

namespace {

TEST_CASE("select: portable is always there, and last") {
    const auto sets = available_kernels();
    REQUIRE(sets.size() > 0);
    CHECK(sets.back() == &kernels::portable::set);
    CHECK(find_kernels("portable") == &kernels::portable::set);
}

TEST_CASE("select: the first is the best, and each is found by its name") {
    CHECK(&best_kernels() == available_kernels().front());
    for (const kernel_set * set : available_kernels()) {
        REQUIRE(set != nullptr);
        CHECK(find_kernels(set->name) == set);
        CHECK((set->packed_bytes && set->pack_row && set->unpack_row && set->kind_for && set->activation_bytes &&
               set->prepare && set->multiply && set->attend));
    }
}

TEST_CASE("select: what can run is some of what is compiled, in the same order") {
    const kernel_list all = compiled_kernels();
    const kernel_list here = available_kernels();
    CHECK(all.size() == std::size(kernels::compiled_sets));
    const kernel_set * const * at = all.begin();
    for (const kernel_set * set : here) {
        at = std::find(at, all.end(), set);
        REQUIRE(at != all.end());
        ++at;
    }
    for (const kernel_set * set : all) {
        const bool runs = std::find(here.begin(), here.end(), set) != here.end();
        CHECK((find_kernels(set->name) == set) == runs);
    }
}

TEST_CASE("select: on the ARM1176 its own kernels are the best") {
    CHECK((best_kernels().name == std::string_view("arm1176")) == (LLMZERO_HAS_ARM1176 == 1));
}

TEST_CASE("select: names that are not there") {
    for (const char * name : {"", "Portable", "portable ", "port", "avx9000"}) {
        CHECK(find_kernels(name) == nullptr);
    }
    CHECK(find_kernels(std::string_view("portable", 7)) == nullptr);
}

TEST_CASE("select: every machine has all layouts, each found by its name") {
    REQUIRE(packed_layouts().size() == 4);
    for (const packed_layout * layout : packed_layouts()) {
        CHECK(find_layout(layout->layout_name) == layout);
    }
    CHECK(find_layout("arm1176") == &kernels::arm1176::layout);
    CHECK(find_layout("neon") == &kernels::neon::layout);
    CHECK(find_layout("x86") == &kernels::x86::layout);
    CHECK(find_layout("portable") == &kernels::portable::layout);
    CHECK(find_layout("arm") == nullptr);
    for (const kernel_set * set : compiled_kernels()) {
        const packed_layout * layout = find_layout(set->layout_name);
        REQUIRE(layout != nullptr);
        CHECK((layout->packed_bytes == set->packed_bytes && layout->pack_row == set->pack_row &&
               layout->unpack_row == set->unpack_row));
    }
}

} // namespace
