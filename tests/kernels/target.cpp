#include <llmzero/kernels/target.hpp>

#include <doctest/doctest.h>
#include <string_view>

#define LLMZERO_TEST_TEXT(name) LLMZERO_TEST_TEXT_OF(name)
#define LLMZERO_TEST_TEXT_OF(name) #name

namespace {

constexpr std::string_view target = LLMZERO_TEST_TEXT(LLMZERO_TARGET);

TEST_CASE("target: a name for the inline namespace and one for people") {
    CAPTURE(target);
    CHECK_FALSE(target.empty());
    CHECK(target.find("LLMZERO") == std::string_view::npos); // it was expanded
    for (const char c : target) {
        CHECK(((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'));
    }
    CHECK_FALSE(std::string_view(LLMZERO_TARGET_NAME).empty());
}

TEST_CASE("target: is what the compiler compiles for") {
#if defined(__arm__) && defined(__ARM_FEATURE_SIMD32) && __ARM_ARCH == 6 && !defined(LLMZERO_PORTABLE_ONLY)
    CHECK(LLMZERO_HAS_ARM1176 == 1);
    CHECK(target == "arm1176");
#else
    CHECK(LLMZERO_HAS_ARM1176 == 0);
    CHECK(target != "arm1176");
#endif
    const std::string_view name = LLMZERO_TARGET_NAME;
#if defined(__x86_64__)
    CHECK(name.substr(0, 6) == "x86-64");
#    if defined(__AVX2__) || defined(__AVX512F__)
    CHECK(target.substr(0, 3) == "avx");
#    else
    CHECK(target == "x86_64");
#    endif
#elif defined(__i386__)
    CHECK(target == (name == "32-bit x86" ? "i686" : "avx2"));
#elif defined(__aarch64__)
    CHECK(target == (name == "AArch64" ? "aarch64" : "aarch64_dotprod"));
#elif defined(__arm__)
    CHECK(name.find("ARM") != std::string_view::npos);
    CHECK(target.substr(0, 3) == "arm");
#endif
}

} // namespace
