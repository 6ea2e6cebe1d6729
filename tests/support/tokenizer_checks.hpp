// What tests of tokenizers of every kind ask: all tokens of a text decoded, a digest of the vocabulary, random texts.
#pragma once

#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include "sha256.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// What the tokens stand for, one behind the other.
inline std::string all_decoded(const llmzero::tokenizer & text, const std::vector<int> & ids) {
    std::string bytes;
    for (const int id : ids) {
        bytes += text.decode(id);
    }
    return bytes;
}

// SHA-256 over all tokens as the conformance data has it: with control tokens spelled out, or as nothing.
inline std::string digest(const llmzero::tokenizer & text, bool spell_special) {
    support::sha256 hash;
    for (llmzero::token_id id = 0; text.vocab().contains(id); ++id) {
        const llmzero::token_kind kind = text.vocab().kind(id);
        const bool is_special = kind == llmzero::token_kind::control || kind == llmzero::token_kind::unknown;
        const std::string_view bytes = is_special && spell_special ? text.vocab().text(id) : text.decode(id);
        const auto n = static_cast<std::uint32_t>(bytes.size());
        const unsigned char length[4] = {static_cast<unsigned char>(n), static_cast<unsigned char>(n >> 8),
                                         static_cast<unsigned char>(n >> 16), static_cast<unsigned char>(n >> 24)};
        hash.update(length, sizeof length).update(bytes.data(), bytes.size());
    }
    return hash.hex();
}

inline void append_utf8(std::string & text, std::uint32_t c) {
    const auto put = [&](std::uint32_t byte) {
        text += static_cast<char>(byte);
    };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | c >> 6);
        put(0x80 | (c & 63));
    } else if (c < 0x10000) {
        put(0xe0 | c >> 12);
        put(0x80 | (c >> 6 & 63));
        put(0x80 | (c & 63));
    } else {
        put(0xf0 | c >> 18);
        put(0x80 | (c >> 12 & 63));
        put(0x80 | (c >> 6 & 63));
        put(0x80 | (c & 63));
    }
}

// Any characters but U+2581, which SPM vocabularies use for the space.
inline std::string random_utf8(llmzero::random_generator & random, std::uint32_t max_characters) {
    std::string text;
    for (std::uint32_t n = random.next() % (max_characters + 1); n > 0; --n) {
        const std::uint32_t limits[] = {0x80, 0x80, 0x800, 0x3000, 0x110000};
        const std::uint32_t c = random.next() % limits[random.next() % 5];
        append_utf8(text, (c >= 0xd800 && c <= 0xdfff) || c == 0x2581 ? ' ' : c);
    }
    return text;
}

inline std::string random_bytes(llmzero::random_generator & random, std::uint32_t max_bytes) {
    std::string text;
    for (std::uint32_t n = random.next() % (max_bytes + 1); n > 0; --n) {
        text += static_cast<char>(random.next() % 256);
    }
    return text;
}

} // namespace support
