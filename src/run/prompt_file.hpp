// --prompt-cache: the state after the prompt's fixed part, kept in a file between runs.
//
// The fixed part is the system turn, where there is one, else the whole prompt. The file is written when it does not
// hold all of that. One that is damaged, or that another model or --kv made, is replaced, and that is said; a file that
// is no prompt cache is left alone.
#pragma once

#include <llmzero/llmzero.hpp>

#include "run/screen.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace run {

class prompt_file {
public:
    // Empty path: there is none.
    explicit prompt_file(std::string path) : path_(std::move(path)) {}

    // Before the text is evaluated: takes up what the file has of it. `n_fixed`: tokens worth keeping.
    void load(llmzero::session & session, std::span<const llmzero::token_id> text, std::size_t n_fixed) {
        if (!path_.empty() && session.model().config().has_encoder()) {
            complain("note: --prompt-cache has no effect: this model has an encoder, which reads every text anew");
            path_.clear();
        }
        n_fixed_ = n_fixed;
        if (path_.empty() || text.empty() || ::access(path_.c_str(), F_OK) != 0) { // the first run has no file
            return;
        }
        const auto loaded = llmzero::prompt_cache::load(session, text, path_.c_str());
        if (loaded) {
            n_loaded_ = *loaded;
        } else if (is_something_else(path_.c_str())) {
            complain("note: " + path_ + " is no prompt cache: it is left as it is, and the prompt is read anew");
            path_.clear();
        } else {
            complain(std::string("note: ") + loaded.error().message() + "; the prompt is read anew");
        }
    }

    // After it: keeps what was worth keeping. Failing to is no reason to fail.
    void save(llmzero::session & session) {
        if (path_.empty() || n_fixed_ == 0 || n_loaded_ >= n_fixed_ || session.position() < n_fixed_) {
            return;
        }
        const auto saved = llmzero::prompt_cache::save(session, static_cast<std::uint32_t>(n_fixed_), path_.c_str());
        if (!saved) {
            complain(std::string("note: the prompt cache is not kept: ") + saved.error().message());
        }
        n_loaded_ = n_fixed_; // once is enough
    }

private:
    // A file with content that does not begin as a prompt cache does was named by mistake.
    static bool is_something_else(const char * path) {
        const auto file = llmzero::file_source::open(path, llmzero::load_mode::read);
        if (!file || file->size() == 0) {
            return false;
        }
        char magic[8] = {};
        const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(sizeof magic, file->size()));
        const auto some = std::span(magic).first(n);
        return file->read(0, std::as_writable_bytes(some)) &&
               !std::string_view("llmzstat").starts_with(std::string_view(some.data(), some.size()));
    }

    std::string path_;
    std::size_t n_fixed_ = 0;
    std::size_t n_loaded_ = 0;
};

} // namespace run
