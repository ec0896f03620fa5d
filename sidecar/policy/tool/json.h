#pragma once
// Writes JSON into a string, on one line; RapidJSON stays in json.cc. Calls nest as the document
// does, and a key comes before each value inside an object.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chaperone::policy_tool {

class Json {
 public:
  Json();
  ~Json();

  Json& begin_object();
  Json& end_object();
  Json& begin_array();
  Json& end_array();
  Json& key(std::string_view name);
  Json& text(std::string_view value);
  Json& number(std::int64_t value);
  Json& flag(bool value);

  std::string take();  // with a newline behind it

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace chaperone::policy_tool
