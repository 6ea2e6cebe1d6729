// The tokens of a model: text, score, kind, and the tokens with a special role (begin, end, unknown, ...).
// Read from the keys tokenizer.ggml.* of a GGUF file, checked completely, immutable afterwards.
//
// Checked: tokens, scores and token types are arrays of one length and of the right element type; scores are
// finite; kinds are known; no text stands twice (empty texts, which cannot be found, may); every special id is
// that of a token or says "none" (-1, or 4294967295 as an unsigned number); the text of a byte token is exactly
// <0xHH> with upper-case digits. Anything else is malformed.
//
// Limits: 2^31 - 1 tokens; 65535 bytes for the text of one (the longest in use have some hundreds).
#pragma once

#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/result.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/piece_table.hpp>
#include <llmzero/tokenizer/token.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

// What a kind of tokenizer expects of the file, and what holds where a key is missing.
struct vocabulary_rules {
    bool needs_scores = false; // a file without scores is refused
    bool add_bos = false;
    bool add_eos = false;
    bool add_space_prefix = false;
    bool never_adds_space = false; // whatever the file says of a space prefix
    token_id bos = no_token;
    token_id eos = no_token;
    token_id unknown = no_token;
};

class vocabulary {
public:
    static constexpr std::size_t max_token_bytes = 65535;

    static result<vocabulary> create(const gguf_file & file, const vocabulary_rules & rules = {}) {
        vocabulary made;
        LLMZERO_CHECK(made.read_texts(file));
        LLMZERO_CHECK(made.read_scores(file, rules));
        LLMZERO_CHECK(made.read_special_ids(file, rules));
        LLMZERO_CHECK(made.read_kinds(file));
        LLMZERO_CHECK(made.index_texts(file));
        LLMZERO_CHECK(made.collect_ends(file));
        LLMZERO_ASSIGN(made.add_bos_, file.get_or<bool>("tokenizer.ggml.add_bos_token", rules.add_bos));
        LLMZERO_ASSIGN(made.add_eos_, file.get_or<bool>("tokenizer.ggml.add_eos_token", rules.add_eos));
        LLMZERO_ASSIGN(const bool add_space_prefix,
                       file.get_or<bool>("tokenizer.ggml.add_space_prefix", rules.add_space_prefix));
        made.add_space_prefix_ = add_space_prefix && !rules.never_adds_space;
        return made;
    }

    [[nodiscard]] std::size_t size() const { return texts_.size(); }
    [[nodiscard]] bool contains(token_id id) const { return id >= 0 && static_cast<std::size_t>(id) < size(); }

    // Of one token, which must be contained. The text is as the file has it: U+2581 for a space in an SPM
    // vocabulary, "<0x0A>" for a byte, "</s>" for a control token. The score is 0 where the file has none.
    [[nodiscard]] std::string_view text(token_id id) const { return texts_[index(id)]; }
    [[nodiscard]] float score(token_id id) const { return scores_.empty() ? 0.0f : scores_[index(id)]; }
    [[nodiscard]] token_kind kind(token_id id) const { return kinds_[index(id)]; }
    // What a byte token stands for; only for tokens of that kind.
    [[nodiscard]] unsigned char byte_value(token_id id) const { return *parse_byte_text(text(id)); }

