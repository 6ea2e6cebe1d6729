// The quantiser against llama.cpp's: the types it chooses for every tensor of every model on record, and how close its
// weights and the logits of its files come to those of the files that llama.cpp made from the same weights.
#include <llmzero/llmzero.hpp>
#include <llmzero/model/model_quantiser.hpp>

#include "golden.hpp"
#include "support/conformance.hpp"
#include "support/metrics.hpp"
#include "support/read_file.hpp"
#include "support/scale.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace {

using llmzero::gguf_file;
using llmzero::gguf_tensor;

llmzero::result<llmzero::file_source> open_source(const std::string & folder, const std::string & name) {
    return llmzero::file_source::open((folder + "/models/" + name + ".gguf").c_str());
}

std::vector<float> weights_of(const gguf_file & file, const gguf_tensor & tensor) {
    const llmzero::block_type * type = llmzero::find_block_type(tensor.type);
    REQUIRE(type != nullptr);
    llmzero::heap_array<std::byte> scratch;
    const auto blocks = file.rows(tensor, 0, tensor.rows(), scratch);
    REQUIRE(blocks.has_value());
    std::vector<float> weights(tensor.rows() * tensor.cols());
    llmzero::unpack(*type, blocks->data(), weights.size(), weights.data());
    return weights;
}

double squared_error(const std::vector<float> & a, const std::vector<float> & b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        const double difference = static_cast<double>(a[i]) - static_cast<double>(b[i]);
        sum += difference * difference;
    }
    return sum;
}

// The errors of our blocks over those of llama.cpp's, for all tensors of one type.
support::geometric_mean error_ratios(const std::string & folder, const std::string & from, const std::string & to,
                                     llmzero::tensor_type type, double limit) {
    support::geometric_mean ratios;
    const auto source = open_source(folder, from);
    const auto theirs_source = open_source(folder, to);
    REQUIRE(source.has_value());
    REQUIRE(theirs_source.has_value());
    const auto file = gguf_file::open(*source);
    const auto theirs = gguf_file::open(*theirs_source);
    REQUIRE(file.has_value());
    REQUIRE(theirs.has_value());
    for (const gguf_tensor & tensor : theirs->tensors()) {
        const gguf_tensor * original = file->find_tensor(tensor.name);
        REQUIRE(original != nullptr);
        if (tensor.type != type || original->type == type) {
            continue;
        }
        CAPTURE(std::string(tensor.name));
        const std::vector<float> weights = weights_of(*file, *original);
        std::vector<std::byte> blocks(static_cast<std::size_t>(tensor.bytes));
        llmzero::encode(*llmzero::find_encoder(type), weights.data(), weights.size(), blocks.data());
        std::vector<float> ours(weights.size());
        llmzero::unpack(*llmzero::find_block_type(type), blocks.data(), ours.size(), ours.data());
        const double ratio = squared_error(weights, ours) / squared_error(weights, weights_of(*theirs, tensor));
        CHECK(ratio < limit);
        ratios.add(ratio);
    }
    return ratios;
}

// The file `name` in another type, made by the quantiser.
std::vector<std::byte> quantised(const std::string & folder, const std::string & name, llmzero::type_mix mix) {
    std::vector<std::byte> made;
    const auto source = open_source(folder, name);
    REQUIRE(source.has_value());
    const auto file = gguf_file::open(*source);
    REQUIRE(file.has_value());
    const auto quantiser = llmzero::model_quantiser::create(*file, mix, false);
    REQUIRE_MESSAGE(quantiser.has_value(), quantiser.error().message());
    const auto written = quantiser->write(
        [&made](std::span<const std::byte> bytes) {
            made.insert(made.end(), bytes.begin(), bytes.end());
            return llmzero::success();
        },
        {});
    REQUIRE(written.has_value());
    return made;
}

// The mean over the positions of some text, in pieces of about 200 tokens, of KL(float model || quantised model). Four
// prompts are too few to tell files apart whose weights differ by a tenth; a thousand positions do.
double mean_kl(const llmzero::result<llmzero::model> & reference, const llmzero::result<llmzero::model> & model,
               std::string_view text, std::size_t n_pieces) {
    REQUIRE_MESSAGE(reference.has_value(), reference.error().message());
    REQUIRE_MESSAGE(model.has_value(), model.error().message());
    const llmzero::session_options options = {.context = 1024, .kv = llmzero::kv_type::f32};
    auto expected = llmzero::session::create(*reference, options);
    auto found = llmzero::session::create(*model, options);
    REQUIRE(expected.has_value());
    REQUIRE(found.has_value());
    constexpr std::size_t piece = 600; // bytes
    double sum = 0;
    std::size_t n_positions = 0;
    for (std::size_t i = 0; i < n_pieces; ++i) {
        const auto ids = reference->text().encode(text.substr(i * piece, piece));
        REQUIRE(ids.has_value());
        expected->rewind();
        found->rewind();
        for (const llmzero::token_id id : *ids) {
            REQUIRE(expected->decode(id).has_value());
            REQUIRE(found->decode(id).has_value());
            sum += support::kl_divergence(expected->logits(), found->logits());
            ++n_positions;
        }
    }
    return sum / static_cast<double>(n_positions);
}

} // namespace

