// Cuts a text into the words that byte-level BPE (bpe.hpp) encodes one by one. The cuts belong to the vocabulary: a
// file names them in tokenizer.ggml.pre, and each name stands for one of the patterns below, which the models' authors
// publish as regular expressions (here as llama.cpp uses them, src/llama-vocab.cpp).
//
// Patterns are scanned by hand: one pass, nothing on the heap, no recursion, in time linear in the text.
#pragma once

#include <llmzero/base/result.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/character_kind.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

enum class word_pattern : std::uint8_t {
    // 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
    gpt2,
    // Every \p{N} is a word; what is between them is cut as by gpt2.
    digits,
    // Runs of [\p{P}$+<=>^~|] are words; what is between them is cut as by gpt2; a run of \p{N} is cut off from the
    // space
    // before it, and into words of three where it holds [0-9][0-9][0-9].
    triples,
    // (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
    // ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
    llama3,
    // The same with \p{N} instead of \p{N}{1,3}.
    qwen2,
};

// What a name in tokenizer.ggml.pre stands for.
struct pre_tokenizer {
    std::string_view name;
    word_pattern pattern;
    bool keeps_tokens = false; // a word that is a token is that token, whatever merges would make of it
    bool add_bos = false;      // where the file does not say whether a text begins with a token
};

// The first is that of files without a name.
inline constexpr pre_tokenizer pre_tokenizers[] = {
    {"default", word_pattern::triples},
    {"gpt-2", word_pattern::gpt2},
    {"phi-2", word_pattern::gpt2},
    {"mpt", word_pattern::gpt2},
    {"olmo", word_pattern::gpt2},
    {"jais", word_pattern::gpt2},
    {"smollm", word_pattern::digits},
    {"starcoder", word_pattern::digits},
    {"refact", word_pattern::digits},
    {"command-r", word_pattern::digits},
    {"codeshell", word_pattern::digits},
    {"exaone", word_pattern::digits},
    {"llama-bpe", word_pattern::llama3, true, true},
    {"llama3", word_pattern::llama3, true, true},
    {"llama-v3", word_pattern::llama3, true, true},
    {"falcon3", word_pattern::llama3, true, true},
    {"smaug-bpe", word_pattern::llama3},
    {"qwen2", word_pattern::qwen2},
    {"deepseek-r1-qwen", word_pattern::qwen2},
    {"megrez", word_pattern::qwen2},
    {"stablelm2", word_pattern::qwen2},
};

// The pre-tokenizer a file asks for; `unsupported`, with the names that are known, when its name is not.
[[nodiscard]] inline result<pre_tokenizer> find_pre_tokenizer(const gguf_file & file) {
    constexpr const char * key = "tokenizer.ggml.pre";
    LLMZERO_ASSIGN(const std::string_view name, file.get_or<std::string_view>(key, pre_tokenizers[0].name));
    for (const pre_tokenizer & known : pre_tokenizers) {
        if (name == known.name) {
            return known;
        }
    }
    constexpr std::size_t names_bytes = [] {
        std::size_t bytes = 1;
        for (const pre_tokenizer & known : pre_tokenizers) {
            bytes += known.name.size() + 2;
        }
        return bytes;
    }();
    char names[names_bytes];
    std::size_t used = 0;
    for (const pre_tokenizer & known : pre_tokenizers) {
        used +=
            static_cast<std::size_t>(std::snprintf(names + used, sizeof names - used, "%s%.*s", used == 0 ? "" : ", ",
                                                   static_cast<int>(known.name.size()), known.name.data()));
    }
    return error(error_code::unsupported, "%s is %s (at offset %llu), which is not supported; supported: %s", key,
                 quoted(name).c_str(), detail::printable(file.find(key)->offset), names);
}

