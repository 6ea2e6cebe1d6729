#include <llmzero/kernels/select.hpp>

#include <doctest/doctest.h>
#include <string_view>

using namespace llmzero;

namespace {

TEST_CASE("select: portable is always there, and last") {
    const auto sets = available_kernels();
    REQUIRE_FALSE(sets.empty());
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
    REQUIRE(packed_layouts().size() == 2);
    for (const packed_layout * layout : packed_layouts()) {
        CHECK(find_layout(layout->name) == layout);
    }
    CHECK(find_layout("arm1176") == &kernels::arm1176::layout);
    CHECK(find_layout("portable") == &kernels::portable::layout);
    CHECK(find_layout("arm") == nullptr);
    for (const kernel_set * set : available_kernels()) {
        const packed_layout * layout = find_layout(set->name);
        REQUIRE(layout != nullptr);
        CHECK((layout->packed_bytes == set->packed_bytes && layout->pack_row == set->pack_row &&
               layout->unpack_row == set->unpack_row));
    }
}

} // namespace
