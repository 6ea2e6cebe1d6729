// Reads the conformance data, and checks that it was read rightly: the oracle's figures on record must come out of the
// oracle's stored logits.
#include "golden.hpp"

#include <llmzero/base/byte_reader.hpp>

#include "support/conformance.hpp"
#include "support/json.hpp"
#include "support/metrics.hpp"
#include "support/scale.hpp"
#include "support/sha256.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <sstream>

namespace golden {

namespace {

using support::json;

std::vector<float> floats_at(const std::string & bytes, std::size_t offset, std::size_t count) {
    std::vector<float> values;
    if (offset + count * sizeof(float) > bytes.size()) {
        return values;
    }
    values.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        values.push_back(llmzero::load_little_endian<float>(bytes.data() + offset + i * sizeof(float)));
    }
    return values;
}

metrics metrics_from(const json & from) {
    metrics made;
    made.nmse = from.value("nmse", -1.0);
    made.kl_mean = from.value("kl_mean", -1.0);
    made.kl_max = from.value("kl_max", -1.0);
    made.top1 = from.value("top1", -1.0);
    made.max_abs_error = from.value("max_abs_err", -1.0);
    return made;
}

std::string from_hex(const std::string & hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

template <class T> std::vector<T> list(const json & from, const char * key) {
    const auto found = from.find(key);
    return found != from.end() && found->is_array() ? found->template get<std::vector<T>>() : std::vector<T>();
}

bool complete(const model & m) {
    std::size_t n_rows = 0;
    for (const prompt & p : m.prompts) {
        const std::size_t steps = p.greedy_ids.size();
        if (steps == 0 || p.prompt_ids.empty() || p.float_ref_argmax.size() != steps ||
            p.float_ref_gap.size() != steps || p.float_ref_logprob.size() != steps ||
            p.oracle_max_err.size() != steps || p.float_ref_greedy_ids.size() != steps) {
            return false;
        }
        n_rows += p.rows.size();
        for (const row & r : p.rows) {
            if (r.step >= steps || r.oracle.size() != m.n_vocab || r.float_ref.size() != m.n_vocab ||
                r.float_ref_scaled.size() != (m.head_scale == 1 ? 0 : m.n_vocab)) {
                return false;
            }
        }
    }
    return !m.prompts.empty() && n_rows > 0 && n_rows == m.n_stored_rows;
}

} // namespace

bool is_float(const model & m) {
    return std::all_of(m.tensor_types.begin(), m.tensor_types.end(),
                       [](const std::string & type) { return type == "F32" || type == "F16" || type == "BF16"; });
}

std::vector<std::string> model_names(const std::string & conformance) {
    std::vector<std::string> names;
    std::istringstream listing(support::read_file(conformance + "/FILES.txt"));
    for (std::string digest, size, path; listing >> digest >> size >> path;) {
        const std::string folder = "models/";
        const std::string ending = ".gguf";
        if (path.starts_with(folder) && path.ends_with(ending)) {
            names.push_back(path.substr(folder.size(), path.size() - folder.size() - ending.size()));
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

std::optional<model> load(const std::string & conformance, const std::string & name) {
    const json from = support::read_json(conformance + "/expected/" + name + ".json");
    if (!from.is_object()) {
        return std::nullopt;
    }
    const std::string logits = support::read_file(conformance + "/" + from.value("logits_file", std::string()));
    model made;
    made.name = name;
    made.path = conformance + "/" + from.value("model", std::string());
    made.architecture = from.value("architecture", std::string());
    made.n_vocab = from.value("n_vocab", std::size_t{0});
    made.head_scale = from.value("hf_scale", 1.0);
    made.n_stored_rows = from.value("stored_rows", std::size_t{0});
    for (const auto & type : from["tensor_types"].items()) {
        made.tensor_types.push_back(type.key());
    }
    const json & figures = from["metrics_stored_rows"];
    made.oracle = metrics_from(figures["oracle"]);
    made.oracle_kv_f32 = metrics_from(figures["oracle_kv_f32"]);
    made.oracle_scalar = metrics_from(figures["oracle_scalar"]);
    made.oracle_scalar_kv_f32 = metrics_from(figures["oracle_scalar_kv_f32"]);
    made.oracle_all_steps = metrics_from(from["metrics_vs_float_ref"]["oracle"]);
    made.oracle_kv_f32_all_steps = metrics_from(from["metrics_vs_float_ref"]["oracle_kv_f32"]);
    for (const json & p : from["prompts"]) {
        prompt & added = made.prompts.emplace_back();
        added.name = p.value("name", std::string());
        added.text = p.value("text", std::string());
        added.prompt_ids = list<std::int32_t>(p, p.contains("source_ids") ? "source_ids" : "prompt_ids");
        added.greedy_ids = list<std::int32_t>(p, "greedy_ids");
        added.float_ref_greedy_ids = list<std::int32_t>(p, "float_ref_greedy_ids");
        added.float_ref_argmax = list<std::int32_t>(p, "float_ref_argmax");
        added.float_ref_gap = list<double>(p, "float_ref_gap");
        added.float_ref_logprob = list<double>(p, "float_ref_logprob");
        added.oracle_max_err = list<double>(p, "oracle_max_err");
        added.greedy_text = from_hex(p.value("greedy_text_hex", std::string()));
        for (const json & r : p["rows"]) {
            const auto stored = [&](const char * what) {
                return floats_at(logits, r.value(what, std::size_t{0}), made.n_vocab);
            };
            added.rows.push_back({r.value("step", std::size_t{0}), stored("oracle"), stored("float_ref"),
                                  r.contains("float_ref_hf") ? stored("float_ref_hf") : std::vector<float>()});
        }
    }
    if (!complete(made)) {
        return std::nullopt;
    }
    return made;
}

std::vector<dequantised> load_dequantised(const std::string & conformance) {
    std::vector<dequantised> all;
    const json from = support::read_json(conformance + "/expected/dequant.json");
    for (const json & entry : from) {
        dequantised & added = all.emplace_back();
        added.path = conformance + "/" + entry.value("model", std::string());
        added.tensor = entry.value("tensor", std::string());
        added.type = entry.value("type", std::string());
        added.shape = list<std::uint64_t>(entry, "ne");
        added.bytes = entry.value("n_bytes", std::uint64_t{0});
        added.sum = entry.value("sum_f64", 0.0);
        added.first = list<float>(entry, "first8");
        added.sha256 = entry.value("sha256_f32", std::string());
    }
    return all;
}

std::optional<perplexity_text> load_perplexity(const std::string & conformance) {
    const json from = support::read_json(conformance + "/expected/perplexity.json");
    if (!from.is_object()) {
        return std::nullopt;
    }
    perplexity_text made;
    made.path = conformance + "/" + from.value("text", std::string());
    made.max_ids = from.value("max_ids", std::size_t{0});
    made.first_story_ids = list<std::int32_t>(from, "first_story_ids");
    made.ids_per_story = list<std::size_t>(from, "ids_per_story_cut");
    for (const json & result : from["results"]) {
        perplexity & added = made.results.emplace_back();
        added.model = result.value("model", std::string());
        added.float_ref = result["float_ref"].value("ppl", 0.0);
        added.float_ref_top1 = result["float_ref"].value("next_token_top1", 0.0);
        added.n_scored = result["float_ref"].value("n_scored", std::size_t{0});
        added.oracle = result["oracle"].value("ppl", 0.0);
        added.nll_per_story = list<double>(result, "float_ref_nll_per_story");
    }
    return made;
}

std::vector<bad_file> load_bad_files(const std::string & conformance) {
    std::vector<bad_file> all;
    const json from = support::read_json(conformance + "/bad/INDEX.json");
    for (const json & entry : from) {
        bad_file & added = all.emplace_back();
        added.file = entry.value("file", std::string());
        added.what = entry.value("what", std::string());
        added.must = entry.value("must", std::string());
        added.group = entry.value("group", std::string());
        added.text = entry.value("text", std::string());
        added.ids = list<std::int32_t>(entry, "ids");
        added.last_logits = list<float>(entry, "last_logits");
    }
    return all;
}

} // namespace golden

TEST_CASE("golden: the figures on record come out of the oracle's stored logits") {
    const std::string folder = support::conformance_dir("golden figures");
    if (folder.empty()) {
        return;
    }
    std::size_t checked = 0;
    for (const std::string & name : golden::model_names(folder)) {
        CAPTURE(name);
        const auto model = golden::load(folder, name);
        REQUIRE(model.has_value());
        support::comparison rows;
        for (const golden::prompt & p : model->prompts) {
            for (const golden::row & r : p.rows) {
                rows.add(r.float_ref, r.oracle);
            }
        }
        // Four digits are on record. The divergence of a file of floats is a difference of nearly equal numbers in
        // float32, so its last digits differ with the order of the sum.
        CHECK(rows.nmse() == doctest::Approx(model->oracle.nmse).epsilon(1e-3).scale(0));
        CHECK(rows.kl_mean() == doctest::Approx(model->oracle.kl_mean).epsilon(1e-2).scale(1e-9));
        CHECK(rows.kl_max() == doctest::Approx(model->oracle.kl_max).epsilon(1e-2).scale(1e-9));
        CHECK(rows.top1() == doctest::Approx(model->oracle.top1).epsilon(1e-3));
        CHECK(rows.max_abs_error() == doctest::Approx(model->oracle.max_abs_error).epsilon(1e-3));
        ++checked;
    }
    CHECK(checked == 32);
}

TEST_CASE("golden: the data is what its list of digests says") {
    const std::string folder = support::conformance_dir("golden digests");
    if (folder.empty()) {
        return;
    }
    std::istringstream listing(support::read_file(folder + "/FILES.txt"));
    std::size_t files = 0;
    for (std::string digest, size, path; listing >> digest >> size >> path; ++files) {
        if (!support::full_scale() && !path.starts_with("models/stories260K")) {
            continue;
        }
        const std::string content = support::read_file(folder + "/" + path);
        CHECK_MESSAGE(support::sha256_hex(content.data(), content.size()) == digest, path);
    }
    CHECK(files > 100);
}
