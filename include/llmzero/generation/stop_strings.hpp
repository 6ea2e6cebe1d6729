// Ends an answer at given texts ("\nUser:"), which may be spread over several tokens. Text that may be the start of
// one is held back until it is known not to be, so that no part of a stop string is ever shown.
//
// The first stop string to be complete ends the text; of several that are complete at the same byte, the longest.
// For every stop string the matched length is followed byte by byte (Knuth, Morris, Pratt 1977), so the time is
// (bytes of text) * (number of stop strings). What is held back is the start of a stop string, which is why no
// buffer is needed: nothing allocates after create().
//
// Stop strings are UTF-8 and not empty. Text that comes in whole characters goes out in whole characters.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

class stop_strings {
public:
    // Text that may be shown: `released`, which earlier calls had held back, then `text`, a part of what was
    // pushed. Either may be empty.
    struct output {
        std::string_view released;
        std::string_view text;
        bool stopped = false; // a stop string is complete; it and all that follows are left out
    };

    static result<stop_strings> create(std::span<const std::string_view> stops) {
        stop_strings made;
        std::size_t bytes = 0;
        for (const std::string_view stop : stops) {
            bytes += stop.size();
        }
        LLMZERO_CHECK(made.stops_.reserve(stops.size()));
        LLMZERO_CHECK(made.bytes_.reserve(bytes));
        LLMZERO_CHECK(made.borders_.reserve(bytes));
        for (std::size_t i = 0; i < stops.size(); ++i) {
            LLMZERO_CHECK(check(stops[i], i));
            made.add(stops[i]);
        }
        return made;
    }

    // `released` stays valid as long as this object, `text` as long as what was pushed.
    [[nodiscard]] output push(std::string_view text) {
        if (stopped_) {
            return {.released = {}, .text = {}, .stopped = true};
        }
        const std::string_view held = this->held();
        for (std::size_t i = 0; i < text.size(); ++i) {
            const std::size_t match = advance(text[i]);
            if (match > 0) {
                stopped_ = true;
                return cut(held, text, held.size() + i + 1 - match);
            }
        }
        return cut(held, text, held.size() + text.size() - this->held().size());
    }

    // The text that is held back, for when the answer ends otherwise. Afterwards this is as if newly made.
    [[nodiscard]] std::string_view finish() {
        const std::string_view rest = stopped_ ? std::string_view{} : held();
        reset();
        return rest;
    }

    void reset() {
        stopped_ = false;
        for (stop & s : stops_) {
            s.matched = 0;
        }
    }

private:
    struct stop {
        std::size_t begin = 0; // in bytes_ and borders_
        std::size_t bytes = 0;
        std::size_t matched = 0; // bytes of it that the text ends with
    };

    [[nodiscard]] static status check(std::string_view text, std::size_t number) {
        if (text.empty()) {
            return error(error_code::bad_argument, "stop string %zu is empty, expected at least one character",
                         number + 1);
        }
        for (std::size_t i = 0; i < text.size();) {
            const utf8_unit unit = first_utf8_unit(text.substr(i));
            if (unit.state != utf8_state::valid) {
                return error(error_code::bad_argument,
                             "stop string %zu, %s, is not UTF-8 at byte %zu and could never occur", number + 1,
                             quoted(text).c_str(), i);
            }
            i += unit.bytes;
        }
        return success();
    }

    // borders_[i] is the length of the longest text that the first i + 1 bytes both begin and end with, and that is
    // shorter than they are.
    void add(std::string_view text) {
        const std::size_t begin = bytes_.size();
        std::size_t border = 0;
        for (std::size_t i = 0; i < text.size(); ++i) {
            bytes_.push_back_unchecked(text[i]);
            while (i > 0 && border > 0 && text[border] != text[i]) {
                border = borders_[begin + border - 1];
            }
            if (i > 0 && text[border] == text[i]) {
                ++border;
            }
            borders_.push_back_unchecked(border);
        }
        stops_.push_back_unchecked({.begin = begin, .bytes = text.size(), .matched = 0});
    }

    // Takes one byte; the length of the longest stop string that is complete with it, or 0.
    [[nodiscard]] std::size_t advance(char c) {
        std::size_t longest = 0;
        for (stop & s : stops_) {
            while (s.matched > 0 && bytes_[s.begin + s.matched] != c) {
                s.matched = borders_[s.begin + s.matched - 1];
            }
            if (bytes_[s.begin + s.matched] == c) {
                ++s.matched;
            }
            if (s.matched == s.bytes && s.bytes > longest) {
                longest = s.bytes;
            }
        }
        return longest;
    }

    // The longest end of the text that a stop string begins with.
    [[nodiscard]] std::string_view held() const {
        std::string_view longest;
        for (const stop & s : stops_) {
            if (s.matched > longest.size()) {
                longest = {bytes_.data() + s.begin, s.matched};
            }
        }
        return longest;
    }

    // The first `shown` bytes of held + text.
    [[nodiscard]] output cut(std::string_view held, std::string_view text, std::size_t shown) const {
        const std::size_t released = shown < held.size() ? shown : held.size();
        return {.released = held.substr(0, released), .text = text.substr(0, shown - released), .stopped = stopped_};
    }

    heap_array<char> bytes_;          // all stop strings behind each other
    heap_array<std::size_t> borders_; // for each of their bytes
    heap_array<stop> stops_;
    bool stopped_ = false;
};

} // namespace llmzero::inline LLMZERO_ABI
