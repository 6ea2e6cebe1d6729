// Fuzzes loading a model and generating with it: whole small files, as they come and packed, llama and T5, with some
// bytes changed. A file that is accepted anyway, with weights of whatever bits, gives tokens of its vocabulary or an
// error.
//
// The input: the file (a digit), then changes of three bytes, the place (little endian, from the file's start or, with
// the highest bit, from its end) and the value.
#include <llmzero/generation/session.hpp>
#include <llmzero/kernels/select.hpp>
#include <llmzero/model/model.hpp>

#include "support/packing.hpp"
#include "support/tiny_llama.hpp"
#include "support/tiny_t5.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

using namespace llmzero;

namespace {

void require(bool holds, const char * what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_model: broken: %s\n", what);
        std::abort();
    }
}

using bytes = std::vector<std::byte>;

bytes packed(const bytes & file, head_mode head) {
    auto made = support::packed_file(file, best_kernels(), {}, head);
    require(made.has_value(), "the sample is packed");
    return *std::move(made);
}

std::vector<bytes> make_samples() {
    support::tiny_llama llama({.n_vocab = 52, .separate_head = true, .seed = 71});
    llama.quantise();
    support::tiny_t5 t5({.n_vocab = 40, .seed = 72});
    t5.quantise();
    std::vector<bytes> made = {llama.file(), t5.file()};
    made.push_back(packed(made[0], head_mode::automatic));
    made.push_back(packed(made[0], head_mode::sketch));
    made.push_back(packed(made[1], head_mode::sketch));
    return made;
}

void generate(const model & from) {
    if (session::bytes_needed(from, {.context = 12, .batch = 4, .threads = 1}) > 1u << 24) {
        return;
    }
    auto made = session::create(from, {.context = 12, .batch = 4, .threads = 1});
    if (!made) {
        return;
    }
    const token_id prompt[] = {1, 3, 2, 3, 1};
    const auto done = made->generate(prompt, {.max_tokens = 4, .ignore_end_of_text = true}, {});
    if (!done) {
        return; // a vocabulary without one of these, for instance
    }
    for (const token_id token : made->tokens()) {
        require(from.text().vocab().contains(token), "tokens are of the vocabulary");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    static const std::vector<bytes> samples = make_samples();
    if (size == 0) {
        return 0;
    }
    auto file =
        heap_array<std::byte>::copy(samples[data[0] % samples.size()]); // where a packed file can be used in place
    require(file.has_value(), "there is memory for the sample");
    for (std::size_t i = 1; i + 2 < size; i += 3) {
        const std::size_t place = (data[i] | static_cast<std::size_t>(data[i + 1] & 0x7f) << 8) % file->size();
        (*file)[data[i + 1] & 0x80 ? file->size() - 1 - place : place] = static_cast<std::byte>(data[i + 2]);
    }
    for (const head_mode head : {head_mode::automatic, head_mode::sketch}) {
        load_options options;
        options.memory_budget_bytes = 1u << 24;
        options.head = head;
        options.borrow = head == head_mode::sketch;
        options.threads = 1;
        const memory_source source(file->span());
        if (const auto loaded = load(source, options)) {
            generate(*loaded);
        } else if (size < 4) {
            std::fprintf(stderr, "%s\n", loaded.error().message());
            require(false, "a sample without changes is loaded");
        }
    }
    return 0;
}
