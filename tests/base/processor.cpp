#include <llmzero/base/processor.hpp>

#include <doctest/doctest.h>

#if defined(__linux__) && LLMZERO_HAS_THREADS
#    include <cstddef>
#    include <sched.h>
#    include <thread>
#endif

using namespace llmzero;

namespace {

TEST_CASE("processor: one that there cannot be changes nothing") {
    const processor_mask mask = processor_mask::of_this_thread();
    CHECK_FALSE(mask.keep_off(-1));
    CHECK_FALSE(mask.keep_off(1 << 30));
}

#if defined(__linux__) && LLMZERO_HAS_THREADS

bool is_allowed(int processor) {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    return sched_getaffinity(0, sizeof allowed, &allowed) == 0 &&
           CPU_ISSET(static_cast<std::size_t>(processor), &allowed);
}

TEST_CASE("processor: a thread keeps off one, then off another instead, while there are others") {
    std::thread([] { // whose mask is its own
        const processor_mask before = processor_mask::of_this_thread();
        const int first = current_processor();
        if (first < 0 || !before.keep_off(first)) {
            MESSAGE("not tested: the process has one processor, or the system does not say");
            return;
        }
        const int second = current_processor();
        CHECK(second != first);
        CHECK_FALSE(is_allowed(first));
        REQUIRE(before.keep_off(second));
        CHECK(is_allowed(first));
        CHECK_FALSE(is_allowed(second));
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(static_cast<std::size_t>(first), &one);
        REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
        CHECK_FALSE(processor_mask::of_this_thread().keep_off(first));
        CHECK(is_allowed(first));
    })
        .join();
}

#endif

} // namespace
