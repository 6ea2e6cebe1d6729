#include <llmzero/model/fingerprint.hpp>
#include <llmzero/model/model.hpp>

#include "support/failing_allocator.hpp"
#include "support/tiny_llama.hpp"

#include <doctest/doctest.h>
#include <set>

using namespace llmzero;

namespace {

std::uint64_t fingerprint_of_bytes(const std::vector<std::byte> & bytes) {
    const memory_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    const auto fingerprint = fingerprint_of(*file);
    REQUIRE(fingerprint);
    return *fingerprint;
}

TEST_CASE("fingerprint: the same for the same file, however it is read") {
    const std::vector<std::byte> bytes = support::tiny_llama({.seed = 5}).file();
    const auto loaded = load(bytes);
    REQUIRE(loaded);
    CHECK(loaded->fingerprint() == fingerprint_of_bytes(bytes));
    CHECK(load(bytes)->fingerprint() == loaded->fingerprint());
}

TEST_CASE("fingerprint: another training, another name and another vocabulary are other models") {
    std::set<std::uint64_t> seen;
    for (const std::uint64_t seed : {1u, 2u, 3u}) {
        CHECK(seen.insert(fingerprint_of_bytes(support::tiny_llama({.seed = seed}).file())).second);
    }
    CHECK(seen.insert(fingerprint_of_bytes(support::tiny_llama({.n_vocab = 41, .seed = 1}).file())).second);
    CHECK(seen.insert(fingerprint_of_bytes(support::tiny_llama({.theta = 10001.0f, .seed = 1}).file())).second);
    support::tiny_llama quantised({.seed = 1});
    quantised.quantise();
    CHECK(seen.insert(fingerprint_of_bytes(quantised.file())).second);
}

TEST_CASE("fingerprint: every byte of the header counts, and of each tensor its ends and its middle") {
    const std::vector<std::byte> bytes = support::tiny_llama({.n_layers = 1, .seed = 1}).file();
    const memory_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    const std::uint64_t whole = fingerprint_of_bytes(bytes);
    for (const gguf_tensor & tensor : file->tensors()) {
        CAPTURE(tensor.name);
        for (const std::uint64_t at : {std::uint64_t{0}, tensor.bytes / 2, tensor.bytes - 1}) {
            std::vector<std::byte> changed = bytes;
            changed[static_cast<std::size_t>(tensor.offset + at)] ^= std::byte{1};
            CHECK(fingerprint_of_bytes(changed) != whole);
        }
    }
    std::vector<std::byte> renamed = bytes; // a letter of general.name
    const std::string_view name = "tiny";
    const auto at = std::search(renamed.begin(), renamed.end(), name.begin(), name.end(),
                                [](std::byte a, char b) { return static_cast<char>(a) == b; });
    REQUIRE(at != renamed.end());
    *at = std::byte{'T'};
    CHECK(fingerprint_of_bytes(renamed) != whole);
}

TEST_CASE("fingerprint: what cannot be read is an error") {
    class failing_source final : public byte_source {
    public:
        explicit failing_source(std::span<const std::byte> bytes) : bytes_(bytes) {}
        std::uint64_t size() const override { return bytes_.size(); }
        status read(std::uint64_t offset, std::span<std::byte> into) const override {
            return reads_left-- > 0 ? memory_source(bytes_).read(offset, into) : error(error_code::io, "gone");
        }
        mutable int reads_left = 1000;

    private:
        std::span<const std::byte> bytes_;
    };
    const std::vector<std::byte> bytes = support::tiny_llama({.seed = 5}).file();
    const failing_source source(bytes);
    const auto file = gguf_file::open(source);
    REQUIRE(file);
    for (const int reads : {0, 1, 5}) {
        source.reads_left = reads;
        const auto refused = fingerprint_of(*file);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::io);
    }
}

} // namespace
