// A regular file as a byte_source: mapped into memory, or read piece by piece (POSIX).
//
// Mapping costs no memory of its own and loads only what is touched. Reading works where mapping does not:
// files larger than the address space of a 32-bit machine, file systems without mmap. `automatic` tries the
// first, then the second. A mapped file that is cut by another process while it is in use ends this process
// with SIGBUS, as with every user of mmap; load_mode::read gives an io error instead.
//
// Directories, pipes and devices are refused. Offsets have 64 bits on 32-bit machines too, whatever
// _FILE_OFFSET_BITS says: a header cannot set it, since other headers may come first.
#pragma once

#include <llmzero/storage/byte_source.hpp>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

enum class load_mode : std::uint8_t {
    automatic, // map, and where that fails read
    map,       // map, or fail
    read,      // never map: every access is a copy, made when it is asked for
};

namespace detail {

// The calls whose offsets have 64 bits. glibc and bionic name them apart from those whose width depends on
// _FILE_OFFSET_BITS; elsewhere off_t must have 64 bits.
#if defined(_LARGEFILE64_SOURCE) && defined(__linux__)
using file_status = struct ::stat64;
inline int open_file(const char * path, int flags) {
    return ::open64(path, flags, 0666); // the mode of a file that is made, less the user's mask
}
inline int status_of_file(int descriptor, file_status & into) {
    return ::fstat64(descriptor, &into);
}
inline int status_of_path(const char * path, file_status & into) {
    return ::stat64(path, &into);
}
inline ::ssize_t read_file(int descriptor, void * into, std::size_t count, std::uint64_t offset) {
    return ::pread64(descriptor, into, count, static_cast<::off64_t>(offset));
}
#else
static_assert(sizeof(::off_t) == 8, "compile with -D_FILE_OFFSET_BITS=64: files may be larger than 2 GiB");
using file_status = struct ::stat;
inline int open_file(const char * path, int flags) {
    return ::open(path, flags, 0666);
}
inline int status_of_file(int descriptor, file_status & into) {
    return ::fstat(descriptor, &into);
}
inline int status_of_path(const char * path, file_status & into) {
    return ::stat(path, &into);
}
inline ::ssize_t read_file(int descriptor, void * into, std::size_t count, std::uint64_t offset) {
    return ::pread(descriptor, into, count, static_cast<::off_t>(offset));
}
#endif

// The two signatures that strerror_r has, GNU's and POSIX's, told apart by what they return.
[[maybe_unused]] inline const char * text_of_error(const char * returned, const char *) {
    return returned;
}
[[maybe_unused]] inline const char * text_of_error(int returned, const char * buffer) {
    return returned == 0 ? buffer : "unknown error";
}

// The operating system's sentence for an errno value, without shared buffers.
class system_message {
public:
    explicit system_message(int number)
        : text_(text_of_error(::strerror_r(number, buffer_, sizeof buffer_), buffer_)) {}
    system_message(const system_message &) = delete;
    system_message & operator=(const system_message &) = delete;
    [[nodiscard]] const char * c_str() const { return text_; }

private:
    char buffer_[96] = {};
    const char * text_;
};

} // namespace detail

