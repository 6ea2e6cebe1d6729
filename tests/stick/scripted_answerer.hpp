// An answerer without a model: repeats the question, and fails where the test says so.
#pragma once

#include "stick/answerer.hpp"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace support {

class scripted_answerer final : public stick::answerer {
public:
    [[nodiscard]] std::vector<std::string> models() const override { return {"built-in", "other.gguf"}; }
    bool prepare(const stick::settings & chosen) override {
        prepared = chosen;
        return has_model;
    }
    [[nodiscard]] std::string model_name() const override { return has_model ? "script" : ""; }
    [[nodiscard]] std::string model_note() const override { return note; }

    [[nodiscard]] llmzero::result<stick::thought> answer(std::span<const stick::turn> before, std::string_view question,
                                                         const stick::settings & chosen,
                                                         progress_function go_on) override {
        questions.emplace_back(question);
        turns_before.assign(before.begin(), before.end());
        used = chosen;
        for (std::size_t step = 0; step < 4; ++step) {
            if (while_thinking) {
                while_thinking(step);
            }
            if (!go_on({step + 1, 2, step > 1 ? step - 1 : 0})) {
                ++n_cancelled;
                return llmzero::error(llmzero::error_code::cancelled, "cancelled");
            }
        }
        if (question.find("too long") != question.npos) {
            return llmzero::error(llmzero::error_code::context_full, "The question is too long.");
        }
        if (question.find("no memory") != question.npos) {
            return llmzero::error(llmzero::error_code::out_of_memory, "out of memory");
        }
        stick::thought made;
        made.text = question.find("silence") != question.npos ? " " : "About: " + std::string(question);
        made.facts = {"script", 3, false, 1.5};
        made.tokens_per_second = 2;
        return made;
    }

    bool has_model = true;
    std::string note;
    std::function<void(std::size_t step)> while_thinking;
    std::vector<std::string> questions;    // in their order
    std::vector<stick::turn> turns_before; // of the last one
    stick::settings used;
    stick::settings prepared;
    int n_cancelled = 0;
};

} // namespace support
