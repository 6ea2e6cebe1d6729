#include <llmzero/storage/gguf_types.hpp>

#include "gguf_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <vector>

using namespace llmzero;
using support::contains;

namespace {

gguf_tensor tensor_of(std::string_view name, std::initializer_list<std::uint64_t> dims) {
    gguf_tensor tensor;
    tensor.name = name;
    tensor.n_dims = static_cast<std::uint32_t>(dims.size());
    std::copy_n(dims.begin(), std::min(dims.size(), gguf_max_dims), tensor.shape.begin());
    return tensor;
}

TEST_CASE("gguf_types: names, sizes and kinds of all value types") {
    struct expected {
        gguf_type type;
        const char * name;
        std::size_t size;
        bool is_integer;
    };
    constexpr expected all[gguf_type_count] = {
        {gguf_type::u8, "u8", 1, true},          {gguf_type::i8, "i8", 1, true},
        {gguf_type::u16, "u16", 2, true},        {gguf_type::i16, "i16", 2, true},
        {gguf_type::u32, "u32", 4, true},        {gguf_type::i32, "i32", 4, true},
        {gguf_type::f32, "f32", 4, false},       {gguf_type::boolean, "bool", 1, false},
        {gguf_type::string, "string", 0, false}, {gguf_type::array, "array", 0, false},
        {gguf_type::u64, "u64", 8, true},        {gguf_type::i64, "i64", 8, true},
        {gguf_type::f64, "f64", 8, false},
    };
    for (std::uint32_t id = 0; id < gguf_type_count; ++id) {
        CHECK(static_cast<std::uint32_t>(all[id].type) == id);
        CHECK(std::string_view(name_of(all[id].type)) == all[id].name);
        CHECK(size_of(all[id].type) == all[id].size);
        CHECK(is_integer(all[id].type) == all[id].is_integer);
    }
    for (const std::uint32_t id : {13u, 0xffffffffu}) {
        CHECK(std::string_view(name_of(static_cast<gguf_type>(id))) == "unknown");
        CHECK(size_of(static_cast<gguf_type>(id)) == 0);
        CHECK_FALSE(is_integer(static_cast<gguf_type>(id)));
    }
}

TEST_CASE("gguf_types: keys are printable ASCII, neither empty nor too long") {
    const gguf_limits limits;
    CHECK(detail::check_gguf_key("general.name", limits, 0));
    CHECK(detail::check_gguf_key(" ~", limits, 0));
    CHECK(detail::check_gguf_key(std::string(65535, 'k'), limits, 0));
    const status too_long = detail::check_gguf_key(std::string(65536, 'k'), limits, 77);
    REQUIRE_FALSE(too_long);
    CHECK(contains(too_long.error(), "65536 bytes, expected at most 65535"));
    CHECK(contains(too_long.error(), "offset 77"));
    CHECK(contains(detail::check_gguf_key("", limits, 78).error(), "empty (at offset 78)"));
    for (const std::string_view bad : {std::string_view("a\0b", 3), std::string_view("a\x1f"),
                                       std::string_view("a\x7f"), std::string_view("\xc3\xa9")}) {
        const status refused = detail::check_gguf_key(bad, limits, 79);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::malformed);
        CHECK(contains(refused.error(), "expected printable ASCII (at offset 79)"));
    }
}

TEST_CASE("gguf_types: alignments are powers of two from 1 to the limit") {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    const gguf_limits limits;
    for (std::uint64_t alignment = 0; alignment <= 65536; ++alignment) {
        const bool is_power = alignment != 0 && (alignment & (alignment - 1)) == 0;
        REQUIRE(detail::check_gguf_alignment(alignment, limits, 0).has_value() == is_power);
    }
    for (const std::uint64_t alignment :
         {std::uint64_t{131072}, std::uint64_t{1} << 31, std::uint64_t{1} << 63, most}) {
        const status refused = detail::check_gguf_alignment(alignment, limits, 5);
        REQUIRE_FALSE(refused);
        CHECK(contains(refused.error(), std::to_string(alignment)));
        CHECK(contains(refused.error(), "'general.alignment'"));
    }
}

