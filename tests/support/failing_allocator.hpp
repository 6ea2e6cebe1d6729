// Memory that runs out on demand. Linked into every test program, where it replaces operator new and delete: it
// counts what is allocated, can make the n-th allocation fail, and hands out memory full of NaN, so that nothing passes
// because zeros happened to be there.
//
//     const auto points = support::survive_allocation_failures([&] { return library_call_that_returns_a_status(); });
//     CHECK(points > 0);
#pragma once

#include <llmzero/base/result.hpp>

#include <cstddef>
#include <cstdint>
#include <doctest/doctest.h>

namespace support {

// Allocations that have not been freed, and all there ever were, in this process.
[[nodiscard]] std::int64_t live_allocations();
[[nodiscard]] std::uint64_t allocation_count();

// The most bytes that one allocation of the kind heap_array makes (aligned, nothrow) asked for since it was forgotten.
[[nodiscard]] std::size_t largest_request();
void forget_largest_request();
// The bytes that all allocations of that kind asked for.
[[nodiscard]] std::uint64_t requested_bytes();

enum class failure : std::uint8_t { once, from_then_on };

// While it lives, the n-th allocation (from 1) fails, alone or with all that follow. A nothrow form gives nullptr, the
// others throw std::bad_alloc, or end the process where exceptions are off: nothing of the library uses those.
class failing_allocations {
public:
    failing_allocations(std::uint64_t nth, failure kind);
    ~failing_allocations();
    failing_allocations(const failing_allocations &) = delete;
    failing_allocations & operator=(const failing_allocations &) = delete;
    // Whether an allocation has failed.
    [[nodiscard]] bool has_failed() const;
};

// Calls `attempt`, which returns a status, with the first allocation failing, then the second, and so on until it
// succeeds; each time once and from then on. Whenever an allocation failed the attempt must say out_of_memory, and it
// must never leave an allocation behind. Returns the number of failures that were survived.
template <class Attempt> std::uint64_t survive_allocation_failures(Attempt && attempt) {
    std::uint64_t survived = 0;
    for (const failure kind : {failure::once, failure::from_then_on}) {
        for (std::uint64_t nth = 1;; ++nth) {
            CAPTURE(nth);
            const std::int64_t live_before = live_allocations();
            bool has_failed = false;
            bool is_success = false;
            auto code = llmzero::error_code::io;
            {
                const failing_allocations failing(nth, kind);
                const llmzero::status outcome = attempt();
                has_failed = failing.has_failed();
                is_success = outcome.has_value();
                code = is_success ? code : outcome.error().code();
            }
            CHECK(live_allocations() == live_before);
            if (!has_failed) {
                CHECK(is_success);
                break;
            }
            CHECK_FALSE(is_success);
            CHECK(code == llmzero::error_code::out_of_memory);
            ++survived;
        }
    }
    return survived;
}

} // namespace support
