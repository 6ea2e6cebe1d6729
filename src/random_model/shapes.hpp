// The shapes of models that people run, for models with random weights: how fast a model is and what memory it needs
// does not depend on what its weights are.
//
// Sources: karpathy/llama2.c (stories15M) and the config.json of HuggingFaceTB/SmolLM2-135M and -360M,
// MBZUAI/LaMini-Flan-T5-77M (google/flan-t5-small), Qwen/Qwen2.5-0.5B and google/gemma-3-270m.
#pragma once

#include <cstdint>
#include <string_view>

namespace random_model {

enum class family : std::uint8_t { llama, qwen2, gemma3, t5 };

struct model_shape {
    const char * name;
    family kind;
    std::uint32_t d_model;
    std::uint32_t d_ff;
    std::uint32_t n_layers; // of each stack
    std::uint32_t n_heads;
    std::uint32_t n_kv_heads;
    std::uint32_t head_dim;
    std::uint32_t n_vocab;
    std::uint32_t context;
    float rope_theta; // 0: no rope
    float rms_epsilon;

    [[nodiscard]] std::uint32_t d_query() const { return n_heads * head_dim; }
    [[nodiscard]] std::uint32_t d_kv() const { return n_kv_heads * head_dim; }
};

// The embedding is also the output head in all of them but LaMini-Flan-T5-77M.
inline constexpr model_shape shapes[] = {
    {"stories15m", family::llama, 288, 768, 6, 6, 6, 48, 32000, 256, 10000.0f, 1e-5f},
    {"smollm2-135m", family::llama, 576, 1536, 30, 9, 3, 64, 49152, 8192, 100000.0f, 1e-5f},
    {"smollm2-360m", family::llama, 960, 2560, 32, 15, 5, 64, 49152, 8192, 100000.0f, 1e-5f},
    {"lamini-flan-t5-77m", family::t5, 512, 1024, 8, 6, 6, 64, 32128, 512, 0.0f, 1e-6f},
    {"qwen2.5-0.5b", family::qwen2, 896, 4864, 24, 14, 2, 64, 151936, 32768, 1000000.0f, 1e-6f},
    {"gemma3-270m", family::gemma3, 640, 2048, 18, 4, 1, 256, 262144, 32768, 1000000.0f, 1e-6f},
};

// T5: buckets of relative positions. Gemma 3: tokens that five of six layers look back.
inline constexpr std::uint32_t t5_buckets = 32;
inline constexpr std::uint32_t gemma3_window = 512;

// nullptr when there is none of that name.
[[nodiscard]] inline const model_shape * find_shape(std::string_view name) {
    for (const model_shape & shape : shapes) {
        if (name == shape.name) {
            return &shape;
        }
    }
    return nullptr;
}

} // namespace random_model
