// Errors as values: result<T> holds a T or an error.
//
// An error is a code for programs and a sentence for people; the sentence says what was found, what was
// expected, and where. It lives inside the error (no allocation), so that running out of memory can be
// reported like everything else.
//
//     llmzero::result<int> parsed = parse(text);
//     if (!parsed) { show(parsed.error().message()); return; }
//     use(*parsed);
#pragma once

#include <llmzero/base/config.hpp>

#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#if LLMZERO_HAS_EXCEPTIONS
#    include <stdexcept>
#endif

namespace llmzero::inline LLMZERO_ABI {

enum class error_code : std::uint8_t {
    io,            // the operating system refused to open, read, map or write a file
    malformed,     // a file breaks the rules of its format: damaged, cut, or not of this format at all
    unsupported,   // a valid file or request that this version cannot serve
    out_of_memory, // the system has no memory left
    over_budget,   // would need more memory than the caller allows; nothing was taken
    bad_argument,  // a value from the caller is out of range
    context_full,  // more tokens than the session's context holds
    cancelled,     // the caller's callback asked to stop
};

// The code's name, for logs: "malformed".
constexpr const char * name_of(error_code code) {
    switch (code) {
    case error_code::io: return "io";
    case error_code::malformed: return "malformed";
    case error_code::unsupported: return "unsupported";
    case error_code::out_of_memory: return "out_of_memory";
    case error_code::over_budget: return "over_budget";
    case error_code::bad_argument: return "bad_argument";
    case error_code::context_full: return "context_full";
    case error_code::cancelled: return "cancelled";
    }
    return "unknown";
}

class error {
public:
    // Longer messages are cut; names that come from files are shortened by quoted() long before that.
    static constexpr std::size_t max_message_bytes = 368;

    LLMZERO_PRINTF(3, 4)
    error(error_code code, const char * format, ...) : code_(code) {
        std::va_list arguments;
        va_start(arguments, format);
        std::vsnprintf(message_, sizeof message_, format, arguments);
        va_end(arguments);
    }

    [[nodiscard]] error_code code() const { return code_; }
    [[nodiscard]] const char * message() const { return message_; }

    // The same error with "where: " in front, added by a caller who knows more, say the file's path.
    [[nodiscard]] error in(const char * where) const { return error(code_, "%s: %s", where, message_); }

private:
    error_code code_;
    char message_[max_message_bytes];
};

#if LLMZERO_HAS_EXCEPTIONS
// What value() throws when there is none.
class bad_result : public std::runtime_error {
public:
    explicit bad_result(const error & e) : std::runtime_error(e.message()), code(e.code()) {}
    error_code code;
};
#endif

template <class T> class [[nodiscard]] result {
public:
    using value_type = T;

    result(const T & value) : ok_(true) { std::construct_at(&value_, value); }
    result(T && value) : ok_(true) { std::construct_at(&value_, std::move(value)); }
    result(const llmzero::error & e) : ok_(false) { std::construct_at(&error_, e); }

    result(result && other) noexcept(std::is_nothrow_move_constructible_v<T>) : ok_(other.ok_) {
        if (ok_) {
            std::construct_at(&value_, std::move(other.value_));
        } else {
            std::construct_at(&error_, other.error_);
        }
    }
    result & operator=(result && other) noexcept(std::is_nothrow_move_constructible_v<T>) {
        if (this != &other) {
            std::destroy_at(this);
            std::construct_at(this, std::move(other));
        }
        return *this;
    }
    result(const result &) = delete;
    result & operator=(const result &) = delete;
    ~result() {
        if (ok_) {
            std::destroy_at(&value_);
        }
    }

    [[nodiscard]] explicit operator bool() const { return ok_; }
    [[nodiscard]] bool has_value() const { return ok_; }

    // Unchecked access: only after the result was found to hold a value.
    [[nodiscard]] T & operator*() & { return value_; }
    [[nodiscard]] const T & operator*() const & { return value_; }
    [[nodiscard]] T && operator*() && { return std::move(value_); }
    [[nodiscard]] T * operator->() { return &value_; }
    [[nodiscard]] const T * operator->() const { return &value_; }

    // Checked access: throws bad_result where exceptions are on, ends the process where they are off.
    // For programs and examples; the library itself never calls it.
    [[nodiscard]] T & value() & { return require(), value_; }
    [[nodiscard]] const T & value() const & { return require(), value_; }
    // By value, so that `for (auto t : f().value())` does not refer to what is gone.
    [[nodiscard]] T value() && { return require(), std::move(value_); }

    [[nodiscard]] T value_or(T other) && { return ok_ ? std::move(value_) : std::move(other); }

    // Only when there is no value.
    [[nodiscard]] const llmzero::error & error() const { return error_; }

private:
    void require() const {
        if (!ok_) {
#if LLMZERO_HAS_EXCEPTIONS
            throw bad_result(error_);
#else
            std::abort();
#endif
        }
    }

    union {
        T value_;
        llmzero::error error_;
    };
    bool ok_;
};

// The result of something that has nothing to return: success, or an error.
struct nothing {};
using status = result<nothing>;
inline status success() {
    return nothing{};
}

// A printable, shortened copy of text that comes from outside (a key, a tensor's name), for messages.
// Control characters and bytes above 126 become '?', so that a hostile file cannot write to a terminal.
class quoted {
public:
    explicit quoted(std::string_view text) {
        constexpr std::size_t shown = sizeof text_ - 6; // two quotes, "...", the end
        std::size_t n = 0;
        text_[n++] = '\'';
        for (std::size_t i = 0; i < text.size() && i < shown; ++i) {
            const auto c = static_cast<unsigned char>(text[i]);
            text_[n++] = c >= 32 && c < 127 ? static_cast<char>(c) : '?';
        }
        for (int i = 0; i < 3 && text.size() > shown; ++i) {
            text_[n++] = '.';
        }
        text_[n++] = '\'';
        text_[n] = 0;
    }
    [[nodiscard]] const char * c_str() const { return text_; }

private:
    char text_[72];
};

} // namespace llmzero::inline LLMZERO_ABI

// Returns the error of `expression` (a result) from the current function, if there is one.
#define LLMZERO_CHECK(expression)                                                                                      \
    do {                                                                                                               \
        if (auto && llmzero_checked = (expression); !llmzero_checked) {                                                \
            return llmzero_checked.error();                                                                            \
        }                                                                                                              \
    } while (false)

#define LLMZERO_DETAIL_CONCAT2(a, b) a##b
#define LLMZERO_DETAIL_CONCAT(a, b) LLMZERO_DETAIL_CONCAT2(a, b)
#define LLMZERO_DETAIL_ASSIGN(temporary, declaration, ...)                                                             \
    auto temporary = (__VA_ARGS__);                                                                                    \
    if (!temporary) {                                                                                                  \
        return temporary.error();                                                                                      \
    }                                                                                                                  \
    declaration = std::move(*temporary)

// LLMZERO_ASSIGN(const std::uint32_t n, reader.u32()); declares n, or returns the error.
#define LLMZERO_ASSIGN(declaration, ...)                                                                               \
    LLMZERO_DETAIL_ASSIGN(LLMZERO_DETAIL_CONCAT(llmzero_result_, __LINE__), declaration, __VA_ARGS__)
