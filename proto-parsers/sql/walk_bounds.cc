#include "proto-parsers/sql/walker.h"

// Whether a WHERE bounds the rows: it depends on a column, of the changed table where one is changed.

namespace chaperone::sql {
namespace {

// Beyond this a condition is too deep to be looked at, and bounds nothing.
constexpr int kConditionDepthMax = 100;

// Whose columns count. `target` null: anybody's.
struct Wanted {
  const Source* target = nullptr;
  bool alone = true;         // no other relation stands beside it
  bool in_subquery = false;  // there a bare name is rather the subquery's own
};

bool is_wanted(const ColumnRef* column, const Wanted& wanted) {
  if (!wanted.target) return true;
  Nodes fields(column->fields);
  if (fields.empty()) return false;
  if (fields.size() > 1) return text_of(fields[fields.size() - 2]) == wanted.target->alias;
  if (wanted.in_subquery || tag_of(fields[0]) == T_A_Star) return false;
  if (wanted.alone) return true;
  return wanted.target->relation && wanted.target->relation->column(text_of(fields[0]));
}

// Whether such a column stands anywhere in an expression, subqueries left aside.
class ColumnSearch final : public ChildVisitor {
 public:
  explicit ColumnSearch(const Wanted& wanted) : wanted_(wanted) {}
  bool found() const { return found_ && !lost_; }
  void visit(const Node* child) override {
    if (found_ || lost_ || ++depth_ > 2 * kConditionDepthMax) return void(lost_ = !found_);
    if (const auto* column = CHAPERONE_AS(ColumnRef, child)) {
      found_ = is_wanted(column, wanted_);
    } else if (const auto* link = CHAPERONE_AS(SubLink, child)) {
      if (link->testexpr) visit(link->testexpr);
    } else if (!visit_children(child, *this)) {
      lost_ = true;
    }
    --depth_;
  }

 private:
  const Wanted& wanted_;
  int depth_ = 0;
  bool found_ = false, lost_ = false;
};

bool same_column(const Node* a, const Node* b, const Wanted& wanted) {
  const auto* left = CHAPERONE_AS(ColumnRef, a);
  const auto* right = CHAPERONE_AS(ColumnRef, b);
  if (!left || !right || last_name(left->fields) != last_name(right->fields)) return false;
  auto of_left = schema_name(left->fields), of_right = schema_name(right->fields);
  if (of_left == of_right) return true;
  bool one_bare = of_left.empty() || of_right.empty();  // l.id = id, of the changed table l
  return one_bare && wanted.target && (of_left.empty() ? of_right : of_left) == wanted.target->alias;
}

// id = id, id IN (1, id), id BETWEEN id AND id.
bool is_tautology(const A_Expr* op, const Wanted& wanted) {
  if (same_column(op->lexpr, op->rexpr, wanted)) return true;
  const auto* list = CHAPERONE_AS(List, op->rexpr);
  if (!list) return false;
  std::size_t same = 0;
  Nodes items(list);
  for (const Node* item : items) same += same_column(op->lexpr, item, wanted) ? 1 : 0;
  return op->kind == AEXPR_IN ? same > 0 : same == items.size() && same > 0;
}

// ctid IS NOT NULL, and IS NOT NULL of a column that never is.
bool is_always_there(const NullTest* test, const Wanted& wanted) {
  const auto* column = CHAPERONE_AS(ColumnRef, node_of(test->arg));
  if (test->nulltesttype != IS_NOT_NULL || !column) return false;
  auto name = last_name(column->fields);
  for (std::string_view system : {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}) {
    if (name == system) return true;
  }
  const auto* relation = wanted.target ? wanted.target->relation : nullptr;
  const auto* known = relation ? relation->column(name) : nullptr;
  return known && known->not_null;
}

bool condition_bounds(const Node* node, const Wanted& wanted, int depth) {
  if (!node || depth > kConditionDepthMax) return false;
  if (const auto* boolean = CHAPERONE_AS(BoolExpr, node)) {
    bool all = true, any = false;
    for (const Node* part : Nodes(boolean->args)) {
      bool one = condition_bounds(part, wanted, depth + 1);
      all = all && one;
      any = any || one;
    }
    return boolean->boolop == OR_EXPR ? all : any;
  }
  if (const auto* op = CHAPERONE_AS(A_Expr, node); op && is_tautology(op, wanted)) return false;
  if (const auto* test = CHAPERONE_AS(NullTest, node); test && is_always_there(test, wanted)) {
    return false;
  }
  if (const auto* link = CHAPERONE_AS(SubLink, node); link && !link->testexpr) {
    const auto* inner = CHAPERONE_AS(SelectStmt, link->subselect);
    Wanted within = wanted;
    within.in_subquery = true;
    return inner && condition_bounds(inner->whereClause, within, depth + 1);
  }
  if (tag_of(node) == T_CurrentOfExpr) return true;
  ColumnSearch search(wanted);
  search.visit(node);
  return search.found();
}

RowBound bound_if(bool bounded) { return bounded ? RowBound::kBounded : RowBound::kUnbounded; }

}  // namespace

bool Walker::bounds(const Node* condition, const Source* target, bool alone) const {
  return condition_bounds(condition, Wanted{target, alone}, 0);
}

// As target(), without touching it.
Source Walker::changed_table(const RangeVar* node) const {
  Source table;
  if (!node) return table;
  table.alias = node->alias ? view_of(node->alias->aliasname) : view_of(node->relname);
  table.relation = resolver_.relation(view_of(node->schemaname), view_of(node->relname)).relation;
  return table;
}

RowBound Walker::bound_of(const UpdateStmt* node) const {
  Source table = changed_table(node->relation);
  return bound_if(bounds(node->whereClause, &table, !node->fromClause));
}

RowBound Walker::bound_of(const DeleteStmt* node) const {
  Source table = changed_table(node->relation);
  return bound_if(bounds(node->whereClause, &table, !node->usingClause));
}

RowBound Walker::bound_of(const MergeStmt* node) const {
  Source table = changed_table(node->relation);
  for (const Node* one : Nodes(node->mergeWhenClauses)) {
    const auto* when = CHAPERONE_AS(MergeWhenClause, one);
    // Every row that the source has not.
    bool others = when && when->matchKind == MERGE_WHEN_NOT_MATCHED_BY_SOURCE;
    if (others && !bounds(when->condition, &table, true)) return RowBound::kUnbounded;
  }
  return bound_if(bounds(node->joinCondition, &table, false));
}

}  // namespace chaperone::sql
