#include <llmzero/storage/file.hpp>
#include <llmzero/storage/file_calls.hpp>
#include <llmzero/storage/replacement_file.hpp>

#include "gguf_bytes.hpp"

#include <chrono>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <string_view>

using namespace llmzero;
using support::contains;

namespace {

// A name that nobody else has, in letters of two, three and four bytes. The file is removed at the end.
class file_of_letters {
public:
    file_of_letters() {
        const char * folder = std::getenv("TMPDIR");
        const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
        path = std::string(folder != nullptr ? folder : "/tmp") + "/llmzero-\xc3\xa9\xe2\x82\xac\xf0\x9f\xa6\x8a-" +
               std::to_string(now);
    }
    ~file_of_letters() { detail::discard_file(detail::open_alone(path.c_str()), path.c_str()); }
    file_of_letters(const file_of_letters &) = delete;
    file_of_letters & operator=(const file_of_letters &) = delete;

    std::string content() const {
        const auto file = file_source::open(path.c_str(), load_mode::read);
        REQUIRE(file);
        std::string text(static_cast<std::size_t>(file->size()), '?');
        CHECK(file->read(0, std::as_writable_bytes(std::span(text))));
        return text;
    }

    std::string path;
};

status put(const std::string & path, std::string_view text) {
    LLMZERO_ASSIGN(replacement_file file, replacement_file::create(path));
    LLMZERO_CHECK(file.write(std::as_bytes(std::span(text))));
    return file.commit();
}

bool is_there(const std::string & path) {
    detail::file_status found{};
    return detail::status_of_path(path.c_str(), found) == 0;
}

} // namespace

TEST_CASE("file calls: names are UTF-8, and a file is replaced as a whole") {
    const file_of_letters place;
    CHECK_FALSE(is_there(place.path));
    REQUIRE(put(place.path, "first\r\n\x1a second")); // no byte has a meaning
    CHECK(place.content() == "first\r\n\x1a second");
    REQUIRE(put(place.path, "third"));
    CHECK(place.content() == "third");
    {
        auto dropped = replacement_file::create(place.path);
        REQUIRE(dropped);
        CHECK(is_there(place.path + ".new"));
        const auto second = replacement_file::create(place.path);
        REQUIRE_FALSE(second);
        CHECK(contains(second.error(), "is being written by another program"));
    }
    CHECK(place.content() == "third");
    CHECK_FALSE(is_there(place.path + ".new"));
}

TEST_CASE("file calls: reading at an offset, up to the end and behind it") {
    const file_of_letters place;
    REQUIRE(put(place.path, "0123456789"));
    const int file = detail::open_to_read(place.path.c_str());
    REQUIRE(file >= 0);
    char got[8] = {};
    CHECK(detail::read_file(file, got, 4, 5) == 4);
    CHECK(detail::read_file(file, got + 4, 4, 8) == 2);
    CHECK(std::string_view(got) == "567889");
    CHECK(detail::read_file(file, got, 4, 10) == 0);
    CHECK(detail::read_file(file, got, 4, std::uint64_t{5} << 30) == 0);
    detail::close_file(file);
}

TEST_CASE("file calls: a failure has the system's reason") {
    const auto nothing = file_source::open("/no\xc3\xaf/file");
    REQUIRE_FALSE(nothing);
    CHECK(contains(nothing.error(), "No such file"));
    CHECK_FALSE(put("/no\xc3\xaf/file", "x"));
#if defined(_WIN32)
    const auto not_utf8 = file_source::open("\xff");
    REQUIRE_FALSE(not_utf8);
    CHECK(contains(not_utf8.error(), "cannot open"));
    const file_of_letters place;
    REQUIRE(put(place.path, "x"));
    CHECK_FALSE(file_source::open(place.path.c_str(), load_mode::map));
    const auto automatic = file_source::open(place.path.c_str());
    REQUIRE(automatic);
    CHECK_FALSE(automatic->is_mapped());
#endif
}
