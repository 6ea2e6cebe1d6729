// Weights as a kernel reads them, and the vectors that they are multiplied with.
#pragma once

#include <llmzero/base/checked.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/thread_team.hpp>
#include <llmzero/kernels/kernel_set.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>

namespace llmzero::inline LLMZERO_ABI {

// W(rows, cols), packed. Owns its memory, or lies in that of somebody else.
class packed_matrix {
public:
    packed_matrix() = default;

    // All rows of it are to be packed.
    static result<packed_matrix> create(const packed_layout & layout, packed_format format, std::size_t rows,
                                        std::size_t cols) {
        packed_matrix made;
        const auto bytes = to_size(layout.packed_bytes(format, rows, cols));
        if (!bytes) {
            return error(error_code::out_of_memory, "out of memory: a matrix of %zu rows of %zu weights", rows, cols);
        }
        LLMZERO_ASSIGN(made.memory_, heap_array<std::byte>::create_for_overwrite(*bytes));
        made.format_ = format;
        made.rows_ = rows;
        made.cols_ = cols;
        layout.pad(made.view());
        return made;
    }

    // The same in memory of somebody else: the first `packed_bytes` of it, aligned to a cache line, which must outlive
    // it.
    static packed_matrix create_in(std::span<std::byte> memory, const packed_layout & layout, packed_format format,
                                   std::size_t rows, std::size_t cols) {
        const auto bytes = static_cast<std::size_t>(layout.packed_bytes(format, rows, cols));
        packed_matrix made = borrow(memory.first(bytes), format, rows, cols);
        layout.pad(made.view());
        return made;
    }

    // One that is packed already: `bytes`, as many as the layout says and aligned to a cache line, must outlive it.
    static packed_matrix borrow(std::span<const std::byte> bytes, packed_format format, std::size_t rows,
                                std::size_t cols) {
        packed_matrix made;
        made.borrowed_ = bytes;
        made.format_ = format;
        made.rows_ = rows;
        made.cols_ = cols;
        return made;
    }

    [[nodiscard]] std::size_t rows() const { return rows_; }
    [[nodiscard]] std::size_t cols() const { return cols_; }
    [[nodiscard]] packed_format format() const { return format_; }
    [[nodiscard]] bool empty() const { return bytes().empty(); }
    [[nodiscard]] std::size_t size_bytes() const { return bytes().size(); }
    [[nodiscard]] std::span<const std::byte> bytes() const { return memory_.empty() ? borrowed_ : memory_.span(); }
    // Kernels take one kind of view for packing and for reading; only packing writes through it.
    [[nodiscard]] packed_view view() const { return {format_, rows_, cols_, const_cast<std::byte *>(bytes().data())}; }

private:
    heap_array<std::byte> memory_;
    std::span<const std::byte> borrowed_;
    packed_format format_ = packed_format::f32;
    std::size_t rows_ = 0;
    std::size_t cols_ = 0;
};

// One of several products of the same vectors: y [n_tokens, w.rows()] = W x for every vector.
struct product {
    const packed_matrix & w;
    float * y;
};

// The input vectors of one or more matrices, prepared at most once for each kind that is asked for.
class activations {
public:
    activations() = default;

    static std::uint64_t bytes_needed(const kernel_set & kernels, std::size_t max_cols, std::size_t max_tokens) {
        std::uint64_t bytes = 0;
        for (const activation_kind kind : quantised_kinds) {
            bytes +=
                uses(kernels, kind) ? std::uint64_t{kernels.activation_bytes(kind, rounded(max_cols))} * max_tokens : 0;
        }
        return bytes;
    }

    // `team` (nullptr: none) shares out the products, and must outlive the activations.
    static result<activations> create(const kernel_set & kernels, std::size_t max_cols, std::size_t max_tokens,
                                      thread_team * team = nullptr) {
        activations made;
        made.kernels_ = &kernels;
        made.team_ = team;
        for (const activation_kind kind : quantised_kinds) {
            if (uses(kernels, kind)) {
                const std::size_t bytes = kernels.activation_bytes(kind, rounded(max_cols)) * max_tokens;
                LLMZERO_ASSIGN(made.prepared_[static_cast<std::size_t>(kind)],
                               heap_array<std::byte>::create_for_overwrite(bytes));
            }
        }
        return made;
    }

    // The vectors that products use from here on: x [n_tokens, cols], kept by reference.
    void set(const float * x, std::size_t cols, std::size_t n_tokens) {
        x_ = x;
        cols_ = cols;
        n_tokens_ = n_tokens;
        is_ready_ = {};
    }

