// Makes a smaller GGUF file of a larger one: the tensors in other types (type_mix.hpp), everything else as it is.
//
// All metadata is copied, in its order; only general.file_type and general.quantization_version say what the new file
// is. Tensors whose type does not change are copied byte for byte. Rows pass through in pieces of about 65536 weights,
// so that the memory needed is that of both headers, four times 256 KiB, and no more for a model of any size.
//
// Works for any architecture; unknown names are treated as the rule treats them. Errors: unsupported (a type that
// cannot be read, a part of a file that was split), malformed (missing or odd keys, weights that are not finite or
// above 65504, which is as far as half-precision scales are sure to reach), cancelled, out_of_memory, and those of the
// sink.
//
//     LLMZERO_ASSIGN(auto quantiser, llmzero::model_quantiser::create(file, llmzero::type_mix::q4_k_m, false));
//     LLMZERO_CHECK(quantiser.write(sink, {}));
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/model/config.hpp>
#include <llmzero/model/packed_tensors.hpp>
#include <llmzero/model/type_mix.hpp>
#include <llmzero/numerics/blocks.hpp>
#include <llmzero/numerics/encode.hpp>
#include <llmzero/storage/gguf.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

// What became of one tensor.
struct quantised_tensor {
    const gguf_tensor * tensor = nullptr; // of the input
    tensor_type type = tensor_type::f32;  // in the output
    std::uint64_t n_weights = 0;
    std::uint64_t bytes = 0; // in the output
    // Sums over all weights, when they were asked for; the error is that against the input's weights.
    double squared_error = 0;
    double energy = 0; // sum w^2
};

struct quantiser_options {
    function_ref<bool(std::uint64_t done, std::uint64_t total)> progress = {}; // weights; false cancels
    function_ref<void(const quantised_tensor &)> on_tensor = {};
    bool measure = false; // the errors; takes a little longer
};

class model_quantiser {
public:
    // `file` must outlive the quantiser.
    [[nodiscard]] static result<model_quantiser> create(const gguf_file & file, type_mix mix, bool pure) {
        LLMZERO_CHECK(check_not_split(file));
        if (is_packed(file)) {
            return error(error_code::unsupported,
                         "the file is packed for one kind of machine, expected the one that it was made of (at offset "
                         "%llu)",
                         detail::printable(file.find(packed_kernels_key)->offset));
        }
        LLMZERO_ASSIGN(const mix_facts facts, read_facts(file));
        LLMZERO_ASSIGN(auto types, choose_types(mix, pure, file.tensors(), facts));
        model_quantiser made(file, std::move(types));
        LLMZERO_CHECK(made.add_metadata(info_of(mix)));
        for (std::size_t i = 0; i < file.tensors().size(); ++i) {
            const gguf_tensor & tensor = file.tensors()[i];
            if (made.types_[i] != tensor.type && find_block_type(tensor.type) == nullptr) {
                return error(error_code::unsupported, "tensor %s is of type %s, which cannot be read; supported: %s",
                             quoted(tensor.name).c_str(), name_of(tensor.type), block_type_names().text);
            }
            LLMZERO_CHECK(
                made.writer_.add_tensor(tensor.name, std::span(tensor.shape).first(tensor.n_dims), made.types_[i]));
        }
        return made;
    }

    // Of the output, in the order of the input's tensors.
    [[nodiscard]] std::span<const tensor_type> types() const { return types_.span(); }
    [[nodiscard]] result<std::uint64_t> file_bytes() const { return writer_.file_bytes(); }

    // Sends the whole file to `out`.
    [[nodiscard]] status write(gguf_sink out, const quantiser_options & options) const {
        std::uint64_t total = 0;
        for (const gguf_tensor & tensor : file_->tensors()) {
            total += std::uint64_t{tensor.cols()} * tensor.rows();
        }
        buffers used;
        std::uint64_t done = 0;
        return writer_.write(out, [&](std::size_t i, gguf_sink data) -> status {
            const gguf_tensor & tensor = file_->tensors()[i];
            quantised_tensor made;
            made.tensor = &tensor;
            made.type = types_[i];
            made.n_weights = std::uint64_t{tensor.cols()} * tensor.rows();
            const std::size_t rows_at_once = std::max<std::size_t>(1, weights_at_once / tensor.cols());
            for (std::size_t row = 0; row < tensor.rows(); row += rows_at_once) {
                const std::size_t n_rows = std::min(rows_at_once, tensor.rows() - row);
                LLMZERO_CHECK(convert(tensor, row, n_rows, made, options.measure, used, data));
                done += std::uint64_t{n_rows} * tensor.cols();
                if (options.progress && !options.progress(done, total)) {
                    return error(error_code::cancelled, "cancelled while tensor %s was quantised",
                                 quoted(tensor.name).c_str());
                }
            }
            if (options.on_tensor) {
                options.on_tensor(made);
            }
            return success();
        });
    }

private:
    static constexpr std::size_t weights_at_once = 65536;
    static constexpr float largest_weight = 65504.0f;
    static constexpr std::uint32_t quantization_version = 2; // GGML_QNT_VERSION

    struct buffers {
        heap_array<std::byte> read;
        heap_array<std::byte> encoded;
        heap_array<float> weights;
        heap_array<float> decoded;
    };

    model_quantiser(const gguf_file & file, heap_array<tensor_type> && types)
        : file_(&file), types_(std::move(types)) {}

