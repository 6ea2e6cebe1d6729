// The model behind the service: loads the chosen one, keeps a session, and answers questions with it.
//
// A session holds the conversation that was answered last: what a question has in common with it is not read again.
// Model and session fit into the memory that the system has available; the context is as long as half of what the model
// leaves allows, at most llmzero::session::max_default_context.
//
// A model that cannot be loaded is not tried again before its file changes; the built-in one stands in for it.
#pragma once

#include <llmzero/llmzero.hpp>

#include "cli/memory.hpp"
#include "cli/seed.hpp"
#include "stick/answerer.hpp"
#include "stick/dialogue_tokens.hpp"
#include "stick/file_names.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <dirent.h>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace stick {

struct thinker_options {
    std::span<const std::byte> built_in = {}; // a GGUF file in memory; empty: there is none
    std::string model = {};                   // the default's file; empty: the built-in one
    std::string models_folder = {};           // of the files that settings may name; empty: none
    cli::automatic_number memory = {};        // bytes; empty: what the system has available; 0: no limit
    llmzero::kv_type kv = llmzero::kv_type::automatic;
    std::uint32_t threads = 0;        // of each session, and of loading; 0: as is usual
    std::function<bool()> go_on = {}; // asked while a model is loaded; false stops
};

class thinker final : public answerer {
public:
    explicit thinker(thinker_options options) : options_(std::move(options)) {}

    [[nodiscard]] std::vector<std::string> models() const override {
        std::vector<std::string> names;
        DIR * const folder = options_.models_folder.empty() ? nullptr : ::opendir(options_.models_folder.c_str());
        if (folder != nullptr) {
            for (const dirent * entry = ::readdir(folder); entry != nullptr; entry = ::readdir(folder)) {
                const std::string name = entry->d_name;
                if (!is_litter_name(name) && cli::same_name(detail::extension_of(name), ".gguf")) {
                    names.push_back(name);
                }
            }
            ::closedir(folder);
        }
        std::sort(names.begin(), names.end());
        if (!options_.built_in.empty()) {
            names.insert(names.begin(), built_in_model);
        }
        return names;
    }

    bool prepare(const settings & chosen) override {
        const std::string wanted = path_of(chosen);
        const std::string state = state_of(wanted);
        if (wanted == wanted_ && state == state_) {
            return model_.has_value();
        }
        wanted_ = wanted;
        state_ = state;
        note_.clear();
        session_.reset(); // before another takes memory
        model_.reset();
        if (wanted.empty() && options_.built_in.empty()) {
            note_ = "no model was given, and none is built in";
            return false;
        }
        auto loaded = load(wanted);
        if (!loaded && loaded.error().code() == llmzero::error_code::cancelled) {
            state_ += "?"; // to be tried again
            return false;
        }
        if (!loaded) {
            note_ = (wanted.empty() ? "the built-in model" : std::string(name_of_path(wanted))) +
                    " cannot be used: " + loaded.error().message();
            if (!wanted.empty() && !options_.built_in.empty()) {
                loaded = load("");
            }
        }
        if (loaded) {
            model_.emplace(std::move(*loaded));
            name_ = model_->name();
            if (name_.empty() && !wanted.empty()) {
                name_ = detail::stem_of(name_of_path(wanted));
            }
        }
        return model_.has_value();
    }

    [[nodiscard]] std::string model_name() const override { return model_ ? name_ : std::string(); }
    [[nodiscard]] std::string model_note() const override { return note_; }

