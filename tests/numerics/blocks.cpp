#include <llmzero/numerics/blocks.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

// One weight of a block, read off the tables of the format: its integer, and the scale and offset of its group.
struct block_weight {
    double scale;
    double offset;
    int code;
};

std::uint32_t block_u16(const std::uint8_t * bytes) {
    return bytes[0] + 256u * bytes[1];
}

int block_nibble(const std::uint8_t * bytes, unsigned i) {
    return i < 16 ? bytes[i] % 16 : bytes[i - 16] / 16;
}

int block_fifth_bit(const std::uint8_t * bytes, unsigned i) {
    return bytes[i / 8] >> (i % 8) & 1;
}

// Weight i of the block; scales that are no finite halves are taken as 0, since the formula is about the codes then.
block_weight reference(tensor_type type, const std::uint8_t * block, unsigned i) {
    const auto half = [](std::uint32_t bits) {
        return support::is_finite_half(bits) ? support::finite_half(bits) : 0.0;
    };
    const double d = half(block_u16(block));
    switch (type) {
    case tensor_type::q4_0: return {d, 0, block_nibble(block + 2, i) - 8};
    case tensor_type::q4_1: return {d, half(block_u16(block + 2)), block_nibble(block + 4, i)};
    case tensor_type::q5_0: return {d, 0, block_nibble(block + 6, i) + 16 * block_fifth_bit(block + 2, i) - 16};
    case tensor_type::q5_1:
        return {d, half(block_u16(block + 2)), block_nibble(block + 8, i) + 16 * block_fifth_bit(block + 4, i)};
    case tensor_type::q8_0: return {d, 0, block[2 + i] < 128 ? block[2 + i] : block[2 + i] - 256};
    default: return {std::nan(""), 0, 0};
    }
}

bool has_finite_scales(tensor_type type, const std::uint8_t * block) {
    const bool has_offset = type == tensor_type::q4_1 || type == tensor_type::q5_1;
    return support::is_finite_half(block_u16(block)) && (!has_offset || support::is_finite_half(block_u16(block + 2)));
}

void check_block(const block_type & type, const std::uint8_t * bytes) {
    weight_group groups[8];
    std::memset(groups, 0x55, sizeof groups);
    const weight_group untouched = groups[7];
    type.unpack(reinterpret_cast<const std::byte *>(bytes), groups);
    const std::uint32_t n = info_of(type.type).block_size;
    const bool is_finite = has_finite_scales(type.type, bytes);
    for (unsigned i = 0; i < n; ++i) {
        const block_weight expected = reference(type.type, bytes, i);
        const weight_group & group = groups[i / group_size];
        REQUIRE(group.code[i % group_size] == expected.code);
        if (is_finite) {
            REQUIRE(static_cast<double>(group.scale) == expected.scale);
            REQUIRE(static_cast<double>(group.offset) == expected.offset);
        }
    }
    CHECK(std::memcmp(groups + 7, &untouched, sizeof untouched) == 0);
    if (!is_finite) {
        return;
    }
    std::vector<float> weights(n + 1, 77.0f);
    unpack(type, reinterpret_cast<const std::byte *>(bytes), n, weights.data());
    for (unsigned i = 0; i < n; ++i) {
        const block_weight expected = reference(type.type, bytes, i);
        const volatile auto product = static_cast<float>(expected.scale * expected.code);
        const volatile auto sum = static_cast<float>(static_cast<double>(product) + expected.offset);
        REQUIRE(weights[i] == sum);
    }
    CHECK(weights[n] == 77.0f);
}

TEST_CASE("blocks: random bytes mean what the format says, at any address") {
    support::numbers random(2);
    for (const block_type & type : block_types) {
        if (type.unpack == nullptr) {
            continue;
        }
        CAPTURE(name_of(type.type));
        const std::size_t bytes = info_of(type.type).block_bytes;
        for (std::size_t n = 0; n < 400; ++n) {
            // A buffer of the block's own size behind `shift` bytes: a sanitizer sees what lies beyond it.
            const std::size_t shift = n % 8;
            std::vector<std::uint8_t> memory(shift + bytes);
            for (std::uint8_t & byte : memory) {
                byte = static_cast<std::uint8_t>(random.bits());
            }
            check_block(type, memory.data() + shift);
        }
    }
}

