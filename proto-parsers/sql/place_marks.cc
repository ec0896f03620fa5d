// Taking constants and parameters once their place is known.

#include <algorithm>
#include <utility>

#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/place_finder.h"

namespace chaperone::sql {

class PlaceFinder::Marking final : public ChildVisitor {
 public:
  explicit Marking(PlaceFinder& finder) : finder_(finder) {}
  void visit(const Node* child) override { finder_.mark(child); }

 private:
  PlaceFinder& finder_;
};

void PlaceFinder::mark(const Node* node) {
  if (!node || !marked_.insert(node).second) return;
  if (depth_ >= kTreeDepthMax) {
    found_.too_deep = true;
    return;
  }
  ++depth_;
  mark_node(node);
  --depth_;
}

void PlaceFinder::mark_list(const List* list) {
  for (const Node* node : Nodes(list)) mark(node);
}

void PlaceFinder::mark_constant(const A_Const* node) {
  if (node->isnull || node->val.node.type == T_Boolean) return;
  if (node->location >= 0) found_.constants.push_back(static_cast<std::size_t>(node->location));
}

void PlaceFinder::mark_node(const Node* node) {
  switch (tag_of(node)) {
    case T_List:
      return mark_list(reinterpret_cast<const List*>(node));
    case T_A_Const:
      return mark_constant(CHAPERONE_AS(A_Const, node));
    case T_ParamRef: {
      int number = CHAPERONE_AS(ParamRef, node)->number;
      if (number > 0 && number <= 65535) {
        found_.parameters.push_back(static_cast<std::uint16_t>(number));
      }
      return;
    }
    case T_ColumnRef:
      saw_column_ = true;
      return;
    case T_TypeName:  // varchar(64)
      return;
    case T_SubLink:
      return mark(CHAPERONE_AS(SubLink, node)->subselect);
    case T_MultiAssignRef: {
      const auto* part = CHAPERONE_AS(MultiAssignRef, node);
      auto at = static_cast<std::size_t>(part->colno - 1);
      const auto* row = CHAPERONE_AS(RowExpr, part->source);
      const auto* sub = CHAPERONE_AS(SubLink, part->source);
      if (row && at < Nodes(row->args).size()) return mark(Nodes(row->args)[at]);
      return sub ? mark_output(sub->subselect, at) : mark(part->source);
    }
    case T_SelectStmt: {
      const auto* select = CHAPERONE_AS(SelectStmt, node);
      mark_list(select->valuesLists);
      mark_list(select->targetList);
      mark_sources(select->fromClause, select->withClause);
      mark(node_of(select->larg));
      return mark(node_of(select->rarg));
    }
    default: {
      Marking marking(*this);
      if (!visit_children(node, marking)) found_.too_deep = true;
    }
  }
}

void PlaceFinder::mark_sources(const List* from, const WithClause* with) {
  for (const Node* node : Nodes(from)) {
    if (const auto* join = CHAPERONE_AS(JoinExpr, node)) {
      if (tag_of(join->larg) != T_RangeVar) mark(join->larg);
      if (tag_of(join->rarg) != T_RangeVar) mark(join->rarg);
    } else if (tag_of(node) != T_RangeVar) {
      mark(node);
    }
  }
  if (with) mark_list(with->ctes);
}

void PlaceFinder::mark_output(const Node* query, std::size_t at) {
  const auto* select = CHAPERONE_AS(SelectStmt, query);
  for (; select && select->op != SETOP_NONE; select = select->larg) {
    if (++work_ > kWorkMax) break;
    if (++depth_ < kTreeDepthMax)
      mark_output(node_of(select->rarg), at);
    else
      found_.too_deep = true;
    --depth_;
  }
  if (!select) return mark(query);
  for (const Node* row : Nodes(select->valuesLists)) {
    if (++work_ > kWorkMax) break;
    Nodes values(reinterpret_cast<const List*>(row));
    if (at < values.size()) mark(values[at]);
  }
  Nodes targets(select->targetList);
  work_ += std::min(at, targets.size());
  if (work_ > kWorkMax) found_.too_deep = true;
  if (targets.empty() || work_ > kWorkMax) return;
  bool outer = std::exchange(saw_column_, false);
  bool star = false;
  for (std::size_t i = 0; i < targets.size() && i <= at; ++i) {
    const auto* column = CHAPERONE_AS(ColumnRef, CHAPERONE_AS(ResTarget, targets[i])->val);
    Nodes fields(column ? column->fields : nullptr);
    star |= !fields.empty() && tag_of(fields[fields.size() - 1]) == T_A_Star;
  }
  if (star)
    mark(query);
  else if (at < targets.size())
    mark(targets[at]);
  if (saw_column_) mark_sources(select->fromClause, select->withClause);
  saw_column_ |= outer;
}

}  // namespace chaperone::sql
