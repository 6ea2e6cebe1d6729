// A folder of a test's own, which is removed with all that is in it.
#pragma once

#include "support/read_file.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace support {

class temporary_folder {
public:
    temporary_folder() {
        char name[] = "/tmp/llmzero-stick-XXXXXX";
        REQUIRE(::mkdtemp(name) != nullptr);
        path = name;
    }
    temporary_folder(const temporary_folder &) = delete;
    temporary_folder & operator=(const temporary_folder &) = delete;
    ~temporary_folder() {
        std::error_code problem;
        std::filesystem::remove_all(path, problem);
    }

    void save(const std::string & name, std::string_view content) const {
        std::filesystem::create_directories(std::filesystem::path(path + "/" + name).parent_path());
        std::ofstream(path + "/" + name, std::ios::binary) << content;
    }
    [[nodiscard]] std::string read(const std::string & name) const { return read_file(path + "/" + name); }

    std::string path;
};

} // namespace support
