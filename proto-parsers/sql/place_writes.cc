// Statements that put values into columns, settings and options.

#include <algorithm>
#include <utility>

#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/place_finder.h"
#include "proto-parsers/sql/secret_names.h"
#include "proto-parsers/sql/tree.h"

namespace chaperone::sql {
namespace {

std::string_view target_name(const Node* node) {
  const auto* target = CHAPERONE_AS(ResTarget, node);
  return target ? view_of(target->name) : std::string_view();
}

// Which field of a column is set, or which column: data.password, data['password'].
std::string_view place_name(const Node* node) {
  const auto* target = CHAPERONE_AS(ResTarget, node);
  for (const Node* step : Nodes(target ? target->indirection : nullptr)) {
    const auto* at = CHAPERONE_AS(A_Indices, step);
    auto name = at ? constant_text(bare(at->uidx)) : text_of(step);
    if (names_secret(name)) return name;
  }
  return target_name(node);
}

std::vector<std::string> names_of(const List* targets) {
  std::vector<std::string> names;
  for (const Node* node : Nodes(targets)) names.emplace_back(place_name(node));
  return names;
}

const Node* value_of(const Node* node) {
  const auto* target = CHAPERONE_AS(ResTarget, node);
  return target ? target->val : node;
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
  bool outer_key = std::exchange(saw_key_, false);
  keyed_rows(names, node->selectStmt);
  if (const auto* conflict = node->onConflictClause) {
    examine(node_of(conflict->infer));
    examine(conflict->whereClause);
    assign(conflict->targetList);
    keyed_targets(conflict->targetList, saw_key_);
  }
  saw_key_ = outer_key;
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
  bool outer_key = std::exchange(saw_key_, false);
  examine(node->whereClause);
  assign(node->targetList);
  keyed_targets(node->targetList, saw_key_ || table_ == "pg_settings");
  saw_key_ = outer_key;
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
    if (!holds_secrets(table_, place_name(node))) continue;
    if (const auto* target = CHAPERONE_AS(ResTarget, node)) mark(target->val);
  }
}

// (VALUES (1, 'x')) AS v(id, password), and (SELECT password ...) AS v(p)
void PlaceFinder::renamed(const List* names, const Node* query) {
  std::size_t at = 0;
  for (const Node* name : Nodes(names)) {
    if (names_secret(text_of(name)))
      mark_output(query, at);
    else if (gives_secret(query, at))
      aliases_.emplace(text_of(name));
    ++at;
  }
}

bool PlaceFinder::gives_secret(const Node* query, std::size_t at) const {
  const auto* select = CHAPERONE_AS(SelectStmt, query);
  Nodes targets(select ? select->targetList : nullptr);
  if (at >= targets.size()) return false;
  auto name = target_name(targets[at]);
  if (name.empty()) {
    const auto* column = CHAPERONE_AS(ColumnRef, value_of(targets[at]));
    if (column) name = last_of(column->fields);
  }
  return names_secret(name) || aliases_.contains(name);
}

// settings(key, value): what a value is, its row's key says.
void PlaceFinder::keyed_rows(const std::vector<std::string>& names, const Node* query) {
  const auto* select = CHAPERONE_AS(SelectStmt, query);
  if (!select) return;
  for (const Node* row : Nodes(select->valuesLists)) {
    keyed_row(names, reinterpret_cast<const List*>(row));
  }
  keyed_row(names, select->targetList);
}

void PlaceFinder::keyed_row(const std::vector<std::string>& names, const List* row) {
  Nodes values(row);
  work_ += values.size();
  if (work_ > kWorkMax) {
    found_.too_deep = true;
    return;
  }
  std::size_t key = values.size();
  for (std::size_t i = 0; i < values.size() && key == values.size(); ++i) {
    if (is_key(value_of(values[i]))) key = i;
  }
  bool constant = key < values.size();
  saw_key_ |= constant;
  for (std::size_t i = 0; i < values.size(); ++i) {
    bool value = i < names.size() ? is_value_name(names[i]) : names.empty();
    if (!value || i == key) continue;
    if (constant)
      mark(value_of(values[i]));
    else
      keyed(value_of(values[i]));
  }
}

void PlaceFinder::keyed_targets(const List* targets, bool constant) {
  for (const Node* node : Nodes(targets)) {
    if (!is_value_name(target_name(node))) continue;
    if (constant)
      mark(value_of(node));
    else
      keyed(value_of(node));
  }
}

void PlaceFinder::keyed(const Node* value) {
  const auto* parameter = CHAPERONE_AS(ParamRef, bare(value));
  if (parameter && parameter->number > 0 && parameter->number <= 65535) {
    found_.keyed.push_back(static_cast<std::uint16_t>(parameter->number));
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
  auto outer = std::exchange(found_.parameters, {}), outer_keyed = std::exchange(found_.keyed, {});
  examine(node->query);
  FoundPlaces& here = prepared_here_[std::string(view_of(node->name))];
  here.parameters = std::exchange(found_.parameters, std::move(outer));
  here.keyed = std::exchange(found_.keyed, std::move(outer_keyed));
}

// A value stands where the prepared statement has its parameter.
void PlaceFinder::execute(const ExecuteStmt* node) {
  FoundPlaces places;
  auto here = prepared_here_.find(view_of(node->name));
  auto text = prepared_ ? prepared_->text_of(view_of(node->name)) : std::nullopt;
  if (here != prepared_here_.end()) {
    places = here->second;
  } else if (text) {
    Tree tree(*text, reading_);
    PlaceFinder within(resolver_, reading_, nullptr);
    for (const Node* each : Nodes(tree.statements())) within.statement(each);
    places = std::move(within.found());
  }
  bool known = here != prepared_here_.end() || text.has_value();
  Nodes values(node->params);
  bool key = false;
  for (const Node* value : values) key |= is_key(value);
  auto among = [](const std::vector<std::uint16_t>& numbers, std::size_t number) {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    examine(values[i]);
    bool secret = among(places.parameters, i + 1) || (key && among(places.keyed, i + 1));
    if (!known || secret) mark(values[i]);
  }
}

}  // namespace chaperone::sql
