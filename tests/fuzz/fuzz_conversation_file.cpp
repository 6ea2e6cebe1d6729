// Fuzzes what is read from people's text files: a conversation file and a settings file of any bytes.
//
// What has to hold: an answer is added behind the bytes that are there, the question is answered then, and stays so; a
// question below it is found; explanations in a settings file come and go without a byte of the user's lines.
//
// Input: how the text is read (a byte: bit 0 settings, bit 1 a name that is a prompt), the length of the answer (a
// byte), the answer, the content of the file.
#include "stick/conversation_file.hpp"
#include "stick/settings.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

void require(bool holds, const char * what) {
    if (!holds) {
        std::fprintf(stderr, "fuzz_conversation_file: broken: %s\n", what);
        std::abort();
    }
}

void check_conversation(const char * path, const std::string & content, const std::string & answer) {
    const auto file = stick::read_conversation(path, content);
    if (!file || file->question.empty()) {
        return;
    }
    const std::string added = stick::answer_bytes(*file, answer, {"model", 3, false, 1.0});
    if (added.empty()) {
        return;
    }
    const auto answered = stick::read_conversation(path, content + added);
    require(answered.has_value(), "a file with an answer is text");
    require(answered->form.encoding == file->form.encoding, "a file with an answer keeps its encoding");
    require(answered->question.empty(), "a question is answered once");
    require(answered->turns.size() == file->turns.size() + 1, "an answer makes a turn");
    require(answered->turns.back().question == file->question, "the turn has the question");
    const auto more = stick::read_conversation(path, content + added + stick::encode_text("\nAnd then?\n", file->form));
    require(more && more->question == "And then?", "the next question is found");
    const auto refused = stick::read_conversation(path, content + stick::refusal_bytes(*file, "Too long."));
    require(refused && refused->question.empty(), "a refused question is done");
}

void check_settings(const std::string & content) {
    const std::vector<std::string> models = {"built-in", "a.gguf"};
    const stick::settings_file read = stick::read_settings(content, models);
    const stick::settings_file again = stick::read_settings(read.annotated, models);
    const auto before = stick::decode_text(content);
    const auto after = stick::decode_text(read.annotated);
    if (before && after && before->form.encoding == after->form.encoding) { // a line that went may have told it
        require(again.annotated == read.annotated, "explanations are made once");
        require(again.values == read.values, "explanations change no setting");
        require(again.n_mistakes == read.n_mistakes, "explanations are no mistakes");
    }
    require(read.values.max_tokens >= 1 && read.values.max_tokens <= 65536, "max tokens are in their range");
    require(read.values.temperature >= 0 && read.values.temperature <= 100, "the temperature is in its range");
    if (content.find('#') == content.npos && content.find('\0') == content.npos) {
        const bool is_longer = read.annotated.size() >= content.size();
        require(is_longer, "no line of the user's is left out");
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t * data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t n_answer = std::min<std::size_t>(data[1], size - 2);
    const std::string answer(data + 2, data + 2 + n_answer);
    const std::string content(data + 2 + n_answer, data + size);
    if ((data[0] & 1) != 0) {
        check_settings(content);
    } else {
        check_conversation((data[0] & 2) != 0 ? "Why is it so.txt" : "._x", content, answer);
    }
    return 0;
}
