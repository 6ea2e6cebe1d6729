// --kernels: which of the kernel sets that are built in a program uses, by name, or a list of them.
#pragma once

#include <llmzero/kernels/select.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace cli {

inline constexpr std::string_view kernels_list_word = "list";
inline constexpr const char * kernels_help =
    "Kernels, which are those of an instruction set: the best that the processor can run, or the ones of this name; "
    "list: say which there are. Their text may differ where two tokens are about as likely.";
inline constexpr const char * kernels_standard = "the best";

// The set of that name; nullptr, which leaves the choice to the library, where it is empty.
// Error: bad_argument, where this program or this processor has none of that name.
[[nodiscard]] inline llmzero::result<const llmzero::kernel_set *> chosen_kernels(std::string_view name) {
    if (name.empty()) {
        return nullptr;
    }
    if (const llmzero::kernel_set * const found = llmzero::find_kernels(name)) {
        return found;
    }
    std::string known;
    for (const llmzero::kernel_set * set : llmzero::available_kernels()) {
        known += (known.empty() ? "" : ", ") + std::string(set->name);
    }
    const auto all = llmzero::compiled_kernels();
    const bool is_compiled =
        std::any_of(all.begin(), all.end(), [name](const auto * set) { return name == set->name; });
    return llmzero::error(llmzero::error_code::bad_argument, "--kernels: %s %s: %s", llmzero::quoted(name).c_str(),
                          is_compiled ? "needs another processor than this one, which can run" : "is not one of",
                          known.c_str());
}

// A line for each set that is built in, best first.
[[nodiscard]] inline std::string list_of_kernels() {
    std::string out;
    for (const llmzero::kernel_set * set : llmzero::compiled_kernels()) {
        out += set->name;
        if (set == &llmzero::best_kernels()) {
            out += "  (the best here)";
        } else if (llmzero::find_kernels(set->name) == nullptr) {
            out += "  (needs another processor)";
        }
        out += '\n';
    }
    return out;
}

} // namespace cli
