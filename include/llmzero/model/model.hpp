// A loaded model: weights, shape and tokenizer. Immutable, cheap to copy, and safe to share between threads.
#pragma once

#include <llmzero/base/checked.hpp>
#include <llmzero/base/cores.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/base/shared.hpp>
#include <llmzero/base/thread_team.hpp>
#include <llmzero/kernels/select.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/fingerprint.hpp>
#include <llmzero/model/llama.hpp>
#include <llmzero/model/llama_config.hpp>
#include <llmzero/model/network.hpp>
#include <llmzero/model/output_head.hpp>
#include <llmzero/model/packed_tensors.hpp>
#include <llmzero/model/t5.hpp>
#include <llmzero/model/t5_config.hpp>
#include <llmzero/model/weight_loader.hpp>
#include <llmzero/storage/file.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/chat_template.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace llmzero::inline LLMZERO_ABI {

struct load_options {
    load_mode mode = load_mode::automatic; // how a file is read
    // Refuse to need more than this, before memory for weights is taken (the vocabulary is read to be counted);
    // 0: no limit.
    std::uint64_t memory_budget_bytes = 0;
    const kernel_set * kernels = nullptr;           // nullptr: best_kernels()
    head_mode head = head_mode::automatic;          // how the largest logits are found
    weight_loader::progress_function progress = {}; // bytes packed, bytes in all; false cancels; on the caller's thread
    // The source outlives the model: of a packed file, what the source has in memory is used where it lies.
    bool borrow = false;
    // That pack weights, the caller's among them; none outlives the call. 0: default_threads().
    std::uint32_t threads = 0;
};

class model;
class model_outline;
result<model> load(const byte_source & source, const load_options & options = {});
result<model_outline> outline_of(const byte_source & source, const load_options & options = {});

class model {
public:
    [[nodiscard]] const model_config & config() const { return parts_->config; }
    [[nodiscard]] const tokenizer & text() const { return parts_->text; }
    // As general.name has it, cut at 95 bytes; may be empty.
    [[nodiscard]] std::string_view name() const { return parts_->name; }
    [[nodiscard]] std::string_view architecture() const { return parts_->architecture; }
    // How a conversation is written for it; a base model has no way of its own.
    [[nodiscard]] const chat_choice & chat() const { return parts_->chat; }
    // Tells files apart (fingerprint.hpp).
    [[nodiscard]] std::uint64_t fingerprint() const { return parts_->fingerprint; }
    [[nodiscard]] std::uint64_t memory_bytes() const { return parts_->memory_bytes; }
    [[nodiscard]] const kernel_set & kernels() const { return *parts_->kernels; }
    // What kv_type::automatic is for this model: f32 or q8.
    [[nodiscard]] kv_type preferred_kv() const { return parts_->preferred_kv; }
    // For the layer above: makes the states that sessions run on.
    [[nodiscard]] const llmzero::network & network() const { return *parts_->weights; }

private:
    friend result<model> load(const byte_source &, const load_options &);
    friend result<model> load(const char *, const load_options &);

    struct parts {
        std::optional<file_source> file; // whose mapping the weights lie in, or
        heap_array<std::byte> matrices;  // which they are packed into
        model_config config;
        tokenizer text;
        std::unique_ptr<const llmzero::network> weights;
        const kernel_set * kernels;
        std::uint64_t memory_bytes;
        std::uint64_t fingerprint;
        kv_type preferred_kv;
        chat_choice chat;
        const char * architecture;
        short_name name;
    };
    static result<model> load(const byte_source & source, const load_options & options, file_source * to_keep);

    explicit model(shared<parts> all) : parts_(std::move(all)) {}

    shared<parts> parts_;
};

