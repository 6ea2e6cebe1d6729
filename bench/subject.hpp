// What llmzero-bench measures: a model from a file, or one with random weights, and what is known about it.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/progress.hpp"
#include "cli/signals.hpp"
#include "random_model/random_model.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace bench {

struct subject_settings {
    std::string model;                                              // a file; empty: random weights
    const random_model::model_shape * shape = random_model::shapes; // of those
    llmzero::type_mix type = llmzero::type_mix::q8_0;
    bool pure = false;
    bool has_head = false; // the embedding, which is also the output in most models, is of a type of its own
    llmzero::type_mix head = llmzero::type_mix::q8_0;
    llmzero::load_mode load = llmzero::load_options{}.mode;
    const llmzero::kernel_set * kernels = nullptr; // the best
    std::uint32_t threads = llmzero::load_options{}.threads;
};

struct subject {
    llmzero::model model;
    std::string name;
    std::string type;                  // of most of its weights
    std::uint64_t file_bytes = 0;      // of all tensors
    std::uint64_t n_params = 0;        // elements of all tensors
    std::uint64_t bytes_per_token = 0; // packed weights that are read to write one token
};

[[nodiscard]] inline bool may_go_on() {
    return cli::caught_signal() == 0;
}

namespace detail {

// Of a model with an encoder (T5): its weights, and those of the keys and values of cross-attention.
[[nodiscard]] inline bool is_read_once_for_a_source(std::string_view tensor) {
    return tensor.starts_with("enc.") || tensor.find(".cross_attn_k.") != tensor.npos ||
           tensor.find(".cross_attn_v.") != tensor.npos;
}

// All packed weights but those that a decoded token does not need.
[[nodiscard]] inline std::uint64_t bytes_per_token(const llmzero::model & model, const llmzero::gguf_file & file,
                                                   const llmzero::packed_tensors & packed) {
    std::uint64_t bytes = model.memory_bytes() - model.text().memory_bytes();
    if (const auto * const table = file.find_tensor("token_embd.weight");
        table != nullptr && file.find_tensor("output.weight") != nullptr) {
        // A table of its own, of which a token reads one row.
        const llmzero::gguf_tensor embedding = packed.as_it_was(*table);
        const auto format = llmzero::find_block_type(embedding.type)->packed;
        bytes -= model.kernels().packed_bytes(format, embedding.rows(), embedding.cols()) -
                 model.kernels().packed_bytes(format, 1, embedding.cols());
    }
    for (const llmzero::gguf_tensor & in_file : file.tensors()) {
        const llmzero::gguf_tensor tensor = packed.as_it_was(in_file);
        const llmzero::block_type * const type = llmzero::find_block_type(tensor.type);
        if (model.config().has_encoder() && type != nullptr && is_read_once_for_a_source(tensor.name)) {
            bytes -= model.kernels().packed_bytes(type->packed, tensor.rows(), tensor.cols());
        }
    }
    return bytes;
}

[[nodiscard]] inline llmzero::result<subject> load(const llmzero::byte_source & source, const subject_settings & s) {
    cli::progress_line line("loading the model", "MB");
    const auto progress = [&line](std::uint64_t done, std::uint64_t total) {
        line.update(done >> 20, total >> 20);
        return may_go_on();
    };
    llmzero::load_options options;
    options.progress = progress;
    options.kernels = s.kernels;
    options.threads = s.threads;
    LLMZERO_ASSIGN(llmzero::model model, llmzero::load(source, options));
    LLMZERO_ASSIGN(const auto file, llmzero::gguf_file::open(source));
    LLMZERO_ASSIGN(const auto packed, llmzero::packed_tensors::read(file));
    subject made{model, std::string(model.name()), "", 0, 0, bytes_per_token(model, file, packed)};
    if (made.name.empty()) {
        made.name = s.model;
    }
    std::uint64_t most = 0;
    for (const llmzero::tensor_type_info & info : llmzero::tensor_types) {
        std::uint64_t elements = 0;
        for (const llmzero::gguf_tensor & in_file : file.tensors()) {
            const llmzero::gguf_tensor tensor = packed.as_it_was(in_file);
            if (tensor.type == info.type) {
                elements += std::uint64_t{tensor.cols()} * tensor.rows();
                made.file_bytes += tensor.bytes;
            }
        }
        made.n_params += elements;
        if (elements > most) {
            most = elements;
            made.type = info.name;
        }
    }
    return made;
}

// The file of a model with random weights.
[[nodiscard]] inline llmzero::result<llmzero::heap_array<std::byte>> random_gguf(const subject_settings & s) {
    const random_model::tensor_list list(*s.shape);
    const auto facts = random_model::facts_of(*s.shape);
    LLMZERO_ASSIGN(auto chosen, llmzero::choose_types(s.type, s.pure, list.tensors(), facts));
    if (s.has_head) {
        LLMZERO_ASSIGN(const auto of_head, llmzero::choose_types(s.head, true, list.tensors(), facts));
        const std::size_t head = list.tensors()[1].name == "output.weight" ? 1 : 0;
        chosen[head] = of_head[head];
    }
    LLMZERO_ASSIGN(const auto file, random_model::random_file::create(*s.shape, list, chosen.span(), 1));
    LLMZERO_ASSIGN(const std::uint64_t file_bytes, file.file_bytes());
    const auto size = llmzero::to_size(file_bytes);
    if (!size) {
        return llmzero::error(llmzero::error_code::out_of_memory, "the model does not fit into this machine's memory");
    }
    llmzero::heap_array<std::byte> made;
    LLMZERO_CHECK(made.reserve(*size));
    LLMZERO_CHECK(file.write([&made](std::span<const std::byte> bytes) { return made.append(bytes); }));
    return made;
}

} // namespace detail

[[nodiscard]] inline llmzero::result<subject> load(const subject_settings & s) {
    if (!s.model.empty()) {
        LLMZERO_ASSIGN(const auto file, llmzero::file_source::open(s.model.c_str(), s.load));
        auto loaded = detail::load(file, s);
        return loaded ? std::move(loaded) : loaded.error().in(s.model.c_str());
    }
    LLMZERO_ASSIGN(const auto gguf, detail::random_gguf(s));
    return detail::load(llmzero::memory_source(gguf.span()), s);
}

} // namespace bench
