// Walks through the header of a GGUF file (everything before the tensors' data), in order, and never beyond
// its end. Every count is compared with the bytes that remain in the file before anything is done with it.
//
// A mapped source is looked at in place. From any other source the header is copied into memory in steps
// that at least double (reads stay few, and memory is at most twice the header, never more than the file),
// so pointers into the header are final only when all of it has been walked through.
#pragma once

#include <llmzero/base/byte_reader.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/storage/byte_source.hpp>
#include <llmzero/storage/gguf_types.hpp>

#include <algorithm>

namespace llmzero::inline LLMZERO_ABI::detail {

class gguf_cursor {
public:
    gguf_cursor(const byte_source & source, const gguf_limits & limits)
        : source_(source), size_(source.size()), max_header_bytes_(limits.max_header_bytes),
          first_read_bytes_(limits.first_read_bytes) {
        const std::span<const std::byte> mapped = source.mapped();
        if (!mapped.empty()) {
            size_ = mapped.size();
            view_ = mapped.first(static_cast<std::size_t>(std::min(size_, max_header_bytes_)));
        }
    }

    // Bytes of the file.
    [[nodiscard]] std::uint64_t size() const { return size_; }

    // Bytes passed so far: where in the file the next one is.
    [[nodiscard]] std::size_t offset() const { return offset_; }
    [[nodiscard]] std::uint64_t remaining() const { return size_ - offset_; }

    // Fails unless `count` bytes follow; then makes them visible. `what` and `name` say what is being read,
    // for the message: "the value of", "'general.name'".
    [[nodiscard]] status need(std::uint64_t count, const char * what, const char * name) {
        if (count <= view_.size() - offset_) {
            return success();
        }
        return extend(count, what, name);
    }

    // Reads a number.
    template <class T> [[nodiscard]] status read(T & value, const char * what, const char * name) {
        LLMZERO_CHECK(need(sizeof(T), what, name));
        value = load_little_endian<T>(view_.data() + offset_);
        offset_ += sizeof(T);
        return success();
    }

    // Steps over `count` bytes, which are visible then.
    [[nodiscard]] status skip(std::uint64_t count, const char * what, const char * name) {
        LLMZERO_CHECK(need(count, what, name));
        offset_ += static_cast<std::size_t>(count);
        return success();
    }

    // Reads a string's length and steps over its bytes.
    [[nodiscard]] status skip_string(std::size_t & length, std::uint64_t limit, const char * what, const char * name) {
        const std::size_t start = offset_;
        std::uint64_t stored = 0;
        LLMZERO_CHECK(read(stored, what, name));
        if (stored > remaining()) {
            return error(error_code::malformed,
                         "%s %s says that it has %llu bytes, but only %llu follow (at offset %llu)", what, name,
                         printable(stored), printable(remaining()), printable(start));
        }
        if (stored > limit) {
            return error(error_code::malformed, "%s %s has %llu bytes, expected at most %llu (at offset %llu)", what,
                         name, printable(stored), printable(limit), printable(start));
        }
        LLMZERO_CHECK(skip(stored, what, name));
        length = static_cast<std::size_t>(stored);
        return success();
    }

    // Steps over `count` strings, one after the other: the loop that a vocabulary of 262 144 tokens meets.
    [[nodiscard]] status skip_strings(std::uint64_t count, std::uint64_t limit, const char * what, const char * name) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::size_t visible = view_.size() - offset_;
            std::uint64_t length = 0;
            if (visible >= sizeof length) {
                length = load_little_endian<std::uint64_t>(view_.data() + offset_);
                if (length <= limit && length <= visible - sizeof length) {
                    offset_ += sizeof length + static_cast<std::size_t>(length);
                    continue;
                }
            }
            std::size_t skipped = 0;
            LLMZERO_CHECK(skip_string(skipped, limit, what, name)); // more of the file is needed, or it is broken
        }
        return success();
    }

    // Bytes that have been read or stepped over; valid until more are.
    [[nodiscard]] std::span<const std::byte> passed(std::size_t offset, std::size_t count) const {
        return view_.subspan(offset, count);
    }

    // The copy of the header, empty when the source is mapped.
    [[nodiscard]] heap_array<std::byte> take_copy() { return std::move(copy_); }

private:
    LLMZERO_NOINLINE status extend(std::uint64_t count, const char * what, const char * name) {
        if (count > remaining()) {
            return error(error_code::malformed,
                         "the file ends inside %s %s: %llu bytes expected, %llu left "
                         "(at offset %llu)",
                         what, name, printable(count), printable(remaining()), printable(offset_));
        }
        const std::uint64_t end = offset_ + count;
        if (end > max_header_bytes_) {
            return error(error_code::unsupported,
                         "%s %s ends after the first %llu bytes, the most that a header may "
                         "have (at offset %llu)",
                         what, name, printable(max_header_bytes_), printable(offset_));
        }
        const std::size_t had = copy_.size();
        const std::uint64_t wanted = std::max({end, std::uint64_t{had} * 2, first_read_bytes_});
        const auto size = to_size(std::min({wanted, size_, max_header_bytes_}));
        if (!size) {
            return error(error_code::out_of_memory, "the header is larger than the memory of this machine");
        }
        LLMZERO_CHECK(copy_.resize(*size));
        view_ = copy_.span().first(had); // the copy may have moved, and the read may fail
        LLMZERO_CHECK(source_.read(had, copy_.span().subspan(had)));
        view_ = copy_.span();
        return success();
    }

    const byte_source & source_;
    std::uint64_t size_;
    std::uint64_t max_header_bytes_;
    std::uint64_t first_read_bytes_;
    std::span<const std::byte> view_;
    std::size_t offset_ = 0;
    heap_array<std::byte> copy_;
};

} // namespace llmzero::inline LLMZERO_ABI::detail
