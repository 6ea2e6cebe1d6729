#include <llmzero/storage/gguf.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include "gguf_bytes.hpp"

#include <doctest/doctest.h>
#include <limits>
#include <random>
#include <string>
#include <vector>

using namespace llmzero;
using support::contains;

namespace {

// The file that the writer gives; `data(i)` is the content of tensor i.
template <class Data> std::string write(const gguf_writer & writer, Data data) {
    std::string file;
    const auto keep = [&](std::span<const std::byte> bytes) {
        file += as_text(bytes);
        return success();
    };
    const status written = writer.write(keep, [&](std::size_t i, gguf_sink sink) {
        const std::string content = data(i);
        return sink(support::bytes_of(content));
    });
    REQUIRE(written);
    const auto announced = writer.file_bytes();
    REQUIRE(announced);
    CHECK(*announced == file.size());
    return file;
}
std::string write(const gguf_writer & writer) {
    return write(writer, [](std::size_t) { return std::string(); });
}

TEST_CASE("gguf_writer: writes exactly the bytes of the format") {
    gguf_writer writer;
    REQUIRE(writer.add("general.alignment", std::uint32_t{64}));
    REQUIRE(writer.add("text", "abc"));
    const std::vector<std::uint16_t> numbers = {1, 500};
    REQUIRE(writer.add_array("numbers", numbers));
    const std::vector<std::string> strings = {"x", ""};
    REQUIRE(writer.add_array("strings", strings));
    const std::uint64_t shape[] = {3, 2};
    REQUIRE(writer.add_tensor("first", shape, tensor_type::i8));
    REQUIRE(writer.add_tensor("second", std::span(shape).first(1), tensor_type::f16));
    CHECK(writer.n_tensors() == 2);

    support::raw_gguf expected;
    expected.alignment = 64;
    expected.entries = {
        support::entry("general.alignment", gguf_type::u32, support::raw(std::uint32_t{64})),
        support::entry("text", gguf_type::string, support::text("abc")),
        support::entry(
            "numbers", gguf_type::array,
            support::array_of(gguf_type::u16, 2, support::raw(std::uint16_t{1}) + support::raw(std::uint16_t{500}))),
        support::entry("strings", gguf_type::array,
                       support::array_of(gguf_type::string, 2, support::text("x") + support::text(""))),
    };
    expected.tensors = {{"first", {3, 2}, 24, 0}, {"second", {3}, 1, 64}};
    expected.data = "aaaaaa" + std::string(58, 0) + "bbbbbb" + std::string(58, 0);
    CHECK(write(writer, [](std::size_t i) { return std::string(6, i == 0 ? 'a' : 'b'); }) == expected.bytes());
}

TEST_CASE("gguf_writer: with nothing added, a file with nothing in it") {
    const std::string file = write(gguf_writer());
    CHECK(file.size() == 32);
    const memory_source source(support::bytes_of(file));
    auto read = gguf_file::open(source);
    REQUIRE(read);
    CHECK(read->metadata().empty());
}

using random_engine = std::mt19937;

template <class T> T random_value(random_engine & random) {
    if constexpr (std::same_as<T, bool>) {
        return random() % 2 == 1;
    } else if constexpr (std::same_as<T, std::string>) {
        std::string text(random() % 20, 0);
        for (char & c : text) {
            c = static_cast<char>(random());
        }
        return text;
    } else if constexpr (std::floating_point<T>) {
        return static_cast<T>(static_cast<std::int32_t>(random())) / T{1024};
    } else {
        return static_cast<T>(std::uint64_t{random()} << 32 | random());
    }
}

template <class T> void check_equal(const gguf_array & array, const std::vector<T> & values) {
    REQUIRE(array.size() == values.size());
    if constexpr (std::same_as<T, std::string>) {
        std::size_t i = 0;
        for (const std::string_view text : array.strings()) {
            CHECK(text == values[i++]);
        }
        CHECK(i == values.size());
    } else if constexpr (std::integral<T>) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto value = array.integer<T>(i);
            REQUIRE(value);
            CHECK(*value == values[i]);
        }
    } else {
        for (std::size_t i = 0; i < values.size(); ++i) {
            CHECK(load_little_endian<T>(array.bytes().data() + i * sizeof(T)) == values[i]);
        }
    }
}

