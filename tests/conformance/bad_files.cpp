// 200 small files, malformed or odd but valid: each is refused with a sentence that helps, or loaded and run, and none
// makes the library crash, read outside the data, or take memory that a file of its size cannot need.
#include <llmzero/llmzero.hpp>

#include "bad_messages.hpp"
#include "golden.hpp"
#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/metrics.hpp"
#include "support/read_file.hpp"

#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

// The header is copied in pieces of this size when the file is not mapped; everything else a file of 8 KB can ask for
// is smaller.
constexpr std::size_t largest_allowed = std::size_t{256} << 10;

// In memory of exactly its size, so that a sanitizer sees any access beyond its end.
struct exact_copy {
    explicit exact_copy(const std::string & content)
        : size(content.size()), bytes(std::make_unique<std::byte[]>(content.size())) {
        std::copy(content.begin(), content.end(), reinterpret_cast<char *>(bytes.get()));
    }
    [[nodiscard]] std::span<const std::byte> span() const { return {bytes.get(), size}; }
    std::size_t size;
    std::unique_ptr<std::byte[]> bytes;
};

struct verdict {
    bool accepted = false;
    llmzero::error_code code = llmzero::error_code::io;
    std::string message;
    std::size_t largest = 0;
};

// Loads, and if that works tokenises a text and runs it.
template <class Load>
verdict try_file(const Load & load, std::string_view text, std::vector<llmzero::token_id> * ids,
                 std::vector<float> * logits) {
    verdict made;
    support::forget_largest_request();
    const auto model = load();
    made.largest = support::largest_request();
    made.accepted = model.has_value();
    if (!made.accepted) {
        made.code = model.error().code();
        made.message = model.error().message();
        return made;
    }
    const auto encoded = model->text().encode(text, {.add_special = true, .parse_special = true});
    REQUIRE_MESSAGE(encoded.has_value(), encoded.error().message());
    auto session = llmzero::session::create(*model);
    REQUIRE_MESSAGE(session.has_value(), session.error().message());
    if (!encoded->empty()) {
        const auto prefilled = session->prefill(encoded->span());
        REQUIRE_MESSAGE(prefilled.has_value(), prefilled.error().message());
        if (ids != nullptr) {
            ids->assign(encoded->begin(), encoded->end());
            logits->assign(session->logits().begin(), session->logits().end());
        }
        // Safe files may hold NaN weights: what comes out does not matter, only that it does.
        const auto decoded = session->decode(encoded->span().back());
        REQUIRE_MESSAGE(decoded.has_value(), decoded.error().message());
    }
    return made;
}

// By every way a file can come in; they must agree.
verdict try_all_ways(const std::string & path, std::string_view text, std::vector<llmzero::token_id> * ids = nullptr,
                     std::vector<float> * logits = nullptr) {
    const exact_copy copy(support::read_file(path));
    const verdict from_memory = try_file([&] { return llmzero::load(copy.span()); }, text, ids, logits);
    CHECK(from_memory.largest <= largest_allowed);
    for (const llmzero::load_mode mode : {llmzero::load_mode::automatic, llmzero::load_mode::read}) {
        llmzero::load_options options;
        options.mode = mode;
        std::vector<llmzero::token_id> file_ids;
        std::vector<float> file_logits;
        const verdict from_file =
            try_file([&] { return llmzero::load(path.c_str(), options); }, text, &file_ids, &file_logits);
        CHECK(from_file.accepted == from_memory.accepted);
        CHECK(from_file.code == from_memory.code);
        CHECK(from_file.message.ends_with(from_memory.message)); // the path may stand in front
        CHECK(from_file.largest <= largest_allowed);
        if (logits != nullptr) {
            CHECK(file_ids == *ids);
            CHECK(file_logits == *logits);
        }
    }
    return from_memory;
}

// "... (at offset 1275)"
bool points_to_offset(std::string_view message) {
    constexpr std::string_view mark = "at offset ";
    const std::size_t at = message.rfind(mark);
    return at != std::string_view::npos && at + mark.size() < message.size() &&
           std::string_view("0123456789").find(message[at + mark.size()]) != std::string_view::npos;
}

void check_message(const verdict & found, const conformance::bad_message & expected) {
    const bool is_about_the_file =
        found.code == llmzero::error_code::malformed || found.code == llmzero::error_code::unsupported;
    CHECK(is_about_the_file);
    CHECK(found.message.find(expected.names) != std::string::npos);
    CHECK(found.message.find(expected.found) != std::string::npos);
    if (expected.where == conformance::place::offset) {
        CHECK(points_to_offset(found.message));
    }
    CHECK(found.message.size() + 1 < llmzero::error::max_message_bytes); // nothing was cut
    CHECK(std::all_of(found.message.begin(), found.message.end(), [](char c) { return c >= ' ' && c <= '~'; }));
}

// Calls test(file) for every file of the index with this verdict; returns their number.
template <class Test> std::size_t for_each_bad_file(const char * name, std::string_view must, const Test & test) {
    const std::string folder = support::conformance_dir(name);
    std::size_t count = 0;
    if (!folder.empty()) {
        for (const golden::bad_file & file : golden::load_bad_files(folder)) {
            if (file.must == must) {
                CAPTURE(file.file);
                CAPTURE(file.what);
                test(file, folder + "/bad/" + file.file);
                ++count;
            }
        }
    }
    return count;
}

bool is_absent() {
    return support::conformance_dir().empty();
}

} // namespace

TEST_CASE("bad files: rejected, with a sentence that says what and where") {
    const std::size_t count =
        for_each_bad_file("files to be refused", "reject", [](const golden::bad_file & file, const std::string & path) {
            const verdict found = try_all_ways(path, "ab a A");
            CAPTURE(found.message);
            REQUIRE_FALSE(found.accepted);
            const auto entry = std::find_if(std::begin(conformance::bad_messages), std::end(conformance::bad_messages),
                                            [&](const auto & e) { return std::string(e.file) + ".gguf" == file.file; });
            REQUIRE(entry != std::end(conformance::bad_messages));
            check_message(found, *entry);
        });
    CHECK((count == 170 || is_absent()));
}

TEST_CASE("bad files: odd but valid ones load and compute") {
    const std::size_t count = for_each_bad_file(
        "files to be accepted", "accept", [](const golden::bad_file & file, const std::string & path) {
            std::vector<llmzero::token_id> ids;
            std::vector<float> logits;
            const verdict found = try_all_ways(path, file.text, &ids, &logits);
            CAPTURE(found.message);
            REQUIRE(found.accepted);
            CHECK(ids == file.ids);
            REQUIRE(logits.size() == file.last_logits.size());
            support::comparison row;
            row.add(file.last_logits, logits);
            // Six digits are on record; activations of Q4_0 matrices are rounded to 8 bits.
            CHECK(row.nmse() <= (file.file == "ok-llama-q4_0.gguf" ? 1e-3 : 1e-10));
        });
    CHECK((count == 22 || is_absent()));
}

TEST_CASE("bad files: doubtful ones do no harm") {
    const std::size_t count =
        for_each_bad_file("doubtful files", "safe", [](const golden::bad_file &, const std::string & path) {
            const verdict found = try_all_ways(path, "ab a A");
            CAPTURE(found.message);
            CHECK((found.accepted || !found.message.empty()));
        });
    CHECK((count == 8 || is_absent()));
}
