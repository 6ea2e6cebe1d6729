// The bytes of a precompiled charsmap (llmzero/tokenizer/charsmap.hpp) with given keys and replacements, and the parts
// of damaged ones.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace support {

inline std::string little_endian(std::uint32_t value) {
    std::string bytes;
    for (int i = 0; i < 4; ++i) {
        bytes += static_cast<char>(value >> (8 * i) & 0xff);
    }
    return bytes;
}

inline std::string charsmap_bytes(const std::vector<std::uint32_t> & trie, const std::string & replacements) {
    std::string bytes = little_endian(static_cast<std::uint32_t>(4 * trie.size()));
    for (const std::uint32_t element : trie) {
        bytes += little_endian(element);
    }
    return bytes + replacements;
}

// The elements for the keys; wasteful, for each node has 256 places for its children. Values are the places of the
// replacements in the order of the keys.
inline std::vector<std::uint32_t> charsmap_trie(const std::map<std::string, std::string> & entries) {
    constexpr std::uint32_t block = 256;
    // Where the node of each prefix stands, and where its children do.
    std::map<std::string, std::uint32_t> children = {{"", block}};
    std::vector<std::uint32_t> trie(2 * block, 0);
    trie[0] = block << 10;
    std::uint32_t value = 0;
    for (const auto & [key, replacement] : entries) {
        std::uint32_t node = 0;
        for (std::size_t n = 1; n <= key.size(); ++n) {
            const std::string prefix = key.substr(0, n);
            const auto byte = static_cast<std::uint32_t>(static_cast<unsigned char>(key[n - 1]));
            node = children[key.substr(0, n - 1)] ^ byte;
            if (children.count(prefix) == 0) {
                children[prefix] = static_cast<std::uint32_t>(trie.size());
                trie.resize(trie.size() + block, 0);
                const std::uint32_t offset = node ^ children[prefix];
                trie[node] = offset << 10 | byte;
            }
        }
        trie[node] |= 1 << 8;
        trie[children[key]] = std::uint32_t{1} << 31 | value;
        value += static_cast<std::uint32_t>(replacement.size()) + 1;
    }
    return trie;
}

inline std::string charsmap_of(const std::map<std::string, std::string> & entries) {
    std::string replacements;
    for (const auto & [key, replacement] : entries) {
        replacements += replacement + '\0';
    }
    return charsmap_bytes(charsmap_trie(entries), replacements.empty() ? std::string(1, '\0') : replacements);
}

// As the elements of an array of u8.
inline std::vector<std::uint8_t> as_u8(const std::string & bytes) {
    return {bytes.begin(), bytes.end()};
}

} // namespace support
