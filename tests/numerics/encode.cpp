#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/encode.hpp>

#include "support/numbers.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <iterator>
#include <string>
#include <vector>

using namespace llmzero;

TEST_CASE("encode: what can be unpacked can be encoded, and the other way round") {
    for (const block_type & type : block_types) {
        CAPTURE(std::string(name_of(type.type)));
        CHECK(find_encoder(type.type) != nullptr);
    }
    CHECK(std::size(encoders) == std::size(block_types));
    CHECK(find_encoder(tensor_type::i32) == nullptr);
}

TEST_CASE("encode: every encoder writes the type it is listed under") {
    support::numbers random(21);
    std::vector<float> x(512);
    for (float & value : x) {
        value = random.normal();
    }
    for (const encoder & entry : encoders) {
        CAPTURE(std::string(name_of(entry.type)));
        const tensor_type_info & info = info_of(entry.type);
        std::vector<std::byte> bytes(x.size() / info.block_size * info.block_bytes + 1, std::byte{0x5a});
        encode(entry, x.data(), x.size(), bytes.data());
        CHECK(bytes.back() == std::byte{0x5a});
        std::vector<float> back(x.size());
        unpack(*find_block_type(entry.type), bytes.data(), x.size(), back.data());
        double error = 0;
        double energy = 0;
        for (std::size_t i = 0; i < x.size(); ++i) {
            error += static_cast<double>(x[i] - back[i]) * static_cast<double>(x[i] - back[i]);
            energy += static_cast<double>(x[i]) * static_cast<double>(x[i]);
        }
        CHECK(error < 0.08 * energy);
        // Blocks do not know of each other.
        std::vector<std::byte> block(info.block_bytes);
        entry.encode(x.data() + info.block_size, block.data());
        CHECK(std::memcmp(block.data(), bytes.data() + info.block_bytes, block.size()) == 0);
    }
}

TEST_CASE("encode: floats are stored little endian, rounded to nearest") {
    std::byte bytes[4] = {};
    const float x = 0x1.345678p1f; // 401a2b3c
    const auto stored = [&](tensor_type type) {
        encode(*find_encoder(type), &x, 1, bytes);
        std::vector<int> numbers;
        for (std::uint32_t i = 0; i < info_of(type).block_bytes; ++i) {
            numbers.push_back(static_cast<int>(bytes[i]));
        }
        return numbers;
    };
    CHECK(stored(tensor_type::f32) == std::vector<int>{0x3c, 0x2b, 0x1a, 0x40});
    CHECK(stored(tensor_type::bf16) == std::vector<int>{0x1a, 0x40});
    CHECK(stored(tensor_type::f16) == std::vector<int>{0xd1, 0x40});
}
