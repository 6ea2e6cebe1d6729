// The conformance data for tokenizers: for each vocabulary the ids of special tokens, digests of all decoded
// tokens, and texts with the ids they must give.
#pragma once

#include <string>
#include <vector>

namespace support {

struct vocab_case {
    std::string category;
    std::string text; // any bytes
    std::vector<int> ids_plain;
    std::vector<int> ids_special; // with special tokens added and recognised
    std::string decoded;          // of ids_plain
};

struct vocab_cases {
    std::string model; // the file with the vocabulary, below the conformance folder
    std::size_t n_tokens = 0;
    int bos = -1;
    int eos = -1;
    int padding = -1;
    std::vector<int> ends; // ids that end the generation
    bool add_bos = false;
    bool add_eos = false;
    // SHA-256 over all tokens of (length as u32, bytes): control tokens spelled out, or as nothing.
    std::string digest_special;
    std::string digest_plain;
    std::vector<vocab_case> cases;
};

// <folder>/vocab/<name>.json; without cases when it cannot be read.
vocab_cases read_vocab_cases(const std::string & folder, const std::string & name);

} // namespace support