namespace detail {

// 's|'t|'re|'ve|'m|'ll|'d at the start of `text`; 0 when there is none of them.
[[nodiscard]] constexpr std::size_t contraction_bytes(std::string_view text, bool any_case) {
    if (text.size() < 2 || text[0] != '\'') {
        return 0;
    }
    const auto lower = [&](std::size_t i) -> char {
        const char c = i < text.size() ? text[i] : '\0';
        return any_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    const char first = lower(1);
    const char second = lower(2);
    if (first == 's' || first == 't' || first == 'm' || first == 'd') {
        return 2;
    }
    const bool is_long = ((first == 'r' || first == 'v') && second == 'e') || (first == 'l' && second == 'l');
    return is_long ? 3 : 0;
}

// \s+(?!\S)|\s+: all spaces but the last, which begins the next word, unless it is the only one or the text ends with
// it. Characters of the kinds `ends` are no part of the text.
[[nodiscard]] constexpr std::size_t spaces_bytes(std::string_view text, character_kinds ends) {
    std::size_t last = 0;
    std::size_t at = 0;
    first_character c = first_character_of(text);
    for (; c.kind == character_kind::space; c = first_character_of(text.substr(at))) {
        last = at;
        at += c.bytes;
    }
    const bool is_end = c.kind == character_kind::none || (c.kind & ends) != 0;
    return is_end || last == 0 ? at : last;
}

// [\r\n]*
[[nodiscard]] constexpr std::size_t newlines_bytes(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size() && (text[at] == '\r' || text[at] == '\n')) {
        ++at;
    }
    return at;
}

// The pattern gpt2 where characters of the kinds `ends` are no part of the text.
[[nodiscard]] constexpr std::size_t gpt2_word_bytes(std::string_view text, character_kinds ends = 0) {
    using kind = character_kind;
    if (const std::size_t bytes = contraction_bytes(text, false)) {
        return bytes;
    }
    const std::string_view after_space = text.substr(text[0] == ' ' ? 1 : 0);
    const first_character c = first_character_of(after_space);
    if (c.kind == kind::space || (c.kind & ends) != 0 || c.kind == kind::none) {
        return spaces_bytes(text, ends);
    }
    constexpr character_kinds marks = kind::punctuation | kind::sign | kind::other;
    const character_kinds run = (c.kind & marks) != 0 ? marks : c.kind;
    return text.size() - after_space.size() + run_bytes(after_space, static_cast<character_kinds>(run & ~ends));
}

[[nodiscard]] constexpr std::size_t digits_word_bytes(std::string_view text) {
    const first_character c = first_character_of(text);
    return c.kind == character_kind::number ? c.bytes : gpt2_word_bytes(text, character_kind::number);
}

// A run of numbers up to its next three ASCII digits, or these three.
[[nodiscard]] constexpr std::size_t triple_bytes(std::string_view text) {
    std::size_t at = 0;
    std::size_t digits = 0; // ASCII ones directly before `at`
    for (;;) {
        const first_character c = first_character_of(text.substr(at));
        if (c.kind != character_kind::number) {
            return at;
        }
        at += c.bytes;
        digits = c.bytes == 1 ? digits + 1 : 0;
        if (digits == 3) {
            return at == 3 ? 3 : at - 3;
        }
    }
}

[[nodiscard]] constexpr std::size_t triples_word_bytes(std::string_view text) {
    using kind = character_kind;
    constexpr character_kinds marks = kind::punctuation + kind::sign;
    const first_character c = first_character_of(text);
    if ((c.kind & marks) != 0) {
        return run_bytes(text, marks);
    }
    if (c.kind == kind::number) {
        return triple_bytes(text);
    }
    if (text[0] == ' ' && first_character_of(text.substr(1)).kind == kind::number) {
        return 1;
    }
    return gpt2_word_bytes(text, marks);
}

[[nodiscard]] constexpr std::size_t llama3_word_bytes(std::string_view text, std::size_t most_digits) {
    using kind = character_kind;
    if (const std::size_t bytes = contraction_bytes(text, true)) {
        return bytes;
    }
    const first_character c = first_character_of(text);
    if (c.kind == kind::number) {
        return run_bytes(text, kind::number, most_digits);
    }
    if (c.kind == kind::letter) {
        return run_bytes(text, kind::letter);
    }
    if (newlines_bytes(text.substr(0, 1)) == 0) {
        if (const std::size_t letters = run_bytes(text.substr(c.bytes), kind::letter)) {
            return c.bytes + letters;
        }
    }
    const std::size_t lead = text[0] == ' ' ? 1 : 0;
    if (const std::size_t marks = run_bytes(text.substr(lead), kind::punctuation + kind::sign + kind::other)) {
        return lead + marks + newlines_bytes(text.substr(lead + marks));
    }
    // \s*[\r\n]+: spaces up to the last line end among them.
    const std::size_t spaces = run_bytes(text, kind::space);
    const std::size_t line_end = text.substr(0, spaces).find_last_of("\r\n");
    return line_end != std::string_view::npos ? line_end + 1 : spaces_bytes(text, kind::none);
}

} // namespace detail

// The bytes of the first word of `text`, which must not be empty; at least 1. What follows does not depend on what came
// before: the words of a text are found by asking again for the rest.
[[nodiscard]] constexpr std::size_t first_word_bytes(word_pattern pattern, std::string_view text) {
    switch (pattern) {
    case word_pattern::gpt2: return detail::gpt2_word_bytes(text);
    case word_pattern::digits: return detail::digits_word_bytes(text);
    case word_pattern::triples: return detail::triples_word_bytes(text);
    case word_pattern::llama3: return detail::llama3_word_bytes(text, 3);
    case word_pattern::qwen2: return detail::llama3_word_bytes(text, 1);
    }
    return text.size();
}

} // namespace llmzero::inline LLMZERO_ABI