    [[nodiscard]] llmzero::result<thought> answer(std::span<const turn> before, std::string_view question,
                                                  const settings & chosen, progress_function go_on) override {
        if (!model_) {
            return llmzero::error(llmzero::error_code::bad_argument, "there is no model");
        }
        LLMZERO_CHECK(make_session());
        const std::optional<std::string_view> system =
            chosen.has_system ? std::optional<std::string_view>(chosen.system) : std::nullopt;
        LLMZERO_ASSIGN(const auto text, make_dialogue_tokens(*model_, system, before, question, session_->context(),
                                                             chosen.max_tokens, n_left_out_));
        n_left_out_ = text.n_left_out;
        thought made;
        thinking state;
        const auto on_prefill = [&](std::size_t done, std::size_t total) {
            state.n_read = done;
            state.n_to_read = total;
            return go_on(state);
        };
        const auto on_logits = [&](std::span<const float>) {
            ++state.n_written;
        };
        const auto keep_going = [&] {
            return go_on(state);
        };
        llmzero::generate_options options;
        options.max_tokens = chosen.max_tokens;
        options.sampling.temperature = chosen.temperature;
        options.sampling.seed = chosen.seed ? *chosen.seed : cli::draw_seed();
        options.on_prefill = on_prefill;
        options.on_logits = on_logits;
        options.keep_going = keep_going;
        const std::string_view stop = model_->chat().format->stop;
        options.stop = std::span(&stop, stop.empty() ? 0 : 1);
        const std::uint32_t n_kept = session_->keep_common(text.tokens.span());
        LLMZERO_ASSIGN(const llmzero::generation how,
                       session_->generate(text.tokens.span().subspan(n_kept), options, [&](std::string_view part) {
                           made.text += part;
                           return go_on(state);
                       }));
        if (how.reason == llmzero::stop_reason::cancelled) {
            return llmzero::error(llmzero::error_code::cancelled, "the answer was cancelled");
        }
        made.facts.model = name_;
        made.facts.n_tokens = how.n_generated;
        made.facts.seconds = (how.prompt_ms + how.generation_ms) / 1000.0;
        made.facts.is_cut =
            how.reason == llmzero::stop_reason::max_tokens || how.reason == llmzero::stop_reason::context_full;
        made.tokens_per_second = how.tokens_per_second();
        n_kept_ = n_kept;
        return made;
    }

    // Of the last answer: tokens of the conversation that were not read again.
    [[nodiscard]] std::uint32_t n_kept() const { return n_kept_; }

private:
    // Empty: the built-in model.
    [[nodiscard]] std::string path_of(const settings & chosen) const {
        if (chosen.model.empty()) {
            return options_.model;
        }
        return chosen.model == built_in_model ? "" : options_.models_folder + "/" + chosen.model;
    }

    // What differs when another file is in the place.
    [[nodiscard]] static std::string state_of(const std::string & path) {
        struct stat status = {};
        if (path.empty()) {
            return "built-in";
        }
        if (::stat(path.c_str(), &status) != 0) {
            return "missing";
        }
        return std::to_string(status.st_ino) + " " + std::to_string(status.st_size) + " " +
               std::to_string(status.st_mtim.tv_sec) + " " + std::to_string(status.st_mtim.tv_nsec);
    }

    [[nodiscard]] std::uint64_t budget() const { return options_.memory.value_or(cli::available_memory().value_or(0)); }

    [[nodiscard]] llmzero::result<llmzero::model> load(const std::string & path) const {
        llmzero::load_options options;
        options.memory_budget_bytes = budget();
        options.threads = options_.threads;
        const auto progress = [this](std::uint64_t, std::uint64_t) {
            return !options_.go_on || options_.go_on();
        };
        options.progress = progress;
        return path.empty() ? llmzero::load(options_.built_in, options) : llmzero::load(path.c_str(), options);
    }

    [[nodiscard]] llmzero::status make_session() {
        if (session_) {
            return llmzero::success();
        }
        // Where the limit was given it is for both; what the system has available is without the model by now.
        std::uint64_t left = budget();
        if (options_.memory && left != 0) {
            left -= std::min(left - 1, model_->memory_bytes());
        }
        llmzero::session_options options;
        options.kv = options_.kv;
        options.threads = options_.threads;
        options.memory_budget_bytes = left;
        const auto bytes = [&](std::uint32_t context) {
            options.context = context;
            return llmzero::session::bytes_needed(*model_, options);
        };
        const std::uint32_t most = std::min(model_->config().context, llmzero::session::max_default_context);
        options.context = cli::longest_context(most, left / 2, bytes);
        LLMZERO_ASSIGN(llmzero::session made, llmzero::session::create(*model_, options));
        session_.emplace(std::move(made));
        n_left_out_ = 0;
        return llmzero::success();
    }

    thinker_options options_;
    std::optional<llmzero::model> model_;
    std::optional<llmzero::session> session_; // of model_
    std::string name_;
    std::string note_;
    std::string wanted_ = "?"; // the file that was asked for last
    std::string state_;        // and how it was then
    std::size_t n_left_out_ = 0;
    std::uint32_t n_kept_ = 0;
};

} // namespace stick
