#include <llmzero/storage/gguf_parser.hpp>

#include "gguf_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <string>
#include <vector>

using namespace llmzero;
using support::array_of;
using support::entry;
using support::raw;
using support::raw_gguf;
using support::raw_tensor;
using support::text;

namespace {

constexpr std::uint64_t u64_max = std::numeric_limits<std::uint64_t>::max();

// Three keys and three tensors: 12, 36 and 8 bytes, at 0, 32 and 96.
raw_gguf valid() {
    raw_gguf file;
    file.entries = {
        entry("general.architecture", gguf_type::string, text("llama")),
        entry("llama.block_count", gguf_type::u32, raw(std::uint32_t{2})),
        entry("tokenizer.ggml.tokens", gguf_type::array, array_of(gguf_type::string, 2, text("ab") + text("c"))),
    };
    file.tensors = {{"first", {3}, 0, 0}, {"second", {32, 2}, 2, 32}, {"third", {2, 1, 2}, 1, 96}};
    file.data = std::string(104, 'd');
    return file;
}

struct refusal {
    error_code code = error_code::io;
    std::string message;
    bool says(std::string_view part) const { return message.find(part) != std::string::npos; }
};

// Parses, mapped, not mapped, and read in the smallest steps: all must refuse, in the same words. An empty message: it
// was accepted.
refusal refuse(const std::string & bytes, const gguf_limits & limits = {}) {
    const memory_source mapped(support::bytes_of(bytes));
    const support::reading_source not_mapped(bytes);
    const auto first = detail::gguf_parser(mapped, limits).parse();
    const auto second = detail::gguf_parser(not_mapped, limits).parse();
    gguf_limits small_steps = limits;
    small_steps.first_read_bytes = 1;
    const auto third = detail::gguf_parser(not_mapped, small_steps).parse();
    CHECK(first.has_value() == second.has_value());
    CHECK(first.has_value() == third.has_value());
    if (first.has_value() || second.has_value() || third.has_value()) {
        return {};
    }
    CHECK(std::string_view(first.error().message()) == third.error().message());
    CHECK(first.error().code() == second.error().code());
    CHECK(std::string_view(first.error().message()) == second.error().message());
    CAPTURE(first.error().message());
    CHECK(std::string_view(first.error().message()).find("offset ") != std::string_view::npos);
    return {first.error().code(), first.error().message()};
}

#define CHECK_REFUSED(bytes, expected_code, ...)                                                                       \
    do {                                                                                                               \
        const refusal refused = refuse(bytes);                                                                         \
        CAPTURE(refused.message);                                                                                      \
        CHECK(refused.code == error_code::expected_code);                                                              \
        for (const std::string & part : std::vector<std::string>{__VA_ARGS__}) {                                       \
            CAPTURE(part);                                                                                             \
            CHECK(refused.says(part));                                                                                 \
        }                                                                                                              \
    } while (false)

std::string at_offset(std::size_t offset) {
    return "offset " + std::to_string(offset) + ")";
}

TEST_CASE("gguf_parser: the valid file is accepted") {
    CHECK(refuse(valid().bytes()).message.empty());
    raw_gguf version_2 = valid();
    version_2.version = 2;
    CHECK(refuse(version_2.bytes()).message.empty());
}

TEST_CASE("gguf_parser: every file that ends early is refused, and names where") {
    const std::string whole = valid().bytes();
    for (std::size_t length = 0; length < whole.size(); ++length) {
        CAPTURE(length);
        const refusal refused = refuse(whole.substr(0, length));
        CHECK_FALSE(refused.message.empty());
        CHECK((refused.code == error_code::malformed));
    }
    CHECK(refuse(whole + std::string(100, 't')).message.empty());
}

TEST_CASE("gguf_parser: magic and version") {
    raw_gguf file = valid();
    file.magic = "GGUX";
    CHECK_REFUSED(file.bytes(), malformed, "'GGUX'", "expected 'GGUF'", at_offset(0));
    file.magic = "tjgg";
    CHECK_REFUSED(file.bytes(), unsupported, "'tjgg'", "before GGUF");
    file.magic = "\x1b[2J";
    CHECK_REFUSED(file.bytes(), malformed, "'?[2J'");
    file.magic = "GGUF";
    file.version = 0;
    CHECK_REFUSED(file.bytes(), malformed, "version 0, expected version 2 or 3", at_offset(4));
    file.version = 1;
    CHECK_REFUSED(file.bytes(), unsupported, "version 1, an early draft", at_offset(4));
    file.version = 4;
    CHECK_REFUSED(file.bytes(), unsupported, "version 4", at_offset(4));
    for (const std::uint32_t big_endian : {0x03000000u, 0x02000000u, 0x00010000u}) {
        file.version = big_endian;
        CHECK_REFUSED(file.bytes(), unsupported, "big-endian", at_offset(4));
    }
    CHECK_REFUSED("", malformed, "magic number", at_offset(0));
}

TEST_CASE("gguf_parser: counts that the file cannot hold are refused before anything is read") {
    for (const std::uint64_t count : {std::uint64_t{100}, std::uint64_t{1} << 32, std::uint64_t{1} << 63, u64_max,
                                      u64_max / 33 + 1, u64_max / 14 + 1}) {
        raw_gguf file = valid();
        file.n_tensors = count;
        CHECK_REFUSED(file.bytes(), malformed, std::to_string(count) + " tensors", at_offset(8));
        file = valid();
        file.n_entries = count;
        CHECK_REFUSED(file.bytes(), malformed, std::to_string(count) + " keys", at_offset(16));
    }
    raw_gguf file = valid();
    file.n_tensors = 4;
    file.data.resize(500); // the padding is read as a tensor
    CHECK_REFUSED(file.bytes(), malformed, "a tensor has an empty name");
    file = valid();
    file.n_entries = 4; // the first tensor is read as a key of type 1 (its n_dims)
    CHECK_FALSE(refuse(file.bytes()).message.empty());
    file.n_entries = 2; // the last key is read as a tensor
    CHECK_FALSE(refuse(file.bytes()).message.empty());
}

TEST_CASE("gguf_parser: keys") {
    raw_gguf file = valid();
    const std::size_t second = raw_gguf::entries_start + file.entries[0].size();
    file.entries[1] = entry("", gguf_type::u8, "x");
    CHECK_REFUSED(file.bytes(), malformed, "a key is empty", at_offset(second));
    file.entries[1] = entry(std::string(65536, 'k'), gguf_type::u8, "x");
    CHECK_REFUSED(file.bytes(), malformed, "65536 bytes, expected at most 65535", at_offset(second));
    file.entries[1] = entry(std::string(65535, 'k'), gguf_type::u8, "x");
    CHECK(refuse(file.bytes()).message.empty());
    file.entries[1] = entry("a\nb", gguf_type::u8, "x");
    CHECK_REFUSED(file.bytes(), malformed, "'a?b'", "0x0a", at_offset(second));
    for (const std::uint64_t length : {std::uint64_t{1} << 40, std::uint64_t{1} << 63, u64_max}) {
        file.entries[1] = raw(length) + "kk";
        CHECK_REFUSED(file.bytes(), malformed, "a key says that it has " + std::to_string(length), at_offset(second));
    }
}

TEST_CASE("gguf_parser: a key that stands in the file twice is named, with the second place") {
    raw_gguf file = valid();
    const std::size_t place = file.tensors_start() + sizeof(std::uint64_t);
    file.entries.push_back(entry("llama.block_count", gguf_type::i8, "x"));
    CHECK_REFUSED(file.bytes(), malformed, "'llama.block_count'", "twice", at_offset(place));
}

// Comparing every key with every other would be noticed by whoever runs this.
TEST_CASE("gguf_parser: many keys with long common beginnings are sorted quickly") {
    raw_gguf file;
    const std::string beginning(200, 'p');
    for (int i = 0; i < 20000; ++i) {
        file.entries.push_back(entry(beginning + std::to_string(i * 7919 % 20000), gguf_type::u8, "x"));
    }
    const std::string bytes = file.bytes();
    CHECK(refuse(bytes).message.empty());
    file.entries.push_back(file.entries[11111]);
    CHECK_REFUSED(file.bytes(), malformed, "twice");
}

TEST_CASE("gguf_parser: value types") {
    for (const std::uint32_t type : {13u, 99u, 0xffffffffu}) {
        raw_gguf file = valid();
        const std::size_t place = raw_gguf::entries_start + 8 + 3;
        file.entries[0] = entry("key", type, "12345678");
        CHECK_REFUSED(file.bytes(), malformed, "key 'key' has the type " + std::to_string(type), "expected 0 to 12",
                      at_offset(place));
        file.entries[0] = entry("key", gguf_type::array, raw(type) + raw(std::uint64_t{0}));
        CHECK_REFUSED(file.bytes(), malformed, "'key'", "the array", "the type " + std::to_string(type),
                      at_offset(place + 4));
    }
}

TEST_CASE("gguf_parser: strings") {
    const std::size_t place = raw_gguf::entries_start + 8 + 3 + 4;
    for (const std::uint64_t length : {std::uint64_t{10000}, std::uint64_t{1} << 32, u64_max}) {
        raw_gguf file = valid();
        file.entries[0] = entry("key", gguf_type::string, raw(length) + "abc");
        CHECK_REFUSED(file.bytes(), malformed, "the value of key 'key' says that it has " + std::to_string(length),
                      at_offset(place));
        file.entries[0] = entry("key", gguf_type::array, array_of(gguf_type::string, 2, text("a") + raw(length)));
        CHECK_REFUSED(file.bytes(), malformed, "'key' says that it has " + std::to_string(length),
                      at_offset(place + 12 + 9));
    }
}

TEST_CASE("gguf_parser: arrays") {
    const std::size_t place = raw_gguf::entries_start + 8 + 3 + 4;
    raw_gguf file = valid();
    file.entries[0] = entry("key", gguf_type::array, array_of(gguf_type::array, 1, array_of(gguf_type::u8, 1, "x")));
    CHECK_REFUSED(file.bytes(), malformed, "key 'key' is an array of arrays", at_offset(place));
    for (std::uint32_t id = 0; id < gguf_type_count; ++id) {
        const auto type = static_cast<gguf_type>(id);
        if (type == gguf_type::array) {
            continue;
        }
        CAPTURE(name_of(type));
        file.entries[0] = entry("key", gguf_type::array, array_of(type, 0, ""));
        CHECK(refuse(file.bytes()).message.empty());
        const std::uint64_t size = type == gguf_type::string ? 8 : size_of(type);
        // Products of count and size that wrap to something small, and counts just above what is left.
        for (const std::uint64_t count :
             {u64_max, std::uint64_t{1} << 63, std::uint64_t{1} << 62, std::uint64_t{1} << 61, std::uint64_t{1} << 32,
              u64_max / size + 1 + (size == 1 ? u64_max : 0), std::uint64_t{1000}}) {
            CAPTURE(count);
            file.entries[0] = entry("key", gguf_type::array, array_of(type, count, "abcd"));
            CHECK_REFUSED(file.bytes(), malformed, "key 'key' says that it is an array of " + std::to_string(count),
                          at_offset(place));
        }
    }
}

TEST_CASE("gguf_parser: bools are 0 or 1") {
    const std::size_t place = raw_gguf::entries_start + 8 + 3 + 4;
    raw_gguf file = valid();
    for (const char value : {'\x02', '\xff'}) {
        file.entries[0] = entry("key", gguf_type::boolean, std::string(1, value));
        CHECK_REFUSED(file.bytes(), malformed, "key 'key' holds the bool", "expected 0 or 1", at_offset(place));
        file.entries[0] = entry("key", gguf_type::array,
                                array_of(gguf_type::boolean, 3, std::string("\0\1", 2) + std::string(1, value)));
        CHECK_REFUSED(file.bytes(), malformed, "key 'key' holds the bool", at_offset(place + 12 + 2));
    }
    file.entries[0] = entry("key", gguf_type::boolean, "\1");
    CHECK(refuse(file.bytes()).message.empty());
    file.entries[0] = entry("key", gguf_type::array, array_of(gguf_type::boolean, 2, std::string("\0\1", 2)));
    CHECK(refuse(file.bytes()).message.empty());
}

TEST_CASE("gguf_parser: the alignment is a u32 and a power of two") {
    raw_gguf file = valid();
    for (const std::uint32_t alignment : {0u, 3u, 131072u, 0x80000000u}) {
        file.entries[0] = entry("general.alignment", gguf_type::u32, raw(alignment));
        CHECK_REFUSED(file.bytes(), malformed, "'general.alignment' is " + std::to_string(alignment),
                      at_offset(raw_gguf::entries_start + 8 + 17 + 4));
    }
    file.entries[0] = entry("general.alignment", gguf_type::u64, raw(std::uint64_t{32}));
    CHECK_REFUSED(file.bytes(), malformed, "'general.alignment' is of type u64, expected u32");
    file.entries[0] = entry("general.alignment", gguf_type::string, text("32"));
    CHECK_REFUSED(file.bytes(), malformed, "'general.alignment' is of type string, expected u32");
    for (const std::uint32_t alignment : {1u, 8u, 32u}) {
        file.entries[0] = entry("general.alignment", gguf_type::u32, raw(alignment));
        file.alignment = alignment;
        CHECK(refuse(file.bytes()).message.empty());
    }
    file.entries[0] = entry("general.alignment", gguf_type::u32, raw(std::uint32_t{65536}));
    file.alignment = 65536;
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'second' starts at 32, expected a multiple of 65536");
    file.tensors.resize(1);
    CHECK(refuse(file.bytes()).message.empty());
}

TEST_CASE("gguf_parser: tensor descriptions") {
    const raw_gguf good = valid();
    const std::size_t place = good.tensors_start();
    raw_gguf file = good;
    file.tensors[0].name.clear();
    CHECK_REFUSED(file.bytes(), malformed, "empty name", at_offset(place));
    file = good;
    file.tensors[0].name = std::string(65, 'n');
    CHECK_REFUSED(file.bytes(), malformed, "has 65 bytes, expected at most 64", at_offset(place));
    file.tensors[0].name = std::string(64, 'n');
    CHECK(refuse(file.bytes()).message.empty());
    for (const std::uint32_t n_dims : {0u, 5u, 0x80000000u, 0xffffffffu}) {
        file = good;
        file.tensors[0].n_dims = n_dims;
        CHECK_REFUSED(file.bytes(), malformed, "tensor 'first' has " + std::to_string(n_dims) + " dimensions",
                      at_offset(place));
    }
    for (const std::vector<std::uint64_t> & dims : std::vector<std::vector<std::uint64_t>>{
             {0}, {3, 0}, {u64_max}, {std::uint64_t{1} << 32, std::uint64_t{1} << 32}}) {
        file = good;
        file.tensors[0].dims = dims;
        CHECK_REFUSED(file.bytes(), malformed, "tensor 'first' has the shape (" + std::to_string(dims[0]),
                      at_offset(place));
    }
    file = good;
    file.tensors[0].type = 4;
    CHECK_REFUSED(file.bytes(), unsupported, "tensor 'first' has the type 4", at_offset(place));
    file = good;
    file.tensors[1].dims = {33, 2};
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'second' of type Q4_0 has rows of 33", "multiple of 32");
    file = good;
    file.tensors[2].name = "first";
    CHECK_REFUSED(file.bytes(), malformed, "two tensors have the name 'first'",
                  at_offset(place + good.tensors[0].bytes().size() + good.tensors[1].bytes().size()));
}

TEST_CASE("gguf_parser: tensors are aligned, in order, apart, and inside the file") {
    const raw_gguf good = valid();
    const std::string second_described =
        "described at offset " + std::to_string(good.tensors_start() + good.tensors[0].bytes().size());
    raw_gguf file = good;
    file.tensors[1].offset = 33;
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'second' starts at 33, expected a multiple of 32", second_described);
    file = good;
    file.tensors[1].offset = 0;
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'second' starts at 0", "expected at least 12", second_described);
    file = good;
    file.tensors[2].offset = 64; // the second ends at 68
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'third' starts at 64", "expected at least 68");
    file = good;
    std::swap(file.tensors[0].offset, file.tensors[2].offset); // apart, but not in order
    file.data.resize(200);
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'second' starts at 32");
    for (const std::uint64_t offset : {std::uint64_t{96}, std::uint64_t{1} << 20, (std::uint64_t{1} << 32) + 32,
                                       std::uint64_t{1} << 63, u64_max - 31}) {
        file = good;
        file.tensors[1].offset = offset;
        CHECK_REFUSED(file.bytes(), malformed, "tensor 'second'", std::to_string(offset), "beyond the file",
                      second_described);
    }
    file = good;
    file.tensors[1].dims = {std::uint64_t{1} << 30};
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'second'", "beyond the file");
    file = good;
    file.tensors[2].offset = 128; // a gap is allowed, if the file is long enough
    file.data.resize(136);
    CHECK(refuse(file.bytes()).message.empty());
    file.data.resize(135);
    CHECK_REFUSED(file.bytes(), malformed, "tensor 'third'", "beyond the file");
}

TEST_CASE("gguf_parser: the limits are those it is given") {
    const std::string bytes = valid().bytes();
    const auto refused_with = [&](auto change) {
        gguf_limits limits;
        change(limits);
        return refuse(bytes, limits);
    };
    CHECK(refused_with([](gguf_limits & l) { l.max_entries = 3; }).message.empty());
    CHECK(refused_with([](gguf_limits & l) { l.max_entries = 2; }).says("3 keys, expected at most 2"));
    CHECK(refused_with([](gguf_limits & l) { l.max_tensors = 3; }).message.empty());
    CHECK(refused_with([](gguf_limits & l) { l.max_tensors = 2; }).says("3 tensors, expected at most 2"));
    CHECK(refused_with([](gguf_limits & l) { l.max_key_bytes = 21; }).message.empty());
    CHECK(refused_with([](gguf_limits & l) { l.max_key_bytes = 20; }).says("21 bytes, expected at most 20"));
    CHECK(refused_with([](gguf_limits & l) { l.max_string_bytes = 5; }).message.empty());
    CHECK(refused_with([](gguf_limits & l) {
              l.max_string_bytes = 4;
          }).says("'general.architecture' has 5 bytes, expected at most 4"));
    CHECK(refused_with([](gguf_limits & l) { l.max_array_elements = 2; }).message.empty());
    CHECK(refused_with([](gguf_limits & l) {
              l.max_array_elements = 1;
          }).says("array of 2 elements, expected at most 1"));
    CHECK(refused_with([](gguf_limits & l) { l.max_tensor_name_bytes = 6; }).message.empty());
    CHECK(refused_with([](gguf_limits & l) { l.max_tensor_name_bytes = 5; }).says("6 bytes, expected at most 5"));
    const refusal header = refused_with([](gguf_limits & l) { l.max_header_bytes = 150; });
    CHECK(header.code == error_code::unsupported);
    CHECK(header.says("the first 150 bytes"));
}

} // namespace
