// A regular file as a byte_source: mapped into memory, or read piece by piece. Its path is UTF-8.
//
// Mapping costs no memory of its own and loads only what is touched. Reading works where mapping does not:
// files larger than the address space of a 32-bit machine, file systems without mmap. `automatic` tries the
// first, then the second. A mapped file that is cut by another process while it is in use ends this process
// with SIGBUS, as with every user of mmap; load_mode::read gives an io error instead.
//
// Directories, pipes and devices are refused. Offsets have 64 bits on 32-bit machines too. On Windows files are read.
#pragma once

#include <llmzero/storage/byte_source.hpp>
#include <llmzero/storage/file_calls.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

enum class load_mode : std::uint8_t {
    automatic, // map, and where that fails read
    map,       // map, or fail
    read,      // never map: every access is a copy, made when it is asked for
};

class file_source final : public byte_source {
public:
    [[nodiscard]] static result<file_source> open(const char * path, load_mode mode = load_mode::automatic) {
        file_source file;
        do {
            file.descriptor_ = detail::open_to_read(path);
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
            detail::unmap_file(map_, static_cast<std::size_t>(size_));
        }
        if (descriptor_ >= 0) {
            detail::close_file(descriptor_);
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
        map_ = detail::map_file(descriptor_, *count);
        return map_ != nullptr ? 0 : errno;
    }

    int descriptor_ = -1;
    std::uint64_t size_ = 0;
    void * map_ = nullptr;
};

} // namespace llmzero::inline LLMZERO_ABI
