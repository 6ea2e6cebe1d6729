// A file or a partition as a disk, or a part of one: nothing outside that part is ever read or written.
#pragma once

#include "fat/block_device.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>

static_assert(sizeof(::off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64: disks are larger than 2 GiB");

namespace fat {

struct file_device_options {
    bool writable = true;
    std::uint64_t first_sector = 0; // of the part that is the disk
    std::uint64_t n_sectors = 0;    // 0: all that follow
};

class file_device final : public block_device {
public:
    // Errors: io; bad_argument (the part is not inside the file).
    [[nodiscard]] static llmzero::result<file_device> open(const std::string & path,
                                                           const file_device_options & options = {}) {
        // Without O_NONBLOCK, opening a pipe would wait for its other end.
        const int flags = (options.writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
        file_device device;
        device.path_ = path;
        device.descriptor_ = ::open(path.c_str(), flags);
        struct stat status = {};
        if (device.descriptor_ < 0 || ::fstat(device.descriptor_, &status) != 0) {
            return device.failed("open");
        }
        if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode)) {
            return llmzero::error(llmzero::error_code::io, "cannot open '%.160s': expected a file or a disk",
                                  path.c_str());
        }
        const ::off_t end = ::lseek(device.descriptor_, 0, SEEK_END);
        if (end < 0) {
            return device.failed("find the size of");
        }
        const std::uint64_t there = static_cast<std::uint64_t>(end) / sector_bytes;
        if (options.first_sector > there || options.n_sectors > there - options.first_sector) {
            return llmzero::error(llmzero::error_code::bad_argument,
                                  "'%.160s' has %llu sectors; expected %llu from number %llu on", path.c_str(),
                                  static_cast<unsigned long long>(there),
                                  static_cast<unsigned long long>(options.n_sectors),
                                  static_cast<unsigned long long>(options.first_sector));
        }
        device.first_ = options.first_sector;
        device.n_sectors_ = options.n_sectors != 0 ? options.n_sectors : there - options.first_sector;
        return device;
    }

    file_device(file_device && other) noexcept { swap(other); }
    file_device & operator=(file_device && other) noexcept {
        swap(other);
        return *this;
    }
    file_device(const file_device &) = delete;
    file_device & operator=(const file_device &) = delete;
    ~file_device() override {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

    [[nodiscard]] std::uint64_t n_sectors() const override { return n_sectors_; }

    [[nodiscard]] llmzero::status read(std::uint64_t first, std::span<std::byte> into) override {
        LLMZERO_CHECK(check_range(first, into.size()));
        std::uint64_t at = (first_ + first) * sector_bytes;
        while (!into.empty()) {
            const ssize_t got = ::pread(descriptor_, into.data(), into.size(), static_cast<::off_t>(at));
            if (got == 0) {
                errno = EIO; // the file has become shorter
            }
            if (got == 0 || (got < 0 && errno != EINTR)) {
                return failed("read");
            }
            const auto n = got < 0 ? std::size_t{0} : static_cast<std::size_t>(got);
            into = into.subspan(n);
            at += n;
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status write(std::uint64_t first, std::span<const std::byte> bytes) override {
        LLMZERO_CHECK(check_range(first, bytes.size()));
        std::uint64_t at = (first_ + first) * sector_bytes;
        while (!bytes.empty()) {
            const ssize_t put = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<::off_t>(at));
            if (put < 0 && errno != EINTR) {
                return failed("write");
            }
            const auto n = put < 0 ? std::size_t{0} : static_cast<std::size_t>(put);
            bytes = bytes.subspan(n);
            at += n;
        }
        return llmzero::success();
    }

    [[nodiscard]] llmzero::status flush() override {
        return ::fdatasync(descriptor_) == 0 ? llmzero::success() : llmzero::status(failed("flush"));
    }

private:
    file_device() = default;

    void swap(file_device & other) noexcept {
        std::swap(path_, other.path_);
        std::swap(descriptor_, other.descriptor_);
        std::swap(first_, other.first_);
        std::swap(n_sectors_, other.n_sectors_);
    }

    [[nodiscard]] llmzero::error failed(const char * what) const {
        const int reason = errno;
        return llmzero::error(llmzero::error_code::io, "cannot %s '%.160s': %s", what, path_.c_str(),
                              std::strerror(reason));
    }

    std::string path_;
    int descriptor_ = -1;
    std::uint64_t first_ = 0;
    std::uint64_t n_sectors_ = 0;
};

} // namespace fat
