#include "audit/json_writer.h"

#include <cstdio>

#include "audit/text.h"

namespace chaperone::audit {

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
