#include <llmzero/generation/random.hpp>

#include <doctest/doctest.h>
#include <initializer_list>

using llmzero::random_generator;

TEST_CASE("the numbers are those of the reference implementation") {
    // The first output of pcg32-demo, round 1, of pcg-c-basic (M. E. O'Neill): seed 42, stream 54.
    random_generator random(42, 54);
    for (const std::uint32_t expected :
         {0xa15c02b7u, 0x7b47f409u, 0xba1d3330u, 0x83d2f293u, 0xbfa4784bu, 0xcbed606eu}) {
        CHECK(random.next() == expected);
    }
}

TEST_CASE("a seed gives its own numbers, again and again") {
    random_generator a(1);
    random_generator same(1);
    random_generator other_seed(2);
    random_generator other_stream(1, 1);
    int equal_seed = 0;
    int equal_stream = 0;
    for (int i = 0; i < 1000; ++i) {
        const std::uint32_t number = a.next();
        CHECK(same.next() == number);
        equal_seed += other_seed.next() == number ? 1 : 0;
        equal_stream += other_stream.next() == number ? 1 : 0;
    }
    CHECK(equal_seed < 3);
    CHECK(equal_stream < 3);
}

TEST_CASE("floats are uniform in [0, 1)") {
    random_generator random(3);
    constexpr int n = 200000;
    constexpr int n_bins = 64;
    int bins[n_bins] = {};
    double sum = 0;
    int wrong = 0;
    for (int i = 0; i < n; ++i) {
        const float x = random.next_float();
        const float scaled = x * 0x1p24f;
        wrong += x >= 0.0f && x < 1.0f && scaled == static_cast<float>(static_cast<int>(scaled)) ? 0 : 1;
        ++bins[static_cast<std::uint32_t>(x * n_bins) % n_bins];
        sum += static_cast<double>(x);
    }
    CHECK(wrong == 0);
    CHECK(sum / n == doctest::Approx(0.5).epsilon(0.01));
    double chi_square = 0;
    for (const int count : bins) {
        const double expected = double{n} / n_bins;
        chi_square += (count - expected) * (count - expected) / expected;
    }
    CHECK(chi_square < 120); // 63 degrees of freedom: above 120 once in 50 000
    CHECK(chi_square > 25);
}
