// That the header is what tools/arm1176-gates.py writes is a test of its own.
#include <llmzero/kernels/arm1176_gates.hpp>

#include <doctest/doctest.h>

#if LLMZERO_HAS_ARM1176

#    include "support/numbers.hpp"

#    include <algorithm>
#    include <limits>
#    include <vector>

using namespace llmzero;

namespace {

namespace arm_gates = kernels::arm1176;

using gate_function = void(float *, const float *, std::size_t);

// Same bits as the portable functions, and nothing else is written. Arrays begin anywhere in a line, and what is around
// them are no numbers.
void check_gates(const std::vector<float> & gate, const std::vector<float> & up) {
    const std::size_t n = gate.size();
    const std::size_t lead = 16 + n % 8;
    struct {
        gate_function * portable;
        gate_function * own;
    } const functions[] = {{swiglu, arm_gates::swiglu}, {geglu, arm_gates::geglu}};
    for (const auto & function : functions) {
        std::vector<float> expected = gate;
        function.portable(expected.data(), up.data(), n);
        std::vector<float> x(n + 2 * lead, std::numeric_limits<float>::quiet_NaN());
        std::vector<float> factor = x;
        std::copy(gate.begin(), gate.end(), x.begin() + static_cast<std::ptrdiff_t>(lead));
        std::copy(up.begin(), up.end(), factor.begin() + static_cast<std::ptrdiff_t>(lead));
        function.own(x.data() + lead, factor.data() + lead, n);
        for (std::size_t i = 0; i < x.size(); ++i) {
            const bool is_result = i >= lead && i - lead < n;
            REQUIRE((is_result ? support::same_float(x[i], expected[i - lead]) : x[i] != x[i]));
        }
    }
}

TEST_CASE("arm1176 gates: the bits of the portable functions") {
    support::numbers random(120);
    for (const std::size_t n : {1u, 7u, 8u, 9u, 16u, 24u, 31u, 64u, 576u, 1536u}) {
        for (const float spread : {1e-30f, 0.01f, 1.0f, 9.4f, 86.9f}) {
            CAPTURE(n);
            CAPTURE(spread);
            std::vector<float> gate(n);
            std::vector<float> up(n);
            for (std::size_t i = 0; i < n; ++i) {
                gate[i] = random.uniform(-spread, spread);
                up[i] = random.normal();
            }
            check_gates(gate, up);
        }
    }
}

TEST_CASE("arm1176 gates: what is out of bounds at any place, or is no number") {
    for (const float odd :
         {87.0f, 87.1f, -87.1f, 9.5f, 9.6f, -9.6f, -100.0f, 1e30f, -1e30f, std::numeric_limits<float>::infinity(),
          -std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN(), 0.0f, -0.0f}) {
        for (std::size_t at = 0; at < 17; ++at) {
            std::vector<float> gate(17, 0.5f);
            gate[at] = odd;
            check_gates(gate, std::vector<float>(17, 2.0f));
        }
    }
}

} // namespace

#else

#    include <llmzero/kernels/select.hpp>

#    include <string_view>

TEST_CASE("arm1176 gates: are not in builds for other machines") {
    CHECK(llmzero::best_kernels().name != std::string_view("arm1176"));
}

#endif
