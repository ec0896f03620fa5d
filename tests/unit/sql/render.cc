#include "tests/unit/sql/render.h"

namespace chaperone::sql {
namespace {

std::string render(const Statement& statement) {
  std::string text = statement.verb + " | " + names_of(statement.effects);
  if (statement.row_bound != RowBound::kNotApplicable)
    text += " | " + std::string(name_of(statement.row_bound));
  if (statement.limit) text += " | limit " + std::to_string(*statement.limit);
  text += "\n";
  for (const auto& object : statement.objects) {
    text += "  " + std::string(name_of(object.kind)) + " " + object.name + ": " +
            names_of(object.effects) + "\n";
  }
  std::string columns;
  for (const auto& column : statement.columns) {
    columns += " " + column.table + "." + column.name + ":" +
               (column.effects.has(Effect::kRead) ? "r" : "") +
               (column.effects.has(Effect::kWrite) ? "w" : "");
  }
  if (!columns.empty()) text += "  columns" + columns + "\n";
  std::string functions;
  for (const auto& name : statement.functions) functions += " " + name;
  if (!functions.empty()) text += "  calls" + functions + "\n";
  if (!statement.unknown_because.empty()) text += "  because " + statement.unknown_because + "\n";
  return text;
}

}  // namespace

std::string render(const Analysis& analysis) {
  std::string text;
  for (const auto& statement : analysis.meaning.statements) text += render(statement);
  std::string flags;
  auto flag = [&](bool set, const char* name) {
    if (set) flags += std::string(" ") + name;
  };
  flag(analysis.may_change_reading, "reading");
  flag(analysis.leaves_session_state, "session");
  flag(analysis.changes_catalogue, "catalogue");
  flag(analysis.transaction_control, "transaction");
  flag(analysis.copies_in, "copies_in");
  flag(analysis.copies_out, "copies_out");
  const SecretPlaces& secrets = analysis.secrets;
  flag(!secrets.tokens.empty() || secrets.all_literals || secrets.all_parameters, "secrets");
  flag(analysis.lifts_read_only, "lifts_read_only");
  flag(analysis.catalogue_miss, "miss");
  if (!flags.empty()) text += "  flags" + flags + "\n";
  return text;
}

}  // namespace chaperone::sql
