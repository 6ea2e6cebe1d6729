#include <llmzero/generation/random.hpp>
#include <llmzero/tokenizer/charsmap.hpp>

#include "support/charsmap_builder.hpp"
#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/read_file.hpp"
#include "support/vocab_builder.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <string>

using llmzero::charsmap;
using llmzero::error_code;
using support::charsmap_bytes;
using support::charsmap_of;
using support::charsmap_trie;

namespace {

llmzero::result<charsmap> open_charsmap(const std::string & file) {
    return support::create_from(file, [](const llmzero::gguf_file & gguf) { return charsmap::create(gguf); });
}

llmzero::result<charsmap> read_charsmap(const std::string & bytes) {
    return open_charsmap(support::metadata_builder().numbers(charsmap::key, 0, support::as_u8(bytes)).file());
}

// The replacement of the longest key, in brackets behind the number of its bytes.
std::string matched(const charsmap & map, std::string_view text) {
    const llmzero::charsmap_match found = map.longest_match(text);
    return std::to_string(found.bytes) + "(" + std::string(found.replacement) + ")";
}

std::string longest_of(const std::map<std::string, std::string> & entries, std::string_view text) {
    for (std::size_t n = text.size(); n > 0; --n) {
        if (const auto found = entries.find(std::string(text.substr(0, n))); found != entries.end()) {
            return std::to_string(n) + "(" + found->second + ")";
        }
    }
    return "0()";
}

void check_refused(const std::string & bytes, std::string_view words) {
    const auto made = read_charsmap(bytes);
    REQUIRE_FALSE(made);
    const std::string message = made.error().message();
    CAPTURE(message);
    CHECK(made.error().code() == error_code::malformed);
    CHECK(message.find(charsmap::key) != std::string::npos);
    CHECK(message.find(words) != std::string::npos);
    CHECK(message.find("(at offset ") != std::string::npos);
}

} // namespace

TEST_CASE("the longest key at the start of a text is found") {
    const auto made = read_charsmap(charsmap_of({{"A", "a"}, {"A\xcc\x81", "\xc3\xa1"}, {"\t", " "}, {"xyz", ""}}));
    REQUIRE_MESSAGE(made, made.error().message());
    CHECK(matched(*made, "A") == "1(a)");
    CHECK(matched(*made, "AB") == "1(a)");
    CHECK(matched(*made, "A\xcc") == "1(a)");
    CHECK(matched(*made, "A\xcc\x81") == "3(\xc3\xa1)");
    CHECK(matched(*made, "\t\t") == "1( )");
    CHECK(matched(*made, "xyz") == "3()");
    CHECK(matched(*made, "xy") == "0()");
    CHECK(matched(*made, "") == "0()");
    CHECK(matched(*made, std::string_view("\0A", 2)) == "0()");
    CHECK(made->memory_bytes() > 1000);
}

TEST_CASE("places far away are written without their lowest bits") {
    std::vector<std::uint32_t> trie = charsmap_trie({{"A", "a"}});
    REQUIRE(trie[0] == 256 << 10);
    trie[0] = 1 << 10 | 1 << 9;
    const auto made = read_charsmap(charsmap_bytes(trie, std::string("a\0", 2)));
    REQUIRE_MESSAGE(made, made.error().message());
    CHECK(matched(*made, "AA") == "1(a)");
}

TEST_CASE("random keys are found as a search through all of them finds them") {
    llmzero::random_generator random(3);
    for (int round = 0; round < 100; ++round) {
        std::map<std::string, std::string> entries;
        const auto text_of = [&](std::uint32_t max_bytes) {
            std::string text;
            for (std::uint32_t n = random.next() % (max_bytes + 1); n > 0; --n) {
                text += static_cast<char>("ab\xff\x01"[random.next() % 4]);
            }
            return text;
        };
        for (std::uint32_t n = random.next() % 12; n > 0; --n) {
            const std::string key = text_of(4);
            if (!key.empty()) {
                entries[key] = text_of(6);
            }
        }
        const auto made = read_charsmap(charsmap_of(entries));
        REQUIRE_MESSAGE(made, made.error().message());
        for (int i = 0; i < 100; ++i) {
            const std::string text = text_of(6);
            CHECK(matched(*made, text) == longest_of(entries, text));
        }
    }
}

