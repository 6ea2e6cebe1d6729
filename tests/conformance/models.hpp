// The models of the conformance data, one line each.
#pragma once

#include <array>
#include <string_view>

// LLMZERO_TESTED_MODELS(X) gives X("name") for every model.
#define LLMZERO_TESTED_MODELS(X)                                                                                       \
    X("babyllama105-Q4_0")                                                                                             \
    X("babyllama105-Q8_0")                                                                                             \
    X("llama2xs-F32")                                                                                                  \
    X("llama2xs-Q4_0")                                                                                                 \
    X("llama2xs-Q4_1")                                                                                                 \
    X("llama2xs-Q5_0")                                                                                                 \
    X("llama2xs-Q5_1")                                                                                                 \
    X("llama2xs-Q8_0")                                                                                                 \
    X("stories260K-F16")                                                                                               \
    X("stories260K-F32")                                                                                               \
    X("stories260K-Q4_0")                                                                                              \
    X("stories260K-Q8_0")                                                                                              \
    X("syn-llama-d128-ff256-l2-h4kv2-headdim48-Q8_0")                                                                  \
    X("syn-llama-d128-ff256-l2-h4kv2-ropefreqs-Q8_0")                                                                  \
    X("syn-llama-d128-ff256-l2-h4kv2-ropelinear4-Q8_0")                                                                \
    X("syn-llama-d128-ff256-l2-h4kv2-tied-BF16")                                                                       \
    X("syn-llama-d128-ff256-l2-h4kv2-tied-F16")                                                                        \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-IQ4_NL")                                                                     \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-Q2_K")                                                                       \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-Q3_K_M")                                                                     \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-Q4_0")                                                                       \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-Q4_K_M")                                                                     \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-Q5_K_M")                                                                     \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-Q6_K")                                                                       \
    X("syn-llama-d256-ff512-l2-h4kv2-tied-Q8_0")                                                                       \
    X("syn-llama-d576-ff1536-l1-h9kv3-tied-Q4_K_M")                                                                    \
    X("syn-llama-d576-ff256-l2-h9kv3-untied-Q4_K_M")                                                                   \
    X("syn-qwen2-d192-ff384-l2-h6kv2-untied-Q4_0")                                                                     \
    X("syn-qwen2-d192-ff384-l2-h6kv2-untied-Q8_0")                                                                     \
    X("syn-t5-gated-dm64-kv16-h6-ff128-e2d2-v32128-untied-Q8_0")                                                       \
    X("syn-t5-gated-dm64-kv16-h6-ff128-e2d2-v4096-untied-F16")                                                         \
    X("syn-t5-relu-dm64-kv16-h6-ff128-e2d2-v4096-tied-Q8_0")

namespace conformance {

#define LLMZERO_MODEL_NAME(name) std::string_view(name),
inline constexpr auto tested_models = std::array{LLMZERO_TESTED_MODELS(LLMZERO_MODEL_NAME)};
#undef LLMZERO_MODEL_NAME

} // namespace conformance