namespace detail {

// The architectures that can be run.
struct architecture_entry {
    const char * name; // general.architecture, and the prefix of its keys
    result<model_config> (*read_config)(const gguf_file & file, std::string_view architecture, std::uint32_t n_vocab);
    result<std::uint64_t> (*bytes_needed)(weight_loader & loader, const model_config & config);
    result<std::unique_ptr<network>> (*load)(weight_loader & loader, const model_config & config);
    // What network::state_bytes() of the loaded network would say.
    std::uint64_t (*state_bytes)(const model_config & config, const kernel_set & kernels,
                                 const state_options & options);
};

inline constexpr architecture_entry architectures[] = {
    {"llama", read_llama_config, llama_network::bytes_needed, llama_network::load, llama_state::bytes_needed},
    {"qwen2", read_qwen2_config, llama_network::bytes_needed, llama_network::load, llama_state::bytes_needed},
    {"qwen3", read_qwen3_config, llama_network::bytes_needed, llama_network::load, llama_state::bytes_needed},
    {"gemma3", read_gemma3_config, llama_network::bytes_needed, llama_network::load, llama_state::bytes_needed},
    {"t5", read_t5_config, t5_network::bytes_needed, t5_network::load, t5_state::bytes_needed},
};

inline result<const architecture_entry *> find_architecture(const gguf_file & file) {
    LLMZERO_ASSIGN(const auto name, file.get<std::string_view>("general.architecture"));
    char known[64];
    std::size_t used = 0;
    for (const architecture_entry & entry : architectures) {
        if (name == entry.name) {
            return &entry;
        }
        used += static_cast<std::size_t>(
            std::snprintf(known + used, sizeof known - used, "%s%s", used == 0 ? "" : ", ", entry.name));
    }
    return error(error_code::unsupported,
                 "general.architecture is %s, which is not supported; supported: %s (at offset %llu)",
                 quoted(name).c_str(), known, printable(file.find("general.architecture")->offset));
}

inline status check_budget(std::uint64_t needed, std::uint64_t budget, const char * what) {
    if (budget != 0 && needed > budget) {
        // In units that show the difference.
        const bool is_large = needed - budget >= (1u << 20);
        const double unit = is_large ? 1024.0 * 1024.0 : 1024.0;
        return error(error_code::over_budget, "%s needs %.1f %s of memory, the budget is %.1f %s", what,
                     static_cast<double>(needed) / unit, is_large ? "MiB" : "KiB", static_cast<double>(budget) / unit,
                     is_large ? "MiB" : "KiB");
    }
    return success();
}

} // namespace detail

// `to_keep`, where it is not null, is the source, which the model keeps if its weights point into it.
inline result<model> model::load(const byte_source & source, const load_options & options, file_source * to_keep) {
    const kernel_set & kernels = options.kernels != nullptr ? *options.kernels : best_kernels();
    LLMZERO_ASSIGN(const gguf_file file, gguf_file::open(source));
    LLMZERO_ASSIGN(const packed_tensors packed, packed_tensors::read(file));
    LLMZERO_CHECK(packed.check_fits(kernels));
    LLMZERO_ASSIGN(const detail::architecture_entry * architecture, detail::find_architecture(file));
    LLMZERO_ASSIGN(tokenizer text, tokenizer::create(file));
    LLMZERO_ASSIGN(
        const model_config config,
        architecture->read_config(file, architecture->name, static_cast<std::uint32_t>(text.vocab().size())));
    weight_loader loader(file, kernels, options.head);
    loader.use_packed(packed, options.borrow || to_keep != nullptr);
    LLMZERO_ASSIGN(std::uint64_t bytes, architecture->bytes_needed(loader, config));
    bytes += text.memory_bytes();
    LLMZERO_CHECK(detail::check_budget(bytes, options.memory_budget_bytes, "the model"));
    LLMZERO_ASSIGN(const auto name, file.get_or<std::string_view>("general.name", ""));
    constexpr std::uint64_t worth_threads = 1 << 20; // below that a file is packed before they have started
    LLMZERO_ASSIGN(
        const auto team,
        thread_team::create_for(options.threads, loader.bytes_to_pack() < worth_threads ? 1 : default_threads(bytes)));
    // One block for all, which the system can give in large pages.
    const auto matrix_bytes = to_size(loader.bytes_of_matrices());
    if (!matrix_bytes) {
        return error(error_code::out_of_memory, "the model's matrices do not fit into this machine's memory");
    }
    LLMZERO_ASSIGN(auto matrices, heap_array<std::byte>::create_for_overwrite(*matrix_bytes));
    loader.start_loading(options.progress, team.get(), matrices.span());
    LLMZERO_ASSIGN(auto weights, architecture->load(loader, config));
    LLMZERO_ASSIGN(const std::uint64_t fingerprint, fingerprint_of(file));
    // A template that is no text is as good as none.
    const chat_choice chat = choose_chat_template(
        file.get_or<std::string_view>("tokenizer.chat_template", "").value_or(std::string_view()), text.vocab());
    std::optional<file_source> kept;
    if (to_keep != nullptr && loader.has_borrowed()) {
        kept = std::move(*to_keep);
    }
    LLMZERO_ASSIGN(
        auto all,
        shared<model::parts>::create(model::parts{
            std::move(kept), std::move(matrices), config, std::move(text), std::move(weights), &kernels, bytes,
            fingerprint, llmzero::preferred_kv(kernels.gains_by_eight_bit_kv, loader.rounds_activations(), config),
            chat, architecture->name, short_name("%.*s", static_cast<int>(name.size()), name.data())}));
    return model(std::move(all));
}

