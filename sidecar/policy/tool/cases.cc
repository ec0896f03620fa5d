#include "sidecar/policy/tool/cases.h"

#include <array>
#include <ctime>

#include "sidecar/config/limits.h"
#include "sidecar/config/map_reader.h"
#include "sidecar/config/subject_reader.h"

namespace chaperone::policy_tool {
namespace {

using config::Findings;
using config::MapReader;
using config::Node;

constexpr std::array<std::string_view, 3> kVerdicts = {"allow", "hold", "deny"};

std::string folder_of(const std::string& path) {
  std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

Subject load_subject(const Node* node, Findings& findings, const Subject& otherwise) {
  if (!node) return otherwise;
  Subject subject;
  config::read_subject(
      node, findings, [](std::string_view) { return std::string(); }, subject);
  return subject;
}

// "2026-01-05T09:30:00Z"
std::optional<std::int64_t> time_from(const std::string& text) {
  std::tm tm{};
  const char* end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &tm);
  if (!end || *end != '\0') return std::nullopt;
  return timegm(&tm);
}

void load_time(MapReader& map, Question& question) {
  std::string text;
  if (!map.text("at", text)) return;
  question.now_s = time_from(text);
  if (!question.now_s) map.add(*map.find("at"), "at must be written as 2026-01-05T09:30:00Z");
}

Case load_case(const Node& node, Findings& findings, const Question& otherwise) {
  MapReader map(node, findings, "case");
  Case one;
  one.line = node.at.line;
  one.question = otherwise;
  map.require("statement");
  map.text("statement", one.question.statement);
  one.name = one.question.statement;
  map.text("name", one.name);
  map.text("resource", one.question.resource);
  one.question.subject = load_subject(map.find("subject"), findings, otherwise.subject);
  map.texts("parameters", one.question.parameters);
  map.text("schema", one.question.schema);
  load_time(map, one.question);
  std::size_t verdict = static_cast<std::size_t>(policy::Verdict::kDeny);
  map.require("expect");
  map.word("expect", kVerdicts, verdict);
  one.expect = static_cast<policy::Verdict>(verdict);
  map.text("rule", one.rule);
  map.finish();
  return one;
}

Cases load_root(const Node& root, Findings& findings, const std::string& path) {
  MapReader map(root, findings, "the cases");
  Cases cases;
  std::int64_t version = 1;
  if (map.require("version")) map.integer("version", version, 1, 1);
  map.require("policy");
  map.text("policy", cases.policy_path);
  if (cases.policy_path.rfind('/', 0) != 0) cases.policy_path = folder_of(path) + cases.policy_path;
  Question otherwise;
  otherwise.policy_path = cases.policy_path;
  map.text("resource", otherwise.resource);
  map.text("schema", otherwise.schema);
  otherwise.subject = load_subject(map.find("subject"), findings, {});
  map.sequence("cases", [&](const Node& node) {
    cases.cases.push_back(load_case(node, findings, otherwise));
  });
  map.finish();
  if (cases.cases.empty())
    findings.add(root.at, "no cases: a test that tries nothing passes nothing");
  return cases;
}

}  // namespace

Result<Cases> load_cases(const std::string& path) {
  auto text = config::read_file(path, config::kYamlBytesMax);
  if (!text) return text.error();
  Findings findings(path);
  Cases cases;
  auto root = config::parse_yaml(*text, findings);
  if (root) cases = load_root(*root, findings, path);
  if (!findings.empty()) return findings.to_error();
  return cases;
}

}  // namespace chaperone::policy_tool
