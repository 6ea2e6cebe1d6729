#include <llmzero/kernels/x86_gates.hpp>

#include <doctest/doctest.h>

#if LLMZERO_HAS_X86

#    include <llmzero/kernels/x86_cpu.hpp>

#    include "support/numbers.hpp"

#    include <cstddef>
#    include <limits>
#    include <vector>

using namespace llmzero;

namespace {

// Same bits as the portable functions, and nothing behind is written.
void check_x86_gates(const std::vector<float> & gate, const std::vector<float> & up) {
    const std::size_t n = gate.size();
    struct {
        void (*portable)(float *, const float *, std::size_t);
        void (*own)(float *, const float *, std::size_t);
    } const functions[] = {{swiglu, kernels::x86::swiglu}, {geglu, kernels::x86::geglu}};
    for (const auto & function : functions) {
        std::vector<float> expected = gate;
        function.portable(expected.data(), up.data(), n);
        std::vector<float> x = gate;
        x.push_back(7.0f);
        function.own(x.data(), up.data(), n);
        for (std::size_t i = 0; i < n; ++i) {
            REQUIRE(support::same_float(x[i], expected[i]));
        }
        REQUIRE(x[n] == 7.0f);
    }
}

TEST_CASE("x86 gates: the bits of the portable functions") {
    if (!kernels::x86::detect().avx2) {
        MESSAGE("not tested: this processor has no AVX2");
        return;
    }
    support::numbers random(121);
    for (const std::size_t n : {0u, 1u, 7u, 8u, 9u, 31u, 768u}) {
        for (const float spread : {1e-30f, 0.01f, 1.0f, 9.4f, 86.9f}) {
            CAPTURE(n);
            CAPTURE(spread);
            std::vector<float> gate(n);
            std::vector<float> up(n);
            for (std::size_t i = 0; i < n; ++i) {
                gate[i] = random.uniform(-spread, spread);
                up[i] = random.normal();
            }
            check_x86_gates(gate, up);
        }
    }
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (const float odd : {87.2f, 87.4f, -87.4f, 9.5f, -9.6f, 100.0f, -100.0f, 1e30f, -1e30f, infinity, -infinity,
                            std::numeric_limits<float>::quiet_NaN(), 0.0f, -0.0f}) {
        std::vector<float> gate(19, 0.5f);
        gate[3] = gate[12] = gate[18] = odd;
        check_x86_gates(gate, std::vector<float>(19, 2.0f));
    }
}

} // namespace

#else

#    include <llmzero/kernels/select.hpp>

#    include <string_view>

TEST_CASE("x86 gates: are not in builds for other machines") {
    CHECK(llmzero::best_kernels().name != std::string_view("avx2"));
}

#endif
