#include <llmzero/numerics/blocks.hpp>

#include "block_cases.hpp"

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

TEST_CASE("blocks: several blocks in a row") {
    support::numbers random(3);
    for (const block_type & type : block_types) {
        CAPTURE(name_of(type.type));
        const tensor_type_info & info = info_of(type.type);
        const std::size_t n = type.unpack == nullptr ? 37 : std::size_t{3} * info.block_size;
        std::vector<std::uint8_t> bytes(1 + n / info.block_size * info.block_bytes);
        for (std::uint8_t & byte : bytes) {
            byte = static_cast<std::uint8_t>(random.integer(0, 0x77)); // no exponent of all ones, in any format
        }
        const std::uint8_t * from = bytes.data() + 1; // unaligned
        std::vector<float> weights(n + 1, 77.0f);
        unpack(type, reinterpret_cast<const std::byte *>(from), n, weights.data());
        CHECK(weights[n] == 77.0f);
        for (std::size_t i = 0; i < n; ++i) {
            const std::uint8_t * element = from + i * info.block_bytes;
            switch (type.type) {
            case tensor_type::f32: {
                float value;
                std::memcpy(&value, element, 4);
                REQUIRE(weights[i] == value);
                break;
            }
            case tensor_type::f16:
                REQUIRE(static_cast<double>(weights[i]) == support::finite_half(block_cases::u16(element)));
                break;
            case tensor_type::bf16:
                REQUIRE(std::bit_cast<std::uint32_t>(weights[i]) == block_cases::u16(element) << 16);
                break;
            default: {
                const std::uint8_t * block = from + i / info.block_size * info.block_bytes;
                const auto at = static_cast<unsigned>(i % info.block_size);
                REQUIRE(weights[i] == block_cases::value_of(block_cases::reference(type.type, block, at)));
            }
            }
        }
    }
}

TEST_CASE("blocks: unpacking no weights writes none") {
    float weight = 77.0f;
    for (const block_type & type : block_types) {
        unpack(type, nullptr, 0, &weight);
    }
    CHECK(weight == 77.0f);
}

TEST_CASE("blocks: a type of the table is found, and becomes a format that can hold it") {
    for (const block_type & type : block_types) {
        CAPTURE(name_of(type.type));
        CHECK(find_block_type(type.type) == &type);
        CHECK(is_quantised(type.packed) == (type.unpack != nullptr));
        if (type.unpack == nullptr) {
            continue;
        }
        const tensor_type_info & info = info_of(type.type);
        CHECK(info.block_size % group_size == 0);
        // The largest and smallest codes that any bytes give must be codes of the format.
        int low = 0;
        int high = 0;
        for (int fill = 0; fill < 256; ++fill) {
            const std::vector<std::uint8_t> block(info.block_bytes, static_cast<std::uint8_t>(fill));
            weight_group groups[8];
            type.unpack(reinterpret_cast<const std::byte *>(block.data()), groups);
            for (std::size_t g = 0; g < info.block_size / group_size; ++g) {
                for (const std::int8_t code : groups[g].code) {
                    low = code < low ? code : low;
                    high = code > high ? code : high;
                }
                CHECK((has_offset(type.packed) || groups[g].offset == 0.0f));
            }
        }
        if (has_nibbles(type.packed)) {
            CHECK(low >= lowest_nibble(type.packed));
            CHECK(high <= lowest_nibble(type.packed) + 15);
        } else if (type.packed == packed_format::q8_halves) {
            CHECK(low == -32);
            CHECK(high == 31);
        }
        CHECK(has_offset(type.packed) == (block_cases::halves_of(type.type).offset >= 0));
    }
}

TEST_CASE("blocks: types that cannot be computed with are not found") {
    for (const tensor_type type :
         {tensor_type::i8, tensor_type::q8_k, tensor_type::q8_1, tensor_type::iq2_xxs, tensor_type::f64,
          tensor_type::mxfp4, static_cast<tensor_type>(4), static_cast<tensor_type>(0xffffffffu)}) {
        CHECK(find_block_type(type) == nullptr);
    }
}

TEST_CASE("blocks: the names for messages are those of the table, all of them") {
    std::string expected;
    for (const block_type & type : block_types) {
        expected += expected.empty() ? "" : ", ";
        expected += info_of(type.type).name;
    }
    const block_type_names names;
    CHECK(std::string(names.text) == expected);
    CHECK(expected.size() + 1 < sizeof names.text);
    CHECK(expected.rfind("F32, F16, BF16, Q8_0, Q4_0", 0) == 0);
}

} // namespace
