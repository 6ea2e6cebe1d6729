#include <llmzero/model/relative_bias.hpp>

#include "support/failing_allocator.hpp"
#include "support/tiny_t5.hpp"

#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

std::uint32_t backward(std::int64_t distance, std::uint32_t n_buckets = 32) {
    return relative_bias::bucket(distance, n_buckets, attention_reach::backward);
}
std::uint32_t both(std::int64_t distance, std::uint32_t n_buckets = 32) {
    return relative_bias::bucket(distance, n_buckets, attention_reach::both);
}

// The first distance of every bucket, as transformers' T5Attention._relative_position_bucket gives them for 32 buckets
// and a largest distance of 128.
TEST_CASE("relative bias: the buckets of a decoder") {
    const std::vector<std::int64_t> begins = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                              16, 19, 21, 24, 27, 31, 35, 40, 46, 52, 59, 67, 77, 87, 99, 113};
    for (std::uint32_t n = 0; n < begins.size(); ++n) {
        CAPTURE(n);
        CHECK(backward(-begins[n]) == n);
        if (n > 0) {
            CHECK(backward(-begins[n] + 1) == n - 1);
        }
    }
    CHECK(backward(-128) == 31);
    CHECK(backward(-100000) == 31);
    CHECK(backward(1) == 0); // not seen by any query
    CHECK(backward(50) == 0);
}

TEST_CASE("relative bias: the buckets of an encoder, before the query and after it") {
    const std::vector<std::int64_t> begins = {0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 23, 32, 46, 64, 91};
    for (std::uint32_t n = 0; n < begins.size(); ++n) {
        CAPTURE(n);
        CHECK(both(-begins[n]) == n);
        CHECK(both(begins[n]) == (n == 0 ? 0 : 16 + n));
        if (n > 0) {
            CHECK(both(-begins[n] + 1) == n - 1);
            CHECK(both(begins[n] - 1) == (n == 1 ? 0 : 16 + n - 1));
        }
    }
    CHECK(both(-100000) == 15);
    CHECK(both(100000) == 31);
}

TEST_CASE("relative bias: buckets of any number, against a table made by search") {
    for (std::uint32_t n = relative_bias::min_buckets; n <= relative_bias::max_buckets; ++n) {
        CAPTURE(n);
        int wrong = 0;
        for (std::int64_t distance = -300; distance <= 300; ++distance) {
            const std::uint32_t before = backward(distance, n);
            const std::uint32_t around = both(distance, n);
            wrong += before < n && before == support::tiny_t5::bucket(distance, n, false) ? 0 : 1;
            wrong += around < n && around == support::tiny_t5::bucket(distance, n, true) ? 0 : 1;
        }
        REQUIRE(wrong == 0);
    }
}

TEST_CASE("relative bias: a row holds what each key gets") {
    constexpr std::uint32_t n_buckets = 8;
    constexpr std::size_t n_heads = 3;
    std::vector<float> by_bucket(n_buckets * n_heads);
    for (std::size_t i = 0; i < by_bucket.size(); ++i) {
        by_bucket[i] = static_cast<float>(i);
    }
    for (const std::uint32_t context : {1u, 2u, 9u, 150u}) {
        for (const attention_reach reach : {attention_reach::backward, attention_reach::both}) {
            const auto made = relative_bias::create(by_bucket, n_heads, context, reach);
            REQUIRE(made);
            for (std::size_t head = 0; head < n_heads; ++head) {
                for (std::uint32_t query = 0; query < context; ++query) {
                    const std::uint32_t n_keys = reach == attention_reach::both ? context : query + 1;
                    const float * row = made->row(head, query);
                    for (std::uint32_t key = 0; key < n_keys; ++key) {
                        const std::int64_t distance = std::int64_t{key} - query;
                        const std::uint32_t bucket = relative_bias::bucket(distance, n_buckets, reach);
                        REQUIRE(row[key] == by_bucket[bucket * n_heads + head]);
                    }
                }
            }
        }
    }
}

TEST_CASE("relative bias: its memory is known before") {
    const std::vector<float> by_bucket(8 * 3);
    for (const attention_reach reach : {attention_reach::backward, attention_reach::both}) {
        const std::uint64_t before = support::requested_bytes();
        REQUIRE(relative_bias::create(by_bucket, 3, 100, reach));
        CHECK(support::requested_bytes() - before == relative_bias::bytes_needed(3, 100, reach));
    }
    CHECK(relative_bias::bytes_needed(std::size_t{1} << 20, 1u << 27, attention_reach::both) > std::uint64_t{1} << 49);
}

} // namespace
