#include <llmzero/model/kv_cache.hpp>

#include "support/failing_allocator.hpp"

#include <cmath>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

model_config shape() {
    model_config c;
    c.n_layers = 3;
    c.n_heads = 4;
    c.n_kv_heads = 2;
    c.head_dim = 12;
    return c;
}

// A vector that is different for every place.
std::vector<float> vector_at(std::size_t layer, std::size_t position, float sign) {
    std::vector<float> x(24);
    for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] =
            sign * std::sin(static_cast<float>(1 + i + 100 * layer + 17 * position)) * static_cast<float>(1 + position);
    }
    return x;
}

TEST_CASE("kv_cache: floats come back as they were, wherever they were put") {
    const model_config c = shape();
    auto cache = kv_cache::create(c, kv_type::f32, 5);
    REQUIRE(cache);
    CHECK(cache->context() == 5);
    for (std::size_t layer = 0; layer < 3; ++layer) {
        for (std::size_t position = 0; position < 5; ++position) {
            cache->store(layer, position, vector_at(layer, position, 1).data(), vector_at(layer, position, -1).data());
        }
    }
    for (std::size_t layer = 0; layer < 3; ++layer) {
        for (std::size_t head = 0; head < 2; ++head) {
            const kv_rows keys = cache->keys(layer, head);
            const kv_rows values = cache->values(layer, head);
            REQUIRE(keys.f32 != nullptr);
            CHECK(keys.codes == nullptr);
            for (std::size_t position = 0; position < 5; ++position) {
                const auto expected = vector_at(layer, position, 1);
                for (std::size_t i = 0; i < 12; ++i) {
                    CHECK(keys.f32[position * 12 + i] == expected[head * 12 + i]);
                    CHECK(values.f32[position * 12 + i] == -expected[head * 12 + i]);
                }
            }
        }
    }
}

TEST_CASE("kv_cache: rows from a position on") {
    const model_config c = shape();
    for (const kv_type type : {kv_type::f32, kv_type::q8}) {
        auto cache = kv_cache::create(c, type, 5);
        REQUIRE(cache);
        for (std::size_t first = 0; first < 5; ++first) {
            const kv_rows all = cache->keys(1, 1);
            const kv_rows later = cache->keys(1, 1, first);
            CHECK(later.f32 == (all.f32 != nullptr ? all.f32 + first * 12 : nullptr));
            CHECK(later.codes == (all.codes != nullptr ? all.codes + first * 12 : nullptr));
            CHECK(later.scales == (all.scales != nullptr ? all.scales + first : nullptr));
            const kv_rows values = cache->values(2, 0);
            const kv_rows later_values = cache->values(2, 0, first);
            CHECK(later_values.f32 == (values.f32 != nullptr ? values.f32 + first * 12 : nullptr));
            CHECK(later_values.scales == (values.scales != nullptr ? values.scales + first : nullptr));
        }
    }
}

TEST_CASE("kv_cache: eight bits are within half a step of the largest of each head") {
    const model_config c = shape();
    auto cache = kv_cache::create(c, kv_type::q8, 5);
    REQUIRE(cache);
    for (std::size_t layer = 0; layer < 3; ++layer) {
        for (std::size_t position = 0; position < 5; ++position) {
            cache->store(layer, position, vector_at(layer, position, 1).data(), vector_at(layer, position, -1).data());
        }
    }
    for (std::size_t layer = 0; layer < 3; ++layer) {
        for (std::size_t head = 0; head < 2; ++head) {
            const kv_rows keys = cache->keys(layer, head);
            const kv_rows values = cache->values(layer, head);
            REQUIRE(keys.codes != nullptr);
            CHECK(keys.f32 == nullptr);
            for (std::size_t position = 0; position < 5; ++position) {
                const auto expected = vector_at(layer, position, 1);
                float largest = 0;
                for (std::size_t i = 0; i < 12; ++i) {
                    largest = std::max(largest, std::fabs(expected[head * 12 + i]));
                }
                CHECK(keys.scales[position] == doctest::Approx(static_cast<double>(largest) / 127));
                for (std::size_t i = 0; i < 12; ++i) {
                    const float key = keys.scales[position] * static_cast<float>(keys.codes[position * 12 + i]);
                    const float value = values.scales[position] * static_cast<float>(values.codes[position * 12 + i]);
                    CHECK(std::fabs(key - expected[head * 12 + i]) <= largest / 127 * 0.5001f);
                    CHECK(std::fabs(value + expected[head * 12 + i]) <= largest / 127 * 0.5001f);
                }
            }
        }
    }
}

TEST_CASE("kv_cache: a vector of zeros stays one") {
    auto cache = kv_cache::create(shape(), kv_type::q8, 1);
    REQUIRE(cache);
    const std::vector<float> zeros(24);
    cache->store(0, 0, zeros.data(), zeros.data());
    CHECK(cache->keys(0, 1).scales[0] == 0.0f);
    CHECK(cache->keys(0, 1).codes[3] == 0);
}

