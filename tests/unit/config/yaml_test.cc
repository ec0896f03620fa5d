#include "sidecar/config/yaml.h"

#include <catch2/catch.hpp>

#include "sidecar/config/limits.h"
#include "sidecar/config/map_reader.h"

namespace chaperone::config {
namespace {

std::string findings_of(std::string_view text) {
  Findings findings("f.yaml");
  bool parsed = parse_yaml(text, findings).has_value();
  CHECK(parsed == findings.empty());
  return findings.text();
}

TEST_CASE("yaml: a tree with positions, quotes kept apart") {
  Findings findings("f.yaml");
  auto root = parse_yaml("a: 1\nb:\n  - \"x\"\n  - y\nc:\n", findings);
  REQUIRE(root);
  REQUIRE(root->kind == Node::Kind::kMap);
  CHECK(root->find("a")->text == "1");
  const Node& b = *root->find("b");
  REQUIRE(b.items.size() == 2);
  CHECK(b.items[0].quoted);
  CHECK_FALSE(b.items[1].quoted);
  CHECK(b.items[1].at.line == 4);
  CHECK(b.items[1].at.column == 5);
  CHECK(root->find("c")->kind == Node::Kind::kNull);
  CHECK(root->find("d") == nullptr);
}

TEST_CASE("yaml: an empty file is null") {
  Findings findings("f.yaml");
  auto root = parse_yaml("# nothing\n", findings);
  REQUIRE(root);
  CHECK(root->kind == Node::Kind::kNull);
}

TEST_CASE("yaml: what is refused, each with its place") {
  CHECK(findings_of("a: &x 1\n").find("f.yaml:1:4: anchors are not taken") == 0);
  CHECK(findings_of("a: &x [1]\nb: *x\n").find("f.yaml:2:4: aliases are not taken") !=
        std::string::npos);
  CHECK(findings_of("a:\n  <<: {b: 1}\n").find("f.yaml:2:3: merge keys") == 0);
  CHECK(findings_of("a: 1\nb: 2\na: 3\n") == "f.yaml:3:1: the key 'a' is here twice");
  CHECK(findings_of("a: !!str 1\n").find("tags are not taken") != std::string::npos);
  CHECK(findings_of("a: 1\n---\nb: 2\n").find("more than one document") != std::string::npos);
  CHECK(findings_of("[a, b]: 1\n").find("a key must be a plain word") != std::string::npos);
  CHECK(findings_of("a: [1\n").find("not YAML") != std::string::npos);
  CHECK(findings_of(std::string("a: \x01\n")).find("control characters") != std::string::npos);
  CHECK(findings_of("a: x\u202ey\n").find("direction of writing") != std::string::npos);
  CHECK(findings_of("a: \u20ac\n").empty());
  CHECK(findings_of("a: \xe2").find("direction") == std::string::npos);
  CHECK(findings_of("a: 1\nb: \xe2\n") == "f.yaml:2:4: a byte that is not UTF-8: save the file in that encoding");
  CHECK_FALSE(findings_of("a: 1\n---\nb: [\n").empty());
}

TEST_CASE("yaml: bounds hold") {
  CHECK(findings_of(std::string(kYamlBytesMax + 1, ' ')).find("larger than") != std::string::npos);
  std::string deep = std::string(100, '[') + std::string(100, ']');
  CHECK(findings_of(deep).find("nested deeper") != std::string::npos);
  CHECK_FALSE(findings_of(std::string(100000, '{')).empty());
  std::string many = "[";
  for (std::size_t i = 0; i <= kYamlNodesMax; ++i) many += "1,";
  CHECK(findings_of(many + "]").find("values in one file") != std::string::npos);
}

TEST_CASE("yaml: all findings at once, in the order of the file") {
  Findings findings("f.yaml");
  auto root = parse_yaml("efects: [read]\nnumber: many\nflag: yes\n", findings);
  REQUIRE(root);
  MapReader map(*root, findings, "rule");
  std::int64_t number = 7;
  bool flag = false;
  map.find("effects");
  CHECK_FALSE(map.integer("number", number, 0, 9));
  CHECK_FALSE(map.flag("flag", flag));
  map.require("name");
  map.finish();
  CHECK(number == 7);
  CHECK(findings.text() ==
        "f.yaml:1:1: rule needs the key 'name'\n"
        "f.yaml:1:1: unknown key 'efects' in rule; did you mean 'effects'?\n"
        "f.yaml:2:9: number is 'many': must be a whole number\n"
        "f.yaml:3:7: flag is 'yes': must be one of false, true");
}

TEST_CASE("yaml: findings are bounded, the rest counted") {
  Findings findings("f.yaml");
  for (std::size_t i = 0; i < kFindingsMax + 3; ++i) findings.add({1, 1}, "x");
  CHECK(findings.text().find("f.yaml: 3 more findings") != std::string::npos);
}

TEST_CASE("yaml: the nearest word is near or absent") {
  constexpr std::array<std::string_view, 3> kWords = {"read", "write", "run_code"};
  CHECK(nearest_word("raed", kWords) == "read");
  CHECK(nearest_word("runcode", kWords) == "run_code");
  CHECK(nearest_word("x", kWords).empty());
  CHECK(nearest_word(std::string(10000, 'a'), kWords).empty());
}

TEST_CASE("yaml: the canonical form sees through layout and not through meaning") {
  auto form = [](std::string_view text) {
    Findings findings("f");
    return canonical_form(*parse_yaml(text, findings));
  };
  CHECK(form("a: 1\nb: [x, y]\n") == form("# note\nb:\n- x\n- y\na:   1\n"));
  CHECK(form("a: 1") != form("a: \"1\""));
  CHECK(form("a: [x, y]") != form("a: [y, x]"));
  CHECK(form("a: [x, y]") != form("a: [xy]"));
}

}  // namespace
}  // namespace chaperone::config