TEST_CASE("a file without a charsmap, or with an empty one, replaces nothing") {
    const auto without = open_charsmap(support::metadata_builder().file());
    REQUIRE(without);
    CHECK(matched(*without, "A") == "0()");
    for (const std::string & bytes : {std::string(), charsmap_bytes({}, std::string(1, '\0'))}) {
        const auto made = read_charsmap(bytes);
        REQUIRE_MESSAGE(made, made.error().message());
        CHECK(matched(*made, "A") == "0()");
    }
}

TEST_CASE("an array of i8 is read like one of u8, other types are refused") {
    const std::string bytes = charsmap_of({{"\xc3\x84", "\xc3\xa4"}});
    const auto made = open_charsmap(support::metadata_builder()
                                        .numbers(charsmap::key, 1, std::vector<std::int8_t>(bytes.begin(), bytes.end()))
                                        .file());
    REQUIRE_MESSAGE(made, made.error().message());
    CHECK(matched(*made, "\xc3\x84") == "2(\xc3\xa4)");
    const auto floats = open_charsmap(support::metadata_builder().f32s(charsmap::key, {1, 2}).file());
    REQUIRE_FALSE(floats);
    CHECK(floats.error().code() == error_code::malformed);
}

TEST_CASE("sizes and ends that do not fit are refused") {
    const std::string nul(1, '\0');
    check_refused("abc", "3 bytes");
    check_refused(support::little_endian(4), "trie has 4 bytes");                   // nothing follows
    check_refused(support::little_endian(0), "trie has 0 bytes");                   // no replacements
    check_refused(charsmap_bytes({0, 0}, ""), "trie has 8 bytes");                  // the same
    check_refused(support::little_endian(3) + "abcd" + nul, "multiple of 4");       // a trie of 3 bytes
    check_refused(support::little_endian(0xfffffffc) + "abcd" + nul, "4294967292"); // wraps when 4 are added
    check_refused(charsmap_bytes(charsmap_trie({{"A", "a"}}), "a"), "NUL");
    check_refused(charsmap_bytes(charsmap_trie({{"A", "a"}}), nul + "a"), "NUL");
    const auto replacement_of = [&](std::size_t bytes) {
        return charsmap_of({{"A", "a"}, {"B", std::string(bytes, 'x')}, {"C", "c"}});
    };
    CHECK(read_charsmap(replacement_of(charsmap::max_replacement_bytes)));
    check_refused(replacement_of(charsmap::max_replacement_bytes + 1), "1024 bytes");
}

TEST_CASE("a root whose children are outside the trie is refused") {
    std::vector<std::uint32_t> trie = charsmap_trie({{"A", "a"}});
    const std::string nul(1, '\0');
    for (const std::uint32_t outside :
         {static_cast<std::uint32_t>(trie.size()) << 10, 0xffffffffu, 1u << 31 | 1 << 9}) {
        trie[0] = outside;
        check_refused(charsmap_bytes(trie, nul), "root");
    }
}

TEST_CASE("links and values that lead outside end the match") {
    const std::vector<std::uint32_t> whole = charsmap_trie({{"A", "a"}, {"AB", "b"}});
    const std::size_t node_a = 256 ^ 'A';
    const std::string texts("a\0b\0", 4);
    {
        std::vector<std::uint32_t> trie = whole;
        trie[node_a] = (trie[node_a] & 0x1ff) | 0x1fffffu << 10 | 1 << 9; // as far as it can point
        const auto made = read_charsmap(charsmap_bytes(trie, texts));
        REQUIRE(made);
        CHECK(matched(*made, "AB") == "0()");
    }
    for (const std::uint32_t value : {4u, 5u, 0x7fffffffu}) {
        std::vector<std::uint32_t> trie = whole;
        const std::size_t value_of_a = node_a ^ (trie[node_a] >> 10);
        trie[value_of_a] = 1u << 31 | value;
        const auto made = read_charsmap(charsmap_bytes(trie, texts));
        REQUIRE(made);
        CHECK(matched(*made, "A") == "0()");
        CHECK(matched(*made, "AB") == "2(b)");
    }
}