TEST_CASE("gguf_types: a tensor's size is computed from its shape and type") {
    const gguf_limits limits;
    gguf_tensor matrix = tensor_of("m", {64, 3, 5});
    REQUIRE(detail::complete_gguf_tensor(matrix, 2, limits, 0));
    CHECK(matrix.type == tensor_type::q4_0);
    CHECK(matrix.bytes == 64 / 32 * 18 * 15);
    CHECK(matrix.cols() == 64);
    CHECK(matrix.rows() == 15);
    CHECK(matrix.row_bytes() == 36);
    gguf_tensor vector = tensor_of("v", {7});
    REQUIRE(detail::complete_gguf_tensor(vector, 0, limits, 0));
    CHECK(vector.bytes == 28);
    CHECK(vector.rows() == 1);
    gguf_tensor four = tensor_of("f", {1, 2, 3, 4});
    REQUIRE(detail::complete_gguf_tensor(four, 24, limits, 0));
    CHECK(four.bytes == 24);
    CHECK(four.rows() == 24);
}

TEST_CASE("gguf_types: shapes whose product wraps or is empty are refused") {
    const gguf_limits limits;
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
    constexpr std::uint64_t two_31 = std::uint64_t{1} << 31;
    constexpr std::uint64_t two_32 = std::uint64_t{1} << 32;
    const std::vector<gguf_tensor> bad = {
        tensor_of("t", {0}),
        tensor_of("t", {4, 0}),
        tensor_of("t", {4, 4, 4, 0}),
        tensor_of("t", {0, most}),
        tensor_of("t", {two_32, two_32}),         // wraps to 0
        tensor_of("t", {two_31, two_31, 4}),      // wraps to 0
        tensor_of("t", {two_32, two_31}),         // 2^63: one too many
        tensor_of("t", {most}),                   // -1
        tensor_of("t", {std::uint64_t{1} << 63}), // the lowest i64
        tensor_of("t", {3, most / 3 + 2}),        // wraps to a small number
    };
    for (gguf_tensor tensor : bad) {
        CAPTURE(tensor.shape[0]);
        CAPTURE(tensor.shape[1]);
        const status refused = detail::complete_gguf_tensor(tensor, 24, limits, 123);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::malformed);
        CHECK(contains(refused.error(), "tensor 't' has the shape"));
        CHECK(contains(refused.error(), "offset 123"));
    }
    // The product fits, the bytes do not: 2^62 weights of 4 bytes wrap to 0.
    gguf_tensor large = tensor_of("t", {std::uint64_t{1} << 62, 1});
    const status refused = detail::complete_gguf_tensor(large, 0, limits, 123);
    REQUIRE_FALSE(refused);
    CHECK(contains(refused.error(), "too large"));
    // 2^61 weights of 4 bytes are 2^63 bytes: still one too many; of 2 bytes they would fit.
    gguf_tensor edge = tensor_of("t", {std::uint64_t{1} << 61});
    CHECK_FALSE(detail::complete_gguf_tensor(edge, 0, limits, 0));
    CHECK(detail::complete_gguf_tensor(edge, 1, limits, 0).has_value() == (sizeof(std::size_t) == 8));
}

TEST_CASE("gguf_types: rows or columns beyond size_t are refused on 32-bit machines") {
    const gguf_limits limits;
    gguf_tensor wide = tensor_of("t", {std::uint64_t{1} << 32});
    gguf_tensor tall = tensor_of("t", {1, std::uint64_t{1} << 32});
    CHECK(detail::complete_gguf_tensor(wide, 24, limits, 0).has_value() == (sizeof(std::size_t) == 8));
    CHECK(detail::complete_gguf_tensor(tall, 24, limits, 0).has_value() == (sizeof(std::size_t) == 8));
}

