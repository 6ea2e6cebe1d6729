#include <llmzero/base/config.hpp>

#include <doctest/doctest.h>
#include <string_view>

#define TEXT_OF(name) TEXT_OF_VALUE(name)
#define TEXT_OF_VALUE(name) #name

namespace {

constexpr std::string_view abi = TEXT_OF(LLMZERO_ABI);

TEST_CASE("config: the inline namespace names version, target, threads and exceptions") {
    CAPTURE(abi);
    std::string_view version = abi.substr(0, abi.find(TEXT_OF(LLMZERO_TARGET)));
    CHECK(version.starts_with("v"));
    CHECK(version.ends_with("_"));
    std::string_view expected = LLMZERO_VERSION_STRING;
    version = version.substr(1, version.size() - 2);
    REQUIRE(version.size() == expected.size());
    for (std::size_t i = 0; i < version.size(); ++i) {
        CHECK(version[i] == (expected[i] == '.' ? '_' : expected[i]));
    }
    CHECK(abi.find(TEXT_OF(LLMZERO_TARGET)) != std::string_view::npos);
    CHECK(abi.ends_with(LLMZERO_HAS_EXCEPTIONS ? "_throwing" : "_nothrow"));
    CHECK((abi.find("_threads_") != std::string_view::npos) == (LLMZERO_HAS_THREADS == 1));
    CHECK((abi.find("_alone_") != std::string_view::npos) == (LLMZERO_HAS_THREADS == 0));
}

TEST_CASE("config: LLMZERO_HAS_EXCEPTIONS says what the compiler was told") {
#ifdef __EXCEPTIONS
    CHECK(LLMZERO_HAS_EXCEPTIONS == 1);
#else
    CHECK(LLMZERO_HAS_EXCEPTIONS == 0);
#endif
}

TEST_CASE("config: machines with one core have no threads, unless the compiler was told so") {
#ifdef LLMZERO_THREADS
    CHECK(LLMZERO_HAS_THREADS == LLMZERO_THREADS);
#else
    CHECK(LLMZERO_HAS_THREADS == (LLMZERO_HAS_ONE_CORE ? 0 : 1));
#endif
}

} // namespace
