// Cuts a text at the tokens that are recognised as a whole: user-defined ones always, control and unknown
// ones (</s>, <|im_end|>) only when asked, so that text from outside cannot steer the model.
//
// Longer tokens first over the whole text, then leftmost first: what llama.cpp does. Time is that of one pass
// over the text for each length that such tokens have, memory 16 bytes for each piece.
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// A stretch of text on its way in.
struct text_segment {
    std::string_view text;
    bool parse_special = false; // take "</s>" or "<|im_end|>" in it as the token of that name
    token_id token = no_token;  // where it is known to be one token
};

// A stretch of text that is one token, or (no_token) is to be split further.
struct text_fragment {
    std::string_view text;
    token_id token = no_token;
};

class special_tokens {
public:
    static result<special_tokens> create(const vocabulary & vocab) {
        special_tokens made;
        heap_array<std::uint32_t> number_of; // of a length, counted from 1; 0: no such token
        LLMZERO_CHECK(number_of.resize(vocab.max_text_bytes() + 1));
        for_each_special(vocab, [&](std::string_view text, token_kind) { number_of[text.size()] = 1; });
        for (std::size_t bytes = vocab.max_text_bytes(); bytes > 0; --bytes) {
            if (number_of[bytes] != 0) {
                LLMZERO_CHECK(made.lengths_.push_back(length{bytes, false, {}}));
                number_of[bytes] = static_cast<std::uint32_t>(made.lengths_.size());
            }
        }
        for_each_special(vocab, [&](std::string_view text, token_kind kind) {
            length & entry = made.lengths_[number_of[text.size()] - 1];
            entry.has_user_defined |= kind == token_kind::user_defined;
            entry.first_bytes.set(static_cast<unsigned char>(text[0]));
        });
        return made;
    }

    // The fragments of `text` in order, without empty ones. They are views of `text`.
    [[nodiscard]] result<heap_array<text_fragment>> split(const vocabulary & vocab, std::string_view text,
                                                          bool parse_special) const {
        heap_array<text_fragment> fragments;
        if (!text.empty()) {
            LLMZERO_CHECK(fragments.push_back({text, no_token}));
        }
        for (const length & wanted : lengths_) {
            if (!parse_special && !wanted.has_user_defined) {
                continue;
            }
            heap_array<text_fragment> finer;
            for (const text_fragment & fragment : fragments) {
                LLMZERO_CHECK(split_fragment(vocab, fragment, wanted, parse_special, finer));
            }
            fragments.swap(finer);
        }
        return fragments;
    }

private:
    // The tokens of one length, told apart by the vocabulary.
    struct length {
        std::size_t bytes = 0;
        bool has_user_defined = false;
        std::bitset<256> first_bytes; // spares most lookups
    };

    static bool is_special(token_kind kind) {
        return kind == token_kind::user_defined || kind == token_kind::control || kind == token_kind::unknown;
    }

    template <class Visit> static void for_each_special(const vocabulary & vocab, const Visit & visit) {
        for (std::size_t i = 0; i < vocab.size(); ++i) {
            const auto id = static_cast<token_id>(i);
            if (is_special(vocab.kind(id)) && !vocab.text(id).empty()) {
                visit(vocab.text(id), vocab.kind(id));
            }
        }
    }

    [[nodiscard]] static status split_fragment(const vocabulary & vocab, const text_fragment & fragment,
                                               const length & wanted, bool parse_special,
                                               heap_array<text_fragment> & out) {
        std::string_view rest = fragment.text;
        std::size_t at = 0;
        while (fragment.token == no_token && rest.size() - at >= wanted.bytes) {
            const token_id id = wanted.first_bytes.test(static_cast<unsigned char>(rest[at]))
                                    ? vocab.find(rest.substr(at, wanted.bytes))
                                    : no_token;
            if (id == no_token || !is_special(vocab.kind(id)) ||
                (!parse_special && vocab.kind(id) != token_kind::user_defined)) {
                ++at;
                continue;
            }
            if (at > 0) {
                LLMZERO_CHECK(out.push_back({rest.substr(0, at), no_token}));
            }
            LLMZERO_CHECK(out.push_back({rest.substr(at, wanted.bytes), id}));
            rest.remove_prefix(at + wanted.bytes);
            at = 0;
        }
        if (!rest.empty()) {
            LLMZERO_CHECK(out.push_back({rest, fragment.token}));
        }
        return success();
    }

    heap_array<length> lengths_; // longest first
};

} // namespace llmzero::inline LLMZERO_ABI
