// Writes JSON (RFC 8259) to a string: commas, escapes, and nothing a parser could refuse. Text may be any
// bytes: what is not valid UTF-8 becomes U+FFFD. NaN and infinities, which JSON does not have, become null.
#pragma once

#include "cli/numbers.hpp"
#include "cli/text.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace cli {

class json_writer {
public:
    explicit json_writer(std::string & out) : out_(out) {}

    void begin_object() { open('{'); }
    void end_object() { out_ += '}'; }
    void begin_array() { open('['); }
    void end_array() { out_ += ']'; }

    // The name of the next value of an object.
    void key(std::string_view name) {
        value(name);
        out_ += ':';
    }

    void value(std::string_view text) {
        separate();
        out_ += '"';
        for_each_character(text, [this](std::string_view bytes, std::uint32_t character) { escape(bytes, character); });
        out_ += '"';
    }
    void value(const char * text) { value(std::string_view(text)); }
    void value(bool truth) { raw(truth ? "true" : "false"); }
    void value(std::uint32_t number) { value(std::uint64_t{number}); }
    void value(std::uint64_t number) {
        char text[24];
        std::snprintf(text, sizeof text, "%llu", static_cast<unsigned long long>(number));
        raw(text);
    }
    void value(std::int64_t number) {
        char text[24];
        std::snprintf(text, sizeof text, "%lld", static_cast<long long>(number));
        raw(text);
    }
    void value(float number) { raw(shortest(number)); }
    // Measured times and rates: six digits say all there is to say.
    void value(double number) {
        char text[32];
        std::snprintf(text, sizeof text, "%.6g", number);
        raw(std::isfinite(number) ? text : "null");
    }
    void null() { raw("null"); }

    template <class T> void member(std::string_view name, const T & content) {
        key(name);
        value(content);
    }

private:
    void open(char bracket) {
        separate();
        out_ += bracket;
    }
    void raw(std::string_view token) {
        separate();
        out_ += token;
    }
    // A comma, unless this is the first thing in its object or array, or the value of a key.
    void separate() {
        if (!out_.empty() && std::string_view("{[:").find(out_.back()) == std::string_view::npos) {
            out_ += ',';
        }
    }

    void escape(std::string_view bytes, std::uint32_t character) {
        switch (character) {
        case '"': out_ += "\\\""; return;
        case '\\': out_ += "\\\\"; return;
        case '\n': out_ += "\\n"; return;
        case '\r': out_ += "\\r"; return;
        case '\t': out_ += "\\t"; return;
        default: break;
        }
        if (character < 0x20 || character == 0x7f) {
            char text[16];
            std::snprintf(text, sizeof text, "\\u%04x", static_cast<unsigned>(character));
            out_ += text;
        } else {
            out_ += bytes;
        }
    }

    std::string & out_;
};

} // namespace cli
