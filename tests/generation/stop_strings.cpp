#include <llmzero/generation/random.hpp>
#include <llmzero/generation/stop_strings.hpp>

#include "support/failing_allocator.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

using llmzero::random_generator;
using llmzero::stop_strings;

namespace {

stop_strings stop_strings_of(const std::vector<std::string_view> & stops) {
    auto made = stop_strings::create(stops);
    REQUIRE_MESSAGE(made, made.error().message());
    return std::move(*made);
}

struct shown {
    std::string text;
    bool stopped = false;
    bool operator==(const shown & other) const { return text == other.text && stopped == other.stopped; }
};

// What a user sees of a text that comes in the given parts; checks after each that as much as possible is shown.
shown show(stop_strings & stops, const std::vector<std::string_view> & list, const std::vector<std::string> & parts) {
    shown seen;
    std::string all;
    for (const std::string & part : parts) {
        const stop_strings::output out = stops.push(part);
        seen.text += out.released;
        seen.text += out.text;
        seen.stopped = out.stopped;
        all += part;
        if (!seen.stopped) {
            // Held back is exactly the longest end of the text that begins a stop string.
            std::size_t held = 0;
            for (const std::string_view stop : list) {
                for (std::size_t n = 1; n < stop.size() && n <= all.size(); ++n) {
                    held = all.substr(all.size() - n) == stop.substr(0, n) ? std::max(held, n) : held;
                }
            }
            if (seen.text != all.substr(0, all.size() - held)) {
                FAIL_CHECK("shown " << seen.text << " of " << all);
            }
        }
    }
    seen.text += stops.finish();
    return seen;
}

// By the definition: the stop string that is complete first, of several the longest.
shown expected_of(const std::vector<std::string_view> & list, const std::string & text) {
    for (std::size_t end = 1; end <= text.size(); ++end) {
        std::size_t longest = 0;
        for (const std::string_view stop : list) {
            if (stop.size() <= end && text.compare(end - stop.size(), stop.size(), stop) == 0) {
                longest = std::max(longest, stop.size());
            }
        }
        if (longest > 0) {
            return {text.substr(0, end - longest), true};
        }
    }
    return {text, false};
}

} // namespace

