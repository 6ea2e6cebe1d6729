#include "cli/output_file.hpp"

#include "support/read_file.hpp"

#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>

namespace {

// A folder that is gone, with what is in it, with the object.
struct output_folder {
    char path[32] = "/tmp/llmzero-test-XXXXXX";
    output_folder() { REQUIRE(mkdtemp(path) != nullptr); }
    ~output_folder() {
        unlink(file().c_str());
        unlink((file() + ".new").c_str());
        rmdir(path);
    }
    std::string file() const { return std::string(path) + "/out"; }
    void put(std::string_view content) const {
        std::FILE * made = std::fopen(file().c_str(), "wb");
        REQUIRE(made != nullptr);
        std::fwrite(content.data(), 1, content.size(), made);
        std::fclose(made);
    }
};

std::string refusal(const std::string & path, const cli::output_request & asked) {
    const auto made = cli::create_output(path, asked);
    return made ? std::string() : std::string(made.error().message());
}

bool is_there(const std::string & path) {
    return access(path.c_str(), F_OK) == 0;
}

} // namespace

TEST_CASE("output file: appears with commit, and not without") {
    const output_folder folder;
    const std::string content = "content";
    for (const bool commits : {false, true}) {
        {
            auto file = cli::create_output(folder.file(), {});
            REQUIRE(file.has_value());
            REQUIRE(file->write(std::as_bytes(std::span(content))));
            CHECK_FALSE(is_there(folder.file()));
            if (commits) {
                CHECK(file->commit());
            }
        }
        CHECK(is_there(folder.file()) == commits);
        CHECK_FALSE(is_there(folder.file() + ".new"));
    }
    CHECK(support::read_file(folder.file()) == content);
}

TEST_CASE("output file: what exists stays, unless it is to be replaced") {
    const output_folder folder;
    folder.put("old");
    CHECK(refusal(folder.file(), {}) == folder.file() + " exists already, and is left as it is; --force replaces it");
    {
        auto file = cli::create_output(folder.file(), {.replaces = true});
        REQUIRE(file.has_value());
        REQUIRE(file->write({}));
        CHECK(support::read_file(folder.file()) == "old");
    }
    CHECK(support::read_file(folder.file()) == "old"); // not committed
    auto file = cli::create_output(folder.file(), {.replaces = true});
    REQUIRE(file.has_value());
    CHECK(file->commit());
    CHECK(support::read_file(folder.file()) == "");
}

TEST_CASE("output file: the input, and what is no file, are never replaced") {
    const output_folder folder;
    folder.put("old");
    const std::string same = std::string(folder.path) + "/./out";
    CHECK(refusal(folder.file(), {.replaces = true, .input = same}) ==
          folder.file() + " is the input; the output must be another file");
    CHECK(refusal("/dev/null", {.replaces = true}) == "/dev/null is no regular file");
    CHECK(refusal(folder.path, {.replaces = true}) == std::string(folder.path) + " is no regular file");
    CHECK(refusal(std::string(folder.path) + "/no/out", {}).find("No such file or directory") != std::string::npos);
    CHECK(support::read_file(folder.file()) == "old");
}

TEST_CASE("output file: what the disk has no room for is refused with figures") {
    const output_folder folder;
    const std::string message = refusal(folder.file(), {.bytes = std::uint64_t{1} << 60});
    CHECK(message.find(" needs 1.2 EB, its disk has ") != std::string::npos);
    CHECK_FALSE(is_there(folder.file()));
}
