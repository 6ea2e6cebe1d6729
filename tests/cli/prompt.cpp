#include "cli/prompt.hpp"

#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

// A file in a folder of its own, gone with the object.
class temporary_file {
public:
    explicit temporary_file(std::string_view content) {
        const int file = mkstemp(path_);
        REQUIRE(file >= 0);
        CHECK(write(file, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
        close(file);
    }
    ~temporary_file() { unlink(path_); }
    const char * path() const { return path_; }

private:
    char path_[32] = "/tmp/llmzero-test-XXXXXX";
};

std::string prompt_or_error(std::string_view content) {
    const auto prompt = cli::prompt_of(content, "file");
    return prompt ? std::string(*prompt) : std::string(prompt.error().message());
}

std::vector<int> ids_of(std::string_view text, std::uint32_t n_vocab) {
    const auto ids = cli::parse_ids(text, n_vocab);
    REQUIRE(ids);
    return {ids->begin(), ids->end()};
}

std::string ids_error(std::string_view text, std::uint32_t n_vocab) {
    const auto ids = cli::parse_ids(text, n_vocab);
    REQUIRE_FALSE(ids);
    CHECK(ids.error().code() == llmzero::error_code::bad_argument);
    return ids.error().message();
}

} // namespace

TEST_CASE("prompt file: its content comes back whole") {
    for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 200000u}) {
        std::string content(size, 'a');
        for (std::size_t i = 0; i < size; ++i) {
            content[i] = static_cast<char>(i * 31);
        }
        const temporary_file file(content);
        const auto read = cli::read_text_file(file.path());
        REQUIRE(read);
        CHECK(std::string_view(read->data(), read->size()) == content);
    }
}

TEST_CASE("prompt file: what cannot be read is named") {
    const auto missing = cli::read_text_file("/nowhere/prompt.txt");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == llmzero::error_code::io);
    CHECK(std::string(missing.error().message()) == "/nowhere/prompt.txt: No such file or directory");
    const auto folder = cli::read_text_file("/tmp");
    REQUIRE_FALSE(folder);
    CHECK(std::string(folder.error().message()) == "/tmp: Is a directory");
    const auto endless = cli::read_text_file("/dev/zero");
    REQUIRE_FALSE(endless);
    CHECK(endless.error().code() == llmzero::error_code::bad_argument);
    CHECK(std::string(endless.error().message()).find("2097152") != std::string::npos);
}

TEST_CASE("prompt file: the largest is read, one byte more is not") {
    std::string content(cli::max_prompt_bytes, 'a');
    CHECK(cli::read_text_file(temporary_file(content).path()));
    content += 'a';
    CHECK_FALSE(cli::read_text_file(temporary_file(content).path()));
}

TEST_CASE("prompt file: one newline at the end and a byte order mark are no text") {
    CHECK(prompt_or_error("") == "");
    CHECK(prompt_or_error("\n") == "");
    CHECK(prompt_or_error("\r\n") == "");
    CHECK(prompt_or_error("a\n") == "a");
    CHECK(prompt_or_error("a\r\n") == "a");
    CHECK(prompt_or_error("a\n\n") == "a\n");
    CHECK(prompt_or_error("\na\r") == "\na\r");
    CHECK(prompt_or_error("\xef\xbb\xbfhello\n") == "hello");
    CHECK(prompt_or_error("\xef\xbb\xbe") == "\xef\xbb\xbe"); // U+FEFE, no byte order mark
    CHECK(prompt_or_error("\xc3\xa9\xff") == "\xc3\xa9\xff"); // any bytes but NUL are text
}

TEST_CASE("prompt file: what is no text is refused") {
    CHECK(prompt_or_error(std::string_view("abc\0def", 7)) == "file: is no text file: byte 3 is NUL");
    CHECK(prompt_or_error(std::string_view("\xff\xfeh\0i\0", 6)) == "file: is UTF-16 text; save it as UTF-8");
    CHECK(prompt_or_error(std::string_view("\xfe\xff\0h\0i", 6)) == "file: is UTF-16 text; save it as UTF-8");
}

TEST_CASE("token ids: blanks, commas and newlines stand between them") {
    CHECK(ids_of("", 512).empty());
    CHECK(ids_of(" ,\n\t\r", 512).empty());
    CHECK(ids_of("1 403,407\n\t511 , 0", 512) == std::vector<int>{1, 403, 407, 511, 0});
}

TEST_CASE("token ids: errors say which and where") {
    CHECK(ids_error("1 512", 512) == "token id number 2, at byte 2, is '512': not a whole number from 0 to 511");
    for (const char * bad : {"-1", "x", "1.5", "1;2", "0x1", "4294967296", "18446744073709551616"}) {
        CAPTURE(bad);
        CHECK(ids_error(bad, 512).starts_with("token id number 1, at byte 0, is '"));
    }
}
