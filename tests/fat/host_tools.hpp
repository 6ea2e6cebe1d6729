// fsck.vfat, mkfs.vfat and mtools as judges of images. Where they are missing a test says so and is left out; with CI
// set that is a failure.
#pragma once

#include "support/conformance.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <doctest/doctest.h>
#include <span>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace fat_test {

struct command_result {
    int status = -1;
    std::string output; // both streams
};

inline command_result run_command(const std::string & command) {
    command_result result;
    std::FILE * pipe =
        popen(("PATH=$PATH:/sbin:/usr/sbin MTOOLS_SKIP_CHECK=1 LC_ALL=C.UTF-8 " + command + " 2>&1").c_str(), "r");
    if (pipe == nullptr) {
        return result;
    }
    char piece[4096];
    for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, pipe)) != 0;) {
        result.output.append(piece, n);
    }
    const int ended = pclose(pipe);
    result.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return result;
}

inline bool has_host_tools(const char * test) {
    const bool found = run_command("sh -c 'command -v fsck.vfat mkfs.vfat mcopy mdir > /dev/null'").status == 0 &&
                       run_command("sh -c 'command -v mkfs.vfat'").status == 0 &&
                       run_command("sh -c 'command -v mcopy'").status == 0;
    if (!found) {
        std::fprintf(stderr, "SKIPPED: %s: fsck.vfat, mkfs.vfat or mtools not found (Debian: dosfstools, mtools)\n",
                     test);
        CHECK_MESSAGE(!support::is_set("CI"), "dosfstools and mtools are required here");
    }
    return found;
}

// A folder of its own that goes at the end.
class scratch_folder {
public:
    scratch_folder() {
        const char * place = std::getenv("TMPDIR");
        path_ = std::string(place != nullptr && *place != 0 ? place : "/tmp") + "/llmzero-fat-XXXXXX";
        if (mkdtemp(path_.data()) == nullptr) {
            path_.clear();
        }
        REQUIRE(!path_.empty());
    }
    scratch_folder(const scratch_folder &) = delete;
    scratch_folder & operator=(const scratch_folder &) = delete;
    ~scratch_folder() {
        if (!path_.empty()) {
            run_command("rm -rf '" + path_ + "'");
        }
    }
    [[nodiscard]] std::string path(const std::string & name) const { return path_ + '/' + name; }

private:
    std::string path_;
};

inline bool write_file(const std::string & path, std::span<const std::byte> bytes) {
    std::FILE * file = std::fopen(path.c_str(), "wb");
    if (file == nullptr) {
        return false;
    }
    const bool is_written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
    return std::fclose(file) == 0 && is_written;
}

inline std::vector<std::byte> read_bytes(const std::string & path) {
    std::vector<std::byte> bytes;
    if (std::FILE * file = std::fopen(path.c_str(), "rb")) {
        std::byte piece[65536];
        for (std::size_t n = 0; (n = std::fread(piece, 1, sizeof piece, file)) != 0;) {
            bytes.insert(bytes.end(), piece, piece + n);
        }
        std::fclose(file);
    }
    return bytes;
}

// What fsck.vfat says against an image; empty: it is clean.
inline std::string fsck(std::span<const std::byte> image, const scratch_folder & scratch) {
    const std::string path = scratch.path("fsck.img");
    if (!write_file(path, image)) {
        return "cannot write " + path;
    }
    const command_result result = run_command("fsck.vfat -n " + path);
    // Two lines when all is well: the program's name, the number of files. Some findings leave the status 0.
    const auto lines = std::count(result.output.begin(), result.output.end(), '\n');
    return result.status == 0 && lines == 2 ? "" : "status " + std::to_string(result.status) + ":\n" + result.output;
}

} // namespace fat_test
