#include <algorithm>

#include "proto-parsers/sql/walker.h"

namespace chaperone::sql {

void Walker::expressions(const List* list, const Scope& scope) {
  for (const Node* node : Nodes(list)) expression(node, scope);
}

void Walker::expression(const Node* node, const Scope& scope) {
  if (!node || !findings_.work() || !enter()) return;
  switch (tag_of(node)) {
    case T_A_Const:
    case T_ParamRef:
    case T_SetToDefault:
    case T_String:
    case T_Integer:
    case T_Float:
    case T_Boolean:
    case T_BitString:
    case T_A_Star:
      break;
    case T_List:
      expressions(reinterpret_cast<const List*>(node), scope);
      break;
    case T_ColumnRef:
      column_reference(CHAPERONE_AS(ColumnRef, node), scope);
      break;
    case T_FuncCall:
      function_call(CHAPERONE_AS(FuncCall, node), scope);
      break;
    case T_A_Expr:
      operator_chain(CHAPERONE_AS(A_Expr, node), scope);
      break;
    case T_SubLink:
      sublink(CHAPERONE_AS(SubLink, node), scope);
      break;
    case T_TypeName:
      type_name(CHAPERONE_AS(TypeName, node));
      break;
    case T_A_Indirection:
      indirection(CHAPERONE_AS(A_Indirection, node), scope);
      break;
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
      query(node, &scope);
      break;
    case T_RangeVar:
      touch(resolver_.relation(view_of(CHAPERONE_AS(RangeVar, node)->schemaname),
                               view_of(CHAPERONE_AS(RangeVar, node)->relname)),
            referred_, true);
      break;
    case T_SortBy:
      operator_name(CHAPERONE_AS(SortBy, node)->useOp);
      descend(node, scope);
      break;
    case T_CaseExpr:  // CASE a WHEN b asks for a = b
      if (CHAPERONE_AS(CaseExpr, node)->arg) operator_symbol("=");
      descend(node, scope);
      break;
    default:
      younger_spelling(node);
      descend(node, scope);
      break;
  }
  leave();
}

// Older servers read these spellings as calls of whatever function bears the name.
void Walker::younger_spelling(const Node* node) {
  int since = 0;
  switch (tag_of(node)) {
    case T_JsonArrayConstructor:
    case T_JsonArrayQueryConstructor:
    case T_JsonObjectConstructor:
    case T_JsonArrayAgg:
    case T_JsonObjectAgg:
      since = 160000;
      break;
    case T_JsonFuncExpr:
    case T_JsonParseExpr:
    case T_JsonScalarExpr:
    case T_JsonSerializeExpr:
    case T_MergeSupportFunc:
      since = 170000;
      break;
    default:
      return;
  }
  if (context_.reading.server_version >= since) return;
  opaque_code();
  findings_.function("json_function");
}

void Walker::column_reference(const ColumnRef* node, const Scope& scope) {
  std::vector<std::string_view> path;
  bool star = false;
  for (const Node* field : Nodes(node->fields)) {
    if (tag_of(field) == T_A_Star) {
      star = true;
    } else {
      path.push_back(text_of(field));
    }
  }
  bool certain = note_column(findings_, scope, path, star, variables_);
  if (certain || star || path.size() < 2) return;
  auto rows = row_arguments(scope, path);
  bool no_column = !rows.empty() && std::all_of(rows.begin(), rows.end(), [&](const Source* row) {
    return lacks_column(*row, path.back());
  });
  if (!attribute_call(path.back(), no_column)) return;
  for (const Source* row : rows) note_all_columns(findings_, *row, Effect::kRead);
}

// a.f may be f(a): a function of the row or value, if no column has the name. Harmless ones have
// names that columns have as well (count, name, left): these count where there is `no_column`.
bool Walker::attribute_call(std::string_view name, bool no_column) {
  auto users = resolver_.functions({}, name);
  for (const auto* function : users) call_user(*function);
  auto known = builtin(name);
  if (known && (no_column || !known->harmless())) {
    call_builtin(name, *known, nullptr);
    return true;
  }
  // No table of a user's has columns of such names.
  bool system = !known && name.starts_with("pg_");
  if (system) call({}, name, nullptr);
  return system || !users.empty();
}

void Walker::indirection(const A_Indirection* node, const Scope& scope) {
  expression(node->arg, scope);
  for (const Node* part : Nodes(node->indirection)) {
    if (tag_of(part) == T_String) {
      attribute_call(text_of(part), false);
    } else if (tag_of(part) != T_A_Star) {
      expression(part, scope);
    }
  }
}

// Chains such as a || b || c lean left as deep as they are long: walked in a loop.
void Walker::operator_chain(const A_Expr* node, const Scope& scope) {
  for (;;) {
    switch (node->kind) {
      case AEXPR_BETWEEN:
      case AEXPR_NOT_BETWEEN:
      case AEXPR_BETWEEN_SYM:
      case AEXPR_NOT_BETWEEN_SYM:
        for (std::string_view op : {">=", "<=", "<", ">"}) operator_symbol(op);
        break;
      default:
        operator_name(node->name);
        break;
    }
    expression(node->rexpr, scope);
    const auto* left = CHAPERONE_AS(A_Expr, node->lexpr);
    if (!left) break;
    node = left;
  }
  expression(node->lexpr, scope);
}

void Walker::sublink(const SubLink* node, const Scope& scope) {
  expression(node->testexpr, scope);
  operator_name(node->operName);
  if (node->testexpr && !node->operName) operator_symbol("=");  // IN
  query(node->subselect, &scope);
}

}  // namespace chaperone::sql
