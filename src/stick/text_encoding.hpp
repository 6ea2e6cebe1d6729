// Text files as people's editors save them, and text as it has to be to go on in the same file.
//
// Encodings: UTF-8 with and without a byte order mark; UTF-16 of both byte orders, with its mark (Notepad's "Unicode");
// else Windows-1252, which holds Latin-1: what old editors in Europe and America write. Bytes that are not UTF-8 are
// taken for Windows-1252 where there are more of them than characters of two bytes and more; else they are damage, and
// become U+FFFD. Line ends are LF, CR LF or CR.
//
// Source of the Windows-1252 table: encoding.spec.whatwg.org, index windows-1252 (five bytes have no character there).
#pragma once

#include <llmzero/tokenizer/utf8.hpp>

#include "cli/text.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace stick {

enum class text_encoding : std::uint8_t { utf8, utf16_le, utf16_be, windows_1252 };

struct text_form {
    text_encoding encoding = text_encoding::utf8;
    bool has_crlf = false;
};

struct decoded_text {
    std::string text; // UTF-8 without a byte order mark; lines end with "\n"
    text_form form;
};

inline void append_utf8(std::string & out, std::uint32_t character) {
    const auto add = [&out](std::uint32_t byte) {
        out += static_cast<char>(static_cast<unsigned char>(byte));
    };
    if (character < 0x80) {
        add(character);
    } else if (character < 0x800) {
        add(0xc0 | character >> 6);
        add(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        add(0xe0 | character >> 12);
        add(0x80 | (character >> 6 & 0x3f));
        add(0x80 | (character & 0x3f));
    } else {
        add(0xf0 | character >> 18);
        add(0x80 | (character >> 12 & 0x3f));
        add(0x80 | (character >> 6 & 0x3f));
        add(0x80 | (character & 0x3f));
    }
}

namespace detail {

// Of the bytes 0x80 to 0x9f; 0: none.
inline constexpr std::uint16_t windows_1252_characters[32] = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

[[nodiscard]] inline text_encoding guess_encoding(std::string_view bytes) {
    if (bytes.starts_with("\xff\xfe")) {
        return text_encoding::utf16_le;
    }
    if (bytes.starts_with("\xfe\xff")) {
        return text_encoding::utf16_be;
    }
    std::size_t n_long = 0;
    std::size_t n_invalid = 0;
    for (const bool has_mark = bytes.starts_with("\xef\xbb\xbf"); !bytes.empty();) {
        const llmzero::utf8_unit unit = llmzero::first_utf8_unit(bytes);
        n_long += unit.state == llmzero::utf8_state::valid && unit.bytes > 1 ? 1 : 0;
        n_invalid += unit.state != llmzero::utf8_state::valid && !has_mark ? 1 : 0;
        bytes.remove_prefix(unit.bytes);
    }
    return n_invalid > n_long ? text_encoding::windows_1252 : text_encoding::utf8;
}

[[nodiscard]] inline std::string utf8_of_utf16(std::string_view bytes, bool is_big) {
    const auto unit_at = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(bytes[at]);
        const auto second = static_cast<unsigned char>(bytes[at + 1]);
        return static_cast<std::uint32_t>(is_big ? first << 8 | second : second << 8 | first);
    };
    std::string out;
    for (std::size_t at = 0; at + 1 < bytes.size(); at += 2) {
        const std::uint32_t unit = unit_at(at);
        const bool is_high = unit >= 0xd800 && unit < 0xdc00;
        const std::uint32_t next = is_high && at + 3 < bytes.size() ? unit_at(at + 2) : 0;
        if (next >= 0xdc00 && next < 0xe000) {
            append_utf8(out, 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00));
            at += 2;
        } else {
            append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
        }
    }
    return out;
}

[[nodiscard]] inline std::string utf8_of_windows_1252(std::string_view bytes) {
    std::string out;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        const std::uint32_t special = byte >= 0x80 && byte < 0xa0 ? windows_1252_characters[byte - 0x80] : byte;
        append_utf8(out, special == 0 && byte != 0 ? 0xfffd : special);
    }
    return out;
}

