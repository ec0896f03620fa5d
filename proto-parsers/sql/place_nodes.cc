// Nodes that give no value themselves, but say what one beside them is called.

#include "proto-parsers/sql/place_finder.h"
#include "proto-parsers/sql/secret_names.h"

namespace chaperone::sql {

// Those that look at their children themselves; false: not one of them.
bool PlaceFinder::statement_node(const Node* node) {
  switch (tag_of(node)) {
    case T_InsertStmt:
      insert(CHAPERONE_AS(InsertStmt, node));
      return true;
    case T_UpdateStmt:
      update(CHAPERONE_AS(UpdateStmt, node));
      return true;
    case T_DeleteStmt: {
      const auto* erase = CHAPERONE_AS(DeleteStmt, node);
      examine(node_of(erase->withClause));
      examine_list(erase->usingClause);
      examine(erase->whereClause);
      examine(node_of(erase->returningClause));
      return true;
    }
    case T_MergeStmt:
      merge(CHAPERONE_AS(MergeStmt, node));
      return true;
    case T_VariableSetStmt:
      set(CHAPERONE_AS(VariableSetStmt, node));
      return true;
    case T_DefElem:
      option(CHAPERONE_AS(DefElem, node));
      return true;
    case T_PrepareStmt:
      prepare(CHAPERONE_AS(PrepareStmt, node));
      return true;
    case T_ExecuteStmt:
      execute(CHAPERONE_AS(ExecuteStmt, node));
      return true;
    default:
      return false;
  }
}

// REQUIRES: the children were examined.
void PlaceFinder::beside(const Node* node) {
  if (const auto* named = CHAPERONE_AS(NamedArgExpr, node)) {
    if (names_secret(view_of(named->name))) mark(node_of(named->arg));
  } else if (const auto* pair = CHAPERONE_AS(JsonKeyValue, node)) {
    if (is_key(node_of(pair->key))) mark(node_of(pair->value));
  } else if (const auto* range = CHAPERONE_AS(RangeSubselect, node)) {
    if (range->alias) renamed(range->alias->colnames, range->subquery);
  } else if (const auto* with = CHAPERONE_AS(CommonTableExpr, node)) {
    renamed(with->aliascolnames, with->ctequery);
  } else if (const auto* defined = CHAPERONE_AS(ColumnDef, node)) {
    column(defined);
  } else if (const auto* parameter = CHAPERONE_AS(FunctionParameter, node)) {
    if (names_secret(view_of(parameter->name))) mark(parameter->defexpr);
  } else if (const auto* view = CHAPERONE_AS(ViewStmt, node)) {
    renamed(view->aliases, view->query);
  } else if (const auto* table = CHAPERONE_AS(CreateTableAsStmt, node)) {
    if (table->into) renamed(table->into->colNames, table->query);
  } else if (const auto* command = CHAPERONE_AS(AlterTableCmd, node)) {
    bool sets = command->subtype == AT_ColumnDefault;
    if (sets && names_secret(view_of(command->name))) mark(command->def);
  }
}

}  // namespace chaperone::sql