class file_source final : public byte_source {
public:
    [[nodiscard]] static result<file_source> open(const char * path, load_mode mode = load_mode::automatic) {
        file_source file;
        do {
            // Without O_NONBLOCK, opening a pipe would wait for a writer.
            file.descriptor_ = detail::open_file(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        } while (file.descriptor_ < 0 && errno == EINTR);
        if (file.descriptor_ < 0) {
            return llmzero::error(error_code::io, "cannot open '%.160s': %s", path,
                                  detail::system_message(errno).c_str());
        }
        detail::file_status attributes{};
        if (detail::status_of_file(file.descriptor_, attributes) != 0) {
            return llmzero::error(error_code::io, "cannot examine '%.160s': %s", path,
                                  detail::system_message(errno).c_str());
        }
        if (!S_ISREG(attributes.st_mode)) {
            return llmzero::error(error_code::io, "cannot open '%.160s': expected a regular file, found %s", path,
                                  S_ISDIR(attributes.st_mode)    ? "a directory"
                                  : S_ISFIFO(attributes.st_mode) ? "a pipe"
                                                                 : "a device or socket");
        }
        file.size_ = static_cast<std::uint64_t>(attributes.st_size);
        if (mode != load_mode::read && file.size_ != 0) {
            const int failure = file.map();
            if (failure != 0 && mode == load_mode::map) {
                return llmzero::error(error_code::io, "cannot map the %llu bytes of '%.160s': %s",
                                      static_cast<unsigned long long>(file.size_), path,
                                      detail::system_message(failure).c_str());
            }
        }
        return file;
    }

    file_source(file_source && other) noexcept
        : descriptor_(std::exchange(other.descriptor_, -1)), size_(std::exchange(other.size_, 0)),
          map_(std::exchange(other.map_, nullptr)) {}
    file_source & operator=(file_source && other) noexcept {
        file_source moved(std::move(other));
        std::swap(descriptor_, moved.descriptor_);
        std::swap(size_, moved.size_);
        std::swap(map_, moved.map_);
        return *this;
    }
    file_source(const file_source &) = delete;
    file_source & operator=(const file_source &) = delete;
    ~file_source() override {
        if (map_ != nullptr) {
            ::munmap(map_, static_cast<std::size_t>(size_));
        }
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
    }

    [[nodiscard]] bool is_mapped() const { return map_ != nullptr; }

    [[nodiscard]] std::uint64_t size() const override { return size_; }

    [[nodiscard]] status read(std::uint64_t offset, std::span<std::byte> into) const override {
        LLMZERO_CHECK(check_inside(offset, into.size()));
        // Above 2 GiB Linux would transfer less than asked for anyway.
        constexpr std::size_t most_at_once = std::size_t{1} << 30;
        for (std::size_t done = 0; done < into.size();) {
            const std::size_t wanted = std::min(into.size() - done, most_at_once);
            const auto got = detail::read_file(descriptor_, into.data() + done, wanted, offset + done);
            if (got > 0) {
                done += static_cast<std::size_t>(got);
            } else if (got == 0) {
                return llmzero::error(error_code::io,
                                      "the file became shorter while it was read: it had %llu bytes, "
                                      "and ends at offset %llu",
                                      static_cast<unsigned long long>(size_),
                                      static_cast<unsigned long long>(offset + done));
            } else if (errno != EINTR) {
                return llmzero::error(error_code::io, "cannot read %llu bytes at offset %llu: %s",
                                      static_cast<unsigned long long>(wanted),
                                      static_cast<unsigned long long>(offset + done),
                                      detail::system_message(errno).c_str());
            }
        }
        return success();
    }

    [[nodiscard]] std::span<const std::byte> mapped() const override {
        return {static_cast<const std::byte *>(map_), map_ != nullptr ? static_cast<std::size_t>(size_) : 0};
    }

    // Pages that were touched stay in this process's memory until they are forgotten here, or memory runs short.
    void forget(std::uint64_t offset, std::uint64_t count) const override {
#if defined(MADV_DONTNEED)
        const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
        const std::uint64_t start = offset / page * page;
        const std::uint64_t end = std::min(offset + count, size_) / page * page; // the last may be needed yet
        if (map_ != nullptr && start < end) {
            ::madvise(static_cast<std::byte *>(map_) + start, static_cast<std::size_t>(end - start), MADV_DONTNEED);
        }
#else
        byte_source::forget(offset, count);
#endif
    }

private:
    file_source() = default;

    // 0, or the errno of what went wrong.
    [[nodiscard]] int map() {
        const auto count = to_size(size_);
        if (!count) {
            return EFBIG;
        }
        void * address = ::mmap(nullptr, *count, PROT_READ, MAP_PRIVATE, descriptor_, 0);
        if (address == MAP_FAILED) {
            return errno;
        }
        map_ = address;
        return 0;
    }

    int descriptor_ = -1;
    std::uint64_t size_ = 0;
    void * map_ = nullptr;
};

} // namespace llmzero::inline LLMZERO_ABI
