// What it takes a model to evaluate four tokens together in place of one, as far as its products with weights go: the
// mean of kernel_set::time_of_four over its matrices, by their size. Attention, which costs each token the same, is
// left out.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/packed_matrix.hpp>

namespace llmzero::inline LLMZERO_ABI {

class batch_time {
public:
    void add(const kernel_set & kernels, const packed_matrix & w) {
        const float macs = static_cast<float>(w.rows()) * static_cast<float>(w.cols());
        one_ += macs;
        four_ += macs * kernels.time_of_four(w.format());
    }

    // In the time of one token.
    [[nodiscard]] float of_four() const { return one_ > 0.0f ? four_ / one_ : 4.0f; }

private:
    float one_ = 0.0f;
    float four_ = 0.0f;
};

} // namespace llmzero::inline LLMZERO_ABI
