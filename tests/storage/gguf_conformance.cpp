// The malformed and the odd but valid files of the conformance data, as far as they can be told apart without knowing
// the architecture; what is wrong with the others is the model loader's to find.
#include <llmzero/storage/file.hpp>
#include <llmzero/storage/gguf.hpp>

#include "gguf_bytes.hpp"
#include "support/conformance.hpp"
#include "support/failing_allocator.hpp"
#include "support/read_file.hpp"

#include <doctest/doctest.h>
#include <map>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

struct bad_file {
    std::string file, what, must, group;
};

// One JSON object a line, strings without escapes.
std::vector<bad_file> read_index(const std::string & folder) {
    const std::string index = support::read_file(folder + "/INDEX.json");
    const auto field = [](const std::string & line, const std::string & name) {
        const std::string start = "\"" + name + "\": \"";
        const std::size_t at = line.find(start);
        if (at == std::string::npos) {
            return std::string();
        }
        return line.substr(at + start.size(), line.find('"', at + start.size()) - at - start.size());
    };
    std::vector<bad_file> files;
    for (std::size_t at = 0; at < index.size();) {
        const std::size_t end = std::min(index.find('\n', at), index.size());
        const std::string line = index.substr(at, end - at);
        at = end + 1;
        if (line.find("\"file\": ") != std::string::npos) {
            files.push_back({field(line, "file"), field(line, "what"), field(line, "must"), field(line, "group")});
        }
    }
    return files;
}

// Whether it is the container, and not the model in it, that is wrong.
bool is_container_fault(const bad_file & bad) {
    const bool in_group = bad.group == "header" || bad.group == "truncation" || bad.group == "strings" ||
                          bad.group == "arrays" || bad.group == "keys" || bad.group == "types" ||
                          bad.group == "alignment" || bad.group == "tensors";
    return bad.must == "reject" && in_group && bad.file != "tensor-type-i32-matrix.gguf";
}

TEST_CASE("gguf: the conformance files are accepted and refused as they must be") {
    const std::string folder = support::conformance_dir("gguf conformance");
    if (folder.empty()) {
        return;
    }
    const std::vector<bad_file> files = read_index(folder + "/bad");
    CHECK(files.size() == 200);
    int n_refused = 0;
    int n_accepted = 0;
    for (const bad_file & bad : files) {
        CAPTURE(bad.file);
        CAPTURE(bad.what);
        const std::string path = folder + "/bad/" + bad.file;
        const std::string bytes = support::read_file(path);
        const std::int64_t live_before = support::live_allocations();
        std::string messages[2];
        for (const load_mode mode : {load_mode::map, load_mode::read}) {
            auto source = file_source::open(path.c_str(), mode);
            REQUIRE(source);
            CHECK(source->size() == bytes.size());
            const auto file = gguf_file::open(*source);
            std::string & message = messages[mode == load_mode::map ? 0 : 1];
            message = file ? "" : file.error().message();
            CAPTURE(message);
            if (is_container_fault(bad)) {
                CHECK_FALSE(file);
                CHECK(message.find("offset ") != std::string::npos);
                CHECK(message.find('?') == std::string::npos); // no byte of these files needs to be replaced
            } else {
                CHECK(file);
            }
        }
        CHECK(messages[0] == messages[1]);
        CHECK(support::live_allocations() <= live_before + 2); // the messages
        ++(messages[0].empty() ? n_accepted : n_refused);
    }
    CHECK(n_refused == 84);
    CHECK(n_accepted == 116);
}

TEST_CASE("gguf: the sentences about the conformance files name the key or tensor") {
    const std::string folder = support::conformance_dir("gguf conformance");
    if (folder.empty()) {
        return;
    }
    const std::map<std::string, std::string> expected = {
        {"version-1.gguf", "version 1, an early draft"},
        {"version-byteswapped.gguf", "big-endian"},
        {"magic-ggml.gguf", "before GGUF"},
        {"key-duplicate.gguf", "key '"},
        {"array-nested.gguf", "key '"},
        {"array-count-2e63.gguf", "array of 9223372036854775808"},
        {"bool-2.gguf", "holds the bool 2"},
        {"alignment-3.gguf", "'general.alignment' is 3"},
        {"alignment-string.gguf", "'general.alignment' is of type string"},
        {"n_dims-5.gguf", "has 5 dimensions"},
        {"dim-2e32-2e32.gguf", "(4294967296, 4294967296, 1, 1)"},
        {"row-not-multiple-of-block.gguf", "rows of 33"},
        {"tensor-type-removed-q4_2.gguf", "the type 4"},
        {"offset-unaligned.gguf", "expected a multiple of 32"},
        {"offset-overlap.gguf", "expected at least"},
        {"offset-2e32.gguf", "beyond the file"},
        {"last-tensor-past-end.gguf", "'blk.0.ffn_down.weight'"},
        {"tensor-duplicate.gguf", "two tensors have the name '"},
        {"tensor-name-80.gguf", "80 bytes, expected at most 64"},
    };
    for (const auto & pair : expected) {
        const std::string & name = pair.first;
        const std::string & part = pair.second;
        CAPTURE(name);
        const std::string bytes = support::read_file(folder + "/bad/" + name);
        const memory_source source(support::bytes_of(bytes));
        const auto file = gguf_file::open(source);
        REQUIRE_FALSE(file);
        CAPTURE(file.error().message());
        CHECK(std::string_view(file.error().message()).find(part) != std::string_view::npos);
    }
}

TEST_CASE("gguf: a file cut at any byte is refused") {
    const std::string folder = support::conformance_dir("gguf prefixes");
    if (folder.empty()) {
        return;
    }
    const std::string bytes = support::read_file(folder + "/bad/ok-llama-f32.gguf");
    REQUIRE(bytes.size() == 2592);
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        CAPTURE(length);
        const std::string cut = bytes.substr(0, length); // a copy of its own: reading beyond it would be seen
        const memory_source mapped(support::bytes_of(cut));
        const support::reading_source not_mapped(cut);
        const auto first = gguf_file::open(mapped);
        const auto second = gguf_file::open(not_mapped);
        REQUIRE(first.has_value() == (length == bytes.size()));
        REQUIRE(second.has_value() == first.has_value());
        if (!first) {
            CHECK(first.error().code() == error_code::malformed);
            CHECK(std::string_view(first.error().message()) == second.error().message());
            CHECK(std::string_view(first.error().message()).find("offset ") != std::string_view::npos);
        }
    }
}

} // namespace