std::vector<std::byte> saved(const kv_cache & cache, std::uint32_t positions) {
    std::vector<std::byte> bytes;
    REQUIRE(cache.save(positions, [&](std::span<const std::byte> part) {
        bytes.insert(bytes.end(), part.begin(), part.end());
        return success();
    }));
    CHECK(bytes.size() == cache.saved_bytes(positions));
    return bytes;
}

TEST_CASE("kv_cache: what is saved can be taken up, in part, by a cache of another context") {
    const model_config c = shape();
    for (const kv_type type : {kv_type::f32, kv_type::q8}) {
        auto cache = kv_cache::create(c, type, 5);
        REQUIRE(cache);
        for (std::size_t layer = 0; layer < 3; ++layer) {
            for (std::size_t position = 0; position < 5; ++position) {
                cache->store(layer, position, vector_at(layer, position, 1).data(),
                             vector_at(layer, position, -1).data());
            }
        }
        std::vector<std::byte> bytes(3); // a header
        const std::vector<std::byte> state = saved(*cache, 4);
        bytes.insert(bytes.end(), state.begin(), state.end());
        auto other = kv_cache::create(c, type, 9);
        REQUIRE(other);
        REQUIRE(other->restore(3, 4, memory_source(bytes), 3));
        CHECK(saved(*other, 3) == saved(*cache, 3));
        CHECK(saved(*other, 4) != saved(*cache, 4)); // the fourth was not taken

        // A read that fails, and a state that is cut.
        CHECK_FALSE(other->restore(4, 4, memory_source(std::span(bytes).first(bytes.size() - 1)), 3));
        const status full =
            cache->save(4, [](std::span<const std::byte>) -> status { return error(error_code::io, "no space"); });
        REQUIRE_FALSE(full);
        CHECK(full.error().code() == error_code::io);
    }
}

TEST_CASE("kv_cache: numbers that no cache can have saved are refused") {
    const model_config c = shape();
    for (const kv_type type : {kv_type::f32, kv_type::q8}) {
        auto cache = kv_cache::create(c, type, 2);
        REQUIRE(cache);
        for (std::size_t layer = 0; layer < c.n_layers; ++layer) {
            for (std::size_t position = 0; position < 2; ++position) {
                cache->store(layer, position, vector_at(layer, position, 1).data(),
                             vector_at(layer, position, -1).data());
            }
        }
        std::vector<std::byte> bytes = saved(*cache, 2);
        CHECK(cache->restore(2, 2, memory_source(bytes), 0));
        // A NaN as the last float; a code of -128.
        std::vector<std::byte> damaged = bytes;
        std::fill(damaged.end() - 4, damaged.end(), std::byte{0xff});
        const status not_finite = cache->restore(2, 2, memory_source(damaged), 0);
        REQUIRE_FALSE(not_finite);
        CHECK(not_finite.error().code() == error_code::malformed);
        damaged = bytes;
        damaged[5] = std::byte{0x80};
        CHECK(cache->restore(2, 2, memory_source(damaged), 0).has_value() == (type == kv_type::f32));
    }
}

TEST_CASE("kv_cache: the memory is as announced, and running out of it is an error") {
    const model_config c = shape();
    // 2 (k and v) x 3 layers x 2 heads x 5 tokens x 12 elements
    CHECK(kv_cache::bytes_needed(c, kv_type::f32, 5) == 720 * 4);
    CHECK(kv_cache::bytes_needed(c, kv_type::q8, 5) == 720 + 60 * 4);
    for (const kv_type type : {kv_type::f32, kv_type::q8}) {
        const auto survived = support::survive_allocation_failures([&]() -> status {
            LLMZERO_CHECK(kv_cache::create(c, type, 5));
            return success();
        });
        CHECK(survived == (type == kv_type::f32 ? 4 : 8)); // every array, once and from then on
    }
    model_config huge = c;
    huge.n_layers = 1u << 20;
    huge.n_kv_heads = 1u << 10;
    huge.head_dim = 1u << 10;
    const auto refused = kv_cache::create(huge, kv_type::f32, 1u << 27);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::out_of_memory);
}

TEST_CASE("kv cache: what is taken where nothing is asked for") {
    for (const std::uint32_t head_dim : {8u, 16u, 32u, 48u, 64u, 80u, 96u, 128u}) {
        CAPTURE(head_dim);
        model_config c = shape();
        c.head_dim = head_dim;
        CHECK(preferred_kv(true, true, c) == (head_dim % 32 == 0 ? kv_type::q8 : kv_type::f32));
        CHECK(preferred_kv(false, true, c) == kv_type::f32);
        CHECK(preferred_kv(true, false, c) == kv_type::f32); // a model of floats
    }
}

} // namespace
