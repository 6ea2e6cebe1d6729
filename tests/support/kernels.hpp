// The kernel sets that whole models are tested with.
#pragma once

#include <llmzero/kernels/select.hpp>

#include "scale.hpp"

namespace support {

// Every set that this machine can run; at the reduced scale the best alone, since the portable kernels are the same
// everywhere, and are tested where that is fast.
inline llmzero::kernel_list tested_kernels() {
    const llmzero::kernel_list all = llmzero::available_kernels();
    if (full_scale()) {
        return all;
    }
    llmzero::kernel_list best;
    best.add(*all.front());
    return best;
}

} // namespace support