[[nodiscard]] inline std::string valid_utf8(std::string_view bytes) {
    std::string out;
    cli::for_each_character(bytes, [&out](std::string_view character, std::uint32_t) { out += character; });
    return out;
}

// The byte of a character that Windows-1252 may have, or '?'.
[[nodiscard]] inline char windows_1252_of(std::uint32_t character) {
    if (character < 0x80 || (character >= 0xa0 && character < 0x100)) {
        return static_cast<char>(static_cast<unsigned char>(character));
    }
    for (unsigned i = 0; i < 32; ++i) {
        if (windows_1252_characters[i] == character) {
            return static_cast<char>(static_cast<unsigned char>(0x80 + i));
        }
    }
    return '?';
}

} // namespace detail

// Bytes of a text in this encoding as UTF-8, without a byte order mark at the beginning; line ends stay.
[[nodiscard]] inline std::string to_utf8(std::string_view bytes, text_encoding encoding) {
    std::string out;
    switch (encoding) {
    case text_encoding::utf16_le: out = detail::utf8_of_utf16(bytes, false); break;
    case text_encoding::utf16_be: out = detail::utf8_of_utf16(bytes, true); break;
    case text_encoding::windows_1252: out = detail::utf8_of_windows_1252(bytes); break;
    case text_encoding::utf8: out = detail::valid_utf8(bytes); break;
    }
    return out.starts_with("\xef\xbb\xbf") ? out.substr(3) : out;
}

// A file's content; nothing where it is no text: where it has control characters that no text has, or half a character
// of UTF-16. (0x1a ends old DOS texts.)
[[nodiscard]] inline std::optional<decoded_text> decode_text(std::string_view bytes) {
    decoded_text made;
    made.form.encoding = detail::guess_encoding(bytes);
    const bool is_utf16 =
        made.form.encoding == text_encoding::utf16_le || made.form.encoding == text_encoding::utf16_be;
    if (is_utf16 && bytes.size() % 2 != 0) {
        return std::nullopt;
    }
    const std::string raw = to_utf8(bytes, made.form.encoding);
    constexpr std::string_view known = "\t\n\v\f\r\x1a";
    for (std::size_t i = 0; i < raw.size(); ++i) {
        const auto byte = static_cast<unsigned char>(raw[i]);
        if ((byte < 0x20 && known.find(raw[i]) == known.npos) || byte == 0x7f) {
            return std::nullopt;
        }
        if (raw[i] != '\r') {
            made.text += raw[i] == '\x1a' ? ' ' : raw[i];
            continue;
        }
        made.text += '\n';
        if (i + 1 < raw.size() && raw[i + 1] == '\n') {
            made.form.has_crlf = true;
            ++i;
        }
    }
    return made;
}

// `text`, whose lines end with "\n", as bytes of such a file. Any bytes: what is not UTF-8 becomes U+FFFD.
[[nodiscard]] inline std::string encode_text(std::string_view text, text_form form) {
    std::string out;
    const auto add = [&](std::uint32_t character, std::string_view utf8) {
        const auto add_unit = [&](std::uint32_t unit) {
            const char low = static_cast<char>(static_cast<unsigned char>(unit & 0xff));
            const char high = static_cast<char>(static_cast<unsigned char>(unit >> 8));
            out += form.encoding == text_encoding::utf16_be ? high : low;
            out += form.encoding == text_encoding::utf16_be ? low : high;
        };
        switch (form.encoding) {
        case text_encoding::utf8: out += utf8; break;
        case text_encoding::windows_1252: out += detail::windows_1252_of(character); break;
        case text_encoding::utf16_le:
        case text_encoding::utf16_be:
            if (character >= 0x10000) {
                add_unit(0xd800 + ((character - 0x10000) >> 10));
                add_unit(0xdc00 + ((character - 0x10000) & 0x3ff));
            } else {
                add_unit(character);
            }
            break;
        }
    };
    cli::for_each_character(text, [&](std::string_view bytes, std::uint32_t character) {
        if (character == '\n' && form.has_crlf) {
            add('\r', "\r");
        }
        add(character, bytes);
    });
    return out;
}

} // namespace stick
