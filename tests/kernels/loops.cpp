#include <llmzero/kernels/loops.hpp>

#include <doctest/doctest.h>
#include <tuple>
#include <vector>

using namespace llmzero;

namespace {

TEST_CASE("loops: a format known at run time reaches the code compiled for it") {
    for (const packed_format format :
         {packed_format::q8, packed_format::q8_offset, packed_format::q5, packed_format::q5_offset, packed_format::q4,
          packed_format::q4_offset, packed_format::q8_halves, packed_format::q4_halves,
          packed_format::q4_halves_offset}) {
        int calls = 0;
        kernels::with_format(format, [&]<packed_format compiled>() {
            CHECK(compiled == format);
            ++calls;
        });
        CHECK(calls == 1);
    }
    int calls = 0;
    kernels::with_format(packed_format::f16, [&]<packed_format>() { ++calls; });
    CHECK(calls == 0);
}

TEST_CASE("loops: every row meets every token once, in tiles as long as they last") {
    using visit = std::tuple<std::size_t, std::size_t, std::size_t>; // row, token, how many
    std::vector<visit> visits;
    kernels::for_rows_and_tokens<4>(
        2, 4, 10, [&]<std::size_t n>(std::size_t row, std::size_t token) { visits.emplace_back(row, token, n); });
    const std::vector<visit> expected = {{2, 0, 4}, {2, 4, 4}, {2, 8, 1}, {2, 9, 1},
                                         {3, 0, 4}, {3, 4, 4}, {3, 8, 1}, {3, 9, 1}};
    CHECK(visits == expected);
    visits.clear();
    kernels::for_rows_and_tokens<4>(
        2, 2, 10, [&]<std::size_t n>(std::size_t row, std::size_t token) { visits.emplace_back(row, token, n); });
    CHECK(visits.empty());
}

} // namespace
