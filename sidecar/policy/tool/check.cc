#include <algorithm>
#include <string>
#include <vector>

#include "sidecar/policy/loader.h"
#include "sidecar/policy/rules.h"
#include "sidecar/policy/tool/json.h"
#include "sidecar/policy/tool/tool.h"

namespace chaperone::policy_tool {
namespace {

using policy::Policy;
using policy::Rule;

// The server folds what is not quoted to lower case.
void note_capitals(const std::string& name, const policy::Match& match,
                   std::vector<std::string>& notes) {
  auto note = [&](const policy::Glob& glob) {
    const std::string& pattern = glob.pattern();
    bool folds =
        std::any_of(pattern.begin(), pattern.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
    if (folds)
      notes.push_back(name + pattern + " has capitals: only a name that is quoted fits it");
  };
  for (const policy::ObjectPattern& object : match.objects) note(object.name);
  for (const policy::ColumnPattern& column : match.columns) {
    note(column.table);
    note(column.column);
  }
  for (const policy::Glob& function : match.functions) note(function);
}

void note_rule(const Rule& rule, std::vector<std::string>& notes) {
  std::string name = "rule " + rule.name + ": ";
  note_capitals(name, rule.match, notes);
  for (const policy::Match& except : rule.except) note_capitals(name, except, notes);
  if (rule.trial) notes.push_back(name + "on trial, it refuses nothing");
  if (rule.action == policy::Action::kObserve) notes.push_back(name + "what it covers passes");
  if (rule.action != policy::Action::kAllow) return;
  if (rule.match.effects.has(Effect::kUnknown)) {
    notes.push_back(name + "lets pass what cannot be classified");
  }
  if (rule.match.is_blanket() && rule.match.guard < 0 && rule.except.empty()) {
    notes.push_back(name + "allows every classified effect");
  }
}

std::vector<std::string> notes_on(const Policy& policy) {
  std::vector<std::string> notes;
  const policy::Rules& rules = policy.rules();
  if (rules.observe) notes.push_back("the policy observes: nothing is refused");
  if (rules.default_allow) notes.push_back("defaults allow: what no rule denies passes");
  for (const policy::Resource& resource : policy.resources()) {
    std::string name = "resource " + resource.name + ": ";
    if (resource.observe) notes.push_back(name + "observes: nothing is refused");
    bool gated = resource.protocol != Protocol::kOpaque;
    if (gated && resource.logins.empty()) notes.push_back(name + "no logins, so nobody can log in");
    if (gated && resource.tls == policy::UpstreamTls::kOff)
      notes.push_back(name + "no TLS upstream");
  }
  for (const Rule& rule : rules.rules) note_rule(rule, notes);
  return notes;
}

std::string plural(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string text_of(const std::string& path, const Policy& policy) {
  std::string text = path + ": ok, " + plural(policy.resources().size(), "resource") + ", " +
                     plural(policy.rule_count(), "rule");
  if (!policy.revision().empty()) text += ", revision " + policy.revision();
  text += "\ndigest " + policy.digest() + "\n";
  for (const std::string& note : notes_on(policy)) text += "note: " + note + "\n";
  return text;
}

std::string json_of(const Policy& policy) {
  Json json;
  json.begin_object().key("ok").flag(true).key("digest").text(policy.digest());
  json.key("revision").text(policy.revision());
  json.key("resources").number(static_cast<std::int64_t>(policy.resources().size()));
  json.key("rules").number(static_cast<std::int64_t>(policy.rule_count()));
  json.key("notes").begin_array();
  for (const std::string& note : notes_on(policy)) json.text(note);
  json.end_array().end_object();
  return json.take();
}

std::string json_of_findings(const std::string& message) {
  Json json;
  json.begin_object().key("ok").flag(false).key("findings").begin_array();
  for (std::size_t at = 0; at <= message.size();) {
    std::size_t end = std::min(message.find('\n', at), message.size());
    json.text(std::string_view(message).substr(at, end - at));
    at = end + 1;
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

Output check(const std::string& policy_path, Format format) {
  auto policy = policy::load_policy(policy_path);
  bool json = format == Format::kJson;
  if (!policy) {
    const std::string& message = policy.error().message;
    return {json ? json_of_findings(message) : message + "\n", 1};
  }
  return {json ? json_of(**policy) : text_of(policy_path, **policy), 0};
}

}  // namespace chaperone::policy_tool
