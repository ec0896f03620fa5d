#pragma once
// Writes JSON into a string. Commas are its business; closing what was opened is the caller's.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chaperone::collector {

class JsonOut {
 public:
  JsonOut& open(char bracket);   // '{' or '['
  JsonOut& close(char bracket);  // '}' or ']'
  JsonOut& key(std::string_view name);
  // Bytes that are not UTF-8 become U+FFFD each: a summary for people, the record has the bytes.
  JsonOut& text(std::string_view value);
  JsonOut& number(std::int64_t value);
  JsonOut& boolean(bool value);
  JsonOut& raw(std::string_view json);

  JsonOut& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  JsonOut& field(std::string_view name, std::int64_t value) { return key(name).number(value); }
  JsonOut& field_if(std::string_view name, std::string_view value) {
    return value.empty() ? *this : field(name, value);
  }
  JsonOut& field_if(std::string_view name, std::optional<std::int64_t> value) {
    return value ? field(name, *value) : *this;
  }

  const std::string& str() const { return out_; }
  std::string take() { return std::move(out_); }

 private:
  void separate();
  std::string out_;
  bool first_ = true;
};

// The text with every byte that belongs to no UTF-8 character replaced by U+FFFD.
std::string utf8_lossy(std::string_view text);

// "2026-01-31T12:00:00.123456789Z".
std::string rfc3339(std::int64_t wall_ns);
// The same back (fractions of any length up to nine digits, "Z" or an offset), or a plain number
// of nanoseconds since 1970. None for anything else.
std::optional<std::int64_t> parse_time(std::string_view text);

}  // namespace chaperone::collector
