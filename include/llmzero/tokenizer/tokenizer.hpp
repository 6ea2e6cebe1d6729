// Text to tokens and back, whatever kind of tokenizer a model has. Immutable; may be shared by threads.
//
// A kind of tokenizer is a class in a file of its own, listed in tokenizer_kinds below, with
//     model              the name in tokenizer.ggml.model
//     rules(file)        what it expects of the vocabulary
//     create(file, vocabulary)
//     memory_bytes()     on the heap, besides the vocabulary
//     encode(vocabulary, text, is_first, tokens)   appends the tokens of text without special tokens
//     decode(vocabulary, id, out)                  the bytes of one token
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/bpe.hpp>
#include <llmzero/tokenizer/piece_table.hpp>
#include <llmzero/tokenizer/special_tokens.hpp>
#include <llmzero/tokenizer/spm.hpp>
#include <llmzero/tokenizer/token.hpp>
#include <llmzero/tokenizer/unigram.hpp>
#include <llmzero/tokenizer/vocabulary.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string_view>
#include <utility>
#include <variant>

namespace llmzero::inline LLMZERO_ABI {

struct encode_options {
    bool add_special = true;    // the begin and end tokens, where the model wants them
    bool parse_special = false; // take "</s>" or "<|im_end|>" in the text as the token of that name
    bool continues = false;     // other text stands before it: no space is put there
};

class tokenizer {
public:
    // Chosen by tokenizer.ggml.model; `unsupported` when no kind has that name.
    static result<tokenizer> create(const gguf_file & file) {
        LLMZERO_ASSIGN(const std::string_view name, file.get<std::string_view>("tokenizer.ggml.model"));
        return create_if<0>(file, name);
    }

    // The tokens of any bytes; invalid UTF-8 is not refused.
    [[nodiscard]] result<heap_array<token_id>> encode(std::string_view text, encode_options options = {}) const {
        const text_segment all{text, options.parse_special};
        return encode(std::span(&all, text.empty() ? 0 : 1), options);
    }

    // The same for a text in segments, which say for themselves where special tokens are recognised. What stands
    // between such tokens is encoded together, whatever segments it comes from.
    [[nodiscard]] result<heap_array<token_id>> encode(std::span<const text_segment> segments,
                                                      encode_options options = {}) const {
        heap_array<token_id> tokens;
        if (options.add_special && vocab_.add_bos()) {
            LLMZERO_CHECK(tokens.push_back(vocab_.bos()));
        }
        plain_text plain{.is_first = !options.continues};
        for (const text_segment & segment : segments) {
            if (segment.token != no_token) {
                LLMZERO_CHECK(encode_plain(plain, tokens));
                LLMZERO_CHECK(tokens.push_back(segment.token));
                continue;
            }
            LLMZERO_ASSIGN(const auto fragments, specials_.split(vocab_, segment.text, segment.parse_special));
            for (const text_fragment & fragment : fragments) {
                if (fragment.token != no_token) {
                    LLMZERO_CHECK(encode_plain(plain, tokens));
                    LLMZERO_CHECK(tokens.push_back(fragment.token));
                } else {
                    LLMZERO_CHECK(plain.add(fragment.text));
                }
            }
        }
        LLMZERO_CHECK(encode_plain(plain, tokens));
        if (options.add_special && vocab_.add_eos()) {
            LLMZERO_CHECK(tokens.push_back(vocab_.eos()));
        }
        return tokens;
    }

    // The bytes of one token, not always whole characters: see detokenizer.hpp. Empty for control, unknown and
    // unused tokens, and for an id that the vocabulary does not contain.
    [[nodiscard]] std::string_view decode(token_id id) const {
        return vocab_.contains(id) ? decoded_[static_cast<std::size_t>(id)] : std::string_view{};
    }

    [[nodiscard]] const vocabulary & vocab() const { return vocab_; }

    [[nodiscard]] std::size_t memory_bytes() const {
        return vocab_.memory_bytes() + decoded_.memory_bytes() +
               std::visit([](const auto & kind) { return kind.memory_bytes(); }, kind_);
    }

private:
    using tokenizer_kinds = std::variant<spm_tokenizer, bpe_tokenizer, unigram_tokenizer>;

