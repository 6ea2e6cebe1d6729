// JSON files, for tests: Debian's nlohmann-json3-dev, without exceptions.
//
// Slow to compile: keep it to the files that turn JSON into plain structs.
#pragma once

#include "read_file.hpp"

#ifndef JSON_NOEXCEPTION
#    define JSON_NOEXCEPTION
#endif
#include <nlohmann/json.hpp>
#include <string>

namespace support {

using nlohmann::json;

// is_discarded() when the file is missing or no JSON.
inline json read_json(const std::string & path) {
    return json::parse(read_file(path), nullptr, false);
}

} // namespace support
