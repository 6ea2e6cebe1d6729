#include <llmzero/kernels/select.hpp>
#include <llmzero/model/output_head.hpp>

#include "support/numbers.hpp"

#include <algorithm>
#include <cstring>
#include <doctest/doctest.h>
#include <vector>

using namespace llmzero;

namespace {

constexpr std::size_t vocab = 640;
constexpr std::size_t width = 64;

// A head whose first `n_high` rows are the same, and larger than all others by much.
struct tiny_head {
    packed_matrix w;
    head_sketch sketch;
    activations input;
    std::vector<float> x = std::vector<float>(width, 1.0f);

    explicit tiny_head(std::size_t n_high) {
        const kernel_set & set = best_kernels();
        w = packed_matrix::create(set, packed_format::q8, vocab, width).value();
        sketch = head_sketch::create(set, vocab, width).value();
        input = activations::create(set, width, 1).value();
        support::numbers random(111);
        for (std::size_t r = 0; r < vocab; ++r) {
            weight_group groups[2] = {};
            for (weight_group & group : groups) {
                set_scales(0.01f, 0.0f, &group);
                for (std::int8_t & code : group.code) {
                    code = static_cast<std::int8_t>(r < n_high ? 90 : random.integer(-30, 30));
                }
            }
            set.pack_row(w.view(), r, groups);
            sketch.add_row(set, w.format(), r, groups);
        }
        input.set(x.data(), width, 1);
    }
    std::vector<float> whole() {
        std::vector<float> y(vocab);
        input.multiply(w, y.data());
        return y;
    }
};

bool is_whole(const output_logits & logits, const std::vector<float> & whole) {
    return logits.present().empty() && std::memcmp(logits.values().data(), whole.data(), vocab * sizeof(float)) == 0;
}

TEST_CASE("output head: all logits unless fewer are wanted") {
    tiny_head head(3);
    const auto whole = head.whole();
    output_logits logits;
    REQUIRE(logits.allocate(1, vocab));
    logits.compute(head.w, head.sketch, head.input);
    CHECK(is_whole(logits, whole));
    logits.want_largest(1);
    logits.compute(head.w, head_sketch(), head.input); // without a sketch
    CHECK(is_whole(logits, whole));
    logits.compute(head.w, head.sketch, head.input);
    REQUIRE(logits.present().size() <= 3);
    const auto best = std::max_element(whole.begin(), whole.end()) - whole.begin();
    CHECK(std::count(logits.present().begin(), logits.present().end(), static_cast<std::int32_t>(best)) == 1);
    CHECK(support::same_float(logits.values()[static_cast<std::size_t>(best)], whole[static_cast<std::size_t>(best)]));
    logits.complete();
    CHECK(is_whole(logits, whole));
    logits.want_largest(0);
    logits.compute(head.w, head.sketch, head.input);
    CHECK(is_whole(logits, whole));
}

TEST_CASE("output head: what is forgotten is not completed") {
    tiny_head head(3);
    output_logits logits;
    REQUIRE(logits.allocate(1, vocab));
    logits.want_largest(1);
    logits.compute(head.w, head.sketch, head.input);
    REQUIRE_FALSE(logits.present().empty());
    const std::vector<float> before(logits.values().begin(), logits.values().end());
    logits.forget();
    logits.complete();
    CHECK(std::memcmp(logits.values().data(), before.data(), vocab * sizeof(float)) == 0);
    CHECK(logits.present().empty());
}

TEST_CASE("output head: a search in vain makes the next ones rarer, one that finds makes them as they were") {
    tiny_head many(vocab / rows_for_each_left + 1); // one more than there is room for
    tiny_head few(2);
    output_logits logits;
    REQUIRE(logits.allocate(1, vocab));
    logits.want_largest(1);
    const auto searches_within = [&](tiny_head & head, int n) {
        int found = 0;
        for (int i = 0; i < n; ++i) {
            logits.compute(head.w, head.sketch, head.input);
            found += logits.present().empty() ? 0 : 1;
        }
        return found;
    };
    const auto whole = many.whole();
    CHECK(searches_within(many, 1) == 0);
    CHECK(is_whole(logits, whole));
    CHECK(searches_within(few, 3) == 0); // not tried: none has found anything yet
    CHECK(searches_within(few, 5) == 5);
    CHECK(searches_within(many, 1) == 0);
    CHECK(searches_within(few, 1) == 0); // not tried
    CHECK(searches_within(few, 5) == 5);
    CHECK(searches_within(many, 1 + 1 + 1) == 0); // tried, not tried, tried
    CHECK(searches_within(few, 3) == 0);
    CHECK(searches_within(few, 5) == 5);
    CHECK(searches_within(many, 2000) == 0);
    CHECK(searches_within(few, 65) >= 1);
    output_logits others;
    REQUIRE(others.allocate(1, vocab));
    std::swap(logits, others);
    logits.want_largest(1);
    CHECK(searches_within(many, 1 + 3 + 1) == 0); // tried, not tried, tried
    CHECK(searches_within(few, 15) == 0);
    CHECK(searches_within(few, 5) == 5);
}

TEST_CASE("output head: which heads have a sketch") {
    const kernel_set & set = best_kernels();
    const auto wants = [&](head_mode mode, std::size_t rows, std::size_t cols, std::uint64_t n_weights = 0) {
        return wants_sketch(mode, set, packed_format::q8, rows, cols, n_weights);
    };
    constexpr std::uint64_t stories15m = 15191712;
    CHECK(wants(head_mode::sketch, 10, 32));
    CHECK_FALSE(wants(head_mode::sketch, 10, 33));
    CHECK_FALSE(wants(head_mode::full, 32000, 288));
    CHECK(wants(head_mode::automatic, 32000, 288, stories15m) == set.gains_by_sketch(packed_format::q8));
    CHECK_FALSE(wants(head_mode::automatic, 49152, 576, 134515008)); // SmolLM2-135M
    CHECK(wants(head_mode::sketch, 49152, 576, 134515008));
    CHECK_FALSE(wants(head_mode::automatic, 100, 64));
    for (const kernel_set * each : available_kernels()) {
        CHECK_FALSE(each->gains_by_sketch(head_sketch::format));
    }
}

TEST_CASE("output head: takes the memory that it says") {
    CHECK(output_logits::bytes_needed(3, vocab) == 3 * vocab * 4 + vocab / 20 * 4);
}

} // namespace
