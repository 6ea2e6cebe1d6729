// A reference to something callable, as a parameter: two pointers, no allocation. It must not outlive the
// call it was made for; to keep a function, see callback.hpp.
#pragma once

#include <llmzero/base/config.hpp>

#include <concepts>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

template <class Signature> class function_ref;

template <class R, class... Arguments> class function_ref<R(Arguments...)> {
public:
    // Empty: converts to false, must not be called.
    function_ref() = default;
    function_ref(std::nullptr_t) {}

    template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, function_ref> && std::is_invocable_r_v<R, F &, Arguments...>)
        function_ref(F && callable) {
        using callable_type = std::remove_reference_t<F>;
        if constexpr (std::is_function_v<callable_type>) {
            function_ = reinterpret_cast<void (*)()>(&callable);
            call_ = [](const function_ref & self, Arguments... arguments) -> R {
                return invoke(*reinterpret_cast<callable_type *>(self.function_),
                              std::forward<Arguments>(arguments)...);
            };
        } else {
            object_ = const_cast<void *>(static_cast<const void *>(std::addressof(callable)));
            call_ = [](const function_ref & self, Arguments... arguments) -> R {
                return invoke(*static_cast<callable_type *>(self.object_), std::forward<Arguments>(arguments)...);
            };
        }
    }

    [[nodiscard]] explicit operator bool() const { return call_ != nullptr; }
    R operator()(Arguments... arguments) const { return call_(*this, std::forward<Arguments>(arguments)...); }

private:
    template <class F> static R invoke(F & callable, Arguments &&... arguments) {
        if constexpr (std::is_void_v<R>) {
            std::invoke(callable, std::forward<Arguments>(arguments)...); // its result, if any, is dropped
        } else {
            return std::invoke(callable, std::forward<Arguments>(arguments)...);
        }
    }

    union {
        void * object_ = nullptr;
        void (*function_)();
    };
    R (*call_)(const function_ref &, Arguments...) = nullptr;
};

} // namespace llmzero::inline LLMZERO_ABI
