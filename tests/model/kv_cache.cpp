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

} // namespace
