// What the service asks for answers: an interface, so that the service is tested without a model. The model is behind
// it in thinker.hpp.
#pragma once

#include <llmzero/base/function_ref.hpp>
#include <llmzero/base/result.hpp>

#include "stick/conversation_file.hpp"
#include "stick/settings.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace stick {

struct thinking {
    std::size_t n_read = 0;
    std::size_t n_to_read = 0;
    std::size_t n_written = 0; // tokens
};

struct thought {
    std::string text;
    answer_facts facts;
    double tokens_per_second = 0;
};

class answerer {
public:
    using progress_function = llmzero::function_ref<bool(const thinking &)>;

    virtual ~answerer() = default;

    // The names that settings::model may have.
    [[nodiscard]] virtual std::vector<std::string> models() const = 0;
    // Gets the chosen model ready, if it is not, or another one where that cannot be had. Asked before every answer and
    // whenever the service looks around, so that a model that was missing is found when it comes. False: there is none.
    virtual bool prepare(const settings & chosen) = 0;
    // What answers; empty: nothing does.
    [[nodiscard]] virtual std::string model_name() const = 0;
    // Why it is not the model that was chosen; empty: it is.
    [[nodiscard]] virtual std::string model_note() const = 0;

    // `go_on` is called at least once a layer; false stops.
    // Errors: cancelled, context_full (the question alone is too long; the message is for the user), out_of_memory.
    [[nodiscard]] virtual llmzero::result<thought> answer(std::span<const turn> before, std::string_view question,
                                                          const settings & chosen, progress_function go_on) = 0;

protected:
    answerer() = default;
    answerer(const answerer &) = default;
    answerer(answerer &&) = default;
    answerer & operator=(const answerer &) = default;
    answerer & operator=(answerer &&) = default;
};

} // namespace stick
