#include <llmzero/model/model.hpp>
#include <llmzero/model/model_packer.hpp>

#include "support/failing_allocator.hpp"
#include "support/packing.hpp"
#include "support/tiny_llama.hpp"
#include "support/tiny_t5.hpp"

#include <cstdio>
#include <cstring>
#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

std::vector<std::byte> llama_to_pack() {
    support::tiny_llama source({.n_vocab = 52, .separate_head = true, .seed = 71});
    source.quantise();
    return source.file();
}

std::vector<float> llama_logits(const model & from) {
    auto state = from.network().create_state({.context = 8, .batch = 8});
    REQUIRE(state);
    const std::vector<token_id> tokens = {1, 5, 9, 30};
    REQUIRE((*state)->evaluate(tokens, 0, logits_wanted::last, {}));
    return {(*state)->logits().begin(), (*state)->logits().end()};
}

std::vector<std::byte> packed_for(const kernel_set & set, std::span<const std::byte> file) {
    auto made = support::packed_file(file, set);
    REQUIRE(made);
    return *made;
}

TEST_CASE("model_packer: a packed file gives the same logits to the last bit, copied or where it lies") {
    const auto original = llama_to_pack();
    for (const kernel_set * set : available_kernels()) {
        CAPTURE(std::string(set->name));
        const auto expected_model = load(original, {.kernels = set});
        REQUIRE(expected_model);
        const std::vector<float> expected = llama_logits(*expected_model);
        const auto packed = packed_for(*set, original);
        const auto copied = load(packed, {.kernels = set});
        REQUIRE(copied);
        CHECK(llama_logits(*copied) == expected);
        CHECK(copied->memory_bytes() == expected_model->memory_bytes());
        auto aligned = heap_array<std::byte>::copy(packed);
        REQUIRE(aligned);
        load_options options;
        options.kernels = set;
        options.borrow = true;
        const std::uint64_t before = support::allocation_count();
        const auto borrowed = load(aligned->span(), options);
        const std::uint64_t n_borrowed = support::allocation_count() - before;
        REQUIRE(borrowed);
        CHECK(llama_logits(*borrowed) == expected);
        options.borrow = false;
        const std::uint64_t middle = support::allocation_count();
        REQUIRE(load(aligned->span(), options));
        const std::uint64_t n_copied = support::allocation_count() - middle;
        CHECK(n_copied - n_borrowed == 2 + 2 * 7); // the matrices of the model
        // Where it does not begin at a cache line it is copied all the same.
        auto shifted = heap_array<std::byte>::create(packed.size() + 1);
        REQUIRE(shifted);
        std::memcpy(shifted->data() + 1, packed.data(), packed.size());
        options.borrow = true;
        const auto unaligned = load(std::span<const std::byte>(shifted->span().subspan(1)), options);
        REQUIRE(unaligned);
        CHECK(llama_logits(*unaligned) == expected);
    }
}

TEST_CASE("model_packer: a packed file stays mapped for as long as the model lives") {
    const auto original = llama_to_pack();
    const auto expected = load(original);
    REQUIRE(expected);
    const auto packed = packed_for(best_kernels(), original);
    for (const load_mode mode : {load_mode::map, load_mode::read}) {
        const char * path = "test-model-packer-temporary.gguf";
        std::FILE * file = std::fopen(path, "wb");
        REQUIRE(file != nullptr);
        REQUIRE(std::fwrite(packed.data(), 1, packed.size(), file) == packed.size());
        std::fclose(file);
        result<model> loaded = load(path, {.mode = mode});
        std::remove(path);
        REQUIRE(loaded);
        const model copy = *loaded;
        loaded = error(error_code::io, "dropped");
        CHECK(llama_logits(copy) == llama_logits(*expected));
    }
}

TEST_CASE("model_packer: encoder and decoder too") {
    support::tiny_t5 source({.seed = 72});
    source.quantise();
    const auto original = source.file();
    const auto packed = packed_for(best_kernels(), original);
    std::vector<std::vector<float>> found;
    for (const auto * bytes : {&original, &packed}) {
        const auto loaded = load(*bytes);
        REQUIRE(loaded);
        auto state = loaded->network().create_state({.context = 8, .batch = 8});
        REQUIRE(state);
        const std::vector<token_id> source_tokens = {5, 6, 7};
        const std::vector<token_id> tokens = {3, 5};
        REQUIRE((*state)->encode(source_tokens, {}));
        const status evaluated = (*state)->evaluate(tokens, 3, logits_wanted::last, {});
        INFO(std::string(evaluated ? "" : evaluated.error().message()));
        REQUIRE(evaluated);
        found.push_back({(*state)->logits().begin(), (*state)->logits().end()});
    }
    CHECK(found[0] == found[1]);
}

