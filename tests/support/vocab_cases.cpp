#include "vocab_cases.hpp"

#include "json.hpp"

namespace support {

namespace {

std::string from_hex(const std::string & digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(std::strtoul(digits.substr(i, 2).c_str(), nullptr, 16));
    }
    return bytes;
}

// Text that may be given as `key`_hex where it is not UTF-8.
std::string text_of(const json & object, const std::string & key) {
    if (object.contains(key + "_hex")) {
        return from_hex(object[key + "_hex"].get<std::string>());
    }
    return object.value(key, std::string());
}

} // namespace

vocab_cases read_vocab_cases(const std::string & folder, const std::string & name) {
    vocab_cases read;
    const json file = read_json(folder + "/vocab/" + name + ".json");
    if (!file.is_object()) {
        return read;
    }
    read.model = file.value("vocab", std::string());
    read.n_tokens = file.value("n_tokens", std::size_t{0});
    read.bos = file.value("bos", -1);
    read.eos = file.value("eos", -1);
    read.padding = file.value("pad", -1);
    read.ends = file.value("eog", std::vector<int>());
    read.add_bos = file.value("add_bos", false);
    read.add_eos = file.value("add_eos", false);
    read.digest_special = file.value("pieces_sha256_special", std::string());
    read.digest_plain = file.value("pieces_sha256_plain", std::string());
    for (const json & object : file["cases"]) {
        vocab_case made;
        made.category = object.value("cat", std::string());
        made.text = text_of(object, "text");
        made.ids_plain = object.value("ids_plain", std::vector<int>());
        made.ids_special = object.value("ids_special", std::vector<int>());
        // "decoded_raw" is there where the oracle cleaned up spaces, which this library does not do.
        made.decoded =
            object.contains("decoded_raw") ? object["decoded_raw"].get<std::string>() : text_of(object, "decoded");
        read.cases.push_back(made);
    }
    return read;
}

} // namespace support
