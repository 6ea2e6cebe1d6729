#include <llmzero/base/byte_reader.hpp>
#include <llmzero/storage/file.hpp>

#include "gguf_bytes.hpp"

#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <sys/resource.h>

using namespace llmzero;
using support::contains;

namespace {

// A folder of its own, removed with all that is in it.
class temporary_folder {
public:
    temporary_folder() {
        const char * base = std::getenv("TMPDIR");
        path_ = std::string(base != nullptr ? base : "/tmp") + "/llmzero-file-XXXXXX";
        exists_ = mkdtemp(path_.data()) != nullptr;
        REQUIRE(exists_);
    }
    ~temporary_folder() {
        for (const std::string & name : names_) {
            if (std::remove(name.c_str()) != 0) {
                std::fprintf(stderr, "cannot remove %s\n", name.c_str());
            }
        }
        rmdir(path_.c_str());
    }
    temporary_folder(const temporary_folder &) = delete;
    temporary_folder & operator=(const temporary_folder &) = delete;

    const std::string & path() const { return path_; }
    std::string name(const char * file) {
        names_.push_back(path_ + "/" + file);
        return names_.back();
    }
    std::string write(const char * file, std::string_view content) {
        const std::string path = name(file);
        std::FILE * out = std::fopen(path.c_str(), "wb");
        REQUIRE(out != nullptr);
        CHECK(std::fwrite(content.data(), 1, content.size(), out) == content.size());
        CHECK(std::fclose(out) == 0);
        return path;
    }

private:
    std::string path_;
    std::vector<std::string> names_;
    bool exists_ = false;
};

std::string read_all(const file_source & file) {
    std::string content(static_cast<std::size_t>(file.size()), '?');
    CHECK(file.read(0, std::as_writable_bytes(std::span(content.data(), content.size()))));
    return content;
}

std::string some_content() {
    std::string content;
    for (int i = 0; i < 10000; ++i) {
        content += std::to_string(i);
    }
    return content;
}

TEST_CASE("file: every mode gives the same bytes") {
    temporary_folder folder;
    const std::string content = some_content();
    const std::string path = folder.write("model", content);
    for (const load_mode mode : {load_mode::automatic, load_mode::map, load_mode::read}) {
        CAPTURE(static_cast<int>(mode));
        auto file = file_source::open(path.c_str(), mode);
        REQUIRE(file);
        CHECK(file->is_mapped() == (mode != load_mode::read));
        CHECK(file->size() == content.size());
        CHECK(as_text(file->mapped()) == (file->is_mapped() ? std::string_view(content) : std::string_view()));
        CHECK(read_all(*file) == content);
        std::string part(100, '?');
        REQUIRE(file->read(12345, std::as_writable_bytes(std::span(part.data(), part.size()))));
        CHECK(part == content.substr(12345, 100));
        CHECK(file->read(content.size(), std::span<std::byte>()));
        const status beyond =
            file->read(content.size() - 99, std::as_writable_bytes(std::span(part.data(), part.size())));
        REQUIRE_FALSE(beyond);
        CHECK(beyond.error().code() == error_code::io);
    }
}

TEST_CASE("file: can be moved, and stays open") {
    temporary_folder folder;
    const std::string path = folder.write("model", "content");
    const std::string other = folder.write("other", "something else");
    for (const load_mode mode : {load_mode::map, load_mode::read}) {
        auto first = file_source::open(path.c_str(), mode);
        auto second = file_source::open(other.c_str(), mode);
        REQUIRE(first);
        REQUIRE(second);
        file_source moved(std::move(*first));
        CHECK(read_all(moved) == "content");
        *second = std::move(moved);
        CHECK(read_all(*second) == "content");
        CHECK(second->is_mapped() == (mode == load_mode::map));
        CHECK(first->size() == 0);
        CHECK_FALSE(first->is_mapped());
    }
}

TEST_CASE("file: descriptors are closed") {
    temporary_folder folder;
    const std::string path = folder.write("model", "content");
    const int before = dup(0);
    REQUIRE(before >= 0);
    close(before);
    for (int i = 0; i < 10; ++i) {
        auto file = file_source::open(path.c_str());
        REQUIRE(file);
        file_source moved = std::move(*file);
        auto folder_refused = file_source::open(folder.path().c_str());
        CHECK_FALSE(folder_refused);
    }
    const int after = dup(0);
    CHECK(after == before);
    close(after);
}

TEST_CASE("file: an empty file is empty, and not mapped") {
    temporary_folder folder;
    const std::string path = folder.write("empty", "");
    for (const load_mode mode : {load_mode::automatic, load_mode::map, load_mode::read}) {
        auto file = file_source::open(path.c_str(), mode);
        REQUIRE(file);
        CHECK(file->size() == 0);
        CHECK(file->mapped().empty());
    }
}

TEST_CASE("file: what is not a regular file is refused, and named") {
    temporary_folder folder;
    auto is_folder = file_source::open(folder.path().c_str());
    REQUIRE_FALSE(is_folder);
    CHECK(is_folder.error().code() == error_code::io);
    CHECK(contains(is_folder.error(), "a directory"));
    CHECK(contains(is_folder.error(), folder.path()));

    const std::string pipe = folder.name("pipe");
    REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
    auto is_pipe = file_source::open(pipe.c_str()); // must not wait for a writer
    REQUIRE_FALSE(is_pipe);
    CHECK(contains(is_pipe.error(), "a pipe"));

    auto is_device = file_source::open("/dev/null");
    REQUIRE_FALSE(is_device);
    CHECK(contains(is_device.error(), "a device"));
}

TEST_CASE("file: the reason why a file cannot be opened is in the message") {
    temporary_folder folder;
    const std::string path = folder.path() + "/nothing";
    auto missing = file_source::open(path.c_str());
    REQUIRE_FALSE(missing);
    CHECK(missing.error().code() == error_code::io);
    CHECK(contains(missing.error(), path));
    CHECK(contains(missing.error(), "No such file"));
}

TEST_CASE("file: a file that became shorter is an io error that says where it ends") {
    temporary_folder folder;
    const std::string path = folder.write("model", std::string(1000, 'x'));
    for (const load_mode mode : {load_mode::read, load_mode::map}) {
        REQUIRE(truncate(path.c_str(), 1000) == 0);
        auto file = file_source::open(path.c_str(), mode);
        REQUIRE(file);
        REQUIRE(truncate(path.c_str(), 600) == 0);
        std::string part(100, '?');
        CHECK(file->read(500, std::as_writable_bytes(std::span(part.data(), part.size()))));
        const status cut = file->read(501, std::as_writable_bytes(std::span(part.data(), part.size())));
        REQUIRE_FALSE(cut);
        CHECK(cut.error().code() == error_code::io);
        CHECK(contains(cut.error(), "became shorter"));
        CHECK(contains(cut.error(), "ends at offset 600"));
    }
}

// A file with a hole: larger than 32-bit offsets and address spaces, and takes no room.
TEST_CASE("file: offsets above 4 GiB work, and a file too large to be mapped is read") {
    temporary_folder folder;
    const std::string path = folder.write("large", "start");
    constexpr std::uint64_t size = (std::uint64_t{5} << 30) + 7;
    const int descriptor = detail::open_file(path.c_str(), O_WRONLY);
    REQUIRE(descriptor >= 0);
#if defined(_LARGEFILE64_SOURCE) && defined(__linux__)
    const bool is_written = pwrite64(descriptor, "end", 3, static_cast<off64_t>(size - 3)) == 3;
#else
    const bool is_written = pwrite(descriptor, "end", 3, static_cast<off_t>(size - 3)) == 3;
#endif
    close(descriptor);
    if (!is_written) {
        MESSAGE("the file system of the temporary folder has no files above 4 GiB");
        return;
    }
    for (const load_mode mode : {load_mode::automatic, load_mode::read}) {
        auto file = file_source::open(path.c_str(), mode);
        REQUIRE(file);
        CHECK(file->size() == size);
        CHECK(file->is_mapped() == (mode == load_mode::automatic && sizeof(void *) > 4));
        std::string end(5, '?');
        REQUIRE(file->read(size - 5, std::as_writable_bytes(std::span(end.data(), end.size()))));
        CHECK(end == std::string_view("\0\0end", 5));
        std::string start(5, '?');
        REQUIRE(file->read(0, std::as_writable_bytes(std::span(start.data(), start.size()))));
        CHECK(start == "start");
    }
    if (sizeof(void *) == 4) {
        auto refused = file_source::open(path.c_str(), load_mode::map);
        REQUIRE_FALSE(refused);
        CHECK(contains(refused.error(), "cannot map"));
    }
}

TEST_CASE("file: what was forgotten is still there") {
    temporary_folder folder;
    std::string content;
    while (content.size() < 300'000) {
        content += std::to_string(content.size());
    }
    const std::string path = folder.write("model", content);
    for (const load_mode mode : {load_mode::map, load_mode::read}) {
        auto file = file_source::open(path.c_str(), mode);
        REQUIRE(file);
        file->forget(5, 100'000);
        file->forget(100'005, content.size() - 100'005);
        file->forget(0, 0);
        file->forget(content.size(), 1); // beyond the end: a hint, no error
        CHECK(read_all(*file) == content);
        if (mode == load_mode::map) {
            CHECK(as_text(file->mapped()) == content);
        }
    }
}

// With no address space left, mmap fails.
TEST_CASE("file: automatic falls back to reading where mapping fails") {
    temporary_folder folder;
    const std::string content(1 << 20, 'm');
    const std::string path = folder.write("model", content);
    rlimit usual = {};
    REQUIRE(getrlimit(RLIMIT_AS, &usual) == 0);
    rlimit none = usual;
    none.rlim_cur = 4096;
    REQUIRE(setrlimit(RLIMIT_AS, &none) == 0);
    auto automatic = file_source::open(path.c_str(), load_mode::automatic);
    auto map = file_source::open(path.c_str(), load_mode::map);
    REQUIRE(setrlimit(RLIMIT_AS, &usual) == 0);
    REQUIRE(automatic);
    if (map) {
        MESSAGE("this system does not limit the address space: the fall back is not tested here");
        return;
    }
    CHECK(contains(map.error(), "cannot map the 1048576 bytes"));
    CHECK(contains(map.error(), path));
    CHECK_FALSE(automatic->is_mapped());
    CHECK(automatic->mapped().empty());
    CHECK(read_all(*automatic) == content);
}

} // namespace
