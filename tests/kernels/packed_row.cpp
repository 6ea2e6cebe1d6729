#include <llmzero/kernels/packed_row.hpp>

#include "kernel_cases.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

constexpr std::size_t row_code_bytes = 32; // codes as they are, for these tests

void write_plain_codes(const weight_group & group, std::byte * to) {
    std::memcpy(to, group.code, group_size);
}

// A row between two guard bytes, written by the functions under test.
std::vector<std::byte> packed_groups(packed_format format, const std::vector<weight_group> & groups) {
    std::vector<std::byte> row(kernels::row_bytes(format, groups.size(), row_code_bytes) + 4, std::byte{0x5a});
    kernels::pack_groups(format, groups.data(), groups.size(), row_code_bytes, row.data(), write_plain_codes);
    for (std::size_t i = row.size() - 4; i < row.size(); ++i) {
        REQUIRE(row[i] == std::byte{0x5a});
    }
    return row;
}

template <packed_format format> void check_row(std::size_t n_groups) {
    CAPTURE(static_cast<int>(format));
    CAPTURE(n_groups);
    support::numbers random(45);
    const auto w = kernel_cases::random_matrix(format, 1, n_groups * group_size, random);
    const auto row = packed_groups(format, w.groups);
    // As the header's comment draws it.
    const std::byte * at = row.data();
    for (std::size_t g = 0; g < n_groups; ++g) {
        const weight_group & group = w.groups[g];
        if (!has_halves(format) || g % 8 == 0) {
            REQUIRE(std::memcmp(at, &group.scale, 4) == 0);
            at += 4;
            if (has_offset(format)) {
                REQUIRE(std::memcmp(at, &group.offset, 4) == 0);
                at += 4;
            }
        }
        if (has_halves(format)) {
            REQUIRE(std::memcmp(at, group.half_scale, 2) == 0);
            REQUIRE(std::memcmp(at + 2, group.half_offset, 2) == 0);
            at += 4;
        }
        REQUIRE(std::memcmp(at, group.code, 32) == 0);
        at += 32;
    }
    CHECK(at == row.data() + row.size() - 4);

    std::size_t visits = 0;
    kernels::for_groups<format>(row.data(), n_groups, row_code_bytes,
                                [&](std::size_t g, const kernels::group_scales & scales, const std::byte * codes) {
                                    REQUIRE(g == visits);
                                    ++visits;
                                    REQUIRE(scales.scale == w.groups[g].scale);
                                    REQUIRE((!has_offset(format) || scales.offset == w.groups[g].offset));
                                    REQUIRE(std::memcmp(codes, w.groups[g].code, 32) == 0);
                                });
    CHECK(visits == n_groups);

    std::vector<float> out(n_groups * group_size + 1, 77.0f);
    kernels::unpack_groups<format>(row.data(), n_groups, row_code_bytes, out.data(),
                                   [](const std::byte * codes, std::int8_t * code) { std::memcpy(code, codes, 32); });
    CHECK(out.back() == 77.0f);
    for (std::size_t i = 0; i < n_groups * group_size; ++i) {
        REQUIRE(out[i] == w.values[i]);
    }
}

TEST_CASE("packed row: is what the header draws, and comes back") {
    for (const std::size_t n_groups : {1u, 2u, 7u, 8u, 9u, 16u, 19u}) {
        check_row<packed_format::q8>(n_groups);
        check_row<packed_format::q8_offset>(n_groups);
        check_row<packed_format::q4>(n_groups);
        check_row<packed_format::q4_offset>(n_groups);
        check_row<packed_format::q8_halves>(n_groups);
        check_row<packed_format::q4_halves>(n_groups);
        check_row<packed_format::q4_halves_offset>(n_groups);
    }
}

TEST_CASE("packed row: bytes") {
    using kernels::row_bytes;
    CHECK(row_bytes(packed_format::q8, 3, 32) == 3 * 36);
    CHECK(row_bytes(packed_format::q4_offset, 3, 16) == 3 * 24);
    CHECK(row_bytes(packed_format::q8_halves, 8, 32) == 4 + 8 * 36);
    CHECK(row_bytes(packed_format::q8_halves, 9, 32) == 4 + 8 * 36 + 4 + 36);
    CHECK(row_bytes(packed_format::q4_halves_offset, 16, 16) == 2 * (8 + 8 * 20));
    CHECK(row_bytes(packed_format::q4_halves_offset, 0, 16) == 0);
}

} // namespace
