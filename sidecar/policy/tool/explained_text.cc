#include <algorithm>

#include "sidecar/policy/tool/explained.h"

namespace chaperone::policy_tool {
namespace {

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(text.size() + 1, width), ' ');
  return text;
}

std::string line(const char* what, std::string_view value) {
  return padded(what, 11) + std::string(value) + "\n";
}

std::string subject_text(const Subject& subject) {
  std::string text = subject.pod_namespace + "/" + subject.pod;
  if (!subject.service_account.empty()) text += " as " + subject.service_account;
  for (const auto& [key, value] : subject.labels) text += " " + key + "=" + value;
  return text == "/" ? "nobody in particular" : text;
}

std::string statement_text(const Statement& statement, std::size_t number) {
  std::string text = "  " + std::to_string(number) + ". " + statement.verb + ": " +
                     names_of(statement.effects) + " (risk " +
                     std::string(name_of(risk_of(statement.effects))) + ")";
  if (statement.row_bound != RowBound::kNotApplicable) {
    text += ", rows " + std::string(name_of(statement.row_bound));
  }
  if (statement.limit) text += ", limit " + std::to_string(*statement.limit);
  text += "\n";
  if (!statement.unknown_because.empty())
    text += "     unknown: " + statement.unknown_because + "\n";
  for (const Object& object : statement.objects) {
    text += "     " + padded(std::string(name_of(object.kind)), 10) + padded(object.name, 30) +
            names_of(object.effects) + "\n";
  }
  for (const Column& column : statement.columns) {
    text += "     " + padded("column", 10) + padded(column.table + "." + column.name, 30) +
            names_of(column.effects) + "\n";
  }
  for (const std::string& function : statement.functions) {
    text += "     " + padded("calls", 10) + function + "\n";
  }
  return text;
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string saying_text(const Saying& saying) {
  switch (saying.kind) {
    case Saying::Kind::kElsewhere:
      return "is for another subject or resource";
    case Saying::Kind::kSilent:
      return "has nothing to say";
    case Saying::Kind::kAside:
      return "steps aside by its except";
    case Saying::Kind::kSpeaks:
      return (saying.rule->lets_pass() ? "covers " : "speaks about ") + joined(saying.acts);
    case Saying::Kind::kCovers:
      return "covers " + joined(saying.acts) + "; not " + joined(saying.missed);
    case Saying::Kind::kDepends:
      break;
  }
  return (saying.holds ? "its text, parameters or time hold: "
                       : "its text, parameters or time do not hold here: ") +
         joined(saying.acts);
}

std::string rule_place(const Judged& judged) {
  std::uint32_t index = judged.decision.rule_index;
  if (index == 0) return "default";
  const policy::Rule& rule = judged.policy->rules().rules[index - 1];
  return "rule " + rule.name + " (line " + std::to_string(rule.line) + ")";
}

std::string verdict_text(const Judged& judged) {
  const policy::Decision& decision = judged.decision;
  std::string text = std::string(name_of(decision.verdict)) + " by " + rule_place(judged);
  if (decision.observed) {
    text += "; observed, it would be " + std::string(name_of(decision.would_be));
  }
  return text;
}

}  // namespace

std::string explained_text(const Question& question, const Judged& judged) {
  std::string text = line("verdict", verdict_text(judged));
  if (!judged.decision.reason.empty()) text += line("reason", judged.decision.reason);
  if (!judged.decision.hint.empty()) text += line("hint", judged.decision.hint);
  text += line("record", name_of(judged.decision.durability));
  text += line("resource", judged.resource->name);
  text += line("subject", subject_text(question.subject));
  if (judged.connect.verdict != policy::Verdict::kAllow) {
    text += line("session", "refused already: " + std::string(judged.connect.reason));
  }
  text += "\nmeaning (no catalogue here; bare names are read in " + question.schema + ")\n";
  std::size_t number = 0;
  for (const Statement& statement : judged.meaning.statements) {
    text += statement_text(statement, ++number);
  }
  if (number == 0) text += "  nothing is asked for\n";
  text += "\nrules\n";
  for (const Saying& saying : judged.sayings) {
    text += "  " + padded(saying.rule->name, 24) +
            padded(std::string(policy::name_of(saying.rule->action)), 8) + saying_text(saying) +
            "\n";
  }
  if (judged.sayings.empty()) text += "  none\n";
  return text;
}

}  // namespace chaperone::policy_tool
