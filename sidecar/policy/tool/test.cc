#include <algorithm>
#include <filesystem>
#include <fstream>

#include "sidecar/policy/loader.h"
#include "sidecar/policy/tool/cases.h"
#include "sidecar/policy/tool/json.h"
#include "sidecar/policy/tool/judged.h"
#include "sidecar/policy/tool/tool.h"

namespace chaperone::policy_tool {
namespace {

constexpr std::string_view kSuffix = ".test.yaml";

struct Outcome {
  std::string file;
  std::uint32_t line = 0;
  std::string name;
  bool passed = false;
  std::string got;  // "deny by no-drop", or why the case could not be tried
  std::string want;
};

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (ends_with(entry.path().string(), kSuffix)) files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

// A file of cases under a name of its own.
bool holds_cases(const std::string& path) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("cases:")) return true;
  }
  return false;
}

// policy.yaml and policy.test.yaml both mean the latter.
Result<std::string> cases_file(const std::string& path) {
  if (ends_with(path, kSuffix) || !ends_with(path, ".yaml")) return path;
  std::string beside =
      path.substr(0, path.size() - std::string_view(".yaml").size()) + std::string(kSuffix);
  if (std::filesystem::exists(beside)) return beside;
  if (holds_cases(path) || !std::filesystem::exists(path)) return path;
  return Error{path + ": its cases would be in " + beside +
               ", and there is no such file; name a file of cases, or a folder of them"};
}

Outcome run_case(const std::shared_ptr<const policy::Policy>& policy, const Case& one,
                 const std::string& file) {
  Outcome outcome{file, one.line, one.name, false, {}, std::string(name_of(one.expect))};
  if (!one.rule.empty()) outcome.want += " by " + one.rule;
  auto judged = judge(policy, one.question);
  if (!judged) {
    outcome.got = judged.error().message;
    return outcome;
  }
  const policy::Decision& decision = judged->decision;
  outcome.got = std::string(name_of(decision.verdict)) + " by " + std::string(decision.rule);
  if (!decision.reason.empty()) outcome.got += ": " + std::string(decision.reason);
  bool same_rule = one.rule.empty() || one.rule == decision.rule;
  outcome.passed = decision.verdict == one.expect && same_rule;
  return outcome;
}

// Findings in either file are one failed outcome.
void run_file(const std::string& file, std::vector<Outcome>& outcomes) {
  auto cases = load_cases(file);
  if (!cases)
    return outcomes.push_back({file, 0, "the file", false, cases.error().message, "cases"});
  auto policy = policy::load_policy(cases->policy_path);
  if (!policy) {
    return outcomes.push_back({file, 0, "the policy", false, policy.error().message, "a policy"});
  }
  for (const Case& one : cases->cases) outcomes.push_back(run_case(*policy, one, file));
}

std::string text_of(const std::vector<Outcome>& outcomes, std::size_t failed) {
  std::string text;
  for (const Outcome& outcome : outcomes) {
    if (outcome.passed) continue;
    text += outcome.file + ":" + std::to_string(outcome.line) + ": " + outcome.name +
            "\n  expected " + outcome.want + "\n  got      " + outcome.got + "\n";
  }
  std::size_t passed = outcomes.size() - failed;
  return text + std::to_string(passed) + " passed, " + std::to_string(failed) + " failed\n";
}

std::string json_of(const std::vector<Outcome>& outcomes, std::size_t failed) {
  Json json;
  json.begin_object().key("passed").number(static_cast<std::int64_t>(outcomes.size() - failed));
  json.key("failed").number(static_cast<std::int64_t>(failed)).key("cases").begin_array();
  for (const Outcome& outcome : outcomes) {
    json.begin_object().key("file").text(outcome.file).key("line").number(outcome.line);
    json.key("name").text(outcome.name).key("passed").flag(outcome.passed);
    json.key("expected").text(outcome.want).key("got").text(outcome.got).end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

Output test(const std::string& path, Format format) {
  std::error_code error;
  bool folder = std::filesystem::is_directory(path, error);
  std::vector<std::string> files = files_in(path);
  if (folder && files.empty()) return {path + ": no *.test.yaml here\n", 2};
  if (!folder) {
    auto file = cases_file(path);
    if (!file) return {file.error().message + "\n", 2};
    files = {*file};
  }
  std::vector<Outcome> outcomes;
  for (const std::string& file : files) run_file(file, outcomes);
  auto failed = static_cast<std::size_t>(std::count_if(
      outcomes.begin(), outcomes.end(), [](const Outcome& outcome) { return !outcome.passed; }));
  bool json = format == Format::kJson;
  return {json ? json_of(outcomes, failed) : text_of(outcomes, failed), failed == 0 ? 0 : 1};
}

}  // namespace chaperone::policy_tool