template <class T> void round_trip(gguf_array_kind kind) {
    random_engine random(5);
    for (int repeat = 0; repeat < 30; ++repeat) {
        const T value = random_value<T>(random);
        std::vector<T> values(random() % 50);
        for (T & v : values) {
            v = random_value<T>(random);
        }
        gguf_writer writer;
        REQUIRE(writer.add("value", value));
        REQUIRE(writer.add_array("values", values));
        const std::string file = write(writer);
        const support::reading_source source(file);
        auto read = gguf_file::open(source);
        REQUIRE(read);
        if constexpr (std::same_as<T, std::string>) {
            CHECK(*read->template get<std::string_view>("value") == value);
        } else {
            CHECK(*read->template get<T>("value") == value);
        }
        CHECK(read->find("value")->type == detail::gguf_type_of<T>());
        const gguf_entry & entry = *read->find("values");
        CHECK(entry.element_type == detail::gguf_type_of<T>());
        if constexpr (std::same_as<T, double>) { // arrays of f64 are of no kind that is asked for
            check_equal(gguf_array(entry.key, entry.element_type, entry.count, entry.payload, entry.offset), values);
        } else {
            const auto array = read->get_array("values", kind);
            REQUIRE(array);
            check_equal(*array, values);
        }
    }
}

TEST_CASE("gguf_writer: every type of value and array comes back as it was written") {
    round_trip<std::uint8_t>(gguf_array_kind::integers);
    round_trip<std::int8_t>(gguf_array_kind::integers);
    round_trip<std::uint16_t>(gguf_array_kind::integers);
    round_trip<std::int16_t>(gguf_array_kind::integers);
    round_trip<std::uint32_t>(gguf_array_kind::integers);
    round_trip<std::int32_t>(gguf_array_kind::integers);
    round_trip<std::uint64_t>(gguf_array_kind::integers);
    round_trip<std::int64_t>(gguf_array_kind::integers);
    round_trip<float>(gguf_array_kind::floats);
    round_trip<double>(gguf_array_kind::floats);
    round_trip<std::string>(gguf_array_kind::strings);
    const bool bools[] = {true, false, true};
    gguf_writer writer;
    REQUIRE(writer.add("flag", true));
    REQUIRE(writer.add_array("flags", bools));
    const std::string file = write(writer);
    const memory_source source(support::bytes_of(file));
    auto read = gguf_file::open(source);
    REQUIRE(read);
    CHECK(*read->get<bool>("flag"));
    const auto flags = read->get_array("flags", gguf_array_kind::bools);
    REQUIRE(flags);
    CHECK(flags->size() == 3);
    CHECK((flags->flag(0) && !flags->flag(1) && flags->flag(2)));
}

TEST_CASE("gguf_writer: random files come back, and copied entry by entry are the same bytes") {
    random_engine random(17);
    for (int repeat = 0; repeat < 60; ++repeat) {
        gguf_writer writer;
        const std::uint32_t alignment = 1u << random() % 9;
        const std::size_t n_entries = random() % 10;
        for (std::size_t i = 0; i < n_entries; ++i) {
            const std::string key = "key." + std::to_string(i);
            switch (random() % 6) {
            case 0: REQUIRE(writer.add(key, random_value<std::string>(random))); break;
            case 1: REQUIRE(writer.add(key, random_value<std::int16_t>(random))); break;
            case 2: REQUIRE(writer.add(key, random_value<double>(random))); break;
            case 3: REQUIRE(writer.add(key, random_value<bool>(random))); break;
            case 4: {
                const std::vector<std::string> strings(random() % 4, random_value<std::string>(random));
                REQUIRE(writer.add_array(key, strings));
                break;
            }
            default: {
                const std::vector<float> floats(random() % 7, random_value<float>(random));
                REQUIRE(writer.add_array(key, floats));
            }
            }
        }
        REQUIRE(writer.add("general.alignment", alignment));
        std::vector<std::string> contents(random() % 6);
        for (std::size_t i = 0; i < contents.size(); ++i) {
            const tensor_type_info & info = tensor_types[random() % std::size(tensor_types)];
            std::vector<std::uint64_t> shape(1 + random() % 4);
            std::uint64_t blocks = 1;
            for (std::uint64_t & d : shape) {
                d = 1 + random() % 3;
                blocks *= d;
            }
            shape[0] *= info.block_size;
            contents[i].resize(static_cast<std::size_t>(blocks * info.block_bytes));
            for (char & c : contents[i]) {
                c = static_cast<char>(random());
            }
            REQUIRE(writer.add_tensor("tensor." + std::to_string(i), shape, info.type));
        }
        const std::string file = write(writer, [&](std::size_t i) { return contents[i]; });

        const memory_source source(support::bytes_of(file));
        auto read = gguf_file::open(source);
        REQUIRE(read);
        CHECK(read->alignment() == alignment);
        REQUIRE(read->tensors().size() == contents.size());
        gguf_writer copy;
        for (const gguf_entry & entry : read->metadata()) {
            REQUIRE(copy.add(entry));
        }
        heap_array<std::byte> scratch;
        for (std::size_t i = 0; i < contents.size(); ++i) {
            const gguf_tensor & tensor = read->tensors()[i];
            const auto rows = read->rows(tensor, 0, tensor.rows(), scratch);
            REQUIRE(rows);
            CHECK(as_text(*rows) == contents[i]);
            REQUIRE(copy.add_tensor(tensor.name, std::span(tensor.shape).first(tensor.n_dims), tensor.type));
        }
        CHECK(write(copy, [&](std::size_t i) { return contents[i]; }) == file);
    }
}

