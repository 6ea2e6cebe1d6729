#include "random_model/weights.hpp"

#include <llmzero/numerics/blocks.hpp>

#include <cmath>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

TEST_CASE("random weights: of every type, finite, of the size of trained ones") {
    random_model::weights random(1);
    for (const encoder & entry : encoders) {
        CAPTURE(std::string(name_of(entry.type)));
        const tensor_type_info & info = info_of(entry.type);
        const std::span<const std::byte> bytes = random.of(entry.type);
        CHECK(bytes.size() % info.block_bytes == 0);
        std::vector<float> values(bytes.size() / info.block_bytes * info.block_size);
        unpack(*find_block_type(entry.type), bytes.data(), values.size(), values.data());
        double sum = 0;
        double squares = 0;
        for (const float value : values) {
            sum += static_cast<double>(value);
            squares += static_cast<double>(value) * static_cast<double>(value);
        }
        const auto count = static_cast<double>(values.size());
        CHECK(std::sqrt(squares / count) == doctest::Approx(0.02).epsilon(0.1));
        CHECK(std::fabs(sum / count) < 0.0005);
    }
}

TEST_CASE("random weights: the seed decides") {
    random_model::weights a(1);
    random_model::weights b(1);
    random_model::weights c(2);
    const auto of = [](random_model::weights & from) {
        const auto bytes = from.of(tensor_type::q4_0);
        return std::vector<std::byte>(bytes.begin(), bytes.end());
    };
    const auto first = of(a);
    CHECK(first == of(a));
    CHECK(first == of(b));
    CHECK(first != of(c));
}

TEST_CASE("random weights: norms are ones") {
    const auto bytes = random_model::weights::ones(3);
    CHECK(bytes.size() == 12);
    std::vector<float> values(3);
    unpack(*find_block_type(tensor_type::f32), bytes.data(), 3, values.data());
    CHECK(values == std::vector<float>{1.0f, 1.0f, 1.0f});
}
