// Statements that put values into columns, settings and options.

#include <algorithm>
#include <utility>

#include "proto-parsers/sql/place_finder.h"
#include "proto-parsers/sql/secret_names.h"
#include "proto-parsers/sql/tree.h"

namespace chaperone::sql {
namespace {

std::string_view target_name(const Node* node) {
  const auto* target = CHAPERONE_AS(ResTarget, node);
  return target ? view_of(target->name) : std::string_view();
}

std::vector<std::string> names_of(const List* targets) {
  std::vector<std::string> names;
  for (const Node* node : Nodes(targets)) names.emplace_back(target_name(node));
  return names;
}

}  // namespace

// The columns that a statement without a list of them fills, in their order; empty: not known.
std::vector<std::string> PlaceFinder::columns_of(const RangeVar* relation) const {
  auto found = resolver_.relation(view_of(relation->schemaname), view_of(relation->relname));
  if (!found.relation) return {};
  std::vector<const CatalogueColumn*> columns;
  for (const auto& column : found.relation->columns) columns.push_back(&column);
  std::sort(columns.begin(), columns.end(), [](auto* a, auto* b) { return a->number < b->number; });
  std::vector<std::string> names;
  for (const auto* column : columns) {
    if (column->number > 0) names.push_back(column->name);
  }
  return names;
}

void PlaceFinder::insert(const InsertStmt* node) {
  if (!node->relation) return;
  bool outer = std::exchange(saw_column_, false);
  auto outer_table = std::exchange(table_, view_of(node->relation->relname));
  examine(node_of(node->withClause));
  examine(node->selectStmt);
  auto names = node->cols ? names_of(node->cols) : columns_of(node->relation);
  if (names.empty() && names_secret(table_)) mark(node->selectStmt);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (holds_secrets(table_, names[i])) mark_output(node->selectStmt, i);
  }
  if (const auto* conflict = node->onConflictClause) {
    examine(node_of(conflict->infer));
    examine(conflict->whereClause);
    assign(conflict->targetList);
  }
  examine(node_of(node->returningClause));
  if (saw_column_) mark_sources(nullptr, node->withClause);
  table_ = outer_table;
  saw_column_ |= outer;
}

void PlaceFinder::update(const UpdateStmt* node) {
  if (!node->relation) return;
  bool outer = std::exchange(saw_column_, false);
  auto outer_table = std::exchange(table_, view_of(node->relation->relname));
  examine(node_of(node->withClause));
  examine_list(node->fromClause);
  assign(node->targetList);
  examine(node->whereClause);
  examine(node_of(node->returningClause));
  if (saw_column_) mark_sources(node->fromClause, node->withClause);
  table_ = outer_table;
  saw_column_ |= outer;
}

void PlaceFinder::merge(const MergeStmt* node) {
  if (!node->relation) return;
  bool outer = std::exchange(saw_column_, false);
  auto outer_table = std::exchange(table_, view_of(node->relation->relname));
  examine(node_of(node->withClause));
  examine(node->sourceRelation);
  examine(node->joinCondition);
  for (const Node* each : Nodes(node->mergeWhenClauses)) {
    const auto* clause = CHAPERONE_AS(MergeWhenClause, each);
    if (!clause) continue;
    examine(clause->condition);
    if (clause->commandType == CMD_INSERT)
      merge_insert(clause);
    else
      assign(clause->targetList);
  }
  examine(node_of(node->returningClause));
  if (saw_column_ && tag_of(node->sourceRelation) != T_RangeVar) mark(node->sourceRelation);
  if (saw_column_) mark_sources(nullptr, node->withClause);
  table_ = outer_table;
  saw_column_ |= outer;
}

void PlaceFinder::merge_insert(const MergeWhenClause* clause) {
  auto names = names_of(clause->targetList);
  Nodes values(clause->values);
  for (std::size_t i = 0; i < values.size(); ++i) {
    examine(values[i]);
    // Without a list of columns a table of secrets is taken whole.
    bool secret = i < names.size() ? holds_secrets(table_, names[i]) : names_secret(table_);
    if (secret) mark(values[i]);
  }
}

void PlaceFinder::assign(const List* targets) {
  for (const Node* node : Nodes(targets)) {
    examine(node);
    if (!holds_secrets(table_, target_name(node))) continue;
    if (const auto* target = CHAPERONE_AS(ResTarget, node)) mark(target->val);
  }
}

// (VALUES (1, 'x')) AS v(id, password)
void PlaceFinder::renamed(const List* names, const Node* query) {
  std::size_t at = 0;
  for (const Node* name : Nodes(names)) {
    if (names_secret(text_of(name))) mark_output(query, at);
    ++at;
  }
}

void PlaceFinder::set(const VariableSetStmt* node) {
  examine_list(node->args);
  if (names_secret(view_of(node->name))) mark_list(node->args);
}

void PlaceFinder::option(const DefElem* node) {
  examine(node->arg);
  if (!node->arg || !names_secret(view_of(node->defname))) return;
  if (node->arg_location >= 0) {
    found_.constants.push_back(static_cast<std::size_t>(node->arg_location));
  } else if (const auto* type = CHAPERONE_AS(TypeName, node->arg); type && type->location >= 0) {
    found_.constants.push_back(static_cast<std::size_t>(type->location));
  } else if (node->location >= 0 && tag_of(node->arg) != T_Boolean) {
    found_.announced.push_back(static_cast<std::size_t>(node->location));
  }
}

void PlaceFinder::prepare(const PrepareStmt* node) {
  auto outer = std::exchange(found_.parameters, {});
  examine(node->query);
  prepared_here_[std::string(view_of(node->name))] = std::exchange(found_.parameters, outer);
}

// A value stands where the prepared statement has its parameter.
void PlaceFinder::execute(const ExecuteStmt* node) {
  std::vector<std::uint16_t> parameters;
  auto here = prepared_here_.find(view_of(node->name));
  auto text = prepared_ ? prepared_->text_of(view_of(node->name)) : std::nullopt;
  if (here != prepared_here_.end()) {
    parameters = here->second;
  } else if (text) {
    Tree tree(*text, reading_);
    PlaceFinder within(resolver_, reading_, nullptr);
    for (const Node* each : Nodes(tree.statements())) within.statement(each);
    parameters = within.found().parameters;
  }
  bool known = here != prepared_here_.end() || text.has_value();
  Nodes values(node->params);
  for (std::size_t i = 0; i < values.size(); ++i) {
    examine(values[i]);
    auto found = std::find(parameters.begin(), parameters.end(), i + 1);
    if (!known || found != parameters.end()) mark(values[i]);
  }
}

}  // namespace chaperone::sql
