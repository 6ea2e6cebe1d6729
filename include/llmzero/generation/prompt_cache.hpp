// The state of a session after a fixed prefix (a system turn, say), saved and taken up again: the next run does not
// evaluate those tokens, and goes on with the same bits. Keyed by model, type of the KV cache, and tokens.
//
// Example:
//     auto model = llmzero::load("model.gguf").value();
//     auto session = llmzero::session::create(model, {.context = 512}).value();
//     const auto prompt = model.text().encode("A long introduction, the same in every run. And a question?").value();
//     const auto kept = llmzero::prompt_cache::load(session, prompt.span(), "prompt.cache"); // no file: no harm
//     session.keep_common(prompt.span());
//     auto done = session.generate(prompt.span().subspan(session.position()), {.max_tokens = 64}, nullptr);
//     if (!kept || *kept < prompt.size()) {
//         auto saved = llmzero::prompt_cache::save(session, static_cast<std::uint32_t>(prompt.size()), "prompt.cache");
//     }
//
// A file may be made on one machine and used on another, say on a PC for a small board: what follows then is as good,
// but not always the same to the bit, since instruction sets round differently.
//
//     0   "llmzstat"                       16  u64 fingerprint of the model
//     8   u32 0x01020304, byte order       24  u32 kv_type
//     12  u32 version, 1                   28  u32 n
//     32  i32 tokens[n], then the state of these positions (kv_cache.hpp), then u64 checksum of all before it
//
// Nothing of a file is believed: sizes must agree, the checksum is verified before anything is taken up, tokens must be
// of the vocabulary, numbers finite. Size: 4 bytes a token and saved_bytes(1) of the KV cache, for SmolLM2-135M
// 46 KB (f32) or 12 KB (q8).
#pragma once

#include <llmzero/base/checksum.hpp>
#include <llmzero/base/heap_array.hpp>
#include <llmzero/generation/session.hpp>
#include <llmzero/storage/file.hpp>
#include <llmzero/storage/replacement_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace llmzero::inline LLMZERO_ABI {

class prompt_cache {
public:
    // Takes up what the file and `text` have in common from the first token on, at most the session's context, and
    // returns how many tokens that is. What the session held before is forgotten, with an error too.
    //
    // Errors: io; malformed (damaged, or no such file at all); unsupported (of another model, another type of KV cache,
    // another version or byte order, or the session's model has an encoder); out_of_memory.
    [[nodiscard]] static result<std::uint32_t> load(session & into, std::span<const token_id> text,
                                                    const byte_source & from) {
        into.rewind();
        LLMZERO_ASSIGN(kv_cache * cache, cache_of(into));
        LLMZERO_ASSIGN(const file_header header, read_header(into, *cache, from));
        LLMZERO_CHECK(verify_checksum(from));
        LLMZERO_ASSIGN(const std::uint32_t common, count_common(into, header.n_tokens, text, from));
        LLMZERO_CHECK(cache->restore(common, header.n_tokens, from,
                                     sizeof(file_header) + std::uint64_t{header.n_tokens} * sizeof(token_id)));
        for (const token_id token : text.first(common)) {
            into.tokens_.push_back_unchecked(token);
        }
        into.position_ = common;
        return common;
    }

    [[nodiscard]] static result<std::uint32_t> load(session & into, std::span<const token_id> text, const char * path) {
        into.rewind();
        // Read, not mapped: another program may cut the file.
        LLMZERO_ASSIGN(const auto file, file_source::open(path, load_mode::read));
        auto loaded = load(into, text, file);
        if (!loaded) {
            return loaded.error().in(path);
        }
        return loaded;
    }

    // Saves the state after the first `n_tokens`, of which there must be at least one and at most position().
    // Errors: bad_argument, unsupported (a model with an encoder), and those of `out`.
    [[nodiscard]] static status save(session & from, std::uint32_t n_tokens, state_sink out) {
        LLMZERO_ASSIGN(const kv_cache * cache, cache_of(from));
        if (n_tokens < 1 || n_tokens > from.position()) {
            return error(error_code::bad_argument, "the state of %lu tokens is to be saved, expected 1 to %lu",
                         static_cast<unsigned long>(n_tokens), static_cast<unsigned long>(from.position()));
        }
        checksum sum;
        const auto write = [&](std::span<const std::byte> bytes) -> status {
            sum.add(bytes);
            return out(bytes);
        };
        file_header header;
        header.fingerprint = from.model().fingerprint();
        header.kv = static_cast<std::uint32_t>(from.options_.kv);
        header.n_tokens = n_tokens;
        LLMZERO_CHECK(write(std::as_bytes(std::span(&header, 1))));
        LLMZERO_CHECK(write(std::as_bytes(from.tokens().first(n_tokens))));
        LLMZERO_CHECK(cache->save(n_tokens, write));
        const std::uint64_t value = sum.value();
        return out(std::as_bytes(std::span(&value, 1)));
    }

