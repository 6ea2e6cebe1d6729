#include <llmzero/kernels/neon_cpu.hpp>

#include <cstdint>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <string>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

// The system's list of features has the same bit under its name; an emulator shows the list of the machine it runs on,
// but has the processor's register, where the system lets programs read that (HWCAP_CPUID).
TEST_CASE("neon cpu: what is found is what the system lists, and what the processor says") {
    const bool found = kernels::neon::detect().dotprod;
    CHECK((LLMZERO_HAS_DOTPROD == 1 || !found));
    std::ifstream file("/proc/cpuinfo");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (LLMZERO_HAS_DOTPROD == 1 && text.find("Features") != std::string::npos) {
        CHECK(found == (text.find(" asimddp") != std::string::npos));
    }
#    if LLMZERO_HAS_DOTPROD && defined(__linux__)
    if ((getauxval(AT_HWCAP) & 1ul << 11) != 0) {
        std::uint64_t isar0 = 0;
        __asm__("mrs %0, id_aa64isar0_el1" : "=r"(isar0));
        CHECK(found == ((isar0 >> 44 & 15u) != 0)); // DP
    }
#    endif
}

#else

TEST_CASE("neon cpu: nothing to ask on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