TEST_CASE("blocks: extremes") {
    for (const block_type & type : block_types) {
        if (type.unpack == nullptr) {
            continue;
        }
        CAPTURE(name_of(type.type));
        const std::size_t bytes = info_of(type.type).block_bytes;
        for (const int fill : {0x00, 0xff, 0x80, 0x7f, 0x0f, 0xf0}) {
            // Scales as the fill has them (0xffff is a NaN), then the smallest, largest, subnormal and negative ones.
            for (const int scale : {-1, 0x0001, 0x03ff, 0x0400, 0x7bff, 0xfbff, 0x8001, 0x8000, 0x3c00}) {
                std::vector<std::uint8_t> block(bytes, static_cast<std::uint8_t>(fill));
                if (scale >= 0) {
                    block[0] = static_cast<std::uint8_t>(scale & 255);
                    block[1] = static_cast<std::uint8_t>(scale >> 8);
                }
                check_block(type, block.data());
            }
        }
    }
}

// The order of bits, by hand: one block of each kind, so that the formulas above are not their own witness.
TEST_CASE("blocks: a five-bit block by hand") {
    std::uint8_t block[22] = {0x00, 0x38}; // d = 0.5
    block[2] = 0x01;                       // bit 0: weight 0
    block[5] = 0x80;                       // bit 31: weight 31
    block[6] = 0x2a;                       // weight 0: 10, weight 16: 2
    block[21] = 0xf3;                      // weight 15: 3, weight 31: 15
    const block_type * type = find_block_type(tensor_type::q5_0);
    REQUIRE(type != nullptr);
    float weights[32];
    unpack(*type, reinterpret_cast<const std::byte *>(block), 32, weights);
    CHECK(weights[0] == 0.5f * (16 + 10 - 16));
    CHECK(weights[16] == 0.5f * (2 - 16));
    CHECK(weights[15] == 0.5f * (3 - 16));
    CHECK(weights[31] == 0.5f * (16 + 15 - 16));
    CHECK(weights[1] == -8.0f);
}

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
                REQUIRE(static_cast<double>(weights[i]) == support::finite_half(block_u16(element)));
                break;
            case tensor_type::bf16:
                REQUIRE(std::bit_cast<std::uint32_t>(weights[i]) == block_u16(element) << 16);
                break;
            default: {
                const std::uint8_t * block = from + i / info.block_size * info.block_bytes;
                const block_weight w = reference(type.type, block, static_cast<unsigned>(i % info.block_size));
                const volatile auto product = static_cast<float>(w.scale * w.code);
                const volatile auto sum = static_cast<float>(static_cast<double>(product) + w.offset);
                REQUIRE(weights[i] == sum);
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
        for (const int fill : {0x00, 0xff, 0x80, 0x7f}) {
            const std::vector<std::uint8_t> block(info.block_bytes, static_cast<std::uint8_t>(fill));
            weight_group groups[8] = {};
            type.unpack(reinterpret_cast<const std::byte *>(block.data()), groups);
            for (const std::int8_t code : groups[0].code) {
                low = code < low ? code : low;
                high = code > high ? code : high;
            }
        }
        if (type.packed == packed_format::q4) {
            CHECK(low == -8);
            CHECK(high == 7);
        } else if (type.packed == packed_format::q4_offset) {
            CHECK(low == 0);
            CHECK(high == 15);
        }
        const bool has_offset = type.packed == packed_format::q4_offset || type.packed == packed_format::q8_offset;
        CHECK(has_offset == (type.type == tensor_type::q4_1 || type.type == tensor_type::q5_1));
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