// Loads a model from a GGUF file that lies in memory or in a byte_source of the caller's. The source is not
// used after the call, unless load_options::borrow says that it may.
//
// Errors: io, malformed, unsupported, out_of_memory, over_budget, cancelled, bad_argument (threads out of range); the
// message says what was found, what was expected and where.
inline result<model> load(const byte_source & source, const load_options & options) {
    return model::load(source, options, nullptr);
}

// The same from the bytes of a GGUF file.
inline result<model> load(std::span<const std::byte> gguf, const load_options & options = {}) {
    return load(memory_source(gguf), options);
}

// The same from a file. It is closed, and may change or go away, once the model is loaded. A packed file
// (packed_tensors.hpp) stays mapped for as long as the model lives, and must not be written to: another may take its
// name.
inline result<model> load(const char * path, const load_options & options = {}) {
    LLMZERO_ASSIGN(auto file, file_source::open(path, options.mode));
    auto loaded = model::load(file, options, &file);
    if (!loaded) {
        return loaded.error().in(path);
    }
    return loaded;
}

// The same for paths that are not zero-terminated, std::string among them.
inline result<model> load(std::string_view path, const load_options & options = {}) {
    heap_array<char> terminated;
    LLMZERO_CHECK(terminated.append({path.data(), path.size()}));
    LLMZERO_CHECK(terminated.push_back('\0'));
    return load(terminated.data(), options);
}

// A model that has not been loaded: what its file's header says it is, and what it would need.
class model_outline {
public:
    [[nodiscard]] const model_config & config() const { return config_; }
    [[nodiscard]] const kernel_set & kernels() const { return *kernels_; }
    [[nodiscard]] kv_type preferred_kv() const { return preferred_kv_; }
    // What load() would take, and what a session's state would, in bytes.
    [[nodiscard]] std::uint64_t memory_bytes() const { return memory_bytes_; }
    [[nodiscard]] std::uint64_t state_bytes(const state_options & options) const {
        return architecture_->state_bytes(config_, *kernels_, options);
    }

private:
    friend result<model_outline> outline_of(const byte_source &, const load_options &);

    model_outline(const model_config & config, const detail::architecture_entry & architecture,
                  const kernel_set & kernels, kv_type preferred_kv, std::uint64_t memory_bytes)
        : config_(config), architecture_(&architecture), kernels_(&kernels), preferred_kv_(preferred_kv),
          memory_bytes_(memory_bytes) {}

    model_config config_;
    const detail::architecture_entry * architecture_;
    const kernel_set * kernels_;
    kv_type preferred_kv_;
    std::uint64_t memory_bytes_;
};

// What a session of a model, or of what an outline is of, keeps where `asked` is.
template <class described> kv_type chosen_kv(kv_type asked, const described & from) {
    return asked == kv_type::automatic ? from.preferred_kv() : asked;
}

// Reads and checks all of a file but the numbers in its tensors. A file that passes can be loaded, unless memory or
// those numbers forbid it. Errors as load().
inline result<model_outline> outline_of(const byte_source & source, const load_options & options) {
    const kernel_set & kernels = options.kernels != nullptr ? *options.kernels : best_kernels();
    LLMZERO_ASSIGN(const gguf_file file, gguf_file::open(source));
    LLMZERO_ASSIGN(const packed_tensors packed, packed_tensors::read(file));
    LLMZERO_CHECK(packed.check_fits(kernels));
    LLMZERO_ASSIGN(const detail::architecture_entry * architecture, detail::find_architecture(file));
    LLMZERO_ASSIGN(const tokenizer text, tokenizer::create(file));
    LLMZERO_ASSIGN(
        const model_config config,
        architecture->read_config(file, architecture->name, static_cast<std::uint32_t>(text.vocab().size())));
    weight_loader loader(file, kernels, options.head);
    loader.use_packed(packed, false);
    LLMZERO_ASSIGN(const std::uint64_t bytes, architecture->bytes_needed(loader, config));
    const kv_type kv = preferred_kv(kernels.gains_by_eight_bit_kv, loader.rounds_activations(), config);
    return model_outline(config, *architecture, kernels, kv, bytes + text.memory_bytes());
}

// What load() would need for this model, in bytes, without loading it.
inline result<std::uint64_t> bytes_needed(const byte_source & source, const load_options & options = {}) {
    LLMZERO_ASSIGN(const model_outline outline, outline_of(source, options));
    return outline.memory_bytes();
}

} // namespace llmzero::inline LLMZERO_ABI