    // The same to a file, which is replaced as a whole or not at all, a power cut included.
    [[nodiscard]] static status save(session & from, std::uint32_t n_tokens, const char * path) {
        LLMZERO_CHECK(cache_of(from)); // before a file is touched
        LLMZERO_ASSIGN(replacement_file file, replacement_file::create(path));
        LLMZERO_CHECK(save(from, n_tokens, [&](std::span<const std::byte> bytes) { return file.write(bytes); }));
        return file.commit();
    }

private:
    struct file_header {
        char magic[8] = {'l', 'l', 'm', 'z', 's', 't', 'a', 't'};
        std::uint32_t byte_order = 0x01020304;
        std::uint32_t version = 1;
        std::uint64_t fingerprint = 0;
        std::uint32_t kv = 0;
        std::uint32_t n_tokens = 0;
    };
    static_assert(sizeof(file_header) == 32);

    [[nodiscard]] static result<kv_cache *> cache_of(session & of) {
        kv_cache * cache = of.state_->cache();
        if (cache == nullptr) {
            return error(error_code::unsupported, "the state of this model cannot be saved: it has an encoder, which "
                                                  "reads every text anew");
        }
        return cache;
    }

    // A header that fits the session, of a file that is as long as it must be.
    [[nodiscard]] static result<file_header> read_header(const session & into, const kv_cache & cache,
                                                         const byte_source & from) {
        constexpr std::uint64_t around_state = sizeof(file_header) + sizeof(std::uint64_t);
        if (from.size() < around_state) {
            return error(error_code::malformed, "a prompt cache of %llu bytes, expected at least %llu",
                         detail::printable(from.size()), detail::printable(around_state));
        }
        file_header header;
        LLMZERO_CHECK(from.read(0, std::as_writable_bytes(std::span(&header, 1))));
        const file_header expected;
        if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0) {
            return error(error_code::malformed, "this is no prompt cache: it begins with %s, expected 'llmzstat'",
                         quoted({header.magic, sizeof header.magic}).c_str());
        }
        if (header.byte_order != expected.byte_order) {
            return error(error_code::unsupported, "a prompt cache from a machine with another byte order");
        }
        if (header.version != expected.version) {
            return error(error_code::unsupported, "a prompt cache of version %lu, expected %lu",
                         static_cast<unsigned long>(header.version), static_cast<unsigned long>(expected.version));
        }
        if (header.fingerprint != into.model().fingerprint()) {
            return error(error_code::unsupported, "a prompt cache of another model");
        }
        if (header.kv != static_cast<std::uint32_t>(into.options_.kv)) {
            return error(error_code::unsupported, "a prompt cache with another type of key-value cache, expected %s",
                         name_of(into.options_.kv));
        }
        const std::uint64_t token_bytes = sizeof(token_id) + cache.saved_bytes(1);
        const std::uint64_t n_tokens = (from.size() - around_state) / token_bytes;
        if (header.n_tokens < 1 || header.n_tokens != n_tokens ||
            from.size() != around_state + n_tokens * token_bytes) {
            return error(error_code::malformed,
                         "a prompt cache of %lu tokens has %llu bytes, expected %llu for each and %llu more",
                         static_cast<unsigned long>(header.n_tokens), detail::printable(from.size()),
                         detail::printable(token_bytes), detail::printable(around_state));
        }
        return header;
    }

    [[nodiscard]] static status verify_checksum(const byte_source & from) {
        constexpr std::size_t chunk_bytes = 65536;
        LLMZERO_ASSIGN(auto buffer, heap_array<std::byte>::create(chunk_bytes));
        const std::uint64_t summed_bytes = from.size() - sizeof(std::uint64_t);
        checksum sum;
        for (std::uint64_t done = 0; done < summed_bytes;) {
            const auto part = buffer.span().first(
                static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, summed_bytes - done)));
            LLMZERO_CHECK(from.read(done, part));
            sum.add(part);
            done += part.size();
        }
        std::uint64_t stored = 0;
        LLMZERO_CHECK(from.read(summed_bytes, std::as_writable_bytes(std::span(&stored, 1))));
        if (stored != sum.value()) {
            return error(error_code::malformed, "a prompt cache is damaged: its checksum is %016llx, expected %016llx",
                         detail::printable(sum.value()), detail::printable(stored));
        }
        return success();
    }

    // How many tokens the file has in common with `text`, and that it has tokens only.
    [[nodiscard]] static result<std::uint32_t> count_common(const session & into, std::uint32_t n_tokens,
                                                            std::span<const token_id> text, const byte_source & from) {
        const std::size_t most = std::min<std::size_t>({n_tokens, text.size(), into.context()});
        std::uint32_t common = 0;
        token_id tokens[256];
        for (std::uint32_t done = 0; done < n_tokens;) {
            const auto part = std::span(tokens).first(std::min<std::size_t>(std::size(tokens), n_tokens - done));
            LLMZERO_CHECK(
                from.read(sizeof(file_header) + std::uint64_t{done} * sizeof(token_id), std::as_writable_bytes(part)));
            for (const token_id token : part) {
                if (!into.model().text().vocab().contains(token)) {
                    return error(error_code::malformed, "a prompt cache holds the token %ld at %lu, expected 0 to %zu",
                                 static_cast<long>(token), static_cast<unsigned long>(done),
                                 into.model().text().vocab().size() - 1);
                }
                common += common == done && common < most && token == text[common] ? 1u : 0u;
                ++done;
            }
        }
        return common;
    }
};

} // namespace llmzero::inline LLMZERO_ABI
