#include <llmzero/storage/replacement_file.hpp>

#include "support/failing_allocator.hpp"
#include "support/read_file.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>

using namespace llmzero;

namespace {

// A folder with one file and what stands beside it, removed at the end.
class replaced_place {
public:
    replaced_place() {
        const char * base = std::getenv("TMPDIR");
        folder_ = std::string(base != nullptr ? base : "/tmp") + "/llmzero-replace-XXXXXX";
        REQUIRE(mkdtemp(folder_.data()) != nullptr);
        path = folder_ + "/file";
    }
    ~replaced_place() {
        unlink(path.c_str());
        unlink((path + ".new").c_str());
        rmdir(folder_.c_str());
    }
    bool has(const char * suffix) const { return access((path + suffix).c_str(), F_OK) == 0; }
    std::string content() const { return support::read_file(path); }
    std::string path;

private:
    std::string folder_;
};

status replace(const std::string & path, std::string_view content) {
    LLMZERO_ASSIGN(replacement_file file, replacement_file::create(path));
    LLMZERO_CHECK(file.write(std::as_bytes(std::span(content).first(content.size() / 2))));
    LLMZERO_CHECK(file.write(std::as_bytes(std::span(content).subspan(content.size() / 2))));
    return file.commit();
}

TEST_CASE("replacement file: it appears whole, where there was nothing or an older one") {
    const replaced_place place;
    REQUIRE(replace(place.path, "first"));
    CHECK(place.content() == "first");
    REQUIRE(replace(place.path, "second, longer"));
    CHECK(place.content() == "second, longer");
    REQUIRE(replace(place.path, ""));
    CHECK(place.content().empty());
    CHECK_FALSE(place.has(".new"));
}

TEST_CASE("replacement file: what is not committed leaves no trace") {
    const replaced_place place;
    REQUIRE(replace(place.path, "old"));
    {
        auto file = replacement_file::create(place.path);
        REQUIRE(file);
        REQUIRE(file->write(std::as_bytes(std::span("new"))));
        CHECK(place.has(".new"));
        replacement_file moved(std::move(*file));
        CHECK(place.content() == "old");
    }
    CHECK_FALSE(place.has(".new"));
    CHECK(place.content() == "old");
}

TEST_CASE("replacement file: a process that dies at any point leaves the old content or the new") {
    const replaced_place place;
    REQUIRE(replace(place.path, "old"));
    for (int point = 0; point < 4; ++point) {
        CAPTURE(point);
        const pid_t child = fork();
        if (child == 0) {
            auto file = replacement_file::create(place.path);
            if (!file || (point > 0 && !file->write(std::as_bytes(std::span("ne", 2)))) ||
                (point > 1 && !file->write(std::as_bytes(std::span("w", 1)))) || (point > 2 && !file->commit())) {
                _exit(1);
            }
            _exit(0);
        }
        int ended = -1;
        REQUIRE(waitpid(child, &ended, 0) == child);
        CHECK(ended == 0);
        CHECK(place.content() == (point > 2 ? "new" : "old"));
        CHECK(place.has(".new") == (point <= 2)); // left behind, and no hindrance
    }
    REQUIRE(replace(place.path, "newer"));
    CHECK(place.content() == "newer");
}

TEST_CASE("replacement file: two writers at once do not mix") {
    const replaced_place place;
    auto first = replacement_file::create(place.path);
    REQUIRE(first);
    REQUIRE(first->write(std::as_bytes(std::span("first", 5))));
    const auto second = replacement_file::create(place.path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code() == error_code::io);
    CHECK(std::string(second.error().message()).find("is being written by another program") != std::string::npos);
    CHECK(place.has(".new"));
    REQUIRE(first->commit());
    CHECK(place.content() == "first");
    REQUIRE(replace(place.path, "second"));
    CHECK(place.content() == "second");
}

TEST_CASE("replacement file: where it cannot be written it says why") {
    const replaced_place place;
    const auto message = [](const auto & refused) {
        REQUIRE_FALSE(refused);
        CHECK(refused.error().code() == error_code::io);
        return std::string(refused.error().message());
    };
    CHECK(message(replace("/nowhere/file", "x")) == "cannot open '/nowhere/file.new': No such file or directory");
    CHECK(message(replace("/dev/null", "x")) == "cannot replace '/dev/null': it is no regular file");
    CHECK(message(replace("/tmp", "x")) == "cannot replace '/tmp': it is no regular file");
    // Nothing is written through a link under the other name.
    REQUIRE(symlink(place.path.c_str(), (place.path + ".new").c_str()) == 0);
    CHECK(message(replace(place.path, "x")).find("cannot open") != std::string::npos);
    CHECK_FALSE(place.has(""));
}

TEST_CASE("replacement file: a full disk leaves the old content") {
    const replaced_place place;
    REQUIRE(replace(place.path, "old"));
    const pid_t child = fork();
    if (child == 0) {
        const rlimit most = {5, 5};
        signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &most) != 0) {
            _exit(2);
        }
        const status written = replace(place.path, "longer than that");
        _exit(!written && written.error().code() == error_code::io ? 0 : 1);
    }
    int ended = -1;
    REQUIRE(waitpid(child, &ended, 0) == child);
    CHECK(ended == 0);
    CHECK(place.content() == "old");
    CHECK_FALSE(place.has(".new"));
}

TEST_CASE("replacement file: running out of memory is an error") {
    const replaced_place place;
    const auto survived = support::survive_allocation_failures([&] { return replace(place.path, "content"); });
    CHECK(survived >= 4);
    CHECK(place.content() == "content");
}

} // namespace
