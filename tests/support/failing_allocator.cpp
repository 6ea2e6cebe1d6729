#include "failing_allocator.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace {

std::atomic<std::int64_t> live{0};
std::atomic<std::uint64_t> total{0};
std::atomic<std::size_t> largest{0};
std::atomic<std::uint64_t> requested{0};
std::atomic<std::uint64_t> countdown{0}; // 0: nothing fails
std::atomic<bool> keeps_failing{false};
std::atomic<bool> failed{false};

bool fails_now() {
    if (countdown.load() == 0) {
        return failed.load() && keeps_failing.load();
    }
    if (countdown.fetch_sub(1) == 1) {
        failed = true;
        return true;
    }
    return false;
}

// Windows frees what is aligned in another way, so all of it is.
#if defined(_WIN32)
void * system_memory(std::size_t size, std::size_t alignment) {
    return _aligned_malloc(size, alignment);
}
void release_system_memory(void * memory) {
    _aligned_free(memory);
}
#else
void * system_memory(std::size_t size, std::size_t alignment) {
    if (alignment <= alignof(std::max_align_t)) {
        return std::malloc(size);
    }
    void * memory = nullptr;
    return posix_memalign(&memory, alignment, size) == 0 ? memory : nullptr;
}
void release_system_memory(void * memory) {
    std::free(memory);
}
#endif

void * allocate(std::size_t size, std::size_t alignment) {
    if (fails_now()) {
        return nullptr;
    }
    void * const memory = system_memory(size != 0 ? size : 1, alignment);
    if (memory != nullptr) {
        std::memset(memory, 0xff, size); // NaN as floats
        ++live;
        ++total;
    }
    return memory;
}

void * allocate_or_throw(std::size_t size, std::size_t alignment) {
    void * memory = allocate(size, alignment);
    if (memory == nullptr) {
#if LLMZERO_HAS_EXCEPTIONS
        throw std::bad_alloc();
#else
        std::fputs("an allocation that cannot report failure has failed\n", stderr);
        std::abort();
#endif
    }
    return memory;
}

void release(void * memory) {
    if (memory != nullptr) {
        --live;
        release_system_memory(memory);
    }
}

constexpr std::size_t usual = alignof(std::max_align_t);

std::size_t bytes(std::align_val_t alignment) {
    return static_cast<std::size_t>(alignment);
}

} // namespace

namespace support {

std::int64_t live_allocations() {
    return live;
}
std::uint64_t allocation_count() {
    return total;
}
std::size_t largest_request() {
    return largest;
}
void forget_largest_request() {
    largest = 0;
}
std::uint64_t requested_bytes() {
    return requested;
}

failing_allocations::failing_allocations(std::uint64_t nth, failure kind) {
    failed = false;
    keeps_failing = kind == failure::from_then_on;
    countdown = nth;
}
failing_allocations::~failing_allocations() {
    countdown = 0;
    keeps_failing = false;
    failed = false;
}
bool failing_allocations::has_failed() const {
    return failed;
}

} // namespace support

using nothrow = const std::nothrow_t &;
using align = std::align_val_t;

void * operator new(std::size_t n) {
    return allocate_or_throw(n, usual);
}
void * operator new[](std::size_t n) {
    return allocate_or_throw(n, usual);
}
void * operator new(std::size_t n, nothrow) noexcept {
    return allocate(n, usual);
}
void * operator new[](std::size_t n, nothrow) noexcept {
    return allocate(n, usual);
}
void * operator new(std::size_t n, align a) {
    return allocate_or_throw(n, bytes(a));
}
void * operator new[](std::size_t n, align a) {
    return allocate_or_throw(n, bytes(a));
}
void * operator new(std::size_t n, align a, nothrow) noexcept {
    largest = std::max(largest.load(), n);
    requested += n;
    return allocate(n, bytes(a));
}
void * operator new[](std::size_t n, align a, nothrow) noexcept {
    return allocate(n, bytes(a));
}

void operator delete(void * p) noexcept {
    release(p);
}
void operator delete[](void * p) noexcept {
    release(p);
}
void operator delete(void * p, std::size_t) noexcept {
    release(p);
}
void operator delete[](void * p, std::size_t) noexcept {
    release(p);
}
void operator delete(void * p, nothrow) noexcept {
    release(p);
}
void operator delete[](void * p, nothrow) noexcept {
    release(p);
}
void operator delete(void * p, align) noexcept {
    release(p);
}
void operator delete[](void * p, align) noexcept {
    release(p);
}
void operator delete(void * p, std::size_t, align) noexcept {
    release(p);
}
void operator delete[](void * p, std::size_t, align) noexcept {
    release(p);
}
void operator delete(void * p, align, nothrow) noexcept {
    release(p);
}
void operator delete[](void * p, align, nothrow) noexcept {
    release(p);
}
