#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/encode_32.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

struct encoder_32 {
    tensor_type type;
    void (*encode)(const float *, std::byte *);
    double levels; // steps from the lowest to the highest weight of a block, for the usual choice
    double better; // than it, in squared error, for normal weights
};

constexpr encoder_32 encoders_32[] = {
    {tensor_type::q8_0, detail::encode_q8_0, 254, 0.85}, {tensor_type::q4_0, detail::encode_q4_0, 16, 0.93},
    {tensor_type::q4_1, detail::encode_q4_1, 15, 0.85},  {tensor_type::q5_0, detail::encode_q5_0, 32, 0.93},
    {tensor_type::q5_1, detail::encode_q5_1, 31, 0.85},  {tensor_type::iq4_nl, detail::encode_iq4_nl, 16, 0.75},
};

bool has_offset(tensor_type type) {
    return type == tensor_type::q4_1 || type == tensor_type::q5_1;
}

std::vector<float> round_trip_32(const encoder_32 & e, const std::vector<float> & x) {
    std::byte block[64];
    std::memset(block, 0x5a, sizeof block);
    e.encode(x.data(), block);
    CHECK(block[info_of(e.type).block_bytes] == std::byte{0x5a}); // and nothing behind it
    std::vector<float> back(32);
    unpack(*find_block_type(e.type), block, 32, back.data());
    return back;
}

double error_32(const std::vector<float> & x, const std::vector<float> & y) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
        sum += difference * difference;
    }
    return sum;
}

// The usual choice: the largest weight decides the step.
double usual_error(const encoder_32 & e, const std::vector<float> & x) {
    float low = x[0];
    float high = x[0];
    for (const float value : x) {
        low = std::min(low, value);
        high = std::max(high, value);
    }
    const float largest = std::max(-low, high);
    const double step = static_cast<double>(has_offset(e.type) ? high - low : 2 * largest) / e.levels;
    const double offset = has_offset(e.type) ? static_cast<double>(low) : 0.0;
    const double sign = -low > high || e.type == tensor_type::q8_0 ? 1 : -1; // the largest is at the long end
    double sum = 0;
    for (const float value : x) {
        double code = std::nearbyint(sign * (static_cast<double>(value) - offset) / step);
        code = has_offset(e.type) || e.type == tensor_type::q8_0 ? code : std::min(code, e.levels / 2 - 1);
        if (has_offset(e.type)) {
            code = sign * code;
        }
        const double back = (has_offset(e.type) ? code : sign * code) * step + offset;
        sum += (static_cast<double>(value) - back) * (static_cast<double>(value) - back);
    }
    return sum;
}

} // namespace

TEST_CASE("blocks of 32: normal weights come back closer than with the usual choice of the scale") {
    for (const encoder_32 & e : encoders_32) {
        CAPTURE(std::string(name_of(e.type)));
        support::numbers random(7);
        double found = 0;
        double usual = 0;
        for (int block = 0; block < 100; ++block) {
            std::vector<float> x(32);
            for (float & value : x) {
                value = 0.05f * random.normal();
            }
            found += error_32(x, round_trip_32(e, x));
            usual += usual_error(e, x);
        }
        CHECK(found < e.better * usual);
    }
}

TEST_CASE("blocks of 32: weights that a block can hold come back as they were") {
    for (const encoder_32 & e : encoders_32) {
        CAPTURE(std::string(name_of(e.type)));
        support::numbers random(8);
        for (int block = 0; block < 50; ++block) {
            std::vector<std::byte> bytes(info_of(e.type).block_bytes);
            for (std::byte & b : bytes) {
                b = static_cast<std::byte>(random.bits() & 0xffu);
            }
            const float d =
                detail::store_f16(random.uniform(0.001f, 0.1f), reinterpret_cast<std::uint8_t *>(&bytes[0]));
            if (has_offset(e.type)) {
                detail::store_f16(-7.5f * d, reinterpret_cast<std::uint8_t *>(&bytes[2]));
            }
            // A code at the end of the range (both ends, with an offset) says what the scale was.
            switch (e.type) {
            case tensor_type::q8_0:
                for (std::size_t i = 2; i < 34; ++i) { // -128, which has no counterpart, is never written
                    bytes[i] = bytes[i] == std::byte{0x80} ? std::byte{0x81} : bytes[i];
                }
                bytes.back() = std::byte{0x7f};
                break;
            case tensor_type::q5_0: bytes[5] &= std::byte{0x7f}; [[fallthrough]]; // the fifth bit of weight 31
            case tensor_type::q4_0:
            case tensor_type::iq4_nl: bytes.back() &= std::byte{0x0f}; break; // the four others
            case tensor_type::q5_1:
                bytes[5] &= std::byte{0x7f}; // the fifth bit of weight 15 ...
                bytes[7] |= std::byte{0x80}; // ... and of weight 31
                [[fallthrough]];
            default: bytes.back() = std::byte{0xf0}; break;
            }
            std::vector<float> x(32);
            unpack(*find_block_type(e.type), bytes.data(), 32, x.data());
            double energy = 0;
            for (const float value : x) {
                energy += static_cast<double>(value) * static_cast<double>(value);
            }
            CHECK(error_32(x, round_trip_32(e, x)) <= 1e-6 * energy);
        }
    }
}

TEST_CASE("blocks of 32: zeros, constants, one large weight, tiny and huge weights") {
    for (const encoder_32 & e : encoders_32) {
        CAPTURE(std::string(name_of(e.type)));
        for (const float value : {0.0f, 1.0f, -1.0f, 1e-8f, -1e-30f, 65504.0f, -65504.0f}) {
            CAPTURE(value);
            std::vector<float> x(32, value);
            const std::vector<float> back = round_trip_32(e, x);
            for (const float y : back) {
                CHECK(std::isfinite(y));
                CHECK(std::fabs(y - value) <= std::max(0.001f * std::fabs(value), 1e-7f));
            }
            x.assign(32, 0.0f);
            x[5] = value;
            const std::vector<float> one = round_trip_32(e, x);
            // The nearest to zero that IQ4_NL has is 1/127 of the largest.
            CHECK(error_32(x, one) <= 2e-3 * std::pow(static_cast<double>(value), 2) + 1e-13);
        }
    }
}

TEST_CASE("blocks of 32: a scale beyond half precision is stored as its largest number") {
    std::uint8_t bytes[2];
    CHECK(detail::store_f16(1e9f, bytes) == 65504.0f);
    CHECK(detail::store_f16(-1e9f, bytes) == -65504.0f);
    CHECK(bytes[0] == 0xff);
    CHECK(bytes[1] == 0xfb);
    CHECK(detail::store_f16(1.5f, bytes) == 1.5f);
}

TEST_CASE("blocks of 32: the nearest value of IQ4_NL") {
    for (int x = -140; x <= 140; ++x) {
        const int found = iq4_nl_values[detail::nearest_iq4_nl(static_cast<float>(x))];
        for (const int value : iq4_nl_values) {
            CHECK(std::abs(x - found) <= std::abs(x - value));
        }
    }
}
