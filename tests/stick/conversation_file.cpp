#include "stick/conversation_file.hpp"

#include <doctest/doctest.h>
#include <string>

using stick::answer_bytes;
using stick::conversation_file;
using stick::read_conversation;
using namespace std::string_literals;

namespace {

const stick::answer_facts some_facts = {"storyteller", 12, false, 3.04};

conversation_file conversation_in(const std::string & bytes, const std::string & path = "a.txt") {
    const auto read = read_conversation(path, bytes);
    REQUIRE(read);
    return *read;
}

std::string answered(const std::string & bytes, const std::string & answer, const std::string & path = "a.txt") {
    return bytes + answer_bytes(conversation_in(bytes, path), answer, some_facts);
}

// Without the first line that contains this.
std::string without_line(std::string text, const std::string & part) {
    const std::size_t at = text.find(part);
    REQUIRE(at != text.npos);
    const std::size_t begin = at == 0 ? 0 : text.rfind('\n', at - 1) + 1;
    return text.erase(begin, text.find('\n', at) + 1 - begin);
}

const std::string opening = "--- llmzero: storyteller, 12 tokens, 1 line, 3.0 s ---\n";
const std::string closing = "--- llmzero: write below this line to go on ---\n";

} // namespace

TEST_CASE("conversation file: a question, its answer, and the next question") {
    const std::string asked = "Why is the sky blue?\n";
    CHECK(conversation_in(asked).question == "Why is the sky blue?");
    CHECK(conversation_in(asked).turns.empty());
    const std::string first = answered(asked, " Light is scattered.\n");
    CHECK(first == asked + "\n" + opening + "Light is scattered.\n" + closing);
    CHECK(conversation_in(first).question.empty());
    CHECK(conversation_in(first + " \n\t\n").question.empty());

    const std::string more = first + "And at night?";
    CHECK(conversation_in(more).question == "And at night?");
    REQUIRE(conversation_in(more).turns.size() == 1);
    CHECK(conversation_in(more).turns[0].question == "Why is the sky blue?");
    CHECK(conversation_in(more).turns[0].answer == "Light is scattered.");
    const std::string second = answered(more, "It is dark.\n\nVery.");
    CHECK(second ==
          more + "\n\n--- llmzero: storyteller, 12 tokens, 3 lines, 3.0 s ---\nIt is dark.\n\nVery.\n" + closing);
    CHECK(conversation_in(second).question.empty());
    REQUIRE(conversation_in(second).turns.size() == 2);
    CHECK(conversation_in(second).turns[1].answer == "It is dark.\n\nVery.");
}

TEST_CASE("conversation file: what is nothing to answer") {
    for (const std::string & bytes : {""s, "\n"s, " \r\n\t"s, "\xef\xbb\xbf"s, "\xff\xfe"s, closing, "text\n" + closing,
                                      closing + "\n" + closing}) {
        CAPTURE(bytes);
        CHECK(conversation_in(bytes, "a/.txt").question.empty());
    }
    CHECK_FALSE(read_conversation("a.txt", "a\0b"s));
}

TEST_CASE("conversation file: an empty file's name is its first question") {
    const std::string path = "x/Once_upon a time.txt";
    CHECK(conversation_in("", path).question == "Once_upon a time");
    CHECK(conversation_in("\n", path).question.empty());
    const std::string first = answered("", "There was a fox.", path);
    CHECK(first == opening + "There was a fox.\n" + closing);
    CHECK(conversation_in(first, path).question.empty());
    const conversation_file more = conversation_in(first + "And then?\n", path);
    CHECK(more.question == "And then?");
    REQUIRE(more.turns.size() == 1);
    CHECK(more.turns[0].question == "Once_upon a time");
    CHECK(more.turns[0].answer == "There was a fox.");
}

TEST_CASE("conversation file: what people do to markers and answers") {
    const std::string first = answered("Question\n", "One.\nTwo.\n");
    SUBCASE("an edited answer is what they made of it") {
        std::string edited = first;
        edited.replace(edited.find("Two."), 4, "Three.\nFour.");
        CHECK(conversation_in(edited).question.empty());
        CHECK(conversation_in(edited + "More").turns[0].answer == "One.\nThree.\nFour.");
    }
    SUBCASE("without the closing line the opening one tells the length") {
        const std::string cut = without_line(first, "write below");
        CHECK(conversation_in(cut).question.empty());
        CHECK(conversation_in(cut + "\n\n").question.empty());
        CHECK(conversation_in(cut + "More\nand more").question == "More\nand more");
        CHECK(conversation_in(cut + "More").turns[0].answer == "One.\nTwo.");
        const std::string second = answered(cut + "More\n", "Yes.");
        REQUIRE(conversation_in(second).turns.size() == 2);
        CHECK(conversation_in(second).turns[0].answer == "One.\nTwo.");
        CHECK(conversation_in(second).turns[1].question == "More");
    }
    SUBCASE("without the opening line all is a question, and answered as it ends") {
        const std::string cut = without_line(first, "12 tokens");
        CHECK(conversation_in(cut).question.empty());
        CHECK(conversation_in(cut).turns.empty());
        CHECK(conversation_in(cut + "More").question.ends_with("Two.\nMore"));
    }
    SUBCASE("without both all is a question") {
        CHECK(conversation_in(without_line(without_line(first, "12 tokens"), "write below")).question ==
              "Question\n\nOne.\nTwo.");
    }
    SUBCASE("an opening line that was edited, without a closing one, ends the file") {
        std::string cut = without_line(first, "write below");
        cut.replace(cut.find("2 lines"), 7, "things!");
        CHECK(conversation_in(cut + "More").question.empty());
    }
    SUBCASE("quoted, indented and continued markers are text") {
        for (const std::string & before : {"> "s, " "s, "\t"s, "x"s}) {
            const std::string quote = "What is this?\n" + before + opening + before + "x\n" + before + closing;
            CHECK(conversation_in(quote).question == stick::detail::trimmed(quote));
        }
        CHECK(conversation_in("--- llmzero: here I say something").question == "--- llmzero: here I say something");
        CHECK(conversation_in("---\ntext\n---").question == "---\ntext\n---");
    }
    SUBCASE("blanks behind a marker") {
        std::string padded = first;
        padded.replace(padded.find(" ---\n"), 5, " --- \t\n");
        padded.replace(padded.find("go on ---\n"), 10, "go on ---  \n");
        CHECK(conversation_in(padded + "More").turns[0].answer == "One.\nTwo.");
    }
    SUBCASE("the first question deleted") {
        const conversation_file rest = conversation_in(first.substr(first.find("---")) + "More\n", "b.doc");
        CHECK(rest.question == "More");
        CHECK(rest.turns.empty());
    }
}

