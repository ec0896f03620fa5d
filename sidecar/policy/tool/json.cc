#include "sidecar/policy/tool/json.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

namespace chaperone::policy_tool {

// Bytes that are no UTF-8 (a statement may hold any) must not make invalid JSON.
using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

struct Json::State {
  rapidjson::StringBuffer buffer;
  Writer writer{buffer};
};

namespace {

std::size_t sequence_size(std::string_view text) {
  auto lead = static_cast<unsigned char>(text[0]);
  std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead >= 0x80 && (lead < 0xc2 || lead > 0xf4)) return 0;
  if (size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  }
  return size;
}

std::string clean(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t size = sequence_size(text);
    if (size == 0) out += "\xef\xbf\xbd";
    out += text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

}  // namespace

Json::Json() : state_(std::make_unique<State>()) {}
Json::~Json() = default;

Json& Json::begin_object() {
  state_->writer.StartObject();
  return *this;
}
Json& Json::end_object() {
  state_->writer.EndObject();
  return *this;
}
Json& Json::begin_array() {
  state_->writer.StartArray();
  return *this;
}
Json& Json::end_array() {
  state_->writer.EndArray();
  return *this;
}
Json& Json::key(std::string_view name) {
  state_->writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  return *this;
}
Json& Json::text(std::string_view value) {
  std::string safe = clean(value);
  state_->writer.String(safe.data(), static_cast<rapidjson::SizeType>(safe.size()));
  return *this;
}
Json& Json::number(std::int64_t value) {
  state_->writer.Int64(value);
  return *this;
}
Json& Json::flag(bool value) {
  state_->writer.Bool(value);
  return *this;
}

std::string Json::take() { return std::string(state_->buffer.GetString()) + "\n"; }

}  // namespace chaperone::policy_tool
