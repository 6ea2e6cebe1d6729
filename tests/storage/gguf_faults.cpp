// What happens when reads fail, files shrink and memory runs out while a file is opened and used.
#include <llmzero/storage/gguf.hpp>
#include <llmzero/storage/gguf_writer.hpp>

#include "gguf_bytes.hpp"
#include "support/failing_allocator.hpp"

#include <doctest/doctest.h>
#include <string>
#include <vector>

using namespace llmzero;

namespace {

// Large enough for several reads of the header.
std::string large_file() {
    support::raw_gguf file;
    std::string strings;
    for (int i = 0; i < 60000; ++i) {
        strings += support::text("token number " + std::to_string(i));
    }
    file.entries = {
        support::entry("name", gguf_type::string, support::text("large")),
        support::entry("tokens", gguf_type::array, support::array_of(gguf_type::string, 60000, strings)),
    };
    for (std::uint64_t i = 0; i < 100; ++i) {
        file.tensors.push_back({"tensor." + std::to_string(i), {8}, 0, i * 32});
    }
    file.data = std::string(3200, 'd');
    return file.bytes();
}

status open_and_use(const byte_source & source) {
    LLMZERO_ASSIGN(const gguf_file file, gguf_file::open(source));
    LLMZERO_ASSIGN(const auto tokens, file.get_array("tokens", gguf_array_kind::strings));
    std::size_t count = 0;
    for (const std::string_view token : tokens.strings()) {
        count += token.starts_with("token number ");
    }
    CHECK(count == 60000);
    heap_array<std::byte> scratch;
    for (const gguf_tensor & tensor : file.tensors()) {
        LLMZERO_ASSIGN(const auto rows, file.rows(tensor, 0, 1, scratch));
        CHECK(rows.size() == 32);
        CHECK(rows[0] == std::byte{'d'});
    }
    return success();
}

TEST_CASE("gguf: every read may fail, once or from then on") {
    const std::string bytes = large_file();
    std::uint64_t n_reads = 0;
    {
        const support::reading_source source(bytes);
        REQUIRE(open_and_use(source));
        n_reads = source.reads;
    }
    CHECK(n_reads > 103); // the header in at least four steps, and each tensor
    for (const bool keeps_failing : {false, true}) {
        for (std::uint64_t nth = 1; nth <= n_reads + 1; ++nth) {
            CAPTURE(nth);
            const std::int64_t live_before = support::live_allocations();
            {
                support::reading_source source(bytes);
                source.fail_at = nth;
                source.keeps_failing = keeps_failing;
                const status outcome = open_and_use(source);
                REQUIRE(outcome.has_value() == (nth > n_reads));
                if (!outcome) {
                    CHECK(outcome.error().code() == error_code::io);
                    CHECK(std::string_view(outcome.error().message()) == "read " + std::to_string(nth) + " fails");
                    CHECK(source.reads == nth); // nothing is tried again behind the caller's back
                }
            }
            CHECK(support::live_allocations() == live_before);
        }
    }
}

TEST_CASE("gguf: a file that is shorter than it said is an io error, wherever it ends") {
    const std::string bytes = large_file();
    for (std::uint64_t end = 0; end < bytes.size(); end += 997) {
        CAPTURE(end);
        support::reading_source source(bytes);
        source.ends_at = end;
        const status outcome = open_and_use(source);
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().code() == error_code::io);
    }
}

TEST_CASE("gguf: running out of memory is an error, at every allocation") {
    const std::string bytes = large_file();
    SUBCASE("mapped") {
        const memory_source source(support::bytes_of(bytes));
        CHECK(support::survive_allocation_failures([&] { return open_and_use(source); }) > 10);
    }
    SUBCASE("not mapped") {
        const support::reading_source source(bytes);
        CHECK(support::survive_allocation_failures([&] { return open_and_use(source); }) > 20);
    }
}

TEST_CASE("gguf_writer: running out of memory is an error, at every allocation, and leaves the writer usable") {
    const std::vector<std::string_view> strings = {"some", "strings"};
    const std::uint64_t shape[] = {8};
    const std::vector<std::byte> data(32);
    const auto build = [&](gguf_writer & writer) -> status {
        for (const std::string_view key :
             {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"}) {
            LLMZERO_CHECK(writer.add(key, std::uint64_t{1}));
        }
        LLMZERO_CHECK(writer.add_array("strings", strings));
        for (const std::string_view name : {"t1", "t2", "t3"}) {
            LLMZERO_CHECK(writer.add_tensor(name, shape, tensor_type::f32));
        }
        const auto drop = [](std::span<const std::byte>) {
            return success();
        };
        return writer.write(drop, [&](std::size_t, gguf_sink sink) { return sink(data); });
    };
    CHECK(support::survive_allocation_failures([&] {
              gguf_writer writer;
              return build(writer);
          }) > 10);

    // Each add that failed is repeated: the file is the one that it would have been.
    const auto write_with_failures = [&](std::uint64_t every) {
        gguf_writer writer;
        const auto insist = [every](auto && attempt) {
            for (std::uint64_t nth = every == 0 ? 100 : 1; nth < 200; ++nth) {
                const support::failing_allocations failing(nth, support::failure::once);
                if (attempt()) {
                    return;
                }
            }
            FAIL("never succeeds");
        };
        for (const std::string_view key :
             {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q"}) {
            insist([&] { return writer.add(key, std::uint64_t{1}).has_value(); });
        }
        insist([&] { return writer.add_array("strings", strings).has_value(); });
        for (const std::string_view name : {"t1", "t2", "t3"}) {
            insist([&] { return writer.add_tensor(name, shape, tensor_type::f32).has_value(); });
        }
        std::string file;
        const auto keep = [&](std::span<const std::byte> bytes) {
            file += as_text(bytes);
            return success();
        };
        REQUIRE(writer.write(keep, [&](std::size_t, gguf_sink sink) { return sink(data); }));
        return file;
    };
    CHECK(write_with_failures(1) == write_with_failures(0));
}

// The largest counts that pass the first check take no more memory than a few times the file.
TEST_CASE("gguf: hostile counts do not make it take memory") {
    support::raw_gguf file;
    file.data = std::string(100000, 0);
    file.n_entries = 100000 / 14;
    const std::string many_keys = file.bytes();
    file.n_entries.reset();
    file.n_tensors = 100000 / 33;
    const std::string many_tensors = file.bytes();
    for (const std::string & bytes : {many_keys, many_tensors}) {
        const memory_source source(support::bytes_of(bytes));
        const std::uint64_t before = support::allocation_count();
        CHECK_FALSE(gguf_file::open(source));
        CHECK(support::allocation_count() - before <= 2);
    }
}

} // namespace
