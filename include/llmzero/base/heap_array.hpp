// An array on the heap whose allocation can fail: what std::vector would be if it returned errors.
// Everything in the library that lives on the heap lives in one of these, so running out of memory is an
// error value, with exceptions and without.
#pragma once

#include <llmzero/base/checked.hpp>
#include <llmzero/base/large_pages.hpp>
#include <llmzero/base/result.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

// Weights and caches start at a cache line: 64 bytes on PCs, and a multiple of the ARM1176's 32.
inline constexpr std::size_t cache_line_bytes = 64;

template <class T> class heap_array {
    static_assert(std::is_nothrow_move_constructible_v<T>);

public:
    using value_type = T;

    heap_array() = default;

    // `count` value-initialised elements (numbers: zeros), or out_of_memory.
    static result<heap_array> create(std::size_t count) {
        heap_array made;
        LLMZERO_CHECK(made.resize(count));
        return made;
    }

    // `count` elements of any content, which are to be written before they are read.
    static result<heap_array> create_for_overwrite(std::size_t count) {
        static_assert(std::is_trivially_default_constructible_v<T>);
        heap_array made;
        LLMZERO_CHECK(made.reserve(count));
        std::uninitialized_default_construct_n(made.data_, count);
        made.size_ = count;
        return made;
    }

    // A copy of `elements`.
    static result<heap_array> copy(std::span<const T> elements) {
        heap_array made;
        LLMZERO_CHECK(made.reserve(elements.size()));
        for (const T & element : elements) {
            made.push_back_unchecked(element);
        }
        return made;
    }

    heap_array(heap_array && other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    heap_array & operator=(heap_array && other) noexcept {
        heap_array moved(std::move(other));
        swap(moved);
        return *this;
    }
    heap_array(const heap_array &) = delete;
    heap_array & operator=(const heap_array &) = delete;
    ~heap_array() {
        clear();
        release(data_);
    }

    void swap(heap_array & other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }

    [[nodiscard]] status reserve(std::size_t capacity) {
        if (capacity <= capacity_) {
            return success();
        }
        const auto bytes = checked_multiply(capacity, sizeof(T));
        void * memory = bytes && to_size(*bytes) ? ::operator new(*bytes, alignment, std::nothrow) : nullptr;
        if (memory == nullptr) {
            return error(error_code::out_of_memory, "out of memory: %zu elements of %zu bytes were asked for", capacity,
                         sizeof(T));
        }
        ask_for_large_pages(memory, *bytes);
        T * moved = static_cast<T *>(memory);
        std::uninitialized_move_n(data_, size_, moved);
        std::destroy_n(data_, size_);
        release(data_);
        data_ = moved;
        capacity_ = capacity;
        return success();
    }

    // New elements are value-initialised.
    [[nodiscard]] status resize(std::size_t count) {
        LLMZERO_CHECK(reserve(count));
        if (count > size_) {
            std::uninitialized_value_construct_n(data_ + size_, count - size_);
        } else {
            std::destroy_n(data_ + count, size_ - count);
        }
        size_ = count;
        return success();
    }

    [[nodiscard]] status push_back(T element) {
        LLMZERO_CHECK(grow_for(1));
        push_back_unchecked(std::move(element));
        return success();
    }

    [[nodiscard]] status append(std::span<const T> elements) {
        LLMZERO_CHECK(grow_for(elements.size()));
        for (const T & element : elements) {
            push_back_unchecked(element);
        }
        return success();
    }

    // Only after reserve() has made room.
    void push_back_unchecked(T element) { std::construct_at(data_ + size_++, std::move(element)); }
    void pop_back() { std::destroy_at(data_ + --size_); }
    void clear() {
        std::destroy_n(data_, size_);
        size_ = 0;
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    [[nodiscard]] std::size_t size_bytes() const { return size_ * sizeof(T); }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] T * data() { return data_; }
    [[nodiscard]] const T * data() const { return data_; }
    [[nodiscard]] T & operator[](std::size_t i) { return data_[i]; }
    [[nodiscard]] const T & operator[](std::size_t i) const { return data_[i]; }
    [[nodiscard]] T & back() { return data_[size_ - 1]; }
    [[nodiscard]] T * begin() { return data_; }
    [[nodiscard]] T * end() { return data_ + size_; }
    [[nodiscard]] const T * begin() const { return data_; }
    [[nodiscard]] const T * end() const { return data_ + size_; }
    [[nodiscard]] std::span<T> span() { return {data_, size_}; }
    [[nodiscard]] std::span<const T> span() const { return {data_, size_}; }

private:
    static constexpr std::align_val_t alignment{std::max(cache_line_bytes, alignof(T))};

    static void release(T * memory) { ::operator delete(static_cast<void *>(memory), alignment); }

    // Doubles, so that n times push_back costs O(n).
    [[nodiscard]] status grow_for(std::size_t more) {
        const std::size_t needed = size_ + more;
        if (needed <= capacity_) {
            return success();
        }
        return reserve(std::max(needed, std::max<std::size_t>(16, capacity_ * 2)));
    }

    T * data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace llmzero::inline LLMZERO_ABI