TEST_CASE("gguf_types: rows are whole blocks") {
    const gguf_limits limits;
    for (const tensor_type_info & info : tensor_types) {
        CAPTURE(info.name);
        for (const std::uint64_t cols : {std::uint64_t{info.block_size}, std::uint64_t{3} * info.block_size}) {
            gguf_tensor good = tensor_of("t", {cols, 2});
            REQUIRE(detail::complete_gguf_tensor(good, static_cast<std::uint32_t>(info.type), limits, 0));
            CHECK(good.bytes == cols / info.block_size * info.block_bytes * 2);
            CHECK(good.row_bytes() * good.rows() == good.bytes);
            if (info.block_size > 1) {
                gguf_tensor bad = tensor_of("t", {cols + 1, info.block_size});
                const status refused =
                    detail::complete_gguf_tensor(bad, static_cast<std::uint32_t>(info.type), limits, 9);
                REQUIRE_FALSE(refused);
                CHECK(contains(refused.error(), info.name));
                CHECK(contains(refused.error(), "multiple of " + std::to_string(info.block_size)));
            }
        }
    }
}

TEST_CASE("gguf_types: names, dimensions and types of tensors have limits") {
    const gguf_limits limits;
    const std::string longest(64, 'n');
    gguf_tensor tensor = tensor_of(longest, {1});
    CHECK(detail::complete_gguf_tensor(tensor, 0, limits, 0));
    const std::string too_long(65, 'n');
    tensor.name = too_long;
    CHECK(contains(detail::complete_gguf_tensor(tensor, 0, limits, 31).error(),
                   "65 bytes, expected at most 64 (at offset 31)"));
    tensor.name = {};
    CHECK(contains(detail::complete_gguf_tensor(tensor, 0, limits, 32).error(), "empty name (at offset 32)"));
    tensor.name = "t";
    for (const std::uint32_t n_dims : {0u, 5u, 0x80000000u}) {
        tensor.n_dims = n_dims;
        CHECK(contains(detail::complete_gguf_tensor(tensor, 0, limits, 33).error(),
                       "tensor 't' has " + std::to_string(n_dims) + " dimensions"));
    }
    tensor.n_dims = 1;
    for (const std::uint32_t type : {4u, 99u, 0xffffffffu}) {
        const status refused = detail::complete_gguf_tensor(tensor, type, limits, 34);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::unsupported);
        CHECK(contains(refused.error(), "tensor 't' has the type " + std::to_string(type)));
    }
}

TEST_CASE("gguf_types: names are sorted, found, and duplicates seen") {
    const std::vector<std::string_view> names = {"b", "a", "", "ab", "b.c", "aa", std::string_view("a\0", 2)};
    const auto name_at = [&](std::size_t i) {
        return names[i];
    };
    std::vector<std::uint32_t> order(names.size());
    detail::sort_by_name(order, name_at);
    for (std::size_t i = 1; i < order.size(); ++i) {
        CHECK(names[order[i - 1]] < names[order[i]]);
    }
    CHECK(detail::find_duplicate(order, name_at) == order.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK(detail::find_by_name(order, names[i], 99, name_at) == i);
    }
    for (const std::string_view absent : {"c", "abc", "A", "b."}) {
        CHECK(detail::find_by_name(order, absent, 99, name_at) == 99);
    }
    const std::vector<std::string_view> twice = {"x", "y", "z", "y"};
    order.resize(twice.size());
    const auto twice_at = [&](std::size_t i) {
        return twice[i];
    };
    detail::sort_by_name(order, twice_at);
    const std::size_t second = detail::find_duplicate(order, twice_at);
    REQUIRE(second < order.size());
    CHECK(order[second] == 3);
    CHECK(detail::find_duplicate({}, twice_at) == 0);
}

} // namespace