TEST_CASE("conversation file: an answer cut at any byte leaves the question, or is whole") {
    const std::string asked = "Question\n";
    const std::string whole = answered(asked, "One.\nTwo.\n");
    const std::size_t answer_end = whole.find("Two.") + 5;
    for (std::size_t size = asked.size(); size < whole.size(); ++size) {
        CAPTURE(size);
        const std::string cut = whole.substr(0, size);
        const std::size_t opening_end = whole.find(" ---\n") + 4;
        if (size < answer_end && size >= opening_end) {
            CHECK(conversation_in(cut).question == "Question");
            const std::string again = answered(cut, "Three.");
            CHECK(conversation_in(again).question.empty());
            REQUIRE(conversation_in(again).turns.size() == 1);
            CHECK(conversation_in(again).turns[0].question == "Question");
            CHECK(conversation_in(again).turns[0].answer == "Three.");
        } else if (size >= answer_end) {
            CHECK(conversation_in(cut).question.empty());
        } else {
            CHECK(conversation_in(cut).question.starts_with("Question"));
        }
    }
}

TEST_CASE("conversation file: an answer cannot be taken for markers, nor for what is no text") {
    const std::string wild = "\x01" + opening + "a\0b\r\n\x7f"s + closing + "\xff\n--- llmzero:\n\n";
    const std::string file = answered("Question", wild);
    const conversation_file read = conversation_in(file);
    CHECK(read.question.empty());
    REQUIRE(read.turns.size() == 1);
    CHECK(read.turns[0].question == "Question");
    CHECK(read.turns[0].answer.ends_with("\xef\xbf\xbd\n --- llmzero:"));
    CHECK(answer_bytes(conversation_in("Question"), " \n\n", some_facts).empty());
    CHECK(answered("Question", "---\nx").ends_with("\n---\nx\n" + closing));
    const stick::answer_facts odd = {"two\nlines ---\n" + std::string(100, 'x'), 1, true, 0};
    const std::string line = answer_bytes(conversation_in("Q\n\n"), "A", odd);
    CHECK(line == "--- llmzero: two lines --- " + std::string(46, 'x') +
                      ", 1 token and cut there, 1 line, 0.0 s ---\nA\n" + closing);
    CHECK(conversation_in("Q\n\n" + line).turns.size() == 1);
}

TEST_CASE("conversation file: written as the file is") {
    const std::string utf16 =
        "\xff\xfe" + stick::encode_text("Frage \xf0\x9f\x98\x80\n", {stick::text_encoding::utf16_le, true});
    const std::string both = answered(utf16, "Ja.\nUnd.");
    CHECK(both.starts_with(utf16));
    CHECK(both.find("\xff\xfe", 1) == both.npos);
    CHECK(both.ends_with("-\0-\0-\0\r\0\n\0"s));
    CHECK(conversation_in(both).question.empty());
    CHECK(conversation_in(both).turns[0].question == "Frage \xf0\x9f\x98\x80");
    CHECK(conversation_in(both).turns[0].answer == "Ja.\nUnd.");

    const std::string crlf = answered("a\r\nb\r\n", "c\nd");
    CHECK(crlf.find("\r\n\r\n--- llmzero") != crlf.npos);
    for (std::size_t at = crlf.find('\n'); at != crlf.npos; at = crlf.find('\n', at + 1)) {
        CHECK(crlf[at - 1] == '\r');
    }
    CHECK(answered("caf\xe9", "th\xc3\xa9").find("th\xe9\n") != std::string::npos);
}

TEST_CASE("conversation file: a refusal is no part of the conversation") {
    const std::string asked = "Too long\n";
    const std::string refused = asked + stick::refusal_bytes(conversation_in(asked), "The question is too long.");
    CHECK(refused == asked + "\n--- llmzero: no answer, 1 line ---\nThe question is too long.\n" + closing);
    CHECK(conversation_in(refused).question.empty());
    CHECK(conversation_in(refused).turns.empty());
    CHECK(conversation_in(refused + "Short").question == "Short");
    CHECK(conversation_in(refused + "Short").turns.empty());
}
