#pragma once
// JSON text, one value behind the other, with commas where they belong. Small on purpose: the rooms
// that link this one stay free of a library for it.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/utf8.h"
#include "proto-parsers/core/effects.h"

namespace chaperone::audit {

void append_json_string(std::string& out, std::string_view text);  // quoted and escaped

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  void open(char bracket);
  void close(char bracket);
  JsonWriter& key(std::string_view name);  // a value must follow
  void text(std::string_view value);       // {"base64": ...} where it is not UTF-8
  void base64_object(Bytes value);
  void hex_text(Bytes value);
  void number(std::uint64_t value) { raw(std::to_string(value)); }
  void raw(std::string_view value);  // JSON already
  void effects(EffectSet effects);   // a list of words

 private:
  void separate();
  std::string& out_;
  bool first_ = true;
};

}  // namespace chaperone::audit
