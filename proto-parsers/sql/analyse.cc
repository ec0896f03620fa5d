#include "proto-parsers/sql/analyse.h"

#include "proto-parsers/sql/catalogue.h"
#include "proto-parsers/sql/catalogue_data.h"
#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/secret_places.h"
#include "proto-parsers/sql/secret_values.h"
#include "proto-parsers/sql/shape.h"
#include "proto-parsers/sql/walker.h"

namespace chaperone::sql {
namespace {

Statement unknown_statement(std::string because) {
  Statement statement;
  statement.verb = "UNKNOWN";
  statement.effects = Effect::kUnknown;
  statement.unknown_because = std::move(because);
  return statement;
}

// An unclassified text may have done anything.
void assume_the_worst(Analysis& analysis) {
  analysis.may_change_reading = analysis.leaves_session_state = analysis.changes_catalogue = true;
}

void take_flags(Analysis& analysis, const Flags& flags) {
  analysis.may_change_reading |= flags.may_change_reading;
  analysis.leaves_session_state |= flags.leaves_session_state;
  analysis.changes_catalogue |= flags.changes_catalogue;
  analysis.transaction_control |= flags.transaction_control;
  analysis.copies_in |= flags.copies_in;
  analysis.copies_out |= flags.copies_out;
  analysis.lifts_read_only |= flags.lifts_read_only;
  analysis.catalogue_miss |= flags.catalogue_miss;
}

void analyse_tree(const Tree& tree, std::string_view text, const Reading& reading,
                  const Names& names, Analysis& analysis) {
  const CatalogueData* data = names.catalogue ? &names.catalogue->data() : nullptr;
  Resolver resolver(data, names.search_path);
  Context context{reading, names};
  Nodes statements(tree.statements());
  if (statements.size() > kStatementsMax) {
    analysis.meaning.statements.push_back(unknown_statement("the text holds too many statements"));
    return assume_the_worst(analysis);
  }
  for (const Node* node : statements) {
    const auto* raw = CHAPERONE_AS(RawStmt, node);
    if (!raw) continue;
    Findings findings;
    context.bodies = 0;
    std::set<std::string> seen;
    Walker walker(context, resolver, findings, seen);
    walker.statement(node, own_text(text, node));
    if (findings.verb.empty()) findings.verb = "UNKNOWN";
    if (findings.is_unknown()) assume_the_worst(analysis);
    take_flags(analysis, findings.flags);
    if (findings.flags.may_change_reading) context.names_uncertain = true;
    if (findings.flags.moves_objects) context.objects_moved = true;
    analysis.meaning.statements.push_back(findings.statement());
  }
}

bool all_large_objects(const Meaning& meaning) {
  for (const Statement& statement : meaning.statements) {
    for (const std::string& function : statement.functions) {
      if (!function.starts_with("pg_catalog.lo")) return false;
    }
  }
  return true;
}

void sum_up(Meaning& meaning) {
  for (const auto& statement : meaning.statements) meaning.effects |= statement.effects;
  meaning.risk = risk_of(meaning.effects);
}

}  // namespace

Analysis analyse(std::string_view text, const Reading& reading, const Names& names) {
  Analysis analysis;
  {
    Tree tree(text, reading);
    Resolver resolver(names.catalogue ? &names.catalogue->data() : nullptr, names.search_path);
    analysis.secrets = secret_places(tree, text, reading, resolver, names.prepared);
    if (tree.ok()) {
      analyse_tree(tree, text, reading, names, analysis);
    } else {
      analysis.meaning.statements.push_back(unknown_statement(without_quote(tree.error(), text)));
      assume_the_worst(analysis);
    }
  }
  sum_up(analysis.meaning);
  analysis.meaning.shape = shape_name(text, reading);
  return analysis;
}

Analysis analyse_function_call(std::uint32_t function, const Reading& reading, const Names& names) {
  Analysis analysis;
  Resolver resolver(names.catalogue ? &names.catalogue->data() : nullptr, names.search_path);
  Context context{reading, names};
  Findings findings;
  std::set<std::string> seen;
  Walker(context, resolver, findings, seen).call_by_number(function);
  take_flags(analysis, findings.flags);
  analysis.meaning.statements.push_back(findings.statement());
  sum_up(analysis.meaning);
  analysis.meaning.shape = function;
  // No text says what they are. Those of large objects are numbers and data.
  analysis.secrets.all_parameters = !all_large_objects(analysis.meaning);
  return analysis;
}

}  // namespace chaperone::sql