// The tokens whose logits were computed where one is wanted, each followed by its logit; nothing where all were.
std::vector<float> largest_logits(const model & from) {
    auto state = from.network().create_state({.context = 8, .batch = 8});
    REQUIRE(state);
    (*state)->want_largest(1);
    const std::vector<token_id> tokens = {1, 5, 9};
    REQUIRE((*state)->evaluate(tokens, 0, logits_wanted::last, {}));
    std::vector<float> found;
    for (const token_id token : (*state)->present_logits()) {
        found.push_back(static_cast<float>(token));
        found.push_back((*state)->logits()[static_cast<std::size_t>(token)]);
    }
    return found;
}

TEST_CASE("model_packer: a sketch of the head comes with the file") {
    for (const bool separate_head : {false, true}) {
        support::tiny_llama source({.n_vocab = 500, .separate_head = separate_head, .seed = 73});
        auto & head = source[separate_head ? "output.weight" : "token_embd.weight"];
        for (std::size_t i = 0; i < head.values.size(); ++i) { // of different sizes, so that few rows are needed
            head.values[i] *= i / head.cols % 7 == 0 ? 2.0f : 0.5f;
        }
        source.quantise();
        const auto original = source.file();
        for (const kernel_set * set : available_kernels()) {
            const auto with = support::packed_file(original, *set, {}, head_mode::sketch);
            const auto without = support::packed_file(original, *set, {}, head_mode::full);
            REQUIRE((with && without));
            const auto find_in = [set](const std::vector<std::byte> & file, head_mode mode) {
                const auto loaded = load(file, {.kernels = set, .head = mode});
                REQUIRE(loaded);
                return largest_logits(*loaded);
            };
            const std::vector<float> expected = find_in(original, head_mode::sketch);
            CHECK(!expected.empty());
            CHECK(find_in(*with, head_mode::sketch) == expected);
            CHECK(find_in(*with, head_mode::full).empty());
            CHECK(find_in(*with, head_mode::automatic).empty() == !set->gains_by_sketch(packed_format::q8));
            CHECK(find_in(*without, head_mode::sketch).empty());
            const memory_source bytes(*with);
            const auto whole = bytes_needed(bytes, {.kernels = set, .head = head_mode::full});
            const auto sketched = bytes_needed(bytes, {.kernels = set, .head = head_mode::sketch});
            REQUIRE((whole && sketched));
            CHECK(*sketched - *whole ==
                  set->packed_bytes(packed_format::q4, 500, static_cast<std::size_t>(head.cols)) + 500 * sizeof(float));
            CHECK(load(*with, {.kernels = set, .head = head_mode::sketch})->memory_bytes() == *sketched);
            const auto other = support::with_other_key(*with, packed_sketch_key, [](gguf_writer & writer) {
                return writer.add(packed_sketch_key, std::uint64_t{1});
            });
            const auto refused = load(other, {.kernels = set});
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code() == error_code::unsupported);
            CHECK(std::string(refused.error().message()).find("llmzero.packed.sketch is 0000000000000001") == 0);
        }
    }
}

TEST_CASE("model_packer: heads that are large enough get a sketch where the kernels gain by it") {
    support::tiny_llama source({.n_vocab = least_sketched_weights / 32, .seed = 74});
    source.quantise();
    const auto original = source.file();
    for (const packed_layout * layout : packed_layouts()) {
        const auto packed = support::packed_file(original, *layout);
        REQUIRE(packed);
        const memory_source bytes(*packed);
        const auto file = gguf_file::open(bytes);
        REQUIRE(file);
        CHECK((file->find_tensor(packed_sketch_name) != nullptr) == layout->gains_by_sketch(packed_format::q8));
    }
}

TEST_CASE("model_packer: metadata and floats are kept, tensors begin at cache lines") {
    const auto original = llama_to_pack();
    for (const packed_layout * layout : packed_layouts()) {
        const auto packed = support::packed_file(original, *layout);
        REQUIRE(packed);
        const memory_source before_source(original), after_source(*packed);
        const auto before = gguf_file::open(before_source);
        const auto after = gguf_file::open(after_source);
        REQUIRE((before && after));
        CHECK(after->alignment() == cache_line_bytes);
        CHECK(after->metadata().size() == before->metadata().size() + 6);
        for (const gguf_entry & entry : before->metadata()) {
            const gguf_entry * copy = after->find(entry.key);
            REQUIRE(copy != nullptr);
            CHECK(as_text(copy->payload) == as_text(entry.payload));
        }
        REQUIRE(after->tensors().size() == before->tensors().size());
        for (std::size_t i = 0; i < after->tensors().size(); ++i) {
            const gguf_tensor & from = before->tensors()[i];
            const gguf_tensor & to = after->tensors()[i];
            CHECK(to.name == from.name);
            CHECK(to.offset % cache_line_bytes == 0);
            if (from.type == tensor_type::q8_0) {
                CHECK(to.type == tensor_type::i8);
                CHECK(to.bytes == layout->packed_bytes(packed_format::q8, from.rows(), from.cols()));
            } else {
                CHECK(to.type == from.type);
                CHECK(std::memcmp(packed->data() + to.offset, original.data() + from.offset,
                                  static_cast<std::size_t>(from.bytes)) == 0);
            }
        }
        CHECK(packed->size() >= after->tensors().back().offset + after->tensors().back().bytes);
    }
}

