#include "injector/json.h"

#include <rapidjson/document.h>
#include <rapidjson/error/en.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "injector/limits.h"
#include "proto-parsers/base/json_depth.h"

namespace chaperone::injector {

JsonText::JsonText(std::unique_ptr<rapidjson::Document> document)
    : document_(std::move(document)) {}
JsonText::JsonText(JsonText&&) noexcept = default;
JsonText& JsonText::operator=(JsonText&&) noexcept = default;
JsonText::~JsonText() = default;

Result<JsonText> JsonText::parse(std::string_view text, std::string_view what) {
  if (!json_nests_within(text, kJsonDepthMax)) return Error{std::string(what) + " is nested too deeply"};
  auto document = std::make_unique<rapidjson::Document>();
  document->Parse<rapidjson::kParseFullPrecisionFlag>(text.data(), text.size());
  if (document->HasParseError()) {
    return Error{std::string(what) + " is no JSON: " +
                 rapidjson::GetParseError_En(document->GetParseError()) + " at byte " +
                 std::to_string(document->GetErrorOffset())};
  }
  return JsonText(std::move(document));
}

Json& JsonText::root() { return *document_; }
const Json& JsonText::root() const { return *document_; }
JsonMemory& JsonText::memory() { return document_->GetAllocator(); }

const Json* member(const Json* object, std::string_view key) {
  if (!object || !object->IsObject()) return nullptr;
  auto name = rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size()));
  auto found = object->FindMember(Json(name));
  return found == object->MemberEnd() || found->value.IsNull() ? nullptr : &found->value;
}

const Json* at(const Json* object, std::initializer_list<std::string_view> keys) {
  for (std::string_view key : keys) object = member(object, key);
  return object;
}

std::string_view text_of(const Json* value) {
  if (!value || !value->IsString()) return {};
  return {value->GetString(), value->GetStringLength()};
}

bool is_true(const Json* value) { return value && value->IsBool() && value->GetBool(); }

std::optional<std::int64_t> integer_of(const Json* value) {
  if (!value || !value->IsInt64()) return {};
  return value->GetInt64();
}

std::size_t count_of(const Json* array) { return array && array->IsArray() ? array->Size() : 0; }

const Json* named(const Json* array, std::string_view name) {
  for (std::size_t i = 0; i < count_of(array); ++i) {
    const Json& one = (*array)[static_cast<rapidjson::SizeType>(i)];
    if (text_of(member(&one, "name")) == name) return &one;
  }
  return nullptr;
}

std::string to_text(const Json& value) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return {buffer.GetString(), buffer.GetSize()};
}

std::string pointer_token(std::string_view key) {
  std::string out;
  for (char c : key) c == '~' ? out += "~0" : c == '/' ? out += "~1" : out += c;
  return out;
}

}  // namespace chaperone::injector
