#include <llmzero/kernels/group_header.hpp>

#include "kernel_cases.hpp"

#include <cstring>
#include <doctest/doctest.h>

using namespace llmzero;

namespace {

template <packed_format format> void check_header() {
    CAPTURE(static_cast<int>(format));
    support::numbers random(45);
    for (int n = 0; n < 100; ++n) {
        const weight_group group = kernel_cases::random_group(format, random);
        alignas(4) std::byte bytes[16];
        std::memset(bytes, 0x5a, sizeof bytes);
        kernels::write_header(format, group, bytes);
        for (std::size_t i = kernels::header_bytes(format); i < sizeof bytes; ++i) {
            REQUIRE(bytes[i] == std::byte{0x5a});
        }
        // As the file's comment draws it.
        const std::byte * at = bytes;
        REQUIRE(std::memcmp(at, &group.scale, 4) == 0);
        at += 4;
        if (has_offset(format)) {
            REQUIRE(std::memcmp(at, &group.offset, 4) == 0);
            at += 4;
        }
        if (has_halves(format)) {
            REQUIRE(std::memcmp(at, group.half_scale, 2) == 0);
            REQUIRE(std::memcmp(at + 2, group.half_offset, 2) == 0);
        }
        weight_group read = kernel_cases::random_group(packed_format::q4_halves_offset, random); // all is overwritten
        kernels::read_scales<format>(bytes, read);
        REQUIRE(read.scale == group.scale);
        REQUIRE(read.offset == group.offset);
        REQUIRE(std::memcmp(read.half_scale, group.half_scale, 2) == 0);
        REQUIRE(std::memcmp(read.half_offset, group.half_offset, 2) == 0);
    }
}

TEST_CASE("group header: comes back, and is as long as the format says") {
    check_header<packed_format::q8>();
    check_header<packed_format::q8_offset>();
    check_header<packed_format::q4>();
    check_header<packed_format::q4_offset>();
    check_header<packed_format::q8_halves>();
    check_header<packed_format::q4_halves>();
    check_header<packed_format::q4_halves_offset>();
    CHECK(kernels::header_bytes(packed_format::q8) == 4);
    CHECK(kernels::header_bytes(packed_format::q4_offset) == 8);
    CHECK(kernels::header_bytes(packed_format::q8_halves) == 8);
    CHECK(kernels::header_bytes(packed_format::q4_halves_offset) == 12);
}

} // namespace
