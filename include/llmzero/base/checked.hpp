// Arithmetic on numbers from outside: every sum, product and narrowing is checked, step by step, before
// the number is used. A test on a product that has already wrapped proves nothing.
#pragma once

#include <llmzero/base/config.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

// a + b, or nothing when it does not fit.
template <std::unsigned_integral T>
[[nodiscard]] constexpr std::optional<T> checked_add(T a, std::type_identity_t<T> b) {
    if (b > std::numeric_limits<T>::max() - a) {
        return std::nullopt;
    }
    return static_cast<T>(a + b);
}

// a * b, or nothing when it does not fit.
template <std::unsigned_integral T>
[[nodiscard]] constexpr std::optional<T> checked_multiply(T a, std::type_identity_t<T> b) {
    if (b != 0 && a > std::numeric_limits<T>::max() / b) {
        return std::nullopt;
    }
    return static_cast<T>(a * b);
}

// The next multiple of `alignment` (a power of two), or nothing when it does not fit.
template <std::unsigned_integral T>
[[nodiscard]] constexpr std::optional<T> checked_align(T value, std::type_identity_t<T> alignment) {
    const auto padded = checked_add(value, static_cast<T>(alignment - 1));
    if (!padded) {
        return std::nullopt;
    }
    return static_cast<T>(*padded & ~static_cast<T>(alignment - 1));
}

// A 64-bit count of a file as a size of this machine, whose size_t may have 32 bits.
[[nodiscard]] constexpr std::optional<std::size_t> to_size(std::uint64_t value) {
    if (!std::in_range<std::ptrdiff_t>(value)) {
        return std::nullopt;
    }
    return static_cast<std::size_t>(value);
}

} // namespace llmzero::inline LLMZERO_ABI
