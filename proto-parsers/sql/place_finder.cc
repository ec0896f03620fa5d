#include "proto-parsers/sql/place_finder.h"

#include <utility>

#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/secret_names.h"

namespace chaperone::sql {
namespace {

// Operators whose result is still the secret, or the value beneath a key.
bool passes_on(std::string_view op) {
  return op == "||" || op == "->" || op == "->>" || op == "#>" || op == "#>>";
}

bool measures(std::string_view function) {
  return function == "count" || function == "length" || function == "char_length" ||
         function == "octet_length" || function == "bit_length";
}

// A value that the text itself, or a parameter, gives.
bool is_given(const Node* node) {
  const Node* value = bare(node);
  return tag_of(value) == T_A_Const || tag_of(value) == T_ParamRef;
}

// Functions that take keys and values in turn.
bool takes_pairs(std::string_view function) {
  return function.ends_with("build_object") || function == "hstore";
}

}  // namespace

std::string_view last_of(const List* names) {
  Nodes list(names);
  return list.empty() ? std::string_view() : text_of(list[list.size() - 1]);
}

const Node* bare(const Node* node) {
  while (true) {
    if (const auto* cast = CHAPERONE_AS(TypeCast, node))
      node = cast->arg;
    else if (const auto* named = CHAPERONE_AS(NamedArgExpr, node))
      node = node_of(named->arg);
    else
      return node;
  }
}

bool is_key(const Node* node) {
  const Node* constant = bare(node);
  if (const auto* path = CHAPERONE_AS(A_ArrayExpr, constant)) {
    for (const Node* element : Nodes(path->elements)) {
      if (tag_of(bare(element)) == T_A_Const && is_key(element)) return true;
    }
  }
  return tag_of(constant) == T_A_Const && names_secret(constant_text(constant));
}

class PlaceFinder::Examining final : public ChildVisitor {
 public:
  explicit Examining(PlaceFinder& finder) : finder_(finder) {}
  void visit(const Node* child) override { names_ |= finder_.examine(child); }
  bool names() const { return names_; }

 private:
  PlaceFinder& finder_;
  bool names_ = false;
};

bool PlaceFinder::examine_children(const Node* node) {
  Examining examining(*this);
  if (!visit_children(node, examining)) found_.too_deep = true;
  return examining.names();
}

bool PlaceFinder::examine_list(const List* list) {
  bool names = false;
  for (const Node* node : Nodes(list)) names |= examine(node);
  return names;
}

bool PlaceFinder::examine(const Node* node) {
  if (!node) return false;
  if (depth_ >= kTreeDepthMax) {
    found_.too_deep = true;
    return false;
  }
  ++depth_;
  bool names = examine_node(node);
  --depth_;
  return names;
}

bool PlaceFinder::examine_node(const Node* node) {
  switch (tag_of(node)) {
    case T_List:
      return examine_list(reinterpret_cast<const List*>(node));
    case T_ColumnRef: {
      auto name = last_of(CHAPERONE_AS(ColumnRef, node)->fields);
      return names_secret(name) || aliases_.contains(name);
    }
    case T_A_Const:
      return false;  // a key names what it is the key of: operation(), call()
    case T_A_Expr:
      return operation(CHAPERONE_AS(A_Expr, node));
    case T_FuncCall:
      return call(CHAPERONE_AS(FuncCall, node));
    case T_SubLink:
      return sublink(CHAPERONE_AS(SubLink, node));
    case T_CoalesceExpr:
      return alternatives(CHAPERONE_AS(CoalesceExpr, node)->args);
    case T_MinMaxExpr:
      return alternatives(CHAPERONE_AS(MinMaxExpr, node)->args);
    case T_CaseExpr:
      return cases(CHAPERONE_AS(CaseExpr, node));
    case T_SelectStmt:
      return select(CHAPERONE_AS(SelectStmt, node));
    case T_ResTarget:
      return target(CHAPERONE_AS(ResTarget, node));
    case T_A_Indirection: {
      bool names = examine_children(node);
      return names || names_secret(last_of(CHAPERONE_AS(A_Indirection, node)->indirection));
    }
    case T_A_Indices: {
      bool names = examine_children(node);
      return names || is_key(CHAPERONE_AS(A_Indices, node)->uidx);
    }
    case T_TypeCast:
    case T_CollateClause:
    case T_A_ArrayExpr:
      return examine_children(node);
    case T_RowExpr:
      follow_keys(CHAPERONE_AS(RowExpr, node)->args);
      return examine_children(node);
    default:
      if (statement_node(node)) return false;
      examine_children(node);
      beside(node);
      return false;
  }
}

// (id, password) = (1, 'x'): only what stands opposite a secret's name.
void PlaceFinder::pairs(const Node* names, const Node* values) {
  const auto* left = CHAPERONE_AS(RowExpr, names);
  const auto* right = CHAPERONE_AS(RowExpr, values);
  if (!left || !right || Nodes(left->args).size() != Nodes(right->args).size()) return mark(values);
  Nodes name(left->args), value(right->args);
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (examine(name[i])) mark(value[i]);
  }
}