    // The token whose text is exactly `bytes`, of whatever kind; no_token when there is none.
    [[nodiscard]] token_id find(std::string_view bytes) const {
        if (bytes.empty() || bytes.size() > max_text_bytes_) {
            return no_token;
        }
        const std::uint32_t hash = hash_of(bytes);
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
            const slot & s = slots_[i];
            if (s.id == no_token || (s.hash == hash && text(s.id) == bytes)) {
                return s.id;
            }
        }
    }

    // The same for tokens that are text; no_token for those of other kinds.
    [[nodiscard]] token_id find_text(std::string_view bytes) const {
        const token_id id = find(bytes);
        return id != no_token && is_text(kind(id)) ? id : no_token;
    }

    // Each may be no_token.
    [[nodiscard]] token_id bos() const { return bos_; }
    [[nodiscard]] token_id eos() const { return eos_; }
    [[nodiscard]] token_id eot() const { return eot_; }
    [[nodiscard]] token_id unknown() const { return unknown_; }
    [[nodiscard]] token_id padding() const { return padding_; }
    [[nodiscard]] token_id separator() const { return separator_; }

    // Whether the text given to the model begins or ends with the token of that name.
    [[nodiscard]] bool add_bos() const { return add_bos_ && bos_ != no_token; }
    [[nodiscard]] bool add_eos() const { return add_eos_ && eos_ != no_token; }
    // Whether a space is put before the text, so that its first word is encoded like the others.
    [[nodiscard]] bool add_space_prefix() const { return add_space_prefix_; }

    // Whether an answer is complete with this token: the end of the text, of a turn or of a message.
    [[nodiscard]] bool is_end_of_generation(token_id id) const {
        return std::find(ends_.begin(), ends_.end(), id) != ends_.end();
    }

    // The bytes of the longest text.
    [[nodiscard]] std::size_t max_text_bytes() const { return max_text_bytes_; }

    [[nodiscard]] std::size_t memory_bytes() const {
        return texts_.memory_bytes() + scores_.size_bytes() + kinds_.size_bytes() + slots_.size_bytes();
    }