    // y [n_tokens, w.rows()] = W x for every vector.
    void multiply(const packed_matrix & w, float * y) { multiply({{w, y}}); }

    // Several at once, which threads share out together.
    void multiply(std::initializer_list<product> products) {
        if (team_ == nullptr) {
            for (const product & p : products) {
                multiply_rows(p.w, 0, p.w.rows(), p.y);
            }
        } else {
            multiply_shared(products);
        }
    }

    // The same, of which only the rows [first_row, end_row) are computed, by the caller's thread; they lie where they
    // would lie among all.
    void multiply_rows(const packed_matrix & w, std::size_t first_row, std::size_t end_row, float * y) {
        const activation_kind kind = kernels_->kind_for(w.format());
        kernels_->multiply(w.view(), first_row, end_row, prepared(kind), n_tokens_, y, w.rows());
    }

    [[nodiscard]] const float * values() const { return x_; } // [n_tokens, cols], as they were set
    [[nodiscard]] std::size_t n_tokens() const { return n_tokens_; }
    [[nodiscard]] const kernel_set & kernels() const { return *kernels_; }
    [[nodiscard]] thread_team * team() const { return team_; }

private:
    static constexpr activation_kind quantised_kinds[] = {activation_kind::eight, activation_kind::nibble_safe,
                                                          activation_kind::threes, activation_kind::sixes,
                                                          activation_kind::nibble_halves};

    static std::size_t rounded(std::size_t cols) { return (cols + 31) / 32 * 32; }

    static bool uses(const kernel_set & kernels, activation_kind kind) {
        return kernels.kind_for(packed_format::q8) == kind || kernels.kind_for(packed_format::q8_halves) == kind ||
               kernels.kind_for(packed_format::q5) == kind || kernels.kind_for(packed_format::q4) == kind ||
               kernels.kind_for(packed_format::q4_halves) == kind;
    }

    const std::byte * prepared(activation_kind kind) {
        if (kind == activation_kind::floats) {
            return reinterpret_cast<const std::byte *>(x_);
        }
        const auto k = static_cast<std::size_t>(kind);
        if (!is_ready_[k]) {
            prepare(kind, prepared_[k].data());
            is_ready_[k] = true;
        }
        return prepared_[k].data();
    }

    void prepare(activation_kind kind, std::byte * into) {
        if (team_ == nullptr || n_tokens_ == 1 || !kernels_->prepares_apart) {
            return kernels_->prepare(kind, x_, cols_, n_tokens_, into);
        }
        constexpr std::uint64_t elements_in_ns = 2;
        const std::size_t bytes = kernels_->activation_bytes(kind, cols_);
        share(team_, n_tokens_, cols_ / elements_in_ns, [&](std::size_t first, std::size_t end, std::size_t) {
            kernels_->prepare(kind, x_ + first * cols_, cols_, end - first, into + first * bytes);
        });
    }

    // In steps of rows, counted through all of the matrices.
    void multiply_shared(std::initializer_list<product> products) {
        const std::size_t step = kernels_->shared_rows;
        const auto steps_of = [step](const product & p) {
            return (p.w.rows() + step - 1) / step;
        };
        std::size_t n_steps = 0;
        std::uint64_t n_weights = 0;
        for (const product & p : products) {
            static_cast<void>(prepared(kernels_->kind_for(p.w.format()))); // before several threads look at it
            n_steps += steps_of(p);
            n_weights += std::uint64_t{p.w.rows()} * p.w.cols();
        }
        const std::uint64_t ns = n_weights * n_tokens_ / kernels_->macs_in_ns / std::max<std::size_t>(n_steps, 1);
        share(team_, n_steps, ns, [&](std::size_t first, std::size_t end, std::size_t) {
            for (const product & p : products) {
                const std::size_t first_row = std::min(first * step, p.w.rows());
                const std::size_t end_row = std::min(end * step, p.w.rows());
                if (first_row < end_row) {
                    multiply_rows(p.w, first_row, end_row, p.y);
                }
                first -= std::min(first, steps_of(p));
                end -= std::min(end, steps_of(p));
            }
        });
    }

    const kernel_set * kernels_ = nullptr;
    thread_team * team_ = nullptr;
    const float * x_ = nullptr;
    std::size_t cols_ = 0;
    std::size_t n_tokens_ = 0;
    std::array<heap_array<std::byte>, activation_kinds> prepared_;
    std::array<bool, activation_kinds> is_ready_{};
};

} // namespace llmzero::inline LLMZERO_ABI