    // A file that is one of several has some of the layers, for which the rule would choose as if they were all.
    [[nodiscard]] static status check_not_split(const gguf_file & file) {
        LLMZERO_ASSIGN(const auto n_parts, file.get_or<std::uint32_t>("split.count", 1));
        if (n_parts > 1) {
            return error(error_code::unsupported, "the file is one of %lu parts, expected a whole model",
                         static_cast<unsigned long>(n_parts));
        }
        return success();
    }

    // A count that some architectures give as an array, one for each layer: its first then.
    [[nodiscard]] static result<std::uint32_t> first_count(const gguf_file & file, const short_name & key) {
        const gguf_entry * entry = file.find(key);
        if (entry == nullptr) {
            return std::uint32_t{0};
        }
        if (entry->type != gguf_type::array) {
            return entry->as<std::uint32_t>();
        }
        LLMZERO_ASSIGN(const gguf_array counts, entry->as_array(gguf_array_kind::integers));
        return counts.size() == 0 ? result<std::uint32_t>(0u) : counts.integer<std::uint32_t>(0);
    }

    [[nodiscard]] static result<mix_facts> read_facts(const gguf_file & file) {
        LLMZERO_ASSIGN(const auto architecture, file.get<std::string_view>("general.architecture"));
        const auto key = [architecture](const char * what) {
            return short_name("%.*s.%s", static_cast<int>(architecture.size()), architecture.data(), what);
        };
        mix_facts facts;
        LLMZERO_ASSIGN(facts.n_layers, file.get<std::uint32_t>(key("block_count")));
        LLMZERO_ASSIGN(const std::uint32_t heads, first_count(file, key("attention.head_count")));
        LLMZERO_ASSIGN(const std::uint32_t kv_heads, first_count(file, key("attention.head_count_kv")));
        facts.heads_per_kv_head = kv_heads == 0 ? 1 : heads / kv_heads;
        return facts;
    }

    [[nodiscard]] status add_metadata(const type_mix_info & mix) {
        constexpr std::string_view type_key = "general.file_type";
        constexpr std::string_view version_key = "general.quantization_version";
        for (const gguf_entry & entry : file_->metadata()) {
            if (entry.key == type_key) {
                LLMZERO_CHECK(writer_.add(type_key, mix.file_type));
            } else if (entry.key == version_key) {
                LLMZERO_CHECK(writer_.add(version_key, quantization_version));
            } else {
                LLMZERO_CHECK(writer_.add(entry));
            }
        }
        if (file_->find(type_key) == nullptr) {
            LLMZERO_CHECK(writer_.add(type_key, mix.file_type));
        }
        if (file_->find(version_key) == nullptr) {
            LLMZERO_CHECK(writer_.add(version_key, quantization_version));
        }
        return success();
    }

    // Rows of one tensor, from the input's type to that of `made`.
    [[nodiscard]] status convert(const gguf_tensor & tensor, std::size_t row, std::size_t n_rows,
                                 quantised_tensor & made, bool measure, buffers & used, gguf_sink out) const {
        LLMZERO_ASSIGN(const auto from, file_->rows(tensor, row, n_rows, used.read));
        const block_type * source = find_block_type(tensor.type);
        const std::size_t n = n_rows * tensor.cols();
        if (source == nullptr || (made.type == tensor.type && !measure)) {
            made.bytes += from.size();
            return out(from);
        }
        LLMZERO_CHECK(used.weights.resize(n));
        unpack(*source, from.data(), n, used.weights.data());
        if (made.type == tensor.type) {
            add_energy(used.weights.span(), made);
            made.bytes += from.size();
            return out(from);
        }
        LLMZERO_CHECK(check_weights(tensor, row, used.weights.span(), made.type));
        const encoder & target = *find_encoder(made.type);
        const tensor_type_info & info = info_of(made.type);
        LLMZERO_CHECK(used.encoded.resize(n / info.block_size * info.block_bytes));
        encode(target, used.weights.data(), n, used.encoded.data());
        if (measure) {
            LLMZERO_CHECK(used.decoded.resize(n));
            unpack(*find_block_type(made.type), used.encoded.data(), n, used.decoded.data());
            add_energy(used.weights.span(), made);
            for (std::size_t i = 0; i < n; ++i) {
                const double error = static_cast<double>(used.decoded[i]) - static_cast<double>(used.weights[i]);
                made.squared_error += error * error;
            }
        }
        made.bytes += used.encoded.size();
        return out(used.encoded.span());
    }

    static void add_energy(std::span<const float> weights, quantised_tensor & made) {
        for (const float w : weights) {
            made.energy += static_cast<double>(w) * static_cast<double>(w);
        }
    }

    [[nodiscard]] static status check_weights(const gguf_tensor & tensor, std::size_t row,
                                              std::span<const float> weights, tensor_type to) {
        const bool is_wide = to == tensor_type::f32 || to == tensor_type::bf16;
        for (std::size_t i = 0; i < weights.size(); ++i) {
            const float w = weights[i];
            if (!std::isfinite(w)) {
                return error(error_code::malformed, "tensor %s holds a number that is not finite (row %zu)",
                             quoted(tensor.name).c_str(), row + i / tensor.cols());
            }
            if (!is_wide && std::fabs(w) > largest_weight) {
                return error(error_code::unsupported, "tensor %s holds %g, expected at most %g for %s (row %zu)",
                             quoted(tensor.name).c_str(), static_cast<double>(w), static_cast<double>(largest_weight),
                             name_of(to), row + i / tensor.cols());
            }
        }
        return success();
    }

    const gguf_file * file_;
    heap_array<tensor_type> types_; // of the output
    gguf_writer writer_;
};

} // namespace llmzero::inline LLMZERO_ABI
