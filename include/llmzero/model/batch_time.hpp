// What it takes a model to evaluate four tokens together in place of one, as far as its products with weights go: the
// mean of kernel_set::time_of_four over its matrices, by their size. Attention, which costs each token the same, is
// left out.
#pragma once

#include <llmzero/kernels/kernel_set.hpp>
#include <llmzero/numerics/packed_matrix.hpp>

namespace llmzero::inline LLMZERO_ABI {

class batch_time {
public:
    // share: of the whole product, what one token alone takes.
    void add(const kernel_set & kernels, const packed_matrix & w, float share = 1.0f) {
        const float macs = static_cast<float>(w.rows()) * static_cast<float>(w.cols());
        one_ += share * macs;
        four_ += macs * kernels.time_of_four(w.format());
    }
    // One token may do with its largest logits, four together take the whole head.
    void add_head(const kernel_set & kernels, const packed_matrix & w, bool has_sketch) {
        add(kernels, w, has_sketch ? share_with_sketch : 1.0f);
    }

    // In the time of one token.
    [[nodiscard]] float of_four() const { return one_ > 0.0f ? four_ / one_ : 4.0f; }

private:
    static constexpr float share_with_sketch = 0.65f; // q4 in place of q8 on the ARM1176, and some rows in full

    float one_ = 0.0f;
    float four_ = 0.0f;
};

} // namespace llmzero::inline LLMZERO_ABI
