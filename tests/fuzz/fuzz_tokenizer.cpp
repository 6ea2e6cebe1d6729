// Fuzzes the tokenizers: any bytes become tokens of the vocabulary, and the tokens become the bytes again, or what is
// said to stand for those that are no UTF-8.
//
// Input: what follows is a text for one of the vocabularies below, or a GGUF file of which a tokenizer is made (a
// byte); whether special tokens are added and recognised (two bits of a byte); the text or the file.
#include <llmzero/tokenizer/detokenizer.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include "support/vocab_builder.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace llmzero;

namespace {

void require(bool holds, const char * what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_tokenizer: broken: %s\n", what);
        std::abort();
    }
}

const std::string spm_space = "\xe2\x96\x81";

// What is taught to the vocabularies: two neighbours, longer ones from shorter ones.
constexpr std::pair<std::string_view, std::string_view> pairs[] = {
    {"h", "e"},   {" ", "a"},   {"t", "he"},      {" ", "the"},     {"i", "n"}, {" ", " "},
    {"  ", "  "}, {"a", "a"},   {"aa", "aa"},     {"\xc3", "\xa9"}, {"'", "s"}, {"\xf0\x9f", "\x98"},
    {"1", "2"},   {"\n", "\n"}, {"\xf0", "\x9f"}, {" the", "in"}};

const std::vector<support::vocab_token> special = {
    {"<tool>", 0, token_kind::user_defined}, {"<|im_end|>", 0, token_kind::control}, {"<unk>", 0, token_kind::unknown}};

std::string bpe_file(std::string_view pre) {
    const auto spelled = [](std::string_view bytes) {
        std::string text;
        for (const char c : bytes) {
            char character[2];
            text.append(character, write_alphabet_character(static_cast<unsigned char>(c), character));
        }
        return text;
    };
    std::vector<support::vocab_token> tokens = special;
    for (int byte = 0; byte < 256; ++byte) {
        const char c = static_cast<char>(byte);
        tokens.push_back({spelled({&c, 1}), 0, token_kind::normal});
    }
    std::vector<std::string> merges;
    for (const auto & [left, right] : pairs) {
        merges.push_back(spelled(left) + " " + spelled(right));
        tokens.push_back({spelled(left) + spelled(right), 0, token_kind::normal});
    }
    return support::vocabulary_metadata(tokens, "gpt2")
        .string("tokenizer.ggml.pre", pre)
        .strings("tokenizer.ggml.merges", merges)
        .u32("tokenizer.ggml.eos_token_id", 1)
        .file();
}

std::string spm_file(bool has_bytes) {
    std::vector<support::vocab_token> tokens = special;
    for (int byte = 0; has_bytes && byte < 256; ++byte) {
        char text[8];
        std::snprintf(text, sizeof text, "<0x%02X>", static_cast<unsigned>(byte));
        tokens.push_back({text, 0, token_kind::byte});
    }
    float score = 0;
    for (const auto & [left, right] : pairs) {
        std::string text;
        for (const char c : std::string(left) + std::string(right)) {
            text += c == ' ' ? spm_space : std::string(1, c);
        }
        tokens.push_back({text, score--, token_kind::normal});
    }
    tokens.push_back({spm_space, score, token_kind::normal});
    return support::vocabulary_metadata(tokens)
        .u32("tokenizer.ggml.bos_token_id", 1)
        .u32("tokenizer.ggml.eos_token_id", 1)
        .u32("tokenizer.ggml.unknown_token_id", 2)
        .file();
}

// How the text is to come back.
enum class promise { bytes, utf8, tokens_only };

struct vocabulary_case {
    tokenizer text;
    promise kept;
};

const std::vector<vocabulary_case> & all_vocabularies() {
    static const auto made = [] {
        std::vector<vocabulary_case> all;
        const auto add = [&](const std::string & file, promise kept) {
            auto text = support::make_tokenizer(file);
            require(text.has_value(), "a vocabulary of the test is accepted");
            all.push_back({std::move(*text), kept});
        };
        add(spm_file(true), promise::bytes);
        add(spm_file(false), promise::tokens_only);
        for (const char * pre : {"gpt-2", "smollm", "default", "llama-bpe", "qwen2"}) {
            add(bpe_file(pre), promise::utf8);
        }
        return all;
    }();
    return made;
}

void replace_all(std::string & text, std::string_view what, std::string_view with) {
    for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
        text.replace(at, what.size(), with);
    }
}

std::string with_valid_utf8(std::string_view text) {
    std::string valid;
    while (!text.empty()) {
        const utf8_unit unit = first_utf8_unit(text);
        for (std::size_t i = 0; i < unit.bytes; ++i) {
            valid += unit.state == utf8_state::valid ? text.substr(i, 1) : utf8_replacement;
        }
        text.remove_prefix(unit.bytes);
    }
    return valid;
}

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const utf8_unit unit = first_utf8_unit(text);
        if (unit.state != utf8_state::valid) {
            return false;
        }
        text.remove_prefix(unit.bytes);
    }
    return true;
}

// The bytes of the tokens, after a look at what the detokenizer makes of them.
std::string decoded(const tokenizer & text, const heap_array<token_id> & tokens) {
    auto stream = detokenizer::create(text);
    require(stream.has_value(), "a detokenizer can be made");
    std::string bytes;
    for (const token_id id : tokens) {
        require(text.vocab().contains(id), "every token is of the vocabulary");
        bytes += text.decode(id);
        require(is_valid_utf8(stream->push(id)), "text comes in whole characters");
    }
    require(is_valid_utf8(stream->finish()), "text ends with a whole character");
    return bytes;
}

void check_text(const vocabulary_case & c, encode_options options, std::string_view text) {
    const auto tokens = c.text.encode(text, options);
    require(tokens.has_value(), "every text is encoded");
    std::string bytes = decoded(c.text, *tokens);
    if (c.kept == promise::tokens_only || options.parse_special) {
        return;
    }
    if (c.kept == promise::utf8) {
        require(bytes == with_valid_utf8(text), "UTF-8 comes back, and U+FFFD for what is none");
        return;
    }
    if (text.empty() || text.find("<tool>") != std::string_view::npos) {
        return; // a space is put before each part
    }
    std::string expected = " " + std::string(text);
    replace_all(expected, spm_space, " "); // to such a vocabulary they are the same
    require(bytes == expected, "every byte comes back");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::string rest(data + 2, data + size);
    const encode_options options{.add_special = (data[1] & 1) != 0, .parse_special = (data[1] & 2) != 0};
    const std::vector<vocabulary_case> & all = all_vocabularies();
    if (data[0] < all.size()) {
        check_text(all[data[0]], options, rest);
        return 0;
    }
    const auto made = support::make_tokenizer(rest);
    if (!made) {
        require(made.error().message()[0] != 0, "a refusal has words");
        return 0;
    }
    // A vocabulary may lack what it needs for a text: an error, but no harm.
    const auto tokens = made->encode("Hello in the\n\n 12 \xc3\xa9\xf0\x9f\x98\x80 \xff<tool><|im_end|>", options);
    if (tokens) {
        decoded(*made, *tokens);
    }
    return 0;
}