private:
    // Open addressing, linear probing, at most two thirds full; `hash` spares most comparisons of texts.
    struct slot {
        std::uint32_t hash = 0;
        token_id id = no_token;
    };

    static std::size_t index(token_id id) { return static_cast<std::size_t>(id); }

    // FNV-1a (Fowler, Noll, Vo), its bits mixed once more because the table takes the low ones.
    static std::uint32_t hash_of(std::string_view bytes) {
        std::uint32_t hash = 2166136261u;
        for (const char c : bytes) {
            hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
        }
        hash ^= hash >> 15;
        return hash * 0x2c1b3c6du;
    }

    // "<0x0A>" -> 10; nothing for any other form.
    static std::optional<unsigned char> parse_byte_text(std::string_view text) {
        if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') {
            return std::nullopt;
        }
        unsigned value = 0;
        for (const char c : text.substr(3, 2)) {
            if (c >= '0' && c <= '9') {
                value = value * 16 + static_cast<unsigned>(c - '0');
            } else if (c >= 'A' && c <= 'F') {
                value = value * 16 + static_cast<unsigned>(c - 'A') + 10;
            } else {
                return std::nullopt;
            }
        }
        return static_cast<unsigned char>(value);
    }

    [[nodiscard]] status check_length(const gguf_array & array) const {
        if (array.size() != size()) {
            return error(error_code::malformed,
                         "%s has %zu elements, expected one for each of the %zu tokens (at offset %llu)",
                         quoted(array.key()).c_str(), array.size(), size(), detail::printable(array.offset()));
        }
        return success();
    }

    [[nodiscard]] status read_texts(const gguf_file & file) {
        LLMZERO_ASSIGN(const gguf_array tokens, file.get_array("tokenizer.ggml.tokens", gguf_array_kind::strings));
        if (tokens.size() == 0 || !std::in_range<token_id>(tokens.size())) {
            return error(error_code::malformed,
                         "tokenizer.ggml.tokens has %zu elements, expected 1 to 2147483647 (at offset %llu)",
                         tokens.size(), detail::printable(tokens.offset()));
        }
        std::size_t bytes = 0;
        for (const std::string_view text : tokens.strings()) {
            bytes += text.size(); // cannot wrap: all of them lie in the file's header
            max_text_bytes_ = std::max(max_text_bytes_, text.size());
        }
        if (max_text_bytes_ > max_token_bytes) {
            return error(
                error_code::malformed,
                "the longest text in tokenizer.ggml.tokens has %zu bytes, expected at most %zu (at offset %llu)",
                max_text_bytes_, max_token_bytes, detail::printable(tokens.offset()));
        }
        LLMZERO_CHECK(texts_.reserve(tokens.size(), bytes));
        for (const std::string_view text : tokens.strings()) {
            LLMZERO_CHECK(texts_.add(text));
        }
        return success();
    }

    [[nodiscard]] status read_scores(const gguf_file & file, const vocabulary_rules & rules) {
        constexpr const char * key = "tokenizer.ggml.scores";
        if (file.find(key) == nullptr && !rules.needs_scores) {
            return success();
        }
        LLMZERO_ASSIGN(const gguf_array scores, file.get_array(key, gguf_array_kind::floats));
        LLMZERO_CHECK(check_length(scores));
        LLMZERO_CHECK(scores_.resize(size()));
        for (std::size_t i = 0; i < size(); ++i) {
            scores_[i] = scores.real(i);
            if (!std::isfinite(scores_[i])) {
                return error(error_code::malformed,
                             "%s: element %zu, of token %s, is %g, expected a finite number (at offset %llu)", key, i,
                             quoted(texts_[i]).c_str(), static_cast<double>(scores_[i]),
                             detail::printable(scores.offset() + i * sizeof(float)));
            }
        }
        return success();
    }

    // The id under `key`, or `fallback` where the key is missing and there is such a token.
    [[nodiscard]] result<token_id> special_id(const gguf_file & file, const char * key, token_id fallback) const {
        if (file.find(key) == nullptr) {
            return contains(fallback) ? fallback : no_token;
        }
        LLMZERO_ASSIGN(const std::int64_t id, file.get<std::int64_t>(key));
        if (id == -1 || id == std::int64_t{0xffffffff}) { // none, as a signed or an unsigned number
            return no_token;
        }
        if (id < 0 || static_cast<std::uint64_t>(id) >= size()) {
            return error(error_code::malformed, "%s is %lld, expected a token below %zu (at offset %llu)", key,
                         static_cast<long long>(id), size(), detail::printable(file.find(key)->offset));
        }
        return static_cast<token_id>(id);
    }

    [[nodiscard]] status read_special_ids(const gguf_file & file, const vocabulary_rules & rules) {
        LLMZERO_ASSIGN(bos_, special_id(file, "tokenizer.ggml.bos_token_id", rules.bos));
        LLMZERO_ASSIGN(eos_, special_id(file, "tokenizer.ggml.eos_token_id", rules.eos));
        LLMZERO_ASSIGN(eot_, special_id(file, "tokenizer.ggml.eot_token_id", no_token));
        LLMZERO_ASSIGN(unknown_, special_id(file, "tokenizer.ggml.unknown_token_id", rules.unknown));
        LLMZERO_ASSIGN(padding_, special_id(file, "tokenizer.ggml.padding_token_id", no_token));
        // The writers of most files misspell this key.
        LLMZERO_ASSIGN(separator_, special_id(file, "tokenizer.ggml.seperator_token_id", no_token));
        LLMZERO_ASSIGN(separator_, special_id(file, "tokenizer.ggml.separator_token_id", separator_));
        return success();
    }

    [[nodiscard]] status read_kinds(const gguf_file & file) {
        constexpr const char * key = "tokenizer.ggml.token_type";
        LLMZERO_CHECK(kinds_.resize(size()));
        if (file.find(key) == nullptr) {
            infer_kinds();
            return success();
        }
        LLMZERO_ASSIGN(const gguf_array kinds, file.get_array(key, gguf_array_kind::integers));
        LLMZERO_CHECK(check_length(kinds));
        for (std::size_t i = 0; i < size(); ++i) {
            LLMZERO_ASSIGN(const std::int64_t kind, kinds.integer<std::int64_t>(i));
            const std::uint64_t offset = kinds.offset() + i * size_of(kinds.element_type());
            if (kind < 1 || kind > 6) {
                return error(error_code::malformed,
                             "%s: element %zu, of token %s, is %lld, expected 1 to 6 (at offset %llu)", key, i,
                             quoted(texts_[i]).c_str(), static_cast<long long>(kind), detail::printable(offset));
            }
            kinds_[i] = static_cast<token_kind>(kind);
            if (kinds_[i] == token_kind::byte && !parse_byte_text(texts_[i])) {
                return error(error_code::malformed,
                             "%s: element %zu is 6, a byte, but the token's text is %s, expected <0x00> to <0xFF> "
                             "(at offset %llu)",
                             key, i, quoted(texts_[i]).c_str(), detail::printable(offset));
            }
        }
        return success();
    }

    // For files without token types, which the format allows.
    void infer_kinds() {
        for (std::size_t i = 0; i < size(); ++i) {
            kinds_[i] = parse_byte_text(texts_[i]) ? token_kind::byte : token_kind::normal;
        }
        for (const token_id id : {bos_, eos_, eot_, padding_, separator_}) {
            if (id != no_token) {
                kinds_[index(id)] = token_kind::control;
            }
        }
        if (unknown_ != no_token) {
            kinds_[index(unknown_)] = token_kind::unknown;
        }
    }

    [[nodiscard]] status index_texts(const gguf_file & file) {
        // Far above the longest run in tables of honest files (tens); ends the loading of a file whose texts were made
        // to collide before it takes time in proportion to the square of their number.
        constexpr std::size_t max_probes = 4096;
        const auto offset = detail::printable(file.find("tokenizer.ggml.tokens")->offset);
        LLMZERO_CHECK(slots_.resize(std::bit_ceil(size() + size() / 2 + 1)));
        const std::size_t mask = slots_.size() - 1;
        for (std::size_t id = 0; id < size(); ++id) {
            const std::string_view text = texts_[id];
            if (text.empty()) {
                continue;
            }
            const std::uint32_t hash = hash_of(text);
            std::size_t i = hash & mask;
            for (std::size_t probes = 0; slots_[i].id != no_token; ++probes, i = (i + 1) & mask) {
                if (slots_[i].hash == hash && texts_[index(slots_[i].id)] == text) {
                    return error(error_code::malformed,
                                 "tokenizer.ggml.tokens: elements %d and %zu have the same text %s, expected unique "
                                 "texts (at offset %llu)",
                                 static_cast<int>(slots_[i].id), id, quoted(text).c_str(), offset);
                }
                if (probes == max_probes) {
                    return error(error_code::malformed,
                                 "tokenizer.ggml.tokens: element %zu, %s, is one of more than %zu whose texts collide "
                                 "(at offset %llu)",
                                 id, quoted(text).c_str(), max_probes, offset);
                }
            }
            slots_[i] = {hash, static_cast<token_id>(id)};
        }
        return success();
    }

    [[nodiscard]] status collect_ends(const gguf_file & file) {
        LLMZERO_ASSIGN(const token_id eom, special_id(file, "tokenizer.ggml.eom_token_id", no_token));
        for (const token_id id : {eos_, eot_, eom}) {
            LLMZERO_CHECK(add_end(id));
        }
        // Chat models end a turn with one of these, whatever the file calls its end of text. Names that cannot be
        // text of another kind are accepted for every kind of token: some converters mark them as normal.
        constexpr std::string_view certain[] = {
            "<|im_end|>",
            "<|eot_id|>",
            "<|eom_id|>",
            "<end_of_turn>",
            "<|end|>",
            "<EOT>",
            "<|endoftext|>",
            "<\xef\xbd\x9c"
            "end\xe2\x96\x81of\xe2\x96\x81sentence\xef\xbd\x9c>",
        };
        constexpr std::string_view when_control[] = {"</s>", "<eos>", "<|end_of_text|>", "<|eot|>", "_<EOT>"};
        for (const std::string_view text : certain) {
            LLMZERO_CHECK(add_end(find(text)));
        }
        for (const std::string_view text : when_control) {
            const token_id id = find(text);
            if (id != no_token && kind(id) == token_kind::control) {
                LLMZERO_CHECK(add_end(id));
            }
        }
        return success();
    }

    [[nodiscard]] status add_end(token_id id) {
        if (id == no_token || is_end_of_generation(id)) {
            return success();
        }
        return ends_.push_back(id);
    }

    piece_table texts_;
    heap_array<float> scores_; // empty where the file has none
    heap_array<token_kind> kinds_;
    heap_array<slot> slots_; // a power of two, more than size()
    heap_array<token_id> ends_;
    std::size_t max_text_bytes_ = 0;
    token_id bos_ = no_token;
    token_id eos_ = no_token;
    token_id eot_ = no_token;
    token_id unknown_ = no_token;
    token_id padding_ = no_token;
    token_id separator_ = no_token;
    bool add_bos_ = false;
    bool add_eos_ = false;
    bool add_space_prefix_ = false;
};

} // namespace llmzero::inline LLMZERO_ABI