TEST_CASE("every way to cut a text into parts shows the same") {
    const std::vector<std::vector<std::string_view>> lists = {{},
                                                              {"b"},
                                                              {"ab"},
                                                              {"aab"},
                                                              {"abab"},
                                                              {"aab", "ab"},
                                                              {"abc", "bc", "c"},
                                                              {"aaa", "ba"},
                                                              {"abcd", "bcx"},
                                                              {"ababb", "bb"},
                                                              {"aabaaac"}};
    const std::vector<std::string> texts = {"",       "a",    "aaab",   "ababab", "abcabd",     "aabaab",
                                            "bcabcd", "abcx", "aababb", "ccc",    "aabaaabaaac"};
    for (const auto & list : lists) {
        stop_strings stops = stop_strings_of(list);
        for (const std::string & text : texts) {
            CAPTURE(text);
            int wrong = 0;
            const std::size_t n_cuts = text.empty() ? 0 : text.size() - 1;
            for (std::size_t cuts = 0; cuts < std::size_t{1} << n_cuts; ++cuts) {
                std::vector<std::string> parts(1);
                for (std::size_t i = 0; i < text.size(); ++i) {
                    parts.back() += text[i];
                    if (i < n_cuts && (cuts >> i & 1) != 0) {
                        parts.emplace_back();
                    }
                }
                wrong += show(stops, list, parts) == expected_of(list, text) ? 0 : 1;
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("random texts stop where a simple search says") {
    random_generator random(1);
    for (int round = 0; round < 3000; ++round) {
        std::vector<std::string> storage;
        for (std::uint32_t n = random.next() % 4; n > 0; --n) {
            std::string stop;
            for (std::uint32_t m = 1 + random.next() % 9; m > 0; --m) {
                stop += static_cast<char>('a' + random.next() % 2);
            }
            storage.push_back(stop);
        }
        const std::vector<std::string_view> list(storage.begin(), storage.end());
        std::string text;
        std::vector<std::string> parts;
        for (std::uint32_t n = random.next() % 12; n > 0; --n) {
            std::string part;
            for (std::uint32_t m = random.next() % 5; m > 0; --m) {
                part += static_cast<char>('a' + random.next() % 3 / 2);
            }
            parts.push_back(part);
            text += part;
        }
        stop_strings stops = stop_strings_of(list);
        CAPTURE(text);
        CHECK(show(stops, list, parts) == expected_of(list, text));
    }
}

TEST_CASE("after a stop nothing more comes, until a reset") {
    stop_strings stops = stop_strings_of({"END"});
    auto out = stops.push("textEN");
    CHECK(out.released == "");
    CHECK(out.text == "text");
    CHECK_FALSE(out.stopped);
    out = stops.push("D more");
    CHECK(out.released == "");
    CHECK(out.text == "");
    CHECK(out.stopped);
    out = stops.push("more");
    CHECK(out.text == "");
    CHECK(out.stopped);
    CHECK(stops.finish() == "");
    out = stops.push("again EN");
    CHECK(out.text == "again ");
    CHECK_FALSE(out.stopped);
    CHECK(stops.finish() == "EN");
    CHECK(stops.finish() == "");
    CHECK(stops.push("EN").text == "");
    stops.reset();
    out = stops.push("Dx");
    CHECK(out.released == "");
    CHECK(out.text == "Dx");
}

TEST_CASE("text that was held back is released when it turns out to be no stop string") {
    stop_strings stops = stop_strings_of({"\nUser:", "\n\n\n"});
    CHECK(stops.push("a\nUs").text == "a");
    auto out = stops.push("ing\n");
    CHECK(out.released == "\nUs");
    CHECK(out.text == "ing");
    out = stops.push("\n");
    CHECK(out.released == "");
    CHECK(out.text == "");
    out = stops.push("User"); // only the first of the two line ends is free to go
    CHECK(out.released == "\n");
    CHECK(out.text == "");
    out = stops.push(":");
    CHECK(out.stopped);
    CHECK(out.released == "");
}

TEST_CASE("characters stay whole") {
    const std::vector<std::string_view> list = {"\xc3\xa9\xf0\x9f\x98\x80", "\xf0\x9f\x98\x81"};
    stop_strings stops = stop_strings_of(list);
    auto out = stops.push("\xc3\xa9");
    CHECK(out.text == "");
    out = stops.push("\xf0\x9f\x98\x82"); // the same but for its last byte
    CHECK(out.released == "\xc3\xa9");
    CHECK(out.text == "\xf0\x9f\x98\x82");
}

TEST_CASE("stop strings that could never occur are refused") {
    for (const std::string_view wrong : {"", "\xff", "a\xc3", "\xa9", "\xed\xa0\x80"}) {
        const std::vector<std::string_view> list = {"fine", wrong};
        const auto made = stop_strings::create(list);
        REQUIRE_FALSE(made);
        CHECK(made.error().code() == llmzero::error_code::bad_argument);
        CHECK(std::string(made.error().message()).find("stop string 2") == 0);
    }
}

TEST_CASE("no text allocates, and stop strings that cannot be made say so") {
    const std::vector<std::string_view> list = {"abc", "b", "caacb"};
    stop_strings stops = stop_strings_of({"xyz", "zx"});
    const auto before = support::allocation_count();
    for (int i = 0; i < 100; ++i) {
        CHECK_FALSE(stops.push("axyzy"[i % 4] == 'a' ? "yx" : "y").stopped);
    }
    const std::string_view rest = stops.finish();
    CHECK(support::allocation_count() == before);
    CHECK(rest.size() <= 2);
    const auto survived = support::survive_allocation_failures([&]() -> llmzero::status {
        LLMZERO_ASSIGN(const stop_strings made, stop_strings::create(list));
        return llmzero::success();
    });
    CHECK(survived == 2 * 3);
}