TEST_CASE("model_packer: a larger alignment is kept") {
    const auto aligned =
        support::with_other_key(llama_to_pack(), "general.architecture", [](gguf_writer & to) -> status {
            LLMZERO_CHECK(to.add(gguf_alignment_key, std::uint32_t{256}));
            return to.add("general.architecture", "llama");
        });
    const auto packed = packed_for(best_kernels(), aligned);
    const memory_source source(packed);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    CHECK(file->alignment() == 256);
    const auto loaded = load(packed);
    INFO(std::string(loaded ? "" : loaded.error().message()));
    CHECK(loaded);
}

TEST_CASE("model_packer: tells how far it is, and stops when it is told to") {
    const auto original = llama_to_pack();
    std::uint64_t last = 0;
    std::uint64_t of = 0;
    std::uint64_t bytes_told = 0;
    std::size_t n_tensors = 0;
    const auto progress = [&](std::uint64_t done, std::uint64_t total) {
        CHECK(done > last);
        last = done;
        of = total;
        return true;
    };
    const auto on_tensor = [&](const gguf_tensor & from, std::uint64_t bytes) {
        CHECK_FALSE(from.name.empty());
        bytes_told += bytes;
        ++n_tensors;
    };
    const auto packed = support::packed_file(original, best_kernels(), {progress, on_tensor});
    REQUIRE(packed);
    CHECK(last == of);
    const memory_source source(*packed);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    CHECK(n_tensors == file->tensors().size());
    std::uint64_t bytes = 0;
    for (const gguf_tensor & tensor : file->tensors()) {
        bytes += tensor.bytes;
    }
    CHECK(bytes_told == bytes);
    const auto refuse = [](std::uint64_t, std::uint64_t) {
        return false;
    };
    const auto stopped = support::packed_file(original, best_kernels(), {refuse, {}});
    REQUIRE_FALSE(stopped);
    CHECK(stopped.error().code() == error_code::cancelled);
}

TEST_CASE("model_packer: packed files are not packed again, and parts of a model not at all") {
    const auto packed = packed_for(best_kernels(), llama_to_pack());
    const auto twice = support::packed_file(packed, best_kernels());
    REQUIRE_FALSE(twice);
    CHECK(twice.error().code() == error_code::unsupported);
    CHECK(std::strstr(twice.error().message(), "packed already") != nullptr);
    const auto part = support::with_other_key(llama_to_pack(), "general.name",
                                              [](gguf_writer & to) { return to.add("split.count", std::uint16_t{2}); });
    const auto refused = support::packed_file(part, best_kernels());
    REQUIRE_FALSE(refused);
    CHECK(std::strstr(refused.error().message(), "one of 2 parts") != nullptr);
}

TEST_CASE("model_packer: numbers that are not finite are found before they are packed") {
    auto original = llama_to_pack();
    const memory_source source(original);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    const std::size_t at = static_cast<std::size_t>(file->find_tensor("token_embd.weight")->offset);
    original[at + 1] = std::byte{0x7c}; // the scale of the first block
    const auto refused = support::packed_file(original, best_kernels());
    REQUIRE_FALSE(refused);
    CHECK(std::strstr(refused.error().message(), "'token_embd.weight' holds an infinity or NaN in row 0") != nullptr);
}

// The bytes of a packed matrix are not looked at. Whatever they are, computing with them ends.
TEST_CASE("model_packer: matrices of any bytes do no harm") {
    auto packed = packed_for(best_kernels(), llama_to_pack());
    const memory_source source(packed);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    for (const std::byte byte : {std::byte{0x00}, std::byte{0x7f}, std::byte{0xff}, std::byte{0x80}}) {
        auto other = packed;
        for (const gguf_tensor & tensor : file->tensors()) {
            if (tensor.type == tensor_type::i8) {
                std::memset(other.data() + tensor.offset, std::to_integer<int>(byte),
                            static_cast<std::size_t>(tensor.bytes));
            }
        }
        const auto loaded = load(other);
        INFO(std::string(loaded ? "" : loaded.error().message()));
        REQUIRE(loaded);
        CHECK(llama_logits(*loaded).size() == 52);
    }
}

TEST_CASE("model_packer: running out of memory is an error") {
    const auto original = llama_to_pack();
    const memory_source source(original);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    const auto survived = support::survive_allocation_failures([&file]() -> status {
        LLMZERO_ASSIGN(const auto packer, model_packer::create(*file, best_kernels()));
        return packer.write([](std::span<const std::byte>) { return success(); }, {});
    });
    CHECK(survived > 10);
}

} // namespace
