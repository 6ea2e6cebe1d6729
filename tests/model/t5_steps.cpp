#include <llmzero/kernels/select.hpp>
#include <llmzero/model/t5_steps.hpp>

#include <cmath>
#include <doctest/doctest.h>
#include <initializer_list>
#include <utility>
#include <vector>

namespace {

using llmzero::heap_array;
using llmzero::packed_matrix;

heap_array<float> vector_of(std::initializer_list<float> values) {
    auto made = heap_array<float>::copy({values.begin(), values.size()});
    REQUIRE(made);
    return std::move(*made);
}

// [rows, cols] in float.
packed_matrix matrix_of(std::size_t rows, std::size_t cols, const std::vector<float> & values) {
    auto made = packed_matrix::create(llmzero::best_kernels(), llmzero::packed_format::f32, rows, cols);
    REQUIRE(made);
    for (std::size_t r = 0; r < rows; ++r) {
        llmzero::best_kernels().pack_row(made->view(), r, values.data() + r * cols);
    }
    return std::move(*made);
}

packed_matrix identity(std::size_t n, float scale = 1.0f) {
    std::vector<float> values(n * n);
    for (std::size_t i = 0; i < n; ++i) {
        values[i * n + i] = scale;
    }
    return matrix_of(n, n, values);
}

llmzero::model_config two_wide() {
    llmzero::model_config c;
    c.n_vocab = 2;
    c.d_model = 2;
    c.d_ff = 2;
    c.n_layers = 1;
    c.n_heads = 1;
    c.n_kv_heads = 1;
    c.head_dim = 2;
    c.rms_epsilon = 1e-12f;
    c.attention_scale = 1;
    return c;
}

struct steps_of_two {
    steps_of_two() { REQUIRE(steps.allocate({.context = 8, .batch = 4})); }
    llmzero::model_config c = two_wide();
    llmzero::t5_steps steps{c, llmzero::best_kernels()};
};

// With more room than is used: gcc 12 warns of the lanes of longer vectors, which there are not.
using stream = float[16];

// (3, 4) has the root mean square sqrt(12.5).
const double norm_of_3 = 3 / std::sqrt(12.5);
const double norm_of_4 = 4 / std::sqrt(12.5);

} // namespace

TEST_CASE("t5 steps: a feed-forward layer adds to the stream, with a gate or without") {
    steps_of_two with;
    llmzero::t5_feed_forward w;
    w.norm = vector_of({1, -1});
    w.w_up = identity(2);
    w.w_down = identity(2, 10);
    stream x = {3, 4, 3, 4};
    with.steps.feed_forward(w, x, 2);
    for (std::size_t t = 0; t < 2; ++t) {
        CHECK(x[2 * t] == doctest::Approx(3 + 10 * norm_of_3)); // relu leaves it
        CHECK(x[2 * t + 1] == 4.0f);                            // the norm made it negative
    }
    w.w_gate = identity(2, 2);
    stream gated = {3, 4};
    with.steps.feed_forward(w, gated, 1);
    const auto gelu = [](double g) {
        return 0.5 * g * (1 + std::tanh(0.7978845608 * (g + 0.044715 * g * g * g)));
    };
    CHECK(gated[0] == doctest::Approx(3 + 10 * gelu(2 * norm_of_3) * norm_of_3));
    CHECK(gated[1] == doctest::Approx(4 + 10 * gelu(-2 * norm_of_4) * -norm_of_4));
}

TEST_CASE("t5 steps: attention without scaling, with a bias, to keys from any position") {
    steps_of_two with;
    llmzero::t5_attention w;
    w.wq = identity(2, 2);
    w.wk = identity(2);
    w.wv = identity(2, 3);
    w.wo = identity(2, 10);
    auto cache = llmzero::kv_cache::create(with.c, llmzero::kv_type::f32, 8);
    REQUIRE(cache);
    const float e[] = {1, 0, 0, 1};
    with.steps.set_input(e, 2);
    with.steps.store_keys_and_values(w, 2, *cache, 0, 3);
    const float table[] = {0, 0.5f, 7, 7, 0, 0.25f, 7, 7}; // distances 0, -1; after the middle: 0, +1
    const auto bias = llmzero::relative_bias::create(table, 1, 8, llmzero::attention_reach::both);
    REQUIRE(bias);

    // Scores of query (1, 0) * 2 on the two keys: 2 and 0; values 3 * (1, 0) and 3 * (0, 1).
    const auto expected = [](double first, double second) {
        return std::exp(first) / (std::exp(first) + std::exp(second));
    };
    stream x = {1, 0, 1, 0};
    with.steps.set_input(x, 2);
    with.steps.attend(w, x, 2, {*cache, 0, 3, 2, 0, nullptr, 0});
    for (std::size_t t = 0; t < 2; ++t) {
        CHECK(x[2 * t] == doctest::Approx(1 + 30 * expected(2, 0)));
        CHECK(x[2 * t + 1] == doctest::Approx(30 * (1 - expected(2, 0))));
    }
    stream biased = {1, 0, 1, 0};
    with.steps.set_input(biased, 2);
    with.steps.attend(w, biased, 2, {*cache, 0, 3, 2, 0, &*bias, 0});
    CHECK(biased[0] == doctest::Approx(1 + 30 * expected(2, 0.25)).epsilon(1e-4)); // the second key stands after it
    CHECK(biased[2] == doctest::Approx(1 + 30 * expected(2.5, 0)).epsilon(1e-4));  // the first one before it
    stream growing = {1, 0, 1, 0};
    with.steps.set_input(growing, 2);
    with.steps.attend(w, growing, 2, {*cache, 0, 3, 1, 1, nullptr, 0});
    CHECK(growing[0] == doctest::Approx(1 + 30.0)); // sees one key
    CHECK(growing[2] == doctest::Approx(1 + 30 * expected(2, 0)));
}

TEST_CASE("t5 steps: the head reads the scaled norm of one token") {
    steps_of_two with;
    const stream x = {3, 4};
    llmzero::t5_weights w;
    w.separate_head = identity(2, 10);
    w.decoder.output_norm = vector_of({1, 2});
    llmzero::output_logits logits;
    REQUIRE(logits.allocate(1, 2));
    with.steps.head(w, x, 1, 0.5f, logits);
    REQUIRE(logits.values().size() >= 2);
    CHECK(logits.values()[0] == doctest::Approx(5 * norm_of_3));
    CHECK(logits.values()[1] == doctest::Approx(10 * norm_of_4));
}
