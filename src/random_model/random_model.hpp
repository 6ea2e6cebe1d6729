// Models with random weights in the exact shape of real ones, written with the library's own writer and loaded like any
// other. The text that such a model writes is noise. The same arguments give the same bytes on the same build.
//
//     random_model::tensor_list list(shape);
//     LLMZERO_ASSIGN(auto types, llmzero::choose_types(mix, pure, list.tensors(), random_model::facts_of(shape)));
//     LLMZERO_ASSIGN(auto made, random_model::random_file::create(shape, list, types.span(), seed));
//     LLMZERO_CHECK(made.write(sink));
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/model/type_mix.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include "random_model/metadata.hpp"
#include "random_model/shapes.hpp"
#include "random_model/tensors.hpp"
#include "random_model/weights.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace random_model {

[[nodiscard]] inline llmzero::mix_facts facts_of(const model_shape & shape) {
    return {shape.n_layers, shape.n_heads / shape.n_kv_heads};
}

class random_file {
public:
    using progress_function = llmzero::function_ref<bool(std::uint64_t done, std::uint64_t total)>; // bytes

    // `types` says what each tensor of the list is; both must outlive the file.
    [[nodiscard]] static llmzero::result<random_file> create(const model_shape & shape, const tensor_list & list,
                                                             std::span<const llmzero::tensor_type> types,
                                                             std::uint64_t seed) {
        random_file made(list, types, seed);
        LLMZERO_CHECK(add_metadata(made.writer_, shape));
        for (std::size_t i = 0; i < types.size(); ++i) {
            const llmzero::gguf_tensor & tensor = list.tensors()[i];
            LLMZERO_CHECK(made.writer_.add_tensor(tensor.name, std::span(tensor.shape).first(tensor.n_dims), types[i]));
        }
        return made;
    }

    // What quantisers write: general.file_type.
    [[nodiscard]] llmzero::status add_file_type(std::uint32_t file_type) {
        LLMZERO_CHECK(writer_.add("general.file_type", file_type));
        return writer_.add("general.quantization_version", std::uint32_t{2});
    }

    [[nodiscard]] llmzero::result<std::uint64_t> file_bytes() const { return writer_.file_bytes(); }

    [[nodiscard]] llmzero::status write(llmzero::gguf_sink out, progress_function progress = {}) const {
        LLMZERO_ASSIGN(const std::uint64_t total, file_bytes());
        weights random(seed_);
        std::uint64_t done = 0;
        return writer_.write(out, [&](std::size_t i, llmzero::gguf_sink data) -> llmzero::status {
            const llmzero::gguf_tensor & tensor = list_->tensors()[i];
            const llmzero::tensor_type_info & info = llmzero::info_of(types_[i]);
            const bool is_norm = tensor.name.ends_with("_norm.weight");
            const std::vector<std::byte> ones = weights::ones(is_norm ? tensor.cols() : 0);
            const std::span<const std::byte> from = is_norm ? std::span(ones) : random.of(types_[i]);
            for (std::uint64_t left = tensor.cols() / info.block_size * tensor.rows() * info.block_bytes; left > 0;) {
                const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, from.size()));
                LLMZERO_CHECK(data(from.first(n)));
                left -= n;
                done += n;
                if (progress && !progress(done, total)) {
                    return llmzero::error(llmzero::error_code::cancelled, "cancelled while the model was written");
                }
            }
            return llmzero::success();
        });
    }

private:
    random_file(const tensor_list & list, std::span<const llmzero::tensor_type> types, std::uint64_t seed)
        : list_(&list), types_(types), seed_(seed) {}

    const tensor_list * list_;
    std::span<const llmzero::tensor_type> types_;
    std::uint64_t seed_;
    llmzero::gguf_writer writer_;
};

} // namespace random_model
