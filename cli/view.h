#pragma once
// The collector's JSON, read for people.

#include <rapidjson/document.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::cli {

using Json = rapidjson::Value;

Result<rapidjson::Document> parse_json(const std::string& text);

// Absent members are empty, 0, or the empty array. Text given as base64 (it is not UTF-8) is shown
// as its bytes.
std::string text_at(const Json& object, const char* key);
std::int64_t number_at(const Json& object, const char* key);
bool has(const Json& object, const char* key);
const Json& array_at(const Json& object, const char* key);
const Json& object_at(const Json& object, const char* key);
std::string joined(const Json& array);   // "read,write"
std::string to_text(const Json& value);  // JSON on one line

}  // namespace chaperone::cli