TEST_CASE("a trie that goes in circles matches no more than the longest key") {
    std::vector<std::uint32_t> trie = charsmap_trie({{"A", "a"}});
    trie[256 ^ 'A'] = 'A' << 10 | 1 << 8 | 'A'; // its children are those of the root again
    trie[256] = 1u << 31;
    const auto made = read_charsmap(charsmap_bytes(trie, std::string("a\0", 2)));
    REQUIRE(made);
    CHECK(matched(*made, "AAA") == "3(a)");
    CHECK(made->longest_match(std::string(100'000, 'A')).bytes == charsmap::max_key_bytes);
}

TEST_CASE("random and damaged charsmaps are refused or read without harm") {
    llmzero::random_generator random(9);
    const std::string whole = charsmap_of({{"A", "a"}, {"A\xcc\x81", "\xc3\xa1"}, {"B", ""}});
    int accepted = 0;
    for (int round = 0; round < 2000; ++round) {
        std::string bytes = whole;
        if (round % 2 == 0) {
            // Nothing but a plausible size is kept, so that most of the rest is read as a trie.
            for (std::size_t i = 4; i < bytes.size() - 1; ++i) {
                bytes[i] = static_cast<char>(random.next() % 4 == 0 ? random.next() : 0);
            }
        } else {
            for (std::uint32_t n = 1 + random.next() % 20; n > 0; --n) {
                bytes[random.next() % bytes.size()] = static_cast<char>(random.next());
            }
        }
        const auto made = read_charsmap(bytes.substr(0, bytes.size() - (random.next() % 50 == 0 ? 1 : 0)));
        if (!made) {
            CHECK(made.error().code() == error_code::malformed);
            continue;
        }
        ++accepted;
        bool within = true;
        for (int i = 0; i < 300; ++i) {
            const std::string text = {static_cast<char>(i), static_cast<char>(random.next()), 'A', '\xcc'};
            const llmzero::charsmap_match found = made->longest_match(text);
            within = within && found.bytes <= text.size() &&
                     std::count(found.replacement.begin(), found.replacement.end(), '\0') == 0;
        }
        CHECK(within);
    }
    CHECK(accepted > 500);
}

TEST_CASE("running out of memory while a charsmap is read") {
    const std::string file =
        support::metadata_builder().numbers(charsmap::key, 0, support::as_u8(charsmap_of({{"A", "a"}}))).file();
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const charsmap made, open_charsmap(file));
        return made.longest_match("A").bytes == 1 ? llmzero::success()
                                                  : llmzero::error(error_code::malformed, "no match");
    });
    CHECK(survived >= 2 * 2);
}

TEST_CASE("conformance: the charsmap of T5") {
    const std::string folder = support::conformance_dir("the charsmap of T5");
    if (folder.empty()) {
        return;
    }
    const auto made = open_charsmap(support::read_file(folder + "/vocab/t5.gguf"));
    REQUIRE_MESSAGE(made, made.error().message());
    CHECK(matched(*made, "\t") == "1( )");
    CHECK(matched(*made, "a") == "0()");
    CHECK(matched(*made, "e\xcc\x81") == "3(\xc3\xa9)"); // composed
    CHECK(matched(*made, "\xef\xac\x83") == "3(ffi)");   // a ligature
    CHECK(matched(*made, "\xef\xbc\xa1") == "3(A)");     // a full-width letter
    CHECK(matched(*made, "\xc2\xbd") == "2(1\xe2\x81\x84"
                                        "2)");                                      // a fraction
    CHECK(matched(*made, "\xe2\x80\x8b") == "3( )");                                // a space of no width
    CHECK(matched(*made, "\xef\xb7\xba").size() == std::string("3()").size() + 33); // the longest there is
}
