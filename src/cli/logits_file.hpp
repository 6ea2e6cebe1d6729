// The file of --dump-logits: float32, little-endian, n_vocab of them for each evaluated position.
//
// The file must not exist: nothing of the user's is overwritten. Rows are written as they come; a run that fails
// or is interrupted leaves the whole rows it has written, and no file when there are none.
#pragma once

#include <llmzero/base/result.hpp>

#include "cli/output.hpp"

#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace cli {

class logits_file {
public:
    logits_file() = default; // writes nothing
    logits_file(const logits_file &) = delete;
    logits_file & operator=(const logits_file &) = delete;
    ~logits_file() { static_cast<void>(close()); }

    [[nodiscard]] llmzero::status create(const std::string & path) {
        descriptor_ = open_file(path.c_str(), O_WRONLY | O_CREAT | O_EXCL);
        if (descriptor_ < 0) {
            return llmzero::error(llmzero::error_code::io, "%s: %s", path.c_str(),
                                  errno == EEXIST ? "exists already, and is left as it is" : std::strerror(errno));
        }
        path_ = path;
        return llmzero::success();
    }

    // After a failure more rows are dropped; close() tells.
    void write(std::span<const float> row) {
        if (descriptor_ < 0 || problem_ != 0) {
            return;
        }
        constexpr std::size_t piece = 1024;
        char bytes[piece * sizeof(float)];
        for (std::size_t i = 0; i < row.size() && problem_ == 0;) {
            std::size_t n = 0;
            for (; n < piece && i < row.size(); ++n, ++i) {
                const auto bits = std::bit_cast<std::uint32_t>(row[i]);
                for (std::size_t b = 0; b < sizeof bits; ++b) {
                    bytes[n * sizeof bits + b] = static_cast<char>(bits >> (8 * b) & 0xffu);
                }
            }
            problem_ = write_all(descriptor_, {bytes, n * sizeof(float)});
        }
        if (problem_ == 0) {
            whole_bytes_ += static_cast<off_t>(row.size_bytes());
        }
    }

    [[nodiscard]] bool failed() const { return problem_ != 0; }

    // Ends the file; the error of any write comes out here.
    [[nodiscard]] llmzero::status close() {
        if (descriptor_ < 0) {
            return llmzero::success();
        }
        if (problem_ != 0 && ::ftruncate(descriptor_, whole_bytes_) != 0) {
            whole_bytes_ = 0; // a torn row would be taken for a whole one
        }
        if (::close(descriptor_) != 0 && problem_ == 0) {
            problem_ = errno;
        }
        descriptor_ = -1;
        if (whole_bytes_ == 0) {
            ::unlink(path_.c_str());
        }
        if (problem_ != 0) {
            return llmzero::error(llmzero::error_code::io, "%s: %s", path_.c_str(), std::strerror(problem_));
        }
        return llmzero::success();
    }

private:
    std::string path_;
    int descriptor_ = -1;
    int problem_ = 0;
    off_t whole_bytes_ = 0;
};

} // namespace cli