    // Text between special tokens: a view of one segment, copied only when it comes from several.
    struct plain_text {
        bool is_first = true; // nothing, or a special token, stands before it
        std::string_view text = {};
        heap_array<char> joined = {};

        [[nodiscard]] status add(std::string_view more) {
            if (text.empty()) {
                text = more;
                return success();
            }
            if (joined.empty()) {
                LLMZERO_CHECK(joined.append({text.data(), text.size()}));
            }
            LLMZERO_CHECK(joined.append({more.data(), more.size()}));
            text = {joined.data(), joined.size()};
            return success();
        }
    };

    // Appends the tokens of what has gathered; a special token follows.
    [[nodiscard]] status encode_plain(plain_text & plain, heap_array<token_id> & tokens) const {
        if (!plain.text.empty()) {
            LLMZERO_CHECK(std::visit(
                [&](const auto & kind) { return kind.encode(vocab_, plain.text, plain.is_first, tokens); }, kind_));
        }
        plain.text = {};
        plain.joined.clear();
        plain.is_first = true;
        return success();
    }

    explicit tokenizer(vocabulary vocab, special_tokens specials, tokenizer_kinds kind)
        : vocab_(std::move(vocab)), specials_(std::move(specials)), kind_(std::move(kind)) {}

    template <std::size_t I> static result<tokenizer> create_if(const gguf_file & file, std::string_view name) {
        if constexpr (I == std::variant_size_v<tokenizer_kinds>) {
            return not_supported(name, file.find("tokenizer.ggml.model")->offset);
        } else {
            using kind = std::variant_alternative_t<I, tokenizer_kinds>;
            if (name != kind::model) {
                return create_if<I + 1>(file, name);
            }
            LLMZERO_ASSIGN(vocabulary vocab, vocabulary::create(file, kind::rules(file)));
            LLMZERO_ASSIGN(special_tokens specials, special_tokens::create(vocab));
            LLMZERO_ASSIGN(kind encoder, kind::create(file, vocab));
            tokenizer made(std::move(vocab), std::move(specials), tokenizer_kinds(std::move(encoder)));
            LLMZERO_CHECK(made.template decode_all<kind>());
            return made;
        }
    }

    template <std::size_t... I> static void list_models(char * out, std::size_t size, std::index_sequence<I...>) {
        std::size_t used = 0;
        ((used += static_cast<std::size_t>(std::snprintf(out + used, size - used, "%s'%s'", I == 0 ? "" : ", ",
                                                         std::variant_alternative_t<I, tokenizer_kinds>::model))),
         ...);
    }

    static error not_supported(std::string_view name, std::uint64_t offset) {
        char supported[128];
        list_models(supported, sizeof supported, std::make_index_sequence<std::variant_size_v<tokenizer_kinds>>{});
        return error(error_code::unsupported,
                     "tokenizer.ggml.model is %s, which is not supported; supported: %s (at offset %llu)",
                     quoted(name).c_str(), supported, detail::printable(offset));
    }

    // Decoding is done once for all tokens, so that no token needs it while text is generated.
    template <class Kind> [[nodiscard]] status decode_all() {
        heap_array<char> buffer;
        LLMZERO_CHECK(buffer.resize(vocab_.max_text_bytes()));
        std::size_t bytes = 0;
        for (std::size_t i = 0; i < vocab_.size(); ++i) {
            bytes += Kind::decode(vocab_, static_cast<token_id>(i), buffer.span());
        }
        LLMZERO_CHECK(decoded_.reserve(vocab_.size(), bytes));
        for (std::size_t i = 0; i < vocab_.size(); ++i) {
            const std::size_t n = Kind::decode(vocab_, static_cast<token_id>(i), buffer.span());
            LLMZERO_CHECK(decoded_.add({buffer.data(), n}));
        }
        return success();
    }

    vocabulary vocab_;
    special_tokens specials_;
    tokenizer_kinds kind_;
    piece_table decoded_;
};

} // namespace llmzero::inline LLMZERO_ABI