TEST_CASE("conformance: the types of every tensor are those that llama.cpp chose") {
    const std::string folder = support::conformance_dir("types of quantised files");
    if (folder.empty()) {
        return;
    }
    std::size_t n_files = 0;
    for (const std::string & name : golden::model_names(folder)) {
        CAPTURE(name);
        const auto source = open_source(folder, name);
        REQUIRE(source.has_value());
        const auto file = gguf_file::open(*source);
        REQUIRE(file.has_value());
        const llmzero::type_mix_info * mix = llmzero::find_type_mix(name.substr(name.rfind('-') + 1));
        REQUIRE(mix != nullptr);
        const auto quantiser = llmzero::model_quantiser::create(*file, mix->mix, false);
        REQUIRE_MESSAGE(quantiser.has_value(), quantiser.error().message());
        for (std::size_t i = 0; i < file->tensors().size(); ++i) {
            CAPTURE(std::string(file->tensors()[i].name));
            CHECK(std::string(name_of(quantiser->types()[i])) == name_of(file->tensors()[i].type));
        }
        if (file->find("general.file_type") != nullptr) {
            CHECK(file->get<std::uint32_t>("general.file_type").value() == mix->file_type);
        }
        ++n_files;
    }
    CHECK(n_files >= 32);
}

TEST_CASE("conformance: quantised weights are closer than those of llama.cpp's files") {
    const std::string folder = support::conformance_dir("quantised weights");
    if (folder.empty()) {
        return;
    }
    // K types: from the Q8_0 file of the same weights, since there is no float one.
    const std::string k = "syn-llama-d256-ff512-l2-h4kv2-tied-";
    struct pair {
        std::string from, to;
        llmzero::tensor_type type;
        double limit;
    };
    using llmzero::tensor_type;
    const std::vector<pair> pairs = {
        {"llama2xs-F32", "llama2xs-Q8_0", tensor_type::q8_0, 0.84},
        {"llama2xs-F32", "llama2xs-Q4_0", tensor_type::q4_0, 0.93},
        {"llama2xs-F32", "llama2xs-Q4_1", tensor_type::q4_1, 0.83},
        {"llama2xs-F32", "llama2xs-Q5_0", tensor_type::q5_0, 0.94},
        {"llama2xs-F32", "llama2xs-Q5_1", tensor_type::q5_1, 0.83},
        {"stories260K-F32", "stories260K-Q8_0", tensor_type::q8_0, 0.87},
        {"stories260K-F32", "stories260K-Q4_0", tensor_type::q4_0, 0.94},
        {k + "Q8_0", k + "Q4_0", tensor_type::q4_0, 0.94},
        {k + "Q8_0", k + "IQ4_NL", tensor_type::iq4_nl, 0.95},
        {k + "Q8_0", k + "Q2_K", tensor_type::q2_k, 0.80},
        {k + "Q8_0", k + "Q3_K_M", tensor_type::q3_k, 0.94},
        {k + "Q8_0", k + "Q4_K_M", tensor_type::q4_k, 0.97},
        {k + "Q8_0", k + "Q5_K_M", tensor_type::q5_k, 0.91},
        {k + "Q8_0", k + "Q6_K", tensor_type::q6_k, 0.84},
    };
    for (const pair & p : pairs) {
        CAPTURE(p.to);
        const support::geometric_mean ratios = error_ratios(folder, p.from, p.to, p.type, p.limit);
        CHECK(ratios.count() > 0);
        MESSAGE(p.to << ": squared error of the " << std::string(name_of(p.type)) << " weights " << ratios.value()
                     << " of llama.cpp's, " << ratios.count() << " tensors");
    }
}

TEST_CASE("conformance: quantised files say more nearly what the float file says than llama.cpp's do") {
    const std::string folder = support::conformance_dir("divergence of quantised files");
    if (folder.empty()) {
        return;
    }
    const std::string text = support::read_file(folder + "/text/tinystories_val_100.txt");
    const std::size_t n_pieces = support::full_scale() ? 10 : 1;
    REQUIRE(text.size() > 10 * 600);
    support::geometric_mean ratios;
    for (const std::string model : {"stories260K", "llama2xs"}) {
        const auto reference = llmzero::load(folder + "/models/" + model + "-F32.gguf");
        for (const std::string type : {"Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"}) {
            const auto theirs = llmzero::load(folder + "/models/" + model + "-" + type + ".gguf");
            if (!theirs || (!support::full_scale() && type != "Q4_1")) {
                continue;
            }
            CAPTURE(model);
            CAPTURE(type);
            const auto ours = llmzero::load(quantised(folder, model + "-F32", llmzero::find_type_mix(type)->mix));
            const double ratio = mean_kl(reference, ours, text, n_pieces) / mean_kl(reference, theirs, text, n_pieces);
            MESSAGE(model << " " << type << ": divergence " << ratio << " of that of llama.cpp's file");
            CHECK(ratio < 1.3); // a single file may be lucky
            ratios.add(ratio);
        }
    }
    CHECK(ratios.count() == (support::full_scale() ? 7 : 1));
    CHECK((!support::full_scale() || ratios.value() < 0.95));
}