bool PlaceFinder::operation(const A_Expr* node) {
  bool passes = passes_on(last_of(node->name));
  bool left = examine(node->lexpr), right = examine(node->rexpr), key = false;
  if (passes) {
    left |= is_key(node->lexpr);
    key = is_key(node->rexpr);
    // What lies beside data->'auth'->>'password' is a key too, and no secret.
    if (key && is_given(node->lexpr)) mark(node->lexpr);
  }
  saw_key_ |= !passes && (is_key(node->lexpr) || is_key(node->rexpr));
  if (left) {
    const auto* list = CHAPERONE_AS(List, node->rexpr);
    if (!list) pairs(node->lexpr, node->rexpr);
    for (const Node* value : Nodes(list)) pairs(node->lexpr, value);
  }
  if (right) pairs(node->rexpr, node->lexpr);
  return (left || right || key) && passes;
}

bool PlaceFinder::call(const FuncCall* node) {
  auto function = last_of(node->funcname);
  Nodes arguments(node->args);
  bool names = examine_list(node->args);
  examine_list(node->agg_order);
  examine(node->agg_filter);
  examine(node_of(node->over));
  // Rows are hashed all the time: what a FROM gives to a hash is not taken.
  bool saw = saw_column_, all = names || takes_secrets(function), pairwise = takes_pairs(function);
  bool after = false, next = false;
  for (const Node* argument : arguments) {
    if (all || next || (after && !pairwise)) mark(argument);
    next = !next && is_key(argument);
    after |= next;
    const auto* array = CHAPERONE_AS(A_ArrayExpr, bare(argument));
    if (next && array &&
        (pairwise || function.ends_with("json_object") || function.ends_with("jsonb_object")))
      follow_keys(array->elements);
  }
  after |= (after && call_by_name(node)) || (function == "set_config" && dynamic_setting(node));
  if (!names && !after) saw_column_ = saw;
  return all && !measures(function);
}

// The order of arguments that have names tells nothing.
bool PlaceFinder::call_by_name(const FuncCall* node) {
  bool any = false;
  for (const Node* argument : Nodes(node->args)) {
    if (tag_of(argument) != T_NamedArgExpr || is_key(argument)) continue;
    mark(argument);
    any = true;
  }
  return any;
}

// set_config() of a setting that only the server knows.
bool PlaceFinder::dynamic_setting(const FuncCall* node) {
  Nodes arguments(node->args);
  bool known = arguments.empty() || tag_of(bare(arguments[0])) == T_A_Const;
  if (known || arguments.size() < 2) return false;
  mark(arguments[1]);
  return true;
}

// What stands behind a secret's name in a row, as ('X-Api-Key', 'x')::http_header.
void PlaceFinder::follow_keys(const List* list) {
  bool next = false;
  for (const Node* node : Nodes(list)) {
    if (next) mark(node);
    next = !next && is_key(node);
  }
}

bool PlaceFinder::sublink(const SubLink* node) {
  bool test = examine(node->testexpr), output = examine(node->subselect);
  if (test) mark(node->subselect);
  if (output) mark(node->testexpr);
  return output && (node->subLinkType == EXPR_SUBLINK || node->subLinkType == ARRAY_SUBLINK);
}

bool PlaceFinder::alternatives(const List* list) {
  bool names = examine_list(list);
  if (names) mark_list(list);
  return names;
}

bool PlaceFinder::cases(const CaseExpr* node) {
  bool subject = examine(node_of(node->arg)), result = examine(node_of(node->defresult));
  for (const Node* each : Nodes(node->args)) {
    const auto* when = CHAPERONE_AS(CaseWhen, each);
    if (!when) continue;
    examine(node_of(when->expr));
    if (subject) mark(node_of(when->expr));
    result |= examine(node_of(when->result));
  }
  return result;
}

bool PlaceFinder::select(const SelectStmt* node) {
  bool outer = std::exchange(saw_column_, false), names = false;
  // First what gives names to the rest.
  examine(node_of(node->withClause));
  examine_list(node->fromClause);
  for (const Node* each : Nodes(node->targetList)) {
    bool secret = examine(each);
    if (secret) alias(each);
    names |= secret;
  }
  for (const List* list : {node->groupClause, node->windowClause, node->valuesLists,
                           node->sortClause, node->distinctClause}) {
    examine_list(list);
  }
  for (const Node* each :
       {node->whereClause, node->havingClause, node->limitCount, node->limitOffset}) {
    examine(each);
  }
  // A chain of UNIONs leans to the left: a loop, not the stack.
  for (const SelectStmt* arm = node; arm && arm->op != SETOP_NONE; arm = arm->larg) {
    names |= examine(node_of(arm->rarg));
    if (arm->larg && arm->larg->op == SETOP_NONE) names |= examine(node_of(arm->larg));
    if (arm == node) continue;
    examine(node_of(arm->withClause));
    examine_list(arm->sortClause);
  }
  if (saw_column_) mark_sources(node->fromClause, node->withClause);
  saw_column_ |= outer;
  return names;
}

void PlaceFinder::alias(const Node* node) {
  const auto* output = CHAPERONE_AS(ResTarget, node);
  if (output && output->name) aliases_.emplace(output->name);
}

void PlaceFinder::column(const ColumnDef* node) {
  if (!names_secret(view_of(node->colname))) return;
  mark(node->raw_default);
  for (const Node* each : Nodes(node->constraints)) {
    const auto* constraint = CHAPERONE_AS(Constraint, each);
    if (constraint && constraint->contype == CONSTR_DEFAULT) mark(constraint->raw_expr);
  }
}

bool PlaceFinder::target(const ResTarget* node) {
  bool names = examine(node->val);
  examine_list(node->indirection);
  if (!node->name || !names_secret(view_of(node->name))) return names;
  mark(node->val);
  return true;
}

}  // namespace chaperone::sql
