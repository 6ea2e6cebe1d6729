#include <llmzero/kernels/select.hpp>
#include <llmzero/numerics/layout_checksum.hpp>

#include "support/failing_allocator.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace llmzero;

namespace {

// The portable layout with one bit of one format in another place.
template <packed_format changed> constexpr packed_layout other_layout() {
    packed_layout other = kernels::portable::layout;
    other.pack_row = [](const packed_view & into, std::size_t row, const void * source) {
        kernels::portable::layout.pack_row(into, row, source);
        if (into.format == changed && row == 98) {
            into.data[kernels::portable::layout.packed_bytes(changed, row, into.cols)] ^= std::byte{1};
        }
    };
    return other;
}

TEST_CASE("layout checksum: the same every time, another for every layout") {
    std::set<std::uint64_t> found;
    for (const packed_layout * layout : packed_layouts()) {
        const auto sum = layout_checksum(*layout);
        REQUIRE(sum);
        CHECK(*sum == *layout_checksum(*layout));
        CHECK(found.insert(*sum).second);
    }
    CHECK(found.insert(*layout_checksum(other_layout<packed_format::q8>())).second);
    CHECK(found.insert(*layout_checksum(other_layout<packed_format::q4>())).second);
    CHECK(found.insert(*layout_checksum(other_layout<packed_format::q4_halves_offset>())).second);
}

TEST_CASE("layout checksum: that of sketches is the same on every machine") {
    // Pinned, since the machine that packs a file is not the one that checks it. Whatever changes it changes what the
    // sketches in files mean.
    const packed_layout & arm1176 = *find_layout("arm1176");
    const packed_layout & portable = *find_layout("portable");
    CHECK(*sketch_checksum(arm1176) == 0xd1fd60c88d4d301cu);
    CHECK(*sketch_checksum(portable) == 0xd5044fedf2f04f03u);
    CHECK(*sketch_checksum(other_layout<packed_format::q8>()) == *sketch_checksum(portable));
}

TEST_CASE("layout checksum: every quantised type of files is in it") {
    for (const block_type & type : block_types) {
        if (type.unpack == nullptr) {
            continue;
        }
        checksum with, without;
        REQUIRE(detail::add_packed_sample(kernels::portable::layout, type, with));
        CHECK(with.value() != without.value());
        block_type other = type; // as if the type had got another packed format
        other.packed = type.packed == packed_format::q8 ? packed_format::q8_offset : packed_format::q8;
        checksum changed;
        REQUIRE(detail::add_packed_sample(kernels::portable::layout, other, changed));
        CHECK(changed.value() != with.value());
    }
}

TEST_CASE("layout checksum: sample bytes hold no infinity and no NaN, and each bit both ways") {
    detail::sample_bytes sample;
    unsigned ever_set = 0;
    unsigned ever_clear = 0;
    for (int i = 0; i < 100000; ++i) {
        const auto byte = std::to_integer<unsigned>(sample.next());
        REQUIRE((byte & 0x7cu) != 0x7cu);
        ever_set |= byte;
        ever_clear |= ~byte;
    }
    CHECK(ever_set == 255u);
    CHECK((ever_clear & 255u) == 255u);
}

TEST_CASE("layout checksum: running out of memory is an error") {
    const auto survived = support::survive_allocation_failures([]() -> status {
        LLMZERO_ASSIGN(const auto sum, layout_checksum(kernels::portable::layout));
        static_cast<void>(sum);
        return success();
    });
    CHECK(survived > 1);
}

} // namespace
