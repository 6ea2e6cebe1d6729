#include <llmzero/kernels/neon_cpu.hpp>

#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <string>

using namespace llmzero;

namespace {

#if LLMZERO_HAS_NEON

// The system's list of features has the same bit under its name; an emulator shows the list of the machine it runs on.
TEST_CASE("neon cpu: what is found is what the system lists") {
    const bool found = kernels::neon::detect().dotprod;
    CHECK((LLMZERO_HAS_DOTPROD == 1 || !found));
    std::ifstream file("/proc/cpuinfo");
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (LLMZERO_HAS_DOTPROD == 1 && text.find("Features") != std::string::npos) {
        CHECK(found == (text.find(" asimddp") != std::string::npos));
    }
}

#else

TEST_CASE("neon cpu: nothing to ask on other machines") {
    CHECK(LLMZERO_HAS_NEON == 0);
}

#endif

} // namespace
