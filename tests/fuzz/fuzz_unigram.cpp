// Fuzzes the Unigram tokenizer: a charsmap and a text, both from the input, with a small vocabulary. Whatever charsmap
// is accepted, every text must be encoded, into tokens that there are, and the same each time.
//
// Input: the size of the charsmap, two bytes; the charsmap; the text.
#include <llmzero/tokenizer/tokenizer.hpp>

#include "support/vocab_builder.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace llmzero;

namespace {

void require(bool holds, const char * what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_unigram: broken: %s\n", what);
        std::abort();
    }
}

std::string vocabulary_with(const std::vector<std::uint8_t> & charsmap_bytes, bool merges_spaces) {
    return support::vocabulary_metadata({{"<unk>", 0, token_kind::unknown},
                                         {"\xe2\x96\x81", -2},
                                         {"a", -3},
                                         {"ab", -4},
                                         {"\xe2\x96\x81"
                                          "a",
                                          -4},
                                         {"\xc3", -5},
                                         {"<x>", 0, token_kind::user_defined}},
                                        "t5")
        .u32("tokenizer.ggml.unknown_token_id", 0)
        .boolean("tokenizer.ggml.remove_extra_whitespaces", merges_spaces)
        .numbers(charsmap::key, 0, charsmap_bytes)
        .file();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t charsmap_bytes = std::min<std::size_t>(data[0] | std::size_t{data[1]} << 8, size - 2);
    const std::vector<std::uint8_t> blob(data + 2, data + 2 + charsmap_bytes);
    const std::string text(data + 2 + charsmap_bytes, data + size);
    for (const bool merges_spaces : {true, false}) {
        const auto made = support::make_tokenizer(vocabulary_with(blob, merges_spaces));
        if (!made) {
            require(made.error().code() == error_code::malformed, "a charsmap is refused as malformed");
            continue;
        }
        const auto tokens = made->encode(text);
        require(tokens.has_value(), "every text is encoded");
        for (const token_id id : *tokens) {
            require(made->vocab().contains(id), "tokens are those of the vocabulary");
        }
        const auto again = made->encode(text);
        require(again.has_value() && std::equal(tokens->begin(), tokens->end(), again->begin(), again->end()),
                "a text is encoded the same each time");
    }
    return 0;
}
