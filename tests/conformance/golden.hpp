// What the conformance data says a model must do: `expected/<model>.json` with its logits, as plain structs.
//
// The *oracle* is llama.cpp of February 2025 on one thread; the *float reference* is the forward pass in float64 on the
// file's de-quantised weights.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace golden {

// Figures against the float reference.
struct metrics {
    double nmse = 0;
    double kl_mean = 0;
    double kl_max = 0;
    double top1 = 0;
    double max_abs_error = 0;
};

// One stored step: the logits [n_vocab] after the prompt and `step` further ids.
struct row {
    std::size_t step = 0;
    std::vector<float> oracle;
    std::vector<float> float_ref;
    std::vector<float> float_ref_scaled; // times model::head_scale; empty where that is 1
};

struct prompt {
    std::string name; // short, medium, empty, long
    std::string text;
    std::vector<std::int32_t> prompt_ids;           // with an encoder: of the source
    std::vector<std::int32_t> greedy_ids;           // the oracle's, [n_generate]; step k is fed greedy_ids[0..k-1]
    std::vector<std::int32_t> float_ref_greedy_ids; // what the float reference generates by itself
    std::vector<std::int32_t> float_ref_argmax;     // per step, fed with greedy_ids
    std::vector<double> float_ref_gap;              // per step, largest minus second largest logit
    std::vector<double> float_ref_logprob;          // per step, ln p(greedy_ids[step])
    std::vector<double> oracle_max_err;             // per step, the largest over the oracle's variants
    std::string greedy_text;                        // as bytes
    std::vector<row> rows;
};

struct model {
    std::string name; // "stories260K-Q8_0"
    std::string path; // of the GGUF file
    std::string architecture;
    std::size_t n_vocab = 0;
    std::vector<std::string> tensor_types; // "Q8_0", "F32"
    // T5 with a tied head: the d_model^-0.5 of its definition, which the record's logits and probabilities lack, since
    // the oracle leaves it out.
    double head_scale = 1;
    std::size_t n_stored_rows = 0;
    metrics oracle; // over the stored rows: x86-64 SIMD, K/V cache F16, its default
    metrics oracle_kv_f32;
    metrics oracle_scalar;
    metrics oracle_scalar_kv_f32;
    metrics oracle_all_steps; // over all steps, of which most are not stored
    metrics oracle_kv_f32_all_steps;
    std::vector<prompt> prompts;
};

// True when every tensor is F32, F16 or BF16.
bool is_float(const model &);

// Names as in `expected/`, sorted.
std::vector<std::string> model_names(const std::string & conformance);

// Nothing when the files are missing or inconsistent.
std::optional<model> load(const std::string & conformance, const std::string & name);

// A tensor whose de-quantised values are on record.
struct dequantised {
    std::string path; // of the GGUF file
    std::string tensor;
    std::string type;
    std::vector<std::uint64_t> shape; // fastest first
    std::uint64_t bytes = 0;
    double sum = 0;
    std::vector<float> first;
    std::string sha256; // of all values as little-endian float32, -0 written as +0
};
std::vector<dequantised> load_dequantised(const std::string & conformance);

// perplexity.json: every story from an empty cache, cut to max_ids ids.
struct perplexity {
    std::string model;
    double float_ref = 0;
    double oracle = 0;
    double float_ref_top1 = 0;
    std::size_t n_scored = 0;
    std::vector<double> nll_per_story; // float reference, in nats
};
struct perplexity_text {
    std::string path;
    std::size_t max_ids = 0;
    std::vector<std::int32_t> first_story_ids;
    std::vector<std::size_t> ids_per_story;
    std::vector<perplexity> results;
};
std::optional<perplexity_text> load_perplexity(const std::string & conformance);

// One file of `bad/`.
struct bad_file {
    std::string file; // "alignment-0.gguf"
    std::string what;
    std::string must; // reject, accept, safe
    std::string group;
    std::string text;               // to accept: this text ...
    std::vector<std::int32_t> ids;  // ... gives these ids ...
    std::vector<float> last_logits; // ... whose last logits are these
};
std::vector<bad_file> load_bad_files(const std::string & conformance);

} // namespace golden
