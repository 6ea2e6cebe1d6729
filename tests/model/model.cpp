#include <llmzero/model/model.hpp>

#include "support/failing_allocator.hpp"
#include "support/tiny_llama.hpp"

#include <cstdio>
#include <cstring>
#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

using support::tiny_llama;

bool says(const error & e, const char * part) {
    return std::strstr(e.message(), part) != nullptr;
}

std::vector<float> logits_of(const model & from) {
    auto state = from.network().create_state({.context = 8, .batch = 8});
    REQUIRE(state);
    const std::vector<token_id> tokens = {1, 5, 9};
    REQUIRE((*state)->evaluate(tokens, 0, logits_wanted::last, {}));
    return {(*state)->logits().begin(), (*state)->logits().end()};
}

// Gives the bytes of a file, until the n-th read.
class failing_source final : public byte_source {
public:
    failing_source(std::span<const std::byte> bytes, int failing_read) : memory_(bytes), left_(failing_read) {}
    [[nodiscard]] std::uint64_t size() const override { return memory_.size(); }
    [[nodiscard]] status read(std::uint64_t offset, std::span<std::byte> into) const override {
        if (--left_ == 0) {
            has_failed = true;
            return error(error_code::io, "read error at offset %llu", static_cast<unsigned long long>(offset));
        }
        return memory_.read(offset, into);
    }
    mutable bool has_failed = false;

private:
    memory_source memory_;
    mutable int left_;
};

// A file in the working directory that is removed at the end.
struct temporary_file {
    explicit temporary_file(const std::vector<std::byte> & bytes) {
        std::FILE * file = std::fopen(path, "wb");
        REQUIRE(file != nullptr);
        REQUIRE(std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size());
        std::fclose(file);
    }
    ~temporary_file() { std::remove(path); }
    const char * path = "test-model-temporary.gguf";
};

TEST_CASE("model: tells what it is") {
    const tiny_llama source({.architecture = "qwen2", .halves = true, .biases = true});
    const auto loaded = load(source.file());
    REQUIRE(loaded);
    CHECK(loaded->name() == "tiny");
    CHECK(loaded->architecture() == "qwen2");
    CHECK(loaded->config().n_vocab == source.s.n_vocab);
    CHECK(loaded->config().pairs == rope_pairs::halves);
    CHECK(loaded->text().vocab().size() == source.s.n_vocab);
    CHECK(&loaded->kernels() == &best_kernels());
}

TEST_CASE("model: how it is talked to is known, guessed, or raw; it loads in any case") {
    support::tiny_llama source({.seed = 61});
    CHECK(load(source.file())->chat().origin == chat_origin::none);
    CHECK(load(source.file())->chat().format == &raw_template);
    source.more_texts["tokenizer.chat_template"] = "'<|im_start|>' + message['role'] + '<|im_end|>'";
    CHECK(load(source.file())->chat().origin == chat_origin::recognised);
    CHECK(std::string(load(source.file())->chat().format->name) == "chatml");
    source.more_texts["tokenizer.chat_template"] = "{% generation %}{{ broken";
    CHECK(load(source.file())->chat().origin == chat_origin::unknown);
    source.control_tokens[7] = "<start_of_turn>";
    CHECK(load(source.file())->chat().origin == chat_origin::guessed);
    CHECK(std::string(load(source.file())->chat().format->name) == "gemma");
    source.more_texts.clear();
    source.more_keys["tokenizer.chat_template"] = 1.5f; // no text
    CHECK(load(source.file())->chat().origin == chat_origin::none);
}

TEST_CASE("model: a file gives the same as its bytes, mapped or read, and is not needed afterwards") {
    const tiny_llama source({.seed = 61});
    const auto bytes = source.file();
    const auto from_bytes = load(bytes);
    REQUIRE(from_bytes);
    const std::vector<float> expected = logits_of(*from_bytes);
    for (const load_mode mode : {load_mode::automatic, load_mode::map, load_mode::read}) {
        result<model> loaded = error(error_code::io, "not loaded yet");
        const char * path = nullptr;
        {
            const temporary_file file(bytes);
            path = file.path;
            loaded = load(path, {.mode = mode});
        }
        REQUIRE(loaded);
        CHECK(logits_of(*loaded) == expected);
    }
}

TEST_CASE("model: every kernel set can be asked for") {
    tiny_llama source({.seed = 62});
    source.quantise();
    const auto bytes = source.file();
    const std::vector<std::vector<double>> expected = source.logits({1, 5, 9});
    for (const kernel_set * set : available_kernels()) {
        CAPTURE(set->name);
        const auto loaded = load(bytes, {.kernels = set});
        REQUIRE(loaded);
        CHECK(&loaded->kernels() == set);
        CHECK(support::nmse(logits_of(*loaded), expected.back()) < 2e-3);
    }
}

