#pragma once
// Small readers over RapidJSON values. Whatever is absent, null or of another type reads as absent:
// types are the API server's business, and it has checked them before it asks.

#include <rapidjson/fwd.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto-parsers/base/result.h"

namespace chaperone::injector {

using Json = rapidjson::Value;
using JsonMemory = rapidjson::MemoryPoolAllocator<rapidjson::CrtAllocator>;

// A parsed document and the memory that its values live in.
class JsonText {
 public:
  // Error: not JSON, several values, or nested deeper than kJsonDepthMax. `what` names the text.
  static Result<JsonText> parse(std::string_view text, std::string_view what);
  JsonText(JsonText&&) noexcept;
  JsonText& operator=(JsonText&&) noexcept;
  ~JsonText();

  Json& root();
  const Json& root() const;
  JsonMemory& memory();

 private:
  explicit JsonText(std::unique_ptr<rapidjson::Document> document);
  std::unique_ptr<rapidjson::Document> document_;
};

// Null where `object` is no object, has no such member, or the member is null.
const Json* member(const Json* object, std::string_view key);
const Json* at(const Json* object, std::initializer_list<std::string_view> keys);

// Views into the value; empty where it is no string.
std::string_view text_of(const Json* value);
bool is_true(const Json* value);
std::optional<std::int64_t> integer_of(const Json* value);
// 0 where it is no array.
std::size_t count_of(const Json* array);

// The element of an array of objects whose "name" it is, or null.
const Json* named(const Json* array, std::string_view name);

std::string to_text(const Json& value);

// RFC 6901: "~" and "/" in one reference token.
std::string pointer_token(std::string_view key);

}  // namespace chaperone::injector
