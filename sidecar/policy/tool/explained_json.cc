#include "sidecar/policy/tool/explained.h"
#include "sidecar/policy/tool/json.h"

namespace chaperone::policy_tool {
namespace {

void put_effects(Json& json, EffectSet effects) {
  json.key("effects").begin_array();
  for (int i = 0; i < kEffectCount; ++i) {
    if (effects.has(static_cast<Effect>(i))) json.text(name_of(static_cast<Effect>(i)));
  }
  json.end_array();
}

void put_texts(Json& json, std::string_view key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.text(text);
  json.end_array();
}

void put_statement(Json& json, const Statement& statement) {
  json.begin_object().key("verb").text(statement.verb);
  put_effects(json, statement.effects);
  json.key("risk").text(name_of(risk_of(statement.effects)));
  json.key("row_bound").text(name_of(statement.row_bound));
  if (statement.limit) json.key("limit").number(*statement.limit);
  if (!statement.unknown_because.empty()) {
    json.key("unknown_because").text(statement.unknown_because);
  }
  json.key("objects").begin_array();
  for (const Object& object : statement.objects) {
    json.begin_object().key("kind").text(name_of(object.kind)).key("name").text(object.name);
    put_effects(json, object.effects);
    json.end_object();
  }
  json.end_array().key("columns").begin_array();
  for (const Column& column : statement.columns) {
    json.begin_object().key("table").text(column.table).key("name").text(column.name);
    put_effects(json, column.effects);
    json.end_object();
  }
  json.end_array();
  put_texts(json, "functions", statement.functions);
  json.end_object();
}

void put_decision(Json& json, const policy::Decision& decision) {
  json.key("verdict").text(name_of(decision.verdict)).key("rule").text(decision.rule);
  json.key("would_be").text(name_of(decision.would_be)).key("observed").flag(decision.observed);
  json.key("reason").text(decision.reason).key("hint").text(decision.hint);
  json.key("durability").text(name_of(decision.durability));
}

void put_saying(Json& json, const Saying& saying) {
  json.begin_object().key("rule").text(saying.rule->name);
  json.key("line").number(saying.rule->line);
  json.key("action").text(policy::name_of(saying.rule->action));
  json.key("says").text(name_of(saying.kind)).key("holds").flag(saying.holds);
  put_texts(json, "acts", saying.acts);
  put_texts(json, "missed", saying.missed);
  json.end_object();
}

}  // namespace

std::string explained_json(const Question& question, const Judged& judged) {
  Json json;
  json.begin_object().key("statement").text(question.statement);
  json.key("resource").text(judged.resource->name);
  json.key("policy_digest").text(judged.policy->digest());
  json.key("session").text(name_of(judged.connect.verdict));
  put_decision(json, judged.decision);
  json.key("statements").begin_array();
  for (const Statement& statement : judged.meaning.statements) put_statement(json, statement);
  json.end_array().key("rules").begin_array();
  for (const Saying& saying : judged.sayings) put_saying(json, saying);
  json.end_array().end_object();
  return json.take();
}

}  // namespace chaperone::policy_tool
