#include "proto-parsers/sql/limits.h"
#include "proto-parsers/sql/walker.h"

namespace chaperone::sql {

Walker::Walker(Context& context, const Resolver& resolver, Findings& findings,
               std::set<std::string>& seen)
    : context_(context),
      resolver_(resolver),
      findings_(findings),
      seen_(seen),
      caller_(&resolver) {}

Walker::Walker(Walker& around, const Resolver& resolver, bool from_catalogue)
    : context_(around.context_),
      resolver_(resolver),
      findings_(around.findings_),
      seen_(around.seen_),
      caller_(from_catalogue ? &resolver : around.caller_),
      variables_(around.variables_),
      body_depth_(around.body_depth_ + (from_catalogue ? 1 : 0)),
      code_depth_(around.code_depth_ + 1),
      inner_(true),
      depth_(around.depth_) {}

// For a walk into Findings of its own: as deep, as trusted and under the same search_path.
void Walker::stand_within(const Walker& around) {
  caller_ = around.caller_;
  variables_ = around.variables_;
  body_depth_ = around.body_depth_;
  code_depth_ = around.code_depth_;
  inner_ = true;
  depth_ = around.depth_;
}

// Hands every child of a node to expression(), which knows the kinds that mean something.
class Walker::Descent final : public ChildVisitor {
 public:
  Descent(Walker& walker, const Scope& scope) : walker_(walker), scope_(scope) {}
  void visit(const Node* child) override { walker_.expression(child, scope_); }

 private:
  Walker& walker_;
  const Scope& scope_;
};

bool Walker::enter() {
  if (++depth_ <= kTreeDepthMax) return true;
  findings_.unknown("it is nested deeper than " + std::to_string(kTreeDepthMax) + " levels");
  --depth_;
  return false;
}

void Walker::descend(const Node* node, const Scope& scope) {
  Descent visitor(*this, scope);
  if (!visit_children(node, visitor)) {
    findings_.unknown("it holds a kind of node that is not known (" + std::to_string(node->type) +
                      ")");
  }
}

void Walker::verb(std::string_view word) {
  if (!inner_ && findings_.verb.empty()) findings_.verb = word;
}

void Walker::statement(const Node* node, std::string_view text) {
  if (const auto* raw = CHAPERONE_AS(RawStmt, node)) node = raw->stmt;
  if (!node || !enter()) return;
  if (code_depth_ > kCodeDepthMax) {
    findings_.unknown("code lies too deep within code");
    return leave();
  }
  text_ = text;
  dispatch(node);
  hidden_calls(node);
  if (!inner_) columns_of_relatives();
  leave();
}

// Casts and operator classes of users' own between built-in types: no name shows where they run.
void Walker::hidden_calls(const Node* node) {
  if (!resolver_.data() || inner_) return;
  switch (tag_of(node)) {
    case T_TransactionStmt:
    case T_VariableSetStmt:
    case T_VariableShowStmt:
    case T_DiscardStmt:
    case T_DeallocateStmt:
    case T_ClosePortalStmt:
    case T_ListenStmt:
    case T_UnlistenStmt:
    case T_NotifyStmt:
      return;
    default:
      for (Oid function : resolver_.data()->functions_everywhere) call_by_oid(function);
  }
}

void Walker::dispatch(const Node* node) {
  if (query_statement(node)) return;
  // Only queries are known to leave no session state; session_statement takes back what it knows.
  findings_.flags.leaves_session_state = true;
  findings_.flags.moves_objects |=
      tag_of(node) == T_RenameStmt || tag_of(node) == T_AlterObjectSchemaStmt;
  if (session_statement(node) || about_statement(node) || drop_statement(node) ||
      grant_statement(node) || create_statement(node) || alter_statement(node)) {
    return;
  }
  findings_.unknown("this kind of statement is not known");
  findings_.flags.may_change_reading = findings_.flags.changes_catalogue = true;
}

bool Walker::query_statement(const Node* node) {
  RowBound bound = RowBound::kNotApplicable;
  switch (tag_of(node)) {
    case T_SelectStmt: {
      const auto* query_node = CHAPERONE_AS(SelectStmt, node);
      verb(query_node->intoClause ? "SELECT INTO" : query_node->valuesLists ? "VALUES" : "SELECT");
      if (!inner_) limit_of(query_node);
      break;
    }
    case T_InsertStmt:
      verb("INSERT");
      break;
    case T_UpdateStmt:
      verb("UPDATE");
      break;
    case T_DeleteStmt:
      verb("DELETE");
      break;
    case T_MergeStmt:
      verb("MERGE");
      break;
    case T_PLAssignStmt:  // v[i] := (query), in PL/pgSQL
      expressions(CHAPERONE_AS(PLAssignStmt, node)->indirection, Scope{});
      select(CHAPERONE_AS(PLAssignStmt, node)->val, nullptr);
      return true;
    case T_ReturnStmt:  // RETURN expression, in a SQL function's body
      expression(CHAPERONE_AS(ReturnStmt, node)->returnval, Scope{});
      return true;
    default:
      return false;
  }
  bound = query(node, nullptr);
  if (!inner_) findings_.row_bound = bound;
  return true;
}

}  // namespace chaperone::sql
