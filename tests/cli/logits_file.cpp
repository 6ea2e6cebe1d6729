#include "cli/logits_file.hpp"

#include "support/read_file.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

// A folder that is gone, with what is in it, with the object.
struct temporary_folder {
    char path[32] = "/tmp/llmzero-test-XXXXXX";
    temporary_folder() { REQUIRE(mkdtemp(path) != nullptr); }
    ~temporary_folder() {
        unlink(file().c_str());
        rmdir(path);
    }
    std::string file() const { return std::string(path) + "/logits.bin"; }
};

bool exists(const std::string & path) {
    return access(path.c_str(), F_OK) == 0;
}

} // namespace

TEST_CASE("logits file: rows are float32, little endian, one after the other") {
    const temporary_folder folder;
    cli::logits_file file;
    REQUIRE(file.create(folder.file()));
    file.write(std::vector<float>{1.0f, -2.0f});
    file.write(std::vector<float>{0.0f, 0x1.000002p0f});
    CHECK(file.close());
    const char expected[] = "\x00\x00\x80\x3f\x00\x00\x00\xc0\x00\x00\x00\x00\x01\x00\x80\x3f";
    CHECK(support::read_file(folder.file()) == std::string(expected, 16));
}

TEST_CASE("logits file: rows of any length come out whole") {
    const temporary_folder folder;
    cli::logits_file file;
    REQUIRE(file.create(folder.file()));
    std::vector<float> row(2500);
    for (std::size_t i = 0; i < row.size(); ++i) {
        row[i] = static_cast<float>(i);
    }
    file.write(row);
    CHECK(file.close());
    const std::string bytes = support::read_file(folder.file());
    REQUIRE(bytes.size() == row.size() * sizeof(float));
    CHECK(std::memcmp(bytes.data(), row.data(), bytes.size()) == 0); // on the little-endian machines of the tests
}

TEST_CASE("logits file: an existing file is left as it is") {
    const temporary_folder folder;
    {
        cli::logits_file first;
        REQUIRE(first.create(folder.file()));
        first.write(std::vector<float>{1.0f});
        REQUIRE(first.close());
    }
    cli::logits_file second;
    const auto created = second.create(folder.file());
    REQUIRE_FALSE(created);
    CHECK(created.error().code() == llmzero::error_code::io);
    CHECK(std::string(created.error().message()) == folder.file() + ": exists already, and is left as it is");
    second.write(std::vector<float>{2.0f});
    CHECK(second.close());
    CHECK(support::read_file(folder.file()).size() == 4);
}

TEST_CASE("logits file: without a row there is no file") {
    const temporary_folder folder;
    {
        cli::logits_file file;
        REQUIRE(file.create(folder.file()));
        CHECK(exists(folder.file()));
    }
    CHECK_FALSE(exists(folder.file()));
}

TEST_CASE("logits file: where it cannot be, the error says why") {
    cli::logits_file file;
    const auto created = file.create("/nowhere/logits.bin");
    REQUIRE_FALSE(created);
    CHECK(std::string(created.error().message()) == "/nowhere/logits.bin: No such file or directory");
}

TEST_CASE("logits file: when the disk is full whole rows are kept, and the error comes out") {
    const temporary_folder folder;
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit = {20, 20}; // one row of three floats fits, two do not
        setrlimit(RLIMIT_FSIZE, &limit);
        cli::logits_file file;
        if (!file.create(folder.file())) {
            _exit(1);
        }
        const std::vector<float> row = {1.0f, 2.0f, 3.0f};
        file.write(row);
        if (file.failed()) {
            _exit(2);
        }
        file.write(row);
        file.write(row);
        _exit(file.failed() && !file.close() ? 42 : 3);
    }
    int status = -1;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 42);
    CHECK(support::read_file(folder.file()).size() == 12);
}
