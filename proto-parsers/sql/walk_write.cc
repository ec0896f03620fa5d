#include "proto-parsers/sql/walker.h"

namespace chaperone::sql {

// An agent's own change counts as unbounded wherever it stands; one in somebody's trigger does not.
void Walker::changed(RowBound bound) {
  if (bound == RowBound::kUnbounded && body_depth_ == 0) findings_.unbounded_change();
}

// The table that a statement changes. A name from WITH cannot be one.
Source Walker::target(const RangeVar* node, EffectSet effects, int events) {
  Source table;
  if (!node) return table;
  uncertain_name(view_of(node->schemaname), view_of(node->relname));
  RelationName name = resolver_.relation(view_of(node->schemaname), view_of(node->relname));
  touch(name, effects, !node->inh, events);
  table.alias = node->alias ? view_of(node->alias->aliasname) : view_of(node->relname);
  if (!node->alias) table.schema = view_of(node->schemaname);
  table.table = name.full;
  table.relation = name.relation;
  table.own_name = !node->alias;
  return table;
}

void Walker::written_columns(const List* targets, const Source& table, bool all_if_none) {
  Nodes nodes(targets);
  if (nodes.empty() && all_if_none) note_all_columns(findings_, table, Effect::kWrite);
  for (const Node* one : nodes) {
    const auto* column = CHAPERONE_AS(ResTarget, one);
    if (column && column->name) findings_.column(table.table, column->name, Effect::kWrite);
  }
}

void Walker::returning(const ReturningClause* node, Scope& scope) {
  if (!node) return;
  // RETURNING old.a, new.a: two more names for the same table.
  if (!scope.sources.empty()) {
    for (const char* alias : {"old", "new"}) {
      Source again = scope.sources.front();
      again.alias = alias;
      again.schema.clear();
      if (!scope.has_alias(alias)) scope.sources.push_back(again);
    }
    for (const Node* one : Nodes(node->options)) {
      const auto* option = CHAPERONE_AS(ReturningOption, one);
      if (!option) continue;
      Source again = scope.sources.front();
      again.alias = view_of(option->value);
      again.schema.clear();
      scope.sources.push_back(again);
    }
  }
  findings_.effect(Effect::kRead);
  expressions(node->exprs, scope);
}

void Walker::insert(const InsertStmt* node, const Scope* outer) {
  const WithNames* saved = with_;
  WithNames names{with_, {}};
  with_ = &names;
  if (node->withClause) with_clause(node->withClause, names, outer);
  Scope scope;
  scope.outer = outer;
  bool updates = node->onConflictClause && node->onConflictClause->action == ONCONFLICT_UPDATE;
  Source table =
      target(node->relation, Effect::kWrite, kTriggerInsert | (updates ? kTriggerUpdate : 0));
  written_columns(node->cols, table, true);
  for (const Node* column : Nodes(node->cols)) descend(column, scope);
  // VALUES alone reads nothing; everything else is a query.
  const auto* values = CHAPERONE_AS(SelectStmt, node->selectStmt);
  if (values && values->valuesLists && !values->withClause && !values->sortClause &&
      !values->limitCount && !values->limitOffset && !values->lockingClause) {
    expressions(values->valuesLists, scope);
  } else if (node->selectStmt) {
    query(node->selectStmt, outer);
  }
  scope.sources.push_back(table);
  if (const auto* conflict = node->onConflictClause) {
    Source excluded = table;
    excluded.alias = "excluded";
    excluded.table.clear();
    Scope both = scope;
    both.sources.push_back(excluded);
    if (conflict->infer) descend(node_of(conflict->infer), scope);
    if (updates) written_columns(conflict->targetList, table, false);
    expressions(conflict->targetList, both);
    expression(conflict->whereClause, both);
  }
  returning(node->returningClause, scope);
  with_ = saved;
}

void Walker::update(const UpdateStmt* node, const Scope* outer) {
  const WithNames* saved = with_;
  WithNames names{with_, {}};
  with_ = &names;
  if (node->withClause) with_clause(node->withClause, names, outer);
  Scope scope;
  scope.outer = outer;
  Source table = target(node->relation, Effect::kWrite, kTriggerUpdate);
  scope.sources.push_back(table);
  written_columns(node->targetList, table, false);
  for (const Node* one : Nodes(node->targetList)) {
    const auto* set = CHAPERONE_AS(ResTarget, one);
    bool to_default =
        set && (tag_of(set->val) == T_SetToDefault || tag_of(set->val) == T_MultiAssignRef);
    if (to_default && table.relation) default_values(*table.relation);
  }
  from_list(node->fromClause, scope);
  expressions(node->targetList, scope);
  expression(node->whereClause, scope);
  returning(node->returningClause, scope);
  changed(bound_of(node));
  with_ = saved;
}

void Walker::remove(const DeleteStmt* node, const Scope* outer) {
  const WithNames* saved = with_;
  WithNames names{with_, {}};
  with_ = &names;
  if (node->withClause) with_clause(node->withClause, names, outer);
  Scope scope;
  scope.outer = outer;
  scope.sources.push_back(target(node->relation, Effect::kDelete, kTriggerDelete));
  from_list(node->usingClause, scope);
  expression(node->whereClause, scope);
  returning(node->returningClause, scope);
  changed(bound_of(node));
  with_ = saved;
}

void Walker::merge(const MergeStmt* node, const Scope* outer) {
  const WithNames* saved = with_;
  WithNames names{with_, {}};
  with_ = &names;
  if (node->withClause) with_clause(node->withClause, names, outer);
  EffectSet effects = Effect::kRead;
  for (const Node* one : Nodes(node->mergeWhenClauses)) {
    const auto* when = CHAPERONE_AS(MergeWhenClause, one);
    if (!when) continue;
    if (when->commandType == CMD_DELETE) effects |= Effect::kDelete;
    if (when->commandType == CMD_INSERT || when->commandType == CMD_UPDATE)
      effects |= Effect::kWrite;
  }
  Scope scope;
  scope.outer = outer;
  Source table = target(node->relation, effects, 0);
  scope.sources.push_back(table);
  from_item(node->sourceRelation, scope);
  expression(node->joinCondition, scope);
  for (const Node* one : Nodes(node->mergeWhenClauses)) {
    const auto* when = CHAPERONE_AS(MergeWhenClause, one);
    if (!when) continue;
    bool writes = when->commandType == CMD_INSERT || when->commandType == CMD_UPDATE;
    if (writes) written_columns(when->targetList, table, when->commandType == CMD_INSERT);
    expression(when->condition, scope);
    expressions(when->targetList, scope);
    expressions(when->values, scope);
  }
  returning(node->returningClause, scope);
  changed(bound_of(node));
  with_ = saved;
}

}  // namespace chaperone::sql
