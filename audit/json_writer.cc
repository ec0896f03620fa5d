#include "audit/json_writer.h"

#include <cstdio>

#include "audit/text.h"

namespace chaperone::audit {

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto lead = static_cast<std::uint8_t>(text[i++]);
    if (lead < 0x80) continue;
    int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
    if (lead < 0xC2 || lead > 0xF4) return false;
    std::uint32_t code = lead & (0x3Fu >> more);
    for (int k = 0; k < more; ++k, ++i) {
      if (i >= text.size() || (static_cast<std::uint8_t>(text[i]) & 0xC0) != 0x80) return false;
      code = code << 6 | (static_cast<std::uint8_t>(text[i]) & 0x3Fu);
    }
    static constexpr std::uint32_t kLeast[] = {0, 0x80, 0x800, 0x10000};
    if (code < kLeast[more] || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return false;
  }
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7F) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", byte);
      out += escaped;
    } else {
      out += c;
    }
  }
  out += '"';
}

void JsonWriter::separate() {
  if (!first_) out_ += ',';
  first_ = false;
}

void JsonWriter::open(char bracket) {
  separate();
  out_ += bracket;
  first_ = true;
}

void JsonWriter::close(char bracket) {
  out_ += bracket;
  first_ = false;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(out_, name);
  out_ += ':';
  first_ = true;
  return *this;
}

void JsonWriter::raw(std::string_view value) {
  separate();
  out_ += value;
}

void JsonWriter::text(std::string_view value) {
  if (!is_utf8(value)) return base64_object(as_bytes(value));
  separate();
  append_json_string(out_, value);
}

void JsonWriter::base64_object(Bytes value) {
  open('{');
  key("base64");
  raw('"' + base64(value) + '"');
  close('}');
}

void JsonWriter::hex_text(Bytes value) { raw('"' + hex(value) + '"'); }

void JsonWriter::effects(EffectSet effects) {
  open('[');
  for (int i = 0; i < kEffectCount; ++i) {
    if (effects.has(static_cast<Effect>(i))) text(name_of(static_cast<Effect>(i)));
  }
  close(']');
}

}  // namespace chaperone::audit
