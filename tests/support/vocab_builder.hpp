// GGUF files with a vocabulary and nothing else, made in memory: well-formed as files, with any nonsense in
// the values, so that the checks of vocabularies can be tested one by one.
#pragma once

#include <llmzero/storage/byte_source.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// The keys and values of a GGUF file, in order.
class metadata_builder {
public:
    metadata_builder & string(std::string_view key, std::string_view value) {
        start(key, 8);
        put_string(value);
        return *this;
    }
    metadata_builder & boolean(std::string_view key, bool value) {
        start(key, 7);
        put<std::uint8_t>(value ? 1 : 0);
        return *this;
    }
    metadata_builder & u32(std::string_view key, std::uint32_t value) {
        start(key, 4);
        put(value);
        return *this;
    }
    metadata_builder & i32(std::string_view key, std::int32_t value) {
        start(key, 5);
        put(value);
        return *this;
    }
    metadata_builder & u64(std::string_view key, std::uint64_t value) {
        start(key, 10);
        put(value);
        return *this;
    }
    metadata_builder & strings(std::string_view key, const std::vector<std::string> & values) {
        start_array(key, 8, values.size());
        for (const std::string & value : values) {
            put_string(value);
        }
        return *this;
    }
    // An array of numbers; `type` is the one GGUF has for T.
    template <class T>
    metadata_builder & numbers(std::string_view key, std::uint32_t type, const std::vector<T> & values) {
        start_array(key, type, values.size());
        for (const T value : values) {
            put(value);
        }
        return *this;
    }
    metadata_builder & f32s(std::string_view key, const std::vector<float> & values) { return numbers(key, 6, values); }
    metadata_builder & i32s(std::string_view key, const std::vector<std::int32_t> & values) {
        return numbers(key, 5, values);
    }

    // The whole file: version 3, no tensors.
    [[nodiscard]] std::string file() const {
        metadata_builder header;
        header.body_ = "GGUF";
        header.put(std::uint32_t{3});
        header.put(std::uint64_t{0});
        header.put(n_entries_);
        return header.body_ + body_;
    }

private:
    template <class T> void put(T value) {
        char raw[sizeof(T)];
        std::memcpy(raw, &value, sizeof raw);
        for (std::size_t i = 0; i < sizeof raw; ++i) {
            body_ += raw[std::endian::native == std::endian::little ? i : sizeof raw - 1 - i];
        }
    }
    void put_string(std::string_view text) {
        put(std::uint64_t{text.size()});
        body_ += text;
    }
    void start(std::string_view key, std::uint32_t type) {
        put_string(key);
        put(type);
        ++n_entries_;
    }
    void start_array(std::string_view key, std::uint32_t type, std::size_t count) {
        start(key, 9);
        put(type);
        put(std::uint64_t{count});
    }

    std::string body_;
    std::uint64_t n_entries_ = 0;
};

struct vocab_token {
    std::string text;
    float score = 0;
    llmzero::token_kind kind = llmzero::token_kind::normal;
};

// The keys of a vocabulary without special ids, to which a test adds its own.
inline metadata_builder vocabulary_metadata(const std::vector<vocab_token> & tokens, std::string_view model = "llama") {
    std::vector<std::string> texts;
    std::vector<float> scores;
    std::vector<std::int32_t> kinds;
    for (const vocab_token & token : tokens) {
        texts.push_back(token.text);
        scores.push_back(token.score);
        kinds.push_back(static_cast<std::int32_t>(token.kind));
    }
    metadata_builder made;
    made.string("tokenizer.ggml.model", model)
        .strings("tokenizer.ggml.tokens", texts)
        .f32s("tokenizer.ggml.scores", scores)
        .i32s("tokenizer.ggml.token_type", kinds);
    return made;
}

// Opens `file` and gives it to `create`, whose result must not refer to it.
template <class Create> auto create_from(const std::string & file, const Create & create) {
    using outcome = decltype(create(std::declval<const llmzero::gguf_file &>()));
    const llmzero::memory_source source(std::as_bytes(std::span(file)));
    const auto gguf = llmzero::gguf_file::open(source);
    return gguf ? create(*gguf) : outcome(gguf.error());
}

inline llmzero::result<llmzero::tokenizer> make_tokenizer(const std::string & file) {
    return create_from(file, [](const llmzero::gguf_file & gguf) { return llmzero::tokenizer::create(gguf); });
}
inline llmzero::result<llmzero::vocabulary> make_vocabulary(const std::string & file,
                                                            const llmzero::vocabulary_rules & rules = {}) {
    return create_from(file, [&](const llmzero::gguf_file & gguf) { return llmzero::vocabulary::create(gguf, rules); });
}

// The ids as a vector, for comparisons; {-1} when there is an error.
inline std::vector<int> ids_of(const llmzero::result<llmzero::heap_array<llmzero::token_id>> & tokens) {
    return tokens ? std::vector<int>(tokens->begin(), tokens->end()) : std::vector<int>{-1};
}

} // namespace support
