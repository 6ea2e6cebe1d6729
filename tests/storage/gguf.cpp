#include <llmzero/storage/gguf.hpp>

#include "gguf_bytes.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;
using support::array_of;
using support::contains;
using support::entry;
using support::raw;
using support::raw_gguf;
using support::text;

namespace {

// 3 rows of 32 weights as Q4_0 (18 bytes each), then 4 F32 numbers.
raw_gguf small_model() {
    raw_gguf file;
    file.entries = {
        entry("name", gguf_type::string, text("small")),
        entry("layers", gguf_type::u64, raw(std::uint64_t{6})),
        entry("epsilon", gguf_type::f32, raw(1e-5f)),
        entry("tied", gguf_type::boolean, "\1"),
        entry("negative", gguf_type::i32, raw(std::int32_t{-1})),
        entry("tokens", gguf_type::array, array_of(gguf_type::string, 2, text("a") + text("bc"))),
        entry("scores", gguf_type::array, array_of(gguf_type::f32, 2, raw(0.5f) + raw(-1.0f))),
    };
    file.tensors = {{"matrix", {32, 3}, 2, 0}, {"vector", {4}, 0, 64}};
    for (int i = 0; i < 80; ++i) {
        file.data += static_cast<char>(i);
    }
    return file;
}

// Runs a test on the file as it is mapped and as it is read.
template <class Test> void with_both(const std::string & bytes, Test test) {
    const memory_source mapped(support::bytes_of(bytes));
    const support::reading_source not_mapped(bytes);
    for (const byte_source * source :
         {static_cast<const byte_source *>(&mapped), static_cast<const byte_source *>(&not_mapped)}) {
        auto file = gguf_file::open(*source);
        REQUIRE(file);
        test(*file);
    }
    gguf_limits small_steps;
    small_steps.first_read_bytes = 1;
    auto file = gguf_file::open(not_mapped, small_steps);
    REQUIRE(file);
    test(*file);
}

TEST_CASE("gguf: metadata is found by key and in file order") {
    with_both(small_model().bytes(), [](const gguf_file & file) {
        CHECK(file.version() == 3);
        CHECK(file.alignment() == 32);
        CHECK(file.metadata().size() == 7);
        CHECK(file.metadata()[0].key == "name");
        CHECK(file.metadata()[6].key == "scores");
        const gguf_entry * layers = file.find("layers");
        REQUIRE(layers != nullptr);
        CHECK(layers == &file.metadata()[1]);
        CHECK(layers->type == gguf_type::u64);
        CHECK(layers->payload.size() == 8);
        for (const std::string_view absent : {"", "layer", "layers.", "zzz", "Name"}) {
            CHECK(file.find(absent) == nullptr);
        }
        for (const gguf_entry & e : file.metadata()) {
            CHECK(file.find(e.key) == &e);
        }
    });
}

TEST_CASE("gguf: entries say where in the file their values are") {
    const std::string bytes = small_model().bytes();
    with_both(bytes, [&](const gguf_file & file) {
        for (const gguf_entry & e : file.metadata()) {
            CHECK(as_text(e.payload) == bytes.substr(static_cast<std::size_t>(e.offset), e.payload.size()));
        }
    });
}

TEST_CASE("gguf: get checks presence, type and range") {
    with_both(small_model().bytes(), [](const gguf_file & file) {
        CHECK(*file.get<std::string_view>("name") == "small");
        CHECK(*file.get<std::uint8_t>("layers") == 6);
        CHECK(*file.get<float>("epsilon") == 1e-5f);
        CHECK(*file.get<bool>("tied"));
        CHECK(*file.get<int>("negative") == -1);
        const auto missing = file.get<int>("nothing.here");
        REQUIRE_FALSE(missing);
        CHECK(missing.error().code() == error_code::malformed);
        CHECK(contains(missing.error(), "key 'nothing.here' is missing"));
        const auto wrong = file.get<float>("layers");
        REQUIRE_FALSE(wrong);
        CHECK(contains(wrong.error(), "'layers' is of type u64, expected a floating point number (at offset "));
        const auto range = file.get<std::uint32_t>("negative");
        REQUIRE_FALSE(range);
        CHECK(contains(range.error(), "'negative' is -1, expected 0 to 4294967295 (at offset "));
    });
}

TEST_CASE("gguf: get_or replaces what is missing, and nothing else") {
    with_both(small_model().bytes(), [](const gguf_file & file) {
        CHECK(*file.get_or<std::uint32_t>("layers", 9) == 6);
        CHECK(*file.get_or<std::uint32_t>("nothing", 9) == 9);
        CHECK(*file.get_or<float>("nothing", 0.5f) == 0.5f);
        CHECK(*file.get_or<bool>("nothing", true));
        CHECK(*file.get_or<std::string_view>("nothing", "text") == "text");
        CHECK_FALSE(file.get_or<std::uint32_t>("negative", 9));
        CHECK_FALSE(file.get_or<std::uint32_t>("name", 9));
    });
}

TEST_CASE("gguf: arrays") {
    with_both(small_model().bytes(), [](const gguf_file & file) {
        const auto tokens = file.get_array("tokens", gguf_array_kind::strings);
        REQUIRE(tokens);
        std::vector<std::string> seen;
        for (const std::string_view token : tokens->strings()) {
            seen.emplace_back(token);
        }
        CHECK(seen == std::vector<std::string>{"a", "bc"});
        const auto scores = file.get_array("scores", gguf_array_kind::floats);
        REQUIRE(scores);
        CHECK(scores->real(1) == -1.0f);
        CHECK_FALSE(file.get_array("scores", gguf_array_kind::strings));
        CHECK_FALSE(file.get_array("name", gguf_array_kind::strings));
        const auto missing = file.get_array("nothing", gguf_array_kind::strings);
        REQUIRE_FALSE(missing);
        CHECK(contains(missing.error(), "key 'nothing' is missing"));
    });
}

TEST_CASE("gguf: tensors are found by name, with offsets from the start of the file") {
    const std::string bytes = small_model().bytes();
    with_both(bytes, [&](const gguf_file & file) {
        REQUIRE(file.tensors().size() == 2);
        const gguf_tensor * matrix = file.find_tensor("matrix");
        REQUIRE(matrix == &file.tensors()[0]);
        CHECK(matrix->name == "matrix");
        CHECK(matrix->n_dims == 2);
        CHECK(matrix->shape == std::array<std::uint64_t, 4>{32, 3, 1, 1});
        CHECK(matrix->type == tensor_type::q4_0);
        CHECK(matrix->bytes == 54);
        CHECK(matrix->offset == bytes.size() - 80);
        CHECK(file.find_tensor("vector")->offset == bytes.size() - 16);
        CHECK(file.find_tensor("matri") == nullptr);
        CHECK(file.find_tensor("") == nullptr);
    });
}

TEST_CASE("gguf: rows of a tensor come from the mapping, or are read") {
    const raw_gguf model = small_model();
    with_both(model.bytes(), [&](const gguf_file & file) {
        const bool is_mapped = !file.source().mapped().empty();
        const gguf_tensor & matrix = *file.find_tensor("matrix");
        heap_array<std::byte> scratch;
        for (std::size_t first = 0; first <= 3; ++first) {
            for (std::size_t count = 0; first + count <= 3; ++count) {
                const auto rows = file.rows(matrix, first, count, scratch);
                REQUIRE(rows);
                CHECK(as_text(*rows) == model.data.substr(18 * first, 18 * count));
                CHECK((is_mapped ? scratch.empty() : rows->data() == scratch.data()));
            }
        }
        const auto vector = file.rows(*file.find_tensor("vector"), 0, 1, scratch);
        REQUIRE(vector);
        CHECK(as_text(*vector) == model.data.substr(64));
        constexpr std::size_t most = std::numeric_limits<std::size_t>::max();
        for (const auto & [first, count] : std::vector<std::pair<std::size_t, std::size_t>>{
                 {0, 4}, {3, 1}, {4, 0}, {1, most}, {most, 1}, {most, most}}) {
            const auto refused = file.rows(matrix, first, count, scratch);
            REQUIRE_FALSE(refused);
            CHECK(refused.error().code() == error_code::bad_argument);
            CHECK(contains(refused.error(), "tensor 'matrix'"));
        }
    });
}

TEST_CASE("gguf: views survive a move of the file") {
    const std::string bytes = small_model().bytes();
    const support::reading_source source(bytes);
    auto opened = gguf_file::open(source);
    REQUIRE(opened);
    const std::string_view name = *opened->get<std::string_view>("name");
    gguf_file moved = std::move(*opened);
    CHECK(name == "small");
    CHECK(moved.get<std::string_view>("name")->data() == name.data());
    CHECK(moved.find_tensor("vector") != nullptr);
    CHECK(&moved.source() == &source);
}

TEST_CASE("gguf: a header larger than the first read is the same as a mapped one") {
    raw_gguf model = small_model();
    std::string many;
    constexpr std::uint64_t count = 100000;
    for (std::uint64_t i = 0; i < count; ++i) {
        many += text("token" + std::to_string(i));
    }
    model.entries.insert(model.entries.begin() + 1,
                         entry("many", gguf_type::array, array_of(gguf_type::string, count, many)));
    with_both(model.bytes(), [&](const gguf_file & file) {
        CHECK(*file.get<std::string_view>("name") == "small");
        CHECK(*file.get<int>("layers") == 6);
        const auto tokens = file.get_array("many", gguf_array_kind::strings);
        REQUIRE(tokens);
        std::size_t i = 0;
        for (const std::string_view token : tokens->strings()) {
            if (token != "token" + std::to_string(i)) {
                break;
            }
            ++i;
        }
        CHECK(i == count);
        heap_array<std::byte> scratch;
        CHECK(file.rows(*file.find_tensor("matrix"), 0, 3, scratch));
    });
}

TEST_CASE("gguf: a file without tensors may end with its metadata") {
    raw_gguf vocabulary = small_model();
    vocabulary.tensors.clear();
    vocabulary.data.clear();
    with_both(vocabulary.bytes(), [](const gguf_file & file) {
        CHECK(file.tensors().empty());
        CHECK(file.find_tensor("matrix") == nullptr);
    });
    with_both(raw_gguf{}.bytes(), [](const gguf_file & file) {
        CHECK(file.metadata().empty());
        CHECK(file.find("name") == nullptr);
    });
}

} // namespace
