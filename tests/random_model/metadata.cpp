#include "random_model/metadata.hpp"

#include <llmzero/storage/gguf.hpp>
#include <llmzero/tokenizer/tokenizer.hpp>

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

TEST_CASE("random metadata: the vocabulary has the right size, and any text can be encoded with it") {
    for (random_model::model_shape shape : random_model::shapes) {
        CAPTURE(shape.name);
        shape.n_vocab = 1000;
        gguf_writer writer;
        REQUIRE(random_model::add_metadata(writer, shape));
        std::vector<std::byte> bytes;
        REQUIRE(writer.write(
            [&bytes](std::span<const std::byte> more) {
                bytes.insert(bytes.end(), more.begin(), more.end());
                return success();
            },
            [](std::size_t, gguf_sink) { return success(); }));
        const memory_source source(bytes);
        const auto file = gguf_file::open(source);
        REQUIRE_MESSAGE(file.has_value(), file.error().message());
        const std::string name = file->get<std::string_view>("general.name").value() == "" ? "" : shape.name;
        CHECK(file->get<std::string_view>("general.name").value() == name + " (random weights)");
        const auto text = tokenizer::create(*file);
        REQUIRE_MESSAGE(text.has_value(), text.error().message());
        CHECK(text->vocab().size() == 1000);
        const auto ids = text->encode("A text, with \xc3\xa4.");
        REQUIRE(ids.has_value());
        CHECK(ids->size() > 1);
    }
}
