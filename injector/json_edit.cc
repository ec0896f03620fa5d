#include "injector/json_edit.h"

namespace chaperone::injector {

namespace {
Json text_value(std::string_view text, JsonMemory& memory) {
  return Json(text.data(), static_cast<rapidjson::SizeType>(text.size()), memory);
}

Json& child_of(Json& parent, std::string_view key, rapidjson::Type type, JsonMemory& memory) {
  if (!member(&parent, key)) put(parent, key, Json(type), memory);
  Json& child = parent[text_value(key, memory)];
  if (child.GetType() != type) child = Json(type);
  return child;
}
}  // namespace

Json& object_in(Json& parent, std::string_view key, JsonMemory& memory) {
  return child_of(parent, key, rapidjson::kObjectType, memory);
}

Json& array_in(Json& parent, std::string_view key, JsonMemory& memory) {
  return child_of(parent, key, rapidjson::kArrayType, memory);
}

void put(Json& object, std::string_view key, Json value, JsonMemory& memory) {
  Json name = text_value(key, memory);
  if (!object.HasMember(name)) {
    object.AddMember(name, value, memory);
    return;
  }
  Json& now = object[name];
  if (now != value) now = value;
}

void put_text(Json& object, std::string_view key, std::string_view value, JsonMemory& memory) {
  put(object, key, text_value(value, memory), memory);
}

}  // namespace chaperone::injector
