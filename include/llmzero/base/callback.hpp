// A function of the caller's, kept in an options struct: what std::function would be without allocation.
//
// The callable is copied into the callback, so a temporary lambda may be assigned. It must fit (64 bytes: eight
// references) and be trivially copyable, which lambdas that capture references, pointers and numbers are;
// anything else is captured by reference.
#pragma once

#include <llmzero/base/config.hpp>

#include <concepts>
#include <cstddef>
#include <cstring>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

template <class Signature> class callback;

template <class R, class... Arguments> class callback<R(Arguments...)> {
public:
    static constexpr std::size_t max_bytes = 64;

    // Empty: converts to false, must not be called.
    callback() = default;
    callback(std::nullptr_t) {}

    template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, callback> &&
             std::is_invocable_r_v<R, std::decay_t<F> &, Arguments...>) callback(F && function) {
        using kept = std::decay_t<F>;
        static_assert(sizeof(kept) <= max_bytes, "captures too much: capture one reference to all of it instead");
        static_assert(std::is_trivially_copyable_v<kept>, "capture by reference, or pointers and numbers by value");
        static_assert(alignof(kept) <= alignof(std::max_align_t));
        std::construct_at(reinterpret_cast<kept *>(storage_), std::forward<F>(function));
        call_ = [](void * storage, Arguments... arguments) -> R {
            if constexpr (std::is_void_v<R>) {
                std::invoke(*static_cast<kept *>(storage), std::forward<Arguments>(arguments)...); // drops a result
            } else {
                return std::invoke(*static_cast<kept *>(storage), std::forward<Arguments>(arguments)...);
            }
        };
    }

    [[nodiscard]] explicit operator bool() const { return call_ != nullptr; }
    R operator()(Arguments... arguments) const { return call_(storage_, std::forward<Arguments>(arguments)...); }

private:
    // Mutable, because the callable is: a lambda may count its calls in a captured number.
    alignas(std::max_align_t) mutable std::byte storage_[max_bytes] = {};
    R (*call_)(void * storage, Arguments... arguments) = nullptr;
};

} // namespace llmzero::inline LLMZERO_ABI
