#include "cli/view.h"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "audit/text.h"
#include "proto-parsers/base/json_depth.h"

namespace chaperone::cli {

namespace {

// Far more than the collector's own answers nest; writing one out takes stack for each level.
constexpr std::size_t kDepthMax = 64;

const Json* find(const Json& object, const char* key) {
  if (!object.IsObject()) return nullptr;
  auto found = object.FindMember(key);
  return found == object.MemberEnd() ? nullptr : &found->value;
}
}  // namespace

Result<rapidjson::Document> parse_json(const std::string& text) {
  rapidjson::Document json;
  bool shallow = json_nests_within(text, kDepthMax);
  if (shallow) json.Parse<rapidjson::kParseIterativeFlag>(text.data(), text.size());
  if (!shallow || json.HasParseError())
    return Error{"the collector's answer is not JSON; is that address a collector's?"};
  return json;
}

std::string text_at(const Json& object, const char* key) {
  const Json* value = find(object, key);
  if (value && value->IsString()) return {value->GetString(), value->GetStringLength()};
  if (!value || !value->IsObject()) return {};
  auto bytes = audit::from_base64(text_at(*value, "base64"));
  return bytes ? std::string(bytes->begin(), bytes->end()) : std::string();
}

std::int64_t number_at(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value && value->IsInt64() ? value->GetInt64() : 0;
}

bool has(const Json& object, const char* key) { return find(object, key) != nullptr; }

const Json& array_at(const Json& object, const char* key) {
  static const Json kEmpty(rapidjson::kArrayType);
  const Json* value = find(object, key);
  return value && value->IsArray() ? *value : kEmpty;
}

const Json& object_at(const Json& object, const char* key) {
  static const Json kEmpty(rapidjson::kObjectType);
  const Json* value = find(object, key);
  return value && value->IsObject() ? *value : kEmpty;
}

std::string joined(const Json& array) {
  std::string out;
  for (const Json& item : array.GetArray()) {
    if (item.IsString())
      out.append(out.empty() ? "" : ",").append(item.GetString(), item.GetStringLength());
  }
  return out;
}

std::string to_text(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

}  // namespace chaperone::cli