TEST_CASE("gguf_writer: a tensor's data may come in any pieces, but all of it must come") {
    gguf_writer writer;
    const std::uint64_t shape[] = {10};
    REQUIRE(writer.add_tensor("t", shape, tensor_type::i8));
    const std::string content = "0123456789";
    const auto with_pieces = [&](std::vector<std::size_t> pieces) {
        std::string file;
        const auto keep = [&](std::span<const std::byte> bytes) {
            file += as_text(bytes);
            return success();
        };
        const status written = writer.write(keep, [&](std::size_t, gguf_sink sink) -> status {
            std::size_t at = 0;
            for (const std::size_t n : pieces) {
                LLMZERO_CHECK(sink(support::bytes_of(std::string_view(content).substr(at % 10, n))));
                at += n;
            }
            return success();
        });
        return written ? file : std::string("error: ") + written.error().message();
    };
    const std::string whole = with_pieces({10});
    CHECK(whole.find(content) != std::string::npos);
    CHECK(with_pieces({0, 1, 2, 0, 3, 4}) == whole);
    CHECK(with_pieces({9}) == "error: tensor 't' gets 9 bytes, expected 10");
    CHECK(with_pieces({}) == "error: tensor 't' gets 0 bytes, expected 10");
    CHECK(with_pieces({10, 1}) == "error: tensor 't' gets more than its 10 bytes");
}

TEST_CASE("gguf_writer: an error of the sink ends the writing, wherever it comes") {
    gguf_writer writer;
    REQUIRE(writer.add("key", 1));
    const std::uint64_t shape[] = {10};
    REQUIRE(writer.add_tensor("t", shape, tensor_type::i8));
    const std::string content = "0123456789";
    const auto fill = [&](std::size_t, gguf_sink sink) {
        return sink(support::bytes_of(content));
    };
    int n_calls = 0;
    REQUIRE(writer.write([&](std::span<const std::byte>) { return ++n_calls, success(); }, fill));
    CHECK(n_calls >= 5);
    for (int failing = 1; failing <= n_calls; ++failing) {
        int calls = 0;
        const status failed = writer.write(
            [&](std::span<const std::byte>) -> status {
                if (++calls == failing) {
                    return error(error_code::io, "the disk is full");
                }
                return success();
            },
            fill);
        REQUIRE_FALSE(failed);
        CHECK(std::string_view(failed.error().message()) == "the disk is full");
        CHECK(calls == failing);
    }
}

