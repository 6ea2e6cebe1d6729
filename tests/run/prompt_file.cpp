#include "run/prompt_file.hpp"

#include "support/read_file.hpp"
#include "support/tiny_llama.hpp"
#include "support/tiny_t5.hpp"

#include <cstdlib>
#include <doctest/doctest.h>
#include <unistd.h>

namespace {

using llmzero::token_id;

llmzero::session a_session(const std::vector<std::byte> & file) {
    const auto model = llmzero::load(file);
    REQUIRE(model);
    auto made = llmzero::session::create(*model);
    REQUIRE(made);
    return std::move(*made);
}

} // namespace

TEST_CASE("prompt file: kept where it lacks what is worth keeping, and only then") {
    char folder[] = "/tmp/llmzero-prompt-XXXXXX";
    REQUIRE(mkdtemp(folder) != nullptr);
    const std::string path = std::string(folder) + "/cache";
    const std::vector<std::byte> file = support::tiny_llama({.seed = 7}).file();
    const std::vector<token_id> text = {1, 5, 9, 30, 12, 7};
    // Kept tokens, with the first `n_fixed` worth keeping.
    const auto run_once = [&](std::span<const token_id> tokens, std::size_t n_fixed) {
        llmzero::session s = a_session(file);
        run::prompt_file cache(path);
        cache.load(s, tokens, n_fixed);
        const std::uint32_t kept = s.keep_common(tokens);
        REQUIRE(s.prefill(tokens.subspan(kept)));
        cache.save(s);
        cache.save(s);
        return kept;
    };
    CHECK(run_once(text, 4) == 0);
    const std::string first = support::read_file(path);
    CHECK_FALSE(first.empty());
    CHECK(run_once(text, 4) == 4);
    CHECK(support::read_file(path) == first);
    CHECK(run_once(text, 6) == 4);
    CHECK(support::read_file(path).size() > first.size());
    CHECK(run_once(text, 6) == 5);
    const std::vector<token_id> other = {1, 5, 8};
    CHECK(run_once(other, 2) == 2);
    CHECK(run_once(text, 6) == 5); // the file was left alone
    CHECK(run_once(other, 3) == 2);
    CHECK(run_once(text, 6) == 2); // it was replaced, and is again
    unlink(path.c_str());
    CHECK(rmdir(folder) == 0);
}

TEST_CASE("prompt file: none without a name, none with an encoder") {
    llmzero::session s = a_session(support::tiny_t5({.seed = 3}).file());
    const std::vector<token_id> text = {5, 9, 2};
    run::prompt_file cache("/tmp/llmzero-no-such-cache");
    cache.load(s, text, 3);
    REQUIRE(s.prefill(text));
    cache.save(s);
    CHECK(access("/tmp/llmzero-no-such-cache", F_OK) != 0);
    run::prompt_file none("");
    llmzero::session plain = a_session(support::tiny_llama({.seed = 7}).file());
    none.load(plain, text, 3);
    REQUIRE(plain.prefill(text));
    none.save(plain);
    CHECK(plain.position() == 3);
}
