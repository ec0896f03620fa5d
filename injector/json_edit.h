#pragma once
// Changes to RapidJSON values that leave alone what already is as wanted.

#include <rapidjson/document.h>

#include "injector/json.h"

namespace chaperone::injector {

// The member, made as an empty object or array where it is absent or null.
Json& object_in(Json& parent, std::string_view key, JsonMemory& memory);
Json& array_in(Json& parent, std::string_view key, JsonMemory& memory);

// Sets a member to a value.
void put(Json& object, std::string_view key, Json value, JsonMemory& memory);
void put_text(Json& object, std::string_view key, std::string_view value, JsonMemory& memory);

}  // namespace chaperone::injector