TEST_CASE("gguf_writer: what the reader would refuse is refused") {
    const std::uint64_t shape[] = {32, 2};
    const auto add_is_refused = [](const status & outcome, error_code code, std::string_view part) {
        REQUIRE_FALSE(outcome);
        CAPTURE(outcome.error().message());
        CHECK(outcome.error().code() == code);
        CHECK(contains(outcome.error(), part));
    };
    gguf_limits small;
    small.max_string_bytes = 4;
    small.max_array_elements = 3;
    gguf_writer writer(small);
    add_is_refused(writer.add("", 1), error_code::malformed, "a key is empty");
    add_is_refused(writer.add(std::string(65536, 'k'), 1), error_code::malformed, "65536 bytes");
    add_is_refused(writer.add("a\x80", 1), error_code::malformed, "printable ASCII");
    add_is_refused(writer.add("k", "12345"), error_code::malformed, "a string of key 'k' has 5 bytes");
    const std::vector<std::string_view> long_strings = {"1", "12345"};
    add_is_refused(writer.add_array("k", long_strings), error_code::malformed, "a string of key 'k' has 5 bytes");
    const std::uint8_t four[] = {1, 2, 3, 4};
    add_is_refused(writer.add_array("k", four), error_code::unsupported, "array of 4 elements, expected at most 3");
    add_is_refused(writer.add("general.alignment", std::uint32_t{48}), error_code::malformed,
                   "'general.alignment' is 48");
    add_is_refused(writer.add("general.alignment", std::uint64_t{64}), error_code::malformed,
                   "is of type u64, expected u32");
    add_is_refused(writer.add("general.alignment", "64"), error_code::malformed, "is of type string, expected u32");
    const std::uint32_t alignments[] = {64};
    add_is_refused(writer.add_array("general.alignment", alignments), error_code::malformed,
                   "is of type array, expected u32");
    add_is_refused(writer.add_tensor("", shape, tensor_type::f32), error_code::malformed, "empty name");
    add_is_refused(writer.add_tensor(std::string(65, 'n'), shape, tensor_type::f32), error_code::malformed, "65 bytes");
    add_is_refused(writer.add_tensor("t", {}, tensor_type::f32), error_code::malformed, "0 dimensions");
    const std::uint64_t five[] = {1, 1, 1, 1, 1};
    add_is_refused(writer.add_tensor("t", five, tensor_type::f32), error_code::malformed, "5 dimensions");
    add_is_refused(writer.add_tensor("t", shape, tensor_type::q4_k), error_code::malformed, "multiple of 256");
    add_is_refused(writer.add_tensor("t", shape, static_cast<tensor_type>(99)), error_code::unsupported, "type 99");
    const std::uint64_t wrapping[] = {std::uint64_t{1} << 32, std::uint64_t{1} << 32};
    add_is_refused(writer.add_tensor("t", wrapping, tensor_type::f32), error_code::malformed, "has the shape");
    // Nothing of all this is in the file.
    CHECK(write(writer) == write(gguf_writer()));

    gguf_writer twice;
    REQUIRE(twice.add("key", 1));
    REQUIRE(twice.add("key", 2));
    add_is_refused(twice.file_bytes() ? success() : status(twice.file_bytes().error()), error_code::malformed,
                   "key 'key' was added twice");
    gguf_writer two_tensors;
    REQUIRE(two_tensors.add_tensor("t", shape, tensor_type::f32));
    REQUIRE(two_tensors.add_tensor("t", shape, tensor_type::f16));
    add_is_refused(two_tensors.file_bytes() ? success() : status(two_tensors.file_bytes().error()),
                   error_code::malformed, "tensor name 't' was added twice");

    gguf_limits few;
    few.max_entries = 1;
    gguf_writer two_keys(few);
    REQUIRE(two_keys.add("a", 1));
    CHECK(two_keys.file_bytes());
    REQUIRE(two_keys.add("b", 1));
    add_is_refused(two_keys.file_bytes() ? success() : status(two_keys.file_bytes().error()), error_code::unsupported,
                   "2 keys");
    gguf_limits short_header;
    short_header.max_header_bytes = 30;
    gguf_writer long_header(short_header);
    REQUIRE(long_header.add("a", 1));
    add_is_refused(long_header.file_bytes() ? success() : status(long_header.file_bytes().error()),
                   error_code::unsupported, "the header has 41 bytes");
}

#if !defined(__i386__) && !defined(__arm__)
TEST_CASE("gguf_writer: files above 2^63 bytes are refused") {
    gguf_writer writer;
    const std::uint64_t half[] = {std::uint64_t{1} << 62};
    REQUIRE(writer.add_tensor("first", half, tensor_type::i8));
    CHECK(writer.file_bytes());
    REQUIRE(writer.add_tensor("second", half, tensor_type::i8));
    REQUIRE_FALSE(writer.file_bytes());
    CHECK(contains(writer.file_bytes().error(), "'second'"));
}
#endif

} // namespace
