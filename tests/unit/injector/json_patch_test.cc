#include "injector/json_patch.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/unit/injector/apply_patch.h"

namespace chaperone::injector {

namespace {
// A document of the kinds that matter: objects, plain lists, lists keyed by name, scalars.
std::string random_json(std::mt19937& random, int depth) {
  auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  if (depth == 0 || pick(4) == 0) {
    const char* scalars[] = {"1", "2", "\"a\"", "\"b/~\"", "true", "null", "[]", "{}"};
    return scalars[pick(8)];
  }
  std::string out;
  unsigned kind = pick(3), count = pick(5);
  std::string names[] = {"a", "b", "c", "d/e", "f~g"};
  std::shuffle(std::begin(names), std::end(names), random);
  for (unsigned i = 0; i < count; ++i) {
    if (i) out += ",";
    std::string inner = random_json(random, depth - 1);
    if (kind == 0) out += "\"" + names[i] + "\":" + inner;
    if (kind == 1) out += inner;
    if (kind == 2) out += R"({"name":")" + names[i] + R"(","v":)" + inner + "}";
  }
  return kind == 0 ? "{" + out + "}" : "[" + out + "]";
}
}  // namespace

TEST_CASE("applying the patch makes the one of the other") {
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    auto before = document_of(R"({"x":)" + random_json(random, 4) + "}");
    auto after = document_of(R"({"x":)" + random_json(random, 4) + "}");
    std::string patch = json_patch(before, after);
    INFO(text_of(before) << "\n" << text_of(after) << "\n" << patch);
    apply_patch(before, patch);
    REQUIRE(same(before, after));
    REQUIRE(json_patch(before, after) == "[]");
  }
}

TEST_CASE("an element put in front is one operation") {
  auto before = document_of(R"({"l": [{"name": "a", "v": 1}, {"name": "b"}]})");
  auto after = document_of(R"({"l": [{"name": "n"}, {"name": "a", "v": 2}, {"name": "b"}]})");
  CHECK(json_patch(before, after) == R"([{"op":"add","path":"/l/0","value":{"name":"n"}},)"
                                     R"({"op":"replace","path":"/l/1/v","value":2}])");
}

}  // namespace chaperone::injector