TEST_CASE("model: a copy keeps the weights alive") {
    const tiny_llama source({.seed = 63});
    result<model> loaded = load(source.file());
    REQUIRE(loaded);
    const std::vector<float> expected = logits_of(*loaded);
    const model copy = *loaded;
    loaded = error(error_code::io, "dropped");
    CHECK(logits_of(copy) == expected);
}

TEST_CASE("model: errors name the file, what was found and what was expected") {
    const auto missing = load(std::string("no/such/file.gguf"));
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == error_code::io);
    CHECK(says(missing.error(), "no/such/file.gguf"));

    const tiny_llama odd({.architecture = "mamba"});
    const temporary_file file(odd.file());
    const auto unknown = load(file.path);
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code() == error_code::unsupported);
    CHECK(says(unknown.error(), file.path));
    CHECK(says(unknown.error(), "'mamba', which is not supported; supported: llama, qwen2"));

    const auto nameless = load(tiny_llama({}).file("general.architecture"));
    REQUIRE_FALSE(nameless);
    CHECK(says(nameless.error(), "general.architecture"));

    tiny_llama short_vocabulary({});
    short_vocabulary["token_embd.weight"].rows -= 1;
    short_vocabulary["token_embd.weight"].values.resize(39 * 32);
    const auto fewer = load(short_vocabulary.file());
    REQUIRE_FALSE(fewer);
    CHECK(says(fewer.error(), "'token_embd.weight' has the shape (32, 39, 1, 1), expected (32, 40)"));
}

TEST_CASE("model: an outline says what the loaded model is and takes") {
    for (const char * architecture : {"llama", "qwen2"}) {
        CAPTURE(architecture);
        const auto bytes = tiny_llama({.architecture = architecture, .biases = true, .seed = 66}).file();
        const memory_source source(bytes);
        const auto outline = outline_of(source);
        REQUIRE_MESSAGE(outline, outline.error().message());
        const auto loaded = load(source);
        REQUIRE_MESSAGE(loaded, loaded.error().message());
        CHECK(outline->memory_bytes() == loaded->memory_bytes());
        CHECK(outline->memory_bytes() == bytes_needed(source).value());
        CHECK(outline->config().d_ff == loaded->config().d_ff);
        for (const kv_type kv : {kv_type::f32, kv_type::q8}) {
            const state_options options{.context = 50, .kv = kv, .batch = 3};
            CHECK(outline->state_bytes(options) == loaded->network().state_bytes(options));
        }
    }
    CHECK_FALSE(outline_of(memory_source({})).has_value());
}

TEST_CASE("model: a budget refuses with figures, before memory is taken") {
    tiny_llama source({.seed = 64});
    source.quantise();
    const auto bytes = source.file();
    const memory_source in_memory(bytes);
    const auto needed = bytes_needed(in_memory);
    REQUIRE(needed);
    const auto loaded = load(bytes, {.memory_budget_bytes = *needed});
    REQUIRE(loaded);
    CHECK(loaded->memory_bytes() == *needed);
    const auto refused = load(bytes, {.memory_budget_bytes = *needed - 1});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == error_code::over_budget);
    CHECK(says(refused.error(), "KiB of memory, the budget is"));
    // Weights of a Q8_0 model are a bit more than a byte each.
    CHECK(*needed > 2 * (32 * 32 * 3 + 32 * 64 * 3));
    CHECK(*needed < 120000);
}

TEST_CASE("model: loading can be watched and cancelled") {
    const tiny_llama source({.seed = 65});
    const auto bytes = source.file();
    std::uint64_t done_last = 0;
    std::uint64_t total_last = 1;
    const auto loaded = load(bytes, {.progress = [&](std::uint64_t done, std::uint64_t total) {
                                 done_last = done;
                                 total_last = total;
                                 return true;
                             }});
    REQUIRE(loaded);
    CHECK(done_last == total_last);
    const auto stopped = load(bytes, {.progress = [](std::uint64_t, std::uint64_t) {
                                  return false;
                              }});
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code() == error_code::cancelled);
}

TEST_CASE("model: loading survives running out of memory at any point") {
    tiny_llama source({.n_layers = 1, .biases = true, .separate_head = true, .rope_divisors = true});
    const auto bytes = source.file();
    const auto survived = support::survive_allocation_failures([&]() -> status {
        LLMZERO_CHECK(load(bytes));
        return success();
    });
    CHECK(survived > 60);
}

TEST_CASE("model: loading survives a failure of any read") {
    tiny_llama source({.n_layers = 1});
    source.quantise();
    const auto bytes = source.file();
    int survived = 0;
    for (int nth = 1;; ++nth) {
        const std::int64_t live_before = support::live_allocations();
        const failing_source failing(bytes, nth);
        const auto loaded = load(failing);
        if (!failing.has_failed) {
            CHECK(loaded);
            break;
        }
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code() == error_code::io);
        CHECK(support::live_allocations() == live_before);
        ++survived;
    }
    CHECK(survived > 10); // the header, and each tensor
}

} // namespace
