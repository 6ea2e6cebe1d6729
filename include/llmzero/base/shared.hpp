// A counted reference to something that does not change: what std::shared_ptr<const T> would be if running
// out of memory were an error value. Copies may be made and dropped on several threads.
#pragma once

#include <llmzero/base/result.hpp>

#include <atomic>
#include <cstdint>
#include <new>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

template <class T> class shared {
public:
    shared() = default;

    static result<shared> create(T && value) {
        shared made;
        made.block_ = new (std::nothrow) block{std::move(value)};
        if (made.block_ == nullptr) {
            return error(error_code::out_of_memory, "out of memory: %zu bytes were asked for", sizeof(block));
        }
        return made;
    }

    shared(const shared & other) noexcept : block_(other.block_) {
        if (block_ != nullptr) {
            block_->count.fetch_add(1, std::memory_order_relaxed);
        }
    }
    shared(shared && other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    shared & operator=(shared other) noexcept {
        std::swap(block_, other.block_);
        return *this;
    }
    ~shared() {
        // acq_rel: the thread that drops the last reference sees what the others did before they dropped theirs.
        if (block_ != nullptr && block_->count.fetch_sub(1, std::memory_order_acq_rel) == 1) {
            delete block_;
        }
    }

    [[nodiscard]] explicit operator bool() const { return block_ != nullptr; }
    [[nodiscard]] const T & operator*() const { return block_->value; }
    [[nodiscard]] const T * operator->() const { return &block_->value; }

private:
    struct block {
        explicit block(T && v) : value(std::move(v)) {}
        T value;
        std::atomic<std::uint32_t> count{1};
    };
    block * block_ = nullptr;
};

} // namespace llmzero::inline LLMZERO_ABI
