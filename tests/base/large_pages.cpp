#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/large_pages.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <doctest/doctest.h>

using namespace llmzero;

namespace {

// What Linux says of the mapping that an address lies in: 1, 0, or -1 where it does not say.
int wants_large_pages(const void * address) {
    std::FILE * const file = std::fopen("/proc/self/smaps", "r");
    if (file == nullptr) {
        return -1;
    }
    const auto wanted = static_cast<unsigned long long>(reinterpret_cast<std::uintptr_t>(address));
    bool is_inside = false;
    int found = -1;
    char line[512];
    while (found < 0 && std::fgets(line, sizeof line, file) != nullptr) {
        unsigned long long first = 0;
        unsigned long long end = 0;
        if (std::sscanf(line, "%llx-%llx ", &first, &end) == 2) {
            is_inside = first <= wanted && wanted < end;
        } else if (is_inside && std::strncmp(line, "VmFlags:", 8) == 0) {
            found = std::strstr(line, " hg") != nullptr ? 1 : 0;
        }
    }
    std::fclose(file);
    return found;
}

// Whether this system has them, and tells.
bool has_large_pages() {
#if defined(__linux__) && defined(__x86_64__)
    std::FILE * const file = std::fopen("/sys/kernel/mm/transparent_hugepage/enabled", "r");
    if (file != nullptr) {
        std::fclose(file);
    }
    return file != nullptr;
#else
    return false;
#endif
}

TEST_CASE("large pages: a large array asks for them, and holds what it should") {
    auto large = heap_array<std::uint32_t>::create(4 * worth_large_pages / sizeof(std::uint32_t));
    REQUIRE(large);
    CHECK((*large)[0] == 0);
    CHECK(large->back() == 0);
    if (has_large_pages()) {
        CHECK(wants_large_pages(&(*large)[large->size() / 2]) == 1);
    }
}

TEST_CASE("large pages: blocks of any place and size are left as they are") {
    auto made = heap_array<std::byte>::create(2 * worth_large_pages);
    REQUIRE(made);
    (*made)[5] = std::byte{7};
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{1}, worth_large_pages - 1, worth_large_pages}) {
        ask_for_large_pages(made->data() + 5, bytes);
    }
    CHECK((*made)[5] == std::byte{7});
}

} // namespace
