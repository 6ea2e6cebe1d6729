#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/encode_256.hpp>

#include "support/numbers.hpp"

#include <cmath>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

struct encoder_256 {
    tensor_type type;
    void (*encode)(const float *, std::byte *);
    double nmse; // of normal weights; ggml's reference quantiser has the figures behind
};

constexpr encoder_256 encoders_256[] = {
    {tensor_type::q2_k, detail::encode_q2_k, 0.0720},   // 0.088
    {tensor_type::q3_k, detail::encode_q3_k, 0.0220},   // 0.023
    {tensor_type::q4_k, detail::encode_q4_k, 0.00500},  // 0.0051
    {tensor_type::q5_k, detail::encode_q5_k, 0.00122},  // 0.0013
    {tensor_type::q6_k, detail::encode_q6_k, 0.000290}, // 0.00035
};

std::vector<float> round_trip_256(const encoder_256 & e, const std::vector<float> & x) {
    std::byte block[256];
    std::memset(block, 0x5a, sizeof block);
    e.encode(x.data(), block);
    CHECK(block[info_of(e.type).block_bytes] == std::byte{0x5a}); // and nothing behind it
    std::vector<float> back(256);
    unpack(*find_block_type(e.type), block, 256, back.data());
    return back;
}

double nmse_256(const std::vector<float> & x, const std::vector<float> & y) {
    double error = 0;
    double energy = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double difference = static_cast<double>(x[i]) - static_cast<double>(y[i]);
        error += difference * difference;
        energy += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    }
    return energy > 0 ? error / energy : error;
}

} // namespace

TEST_CASE("blocks of 256: normal weights come back closer than from the reference quantiser") {
    for (const encoder_256 & e : encoders_256) {
        CAPTURE(std::string(name_of(e.type)));
        support::numbers random(11);
        double sum = 0;
        constexpr int blocks = 40;
        for (int block = 0; block < blocks; ++block) {
            std::vector<float> x(256);
            for (float & value : x) {
                value = 0.05f * random.normal();
            }
            sum += nmse_256(x, round_trip_256(e, x));
        }
        CHECK(sum / blocks < e.nmse);
        CHECK(sum / blocks > e.nmse / 2); // or the figure above says nothing
    }
}

TEST_CASE("blocks of 256: runs of very different size each have their scale") {
    for (const encoder_256 & e : encoders_256) {
        CAPTURE(std::string(name_of(e.type)));
        support::numbers random(12);
        std::vector<float> x(256);
        for (std::size_t i = 0; i < x.size(); ++i) {
            x[i] = (i / 32 % 2 == 0 ? 0.2f : 1.0f) * random.normal();
        }
        const std::vector<float> back = round_trip_256(e, x);
        for (std::size_t run = 0; run < 8; ++run) {
            CAPTURE(run);
            const auto first = static_cast<std::ptrdiff_t>(32 * run);
            const std::vector<float> a(x.begin() + first, x.begin() + first + 32);
            const std::vector<float> b(back.begin() + first, back.begin() + first + 32);
            CHECK(nmse_256(a, b) < (e.type == tensor_type::q2_k ? 4 : 2.5) * e.nmse);
        }
    }
}

TEST_CASE("blocks of 256: every weight has its own place") {
    // One weight is large, the others follow a pattern: what is stored elsewhere comes back elsewhere.
    for (const encoder_256 & e : encoders_256) {
        CAPTURE(std::string(name_of(e.type)));
        for (std::size_t place = 0; place < 256; place += 7) {
            std::vector<float> x(256, 0.0f);
            x[place] = 1.0f;
            const std::vector<float> back = round_trip_256(e, x);
            for (std::size_t i = 0; i < 256; ++i) {
                CHECK(std::fabs(back[i] - x[i]) < 0.05f);
            }
        }
    }
}

TEST_CASE("blocks of 256: zeros, constants, tiny and huge weights") {
    for (const encoder_256 & e : encoders_256) {
        CAPTURE(std::string(name_of(e.type)));
        for (const float value : {0.0f, 1.0f, -1.0f, 1e-4f, 1e-5f, 1e-6f, -1e-30f, 65504.0f, -65504.0f}) {
            CAPTURE(value);
            const std::vector<float> x(256, value);
            for (const float y : round_trip_256(e, x)) {
                CHECK(std::isfinite(y));
                CHECK(std::fabs(y - value) <= std::max(0.02f * std::fabs(value), 3e-6f));
            }
        }
        const std::vector<float> zeros(256, 0.0f);
        CHECK(round_trip_256(e, zeros) == zeros);
    }
}
