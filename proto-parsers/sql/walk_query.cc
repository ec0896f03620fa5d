#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/walker.h"

namespace chaperone::sql {
namespace {

RowBound worse(RowBound a, RowBound b) { return a > b ? a : b; }

std::string_view alias_or(const Alias* alias, std::string_view otherwise) {
  return alias ? view_of(alias->aliasname) : otherwise;
}

// Without an alias a function's rows go by its name.
std::string_view function_of(const RangeFunction* node) {
  Nodes functions(node->functions);
  if (functions.size() != 1) return {};
  Nodes parts(CHAPERONE_AS(List, functions[0]));
  const auto* call = parts.empty() ? nullptr : CHAPERONE_AS(FuncCall, parts[0]);
  return call ? last_name(call->funcname) : std::string_view();
}

}  // namespace

RowBound Walker::query(const Node* node, const Scope* outer) {
  RowBound bound = RowBound::kNotApplicable;
  if (!node || !enter()) return bound;
  switch (tag_of(node)) {
    case T_SelectStmt:
      bound = select(CHAPERONE_AS(SelectStmt, node), outer);
      break;
    case T_InsertStmt:
      insert(CHAPERONE_AS(InsertStmt, node), outer);
      break;
    case T_UpdateStmt:
      update(CHAPERONE_AS(UpdateStmt, node), outer);
      bound = bound_of(CHAPERONE_AS(UpdateStmt, node));
      break;
    case T_DeleteStmt:
      remove(CHAPERONE_AS(DeleteStmt, node), outer);
      bound = bound_of(CHAPERONE_AS(DeleteStmt, node));
      break;
    case T_MergeStmt:
      merge(CHAPERONE_AS(MergeStmt, node), outer);
      bound = bound_of(CHAPERONE_AS(MergeStmt, node));
      break;
    default:
      findings_.unknown("a query of a kind that is not known");
      break;
  }
  leave();
  return bound;
}

// UNION and its kin lean left as deep as they are long: walked in a loop.
RowBound Walker::select(const SelectStmt* node, const Scope* outer) {
  if (!node) return RowBound::kNotApplicable;
  findings_.effect(Effect::kRead);
  const WithNames* saved = with_;
  std::vector<std::unique_ptr<WithNames>> frames;
  RowBound bound = RowBound::kNotApplicable;
  Scope output;
  output.outer = outer;
  for (;;) {
    if (node->withClause) {
      frames.push_back(std::make_unique<WithNames>());
      frames.back()->outer = with_;
      with_ = frames.back().get();
      with_clause(node->withClause, *frames.back(), outer);
    }
    if (node->op == SETOP_NONE) break;
    expressions(node->sortClause, output);
    expression(node->limitOffset, output);
    expression(node->limitCount, output);
    locking(node->lockingClause, output);
    if (node->rarg) bound = worse(bound, query(node_of(node->rarg), outer));
    if (!node->larg) break;
    node = node->larg;
  }
  bound = worse(bound, plain_select(node, outer));
  with_ = saved;
  return bound;
}

RowBound Walker::plain_select(const SelectStmt* node, const Scope* outer) {
  Scope scope;
  scope.outer = outer;
  into_clause(node->intoClause);
  expressions(node->valuesLists, scope);
  from_list(node->fromClause, scope);
  expressions(node->targetList, scope);
  expressions(node->distinctClause, scope);
  expression(node->whereClause, scope);
  expressions(node->groupClause, scope);
  expression(node->havingClause, scope);
  expressions(node->windowClause, scope);
  expressions(node->sortClause, scope);
  expression(node->limitOffset, scope);
  expression(node->limitCount, scope);
  locking(node->lockingClause, scope);
  if (!node->fromClause) return RowBound::kNotApplicable;
  return bounds(node->whereClause, nullptr, true) ? RowBound::kBounded : RowBound::kUnbounded;
}

void Walker::with_clause(const WithClause* node, WithNames& names, const Scope* outer) {
  Nodes queries(node->ctes);
  if (node->recursive) {
    for (const Node* one : queries) {
      if (const auto* cte = CHAPERONE_AS(CommonTableExpr, one)) names.names.push_back(cte->ctename);
    }
  }
  Scope none;
  for (const Node* one : queries) {
    const auto* cte = CHAPERONE_AS(CommonTableExpr, one);
    if (!cte) continue;
    query(cte->ctequery, outer);
    if (cte->search_clause) descend(node_of(cte->search_clause), none);
    if (cte->cycle_clause) descend(node_of(cte->cycle_clause), none);
    if (!node->recursive) names.names.push_back(cte->ctename);
  }
}

void Walker::from_list(const List* list, Scope& scope) {
  for (const Node* item : Nodes(list)) from_item(item, scope);
}

void Walker::from_item(const Node* node, Scope& scope) {
  if (!node || !enter()) return;
  if (scope.sources.size() >= kSourcesMax) findings_.unknown("its FROM list is too long");
  Source source;
  switch (tag_of(node)) {
    case T_RangeVar:
      from_relation(CHAPERONE_AS(RangeVar, node), scope, Effect::kRead);
      break;
    case T_JoinExpr:
      from_join(CHAPERONE_AS(JoinExpr, node), scope);
      break;
    case T_RangeSubselect: {
      const auto* sub = CHAPERONE_AS(RangeSubselect, node);
      query(sub->subquery, sub->lateral ? &scope : scope.outer);
      source.alias = alias_or(sub->alias, {});
      scope.sources.push_back(source);
      break;
    }
    case T_RangeFunction: {
      const auto* function = CHAPERONE_AS(RangeFunction, node);
      expressions(function->functions, scope);
      expressions(function->coldeflist, scope);
      source.alias = alias_or(function->alias, function_of(function));
      scope.sources.push_back(source);
      break;
    }
    case T_RangeTableSample: {
      const auto* sample = CHAPERONE_AS(RangeTableSample, node);
      call(schema_name(sample->method), last_name(sample->method), nullptr);
      expressions(sample->args, scope);
      expression(sample->repeatable, scope);
      from_item(sample->relation, scope);
      break;
    }
    default:  // XMLTABLE, JSON_TABLE: expressions all through
      descend(node, scope);
      if (const auto* xml = CHAPERONE_AS(RangeTableFunc, node)) {
        source.alias = alias_or(xml->alias, {});
      } else if (const auto* json = CHAPERONE_AS(JsonTable, node)) {
        source.alias = alias_or(json->alias, {});
      }
      scope.sources.push_back(source);
      break;
  }
  leave();
}

// ON sees what this join joins, under its own names, and nothing else of the FROM list.
void Walker::join_condition(const Node* condition, const Scope& scope, std::size_t first) {
  if (!condition) return;
  Scope joined;
  joined.outer = scope.outer;
  joined.sources.assign(scope.sources.begin() + static_cast<std::ptrdiff_t>(first),
                        scope.sources.end());
  expression(condition, joined);
}

void Walker::from_join(const JoinExpr* node, Scope& scope) {
  std::size_t first = scope.sources.size();
  if (node->isNatural || node->usingClause) operator_symbol("=");
  from_item(node->larg, scope);
  from_item(node->rarg, scope);
  join_condition(node->quals, scope, first);
  for (std::size_t i = first; i < scope.sources.size(); ++i) {
    auto& source = scope.sources[i];
    if (node->isNatural) note_all_columns(findings_, source, Effect::kRead);
    for (const Node* column : Nodes(node->usingClause)) {
      if (!source.relation || source.renamed || source.relation->column(text_of(column))) {
        findings_.column(source.table, source.renamed ? "*" : text_of(column), Effect::kRead);
      }
    }
    // An alias of the whole join hides the names within, and may rename what they have.
    if (node->alias) {
      source.alias = view_of(node->alias->aliasname);
      source.own_name = false;
      source.renamed = source.renamed || node->alias->colnames;
    }
  }
}

void Walker::from_relation(const RangeVar* node, Scope& scope, EffectSet effects) {
  Source source;
  source.alias = alias_or(node->alias, view_of(node->relname));
  if (!node->alias) source.schema = view_of(node->schemaname);
  bool is_with = !node->schemaname && with_ && with_->holds(view_of(node->relname));
  if (!is_with) {
    uncertain_name(view_of(node->schemaname), view_of(node->relname));
    RelationName name = resolver_.relation(view_of(node->schemaname), view_of(node->relname));
    touch(name, effects, !node->inh);
    source.table = name.full;
    source.relation = name.relation;
    source.renamed = node->alias && node->alias->colnames;
    source.own_name = !node->alias;
  }
  scope.sources.push_back(std::move(source));
}

void Walker::into_clause(const IntoClause* node) {
  if (!node) return;
  findings_.flags.changes_catalogue = true;
  event_triggers();
  defined(ObjectKind::kTable, node->rel, Effect::kDefine | Effect::kWrite);
  Scope none;
  expressions(node->options, none);
}

// FOR UPDATE and its kin lock the rows of the tables that they name, or of all.
void Walker::locking(const List* clauses, const Scope& scope) {
  for (const Node* one : Nodes(clauses)) {
    const auto* clause = CHAPERONE_AS(LockingClause, one);
    if (!clause) continue;
    findings_.effect(Effect::kLock);
    for (const auto& source : scope.sources) {
      bool named = !clause->lockedRels;
      for (const Node* rel : Nodes(clause->lockedRels)) {
        const auto* range = CHAPERONE_AS(RangeVar, rel);
        named = named || (range && source.alias == view_of(range->relname));
      }
      if (named && !source.table.empty()) {
        findings_.object(source.relation && source.relation->kind == 'v' ? ObjectKind::kView
                                                                         : ObjectKind::kTable,
                         source.table, Effect::kLock);
      }
    }
  }
}

// WITH TIES gives as many rows as are alike, and so none of it is a limit.
void Walker::limit_of(const SelectStmt* node) {
  if (node->limitOption == LIMIT_OPTION_WITH_TIES) return;
  const auto* constant = CHAPERONE_AS(A_Const, node->limitCount);
  if (constant && !constant->isnull && constant->val.node.type == T_Integer) {
    findings_.limit = constant->val.ival.ival;
  }
}

}  // namespace chaperone::sql
