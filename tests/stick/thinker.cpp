#include "stick/thinker.hpp"

#include "support/tiny_llama.hpp"
#include "support/tiny_t5.hpp"
#include "temporary_folder.hpp"

#include <cstring>
#include <doctest/doctest.h>
#include <filesystem>
#include <string>
#include <vector>

namespace {

// `name` has four letters.
std::vector<std::byte> a_model_file(std::uint64_t seed, std::string_view name) {
    std::vector<std::byte> file = support::tiny_llama({.context = 128, .seed = seed}).file();
    const std::string_view content(reinterpret_cast<const char *>(file.data()), file.size());
    const std::size_t at = content.find("tiny", content.find("general.name"));
    REQUIRE(at != content.npos);
    std::memcpy(file.data() + at, name.data(), 4);
    return file;
}

std::string as_string(const std::vector<std::byte> & bytes) {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

stick::settings greedy(std::uint32_t max_tokens = 6) {
    stick::settings s;
    s.max_tokens = max_tokens;
    s.temperature = 0;
    return s;
}

bool always(const stick::thinking &) {
    return true;
}

} // namespace

TEST_CASE("thinker: answers with the built-in model, and again the same") {
    const auto file = a_model_file(7, "tiny");
    stick::thinker t({.built_in = file});
    REQUIRE(t.prepare({}));
    CHECK(t.model_name() == "tiny");
    CHECK(t.model_note().empty());
    CHECK(t.models() == std::vector<std::string>{"built-in"});
    std::size_t last_read = 0;
    std::size_t last_written = 0;
    const auto first = t.answer({}, "abc", greedy(), [&](const stick::thinking & state) {
        CHECK(state.n_read <= state.n_to_read);
        last_read = state.n_read;
        last_written = state.n_written;
        return true;
    });
    REQUIRE(first);
    CHECK(first->facts.model == "tiny");
    CHECK(first->facts.n_tokens <= 6);
    CHECK(last_read > 0);
    CHECK(last_written > 0);
    CHECK(t.answer({}, "abc", greedy(), always)->text == first->text);
    stick::settings free = greedy(20);
    free.temperature = 2;
    free.seed = 3;
    const std::string once = t.answer({}, "abc", free, always)->text;
    CHECK(t.answer({}, "abc", free, always)->text == once);
    CHECK(t.answer({}, "abc", greedy(1), always)->facts.is_cut);
}

TEST_CASE("thinker: what a conversation has in common with the last one is not read again") {
    const auto file = a_model_file(7, "tiny");
    stick::thinker t({.built_in = file});
    REQUIRE(t.prepare({}));
    const auto first = t.answer({}, "abcabc", greedy(), always);
    REQUIRE(first);
    CHECK(t.n_kept() == 0);
    const std::vector<stick::turn> turns = {{"abcabc", first->text}};
    REQUIRE(t.answer(turns, "de", greedy(), always));
    CHECK(t.n_kept() >= 7); // a begin token, and the question
    const std::vector<stick::turn> other = {{"zz", "yy"}};
    REQUIRE(t.answer(other, "de", greedy(), always));
    CHECK(t.n_kept() <= 2);
}

TEST_CASE("thinker: can be stopped at any time") {
    const auto file = a_model_file(7, "tiny");
    stick::thinker t({.built_in = file});
    REQUIRE(t.prepare({}));
    int n_calls = 0;
    const auto whole = t.answer({}, "abc", greedy(), [&](const stick::thinking &) { return ++n_calls > 0; });
    REQUIRE(whole);
    for (int n = 0; n < n_calls; ++n) {
        int left = n;
        const auto stopped = t.answer({}, "abc", greedy(), [&](const stick::thinking &) { return left-- > 0; });
        REQUIRE_FALSE(stopped);
        CHECK(stopped.error().code() == llmzero::error_code::cancelled);
    }
    CHECK(t.answer({}, "abc", greedy(), always)->text == whole->text);
}

TEST_CASE("thinker: a model that is chosen, missing, broken, and there again") {
    const support::temporary_folder folder;
    const auto built_in = a_model_file(7, "tiny");
    folder.save("a.gguf", as_string(a_model_file(8, "else")));
    folder.save("broken.GGUF", "GGUFnonsense");
    folder.save("c.txt", "");
    folder.save("._a.gguf", "");
    stick::thinker t({.built_in = built_in, .models_folder = folder.path});
    CHECK(t.models() == std::vector<std::string>{"built-in", "a.gguf", "broken.GGUF"});
    stick::settings chosen;
    chosen.model = "a.gguf";
    CHECK(t.prepare(chosen));
    CHECK(t.model_name() == "else");
    CHECK(t.model_note().empty());
    chosen.model = "broken.GGUF";
    CHECK(t.prepare(chosen));
    CHECK(t.model_name() == "tiny");
    CHECK(t.model_note().find("broken.GGUF cannot be used: ") == 0);
    CHECK(t.prepare(chosen));
    folder.save("broken.GGUF", as_string(a_model_file(9, "sane")));
    CHECK(t.prepare(chosen));
    CHECK(t.model_name() == "sane");
    CHECK(t.model_note().empty());
    std::filesystem::remove(folder.path + "/broken.GGUF");
    CHECK(t.prepare(chosen));
    CHECK(t.model_name() == "tiny");
    chosen.model = "built-in";
    CHECK(t.prepare(chosen));
    CHECK(t.model_note().empty());
    CHECK(t.answer({}, "abc", greedy(), always));
}

TEST_CASE("thinker: without any model, and without memory for one") {
    stick::thinker none({});
    CHECK_FALSE(none.prepare({}));
    CHECK(none.model_name().empty());
    CHECK_FALSE(none.model_note().empty());
    CHECK_FALSE(none.answer({}, "abc", greedy(), always));
    const support::temporary_folder folder;
    stick::thinker missing({.model = folder.path + "/none.gguf"});
    CHECK_FALSE(missing.prepare({}));
    CHECK(missing.model_note().find("none.gguf cannot be used") == 0);
    folder.save("none.gguf", as_string(a_model_file(8, "here")));
    CHECK(missing.prepare({}));
    CHECK(missing.model_name() == "here");
    const auto file = a_model_file(7, "tiny");
    stick::thinker poor({.built_in = file, .memory = 1000});
    CHECK_FALSE(poor.prepare({}));
    CHECK_FALSE(poor.model_note().empty());
}

TEST_CASE("thinker: a question that is too long") {
    const auto file = a_model_file(7, "tiny");
    stick::thinker t({.built_in = file});
    REQUIRE(t.prepare({}));
    const auto refused = t.answer({}, std::string(500, 'a'), greedy(), always);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == llmzero::error_code::context_full);
}

TEST_CASE("thinker: a model with an encoder") {
    const auto file = support::tiny_t5({.seed = 3}).file();
    stick::thinker t({.built_in = file});
    REQUIRE(t.prepare({}));
    const std::vector<stick::turn> turns = {{"ab", "cd"}};
    CHECK(t.answer(turns, "abc", greedy(), always));
}
