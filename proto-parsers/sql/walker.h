#pragma once
// The walk over one statement's parse tree. A coordinator: statement() branches on the kind of
// node, the walk_*.cc files each understand one family and write what they learn into Findings.

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/builtins.h"
#include "proto-parsers/sql/children.h"
#include "proto-parsers/sql/findings.h"
#include "proto-parsers/sql/resolver.h"
#include "proto-parsers/sql/scope.h"
#include "proto-parsers/sql/tree.h"

#include "proto-parsers/sql/nodes.h"

namespace chaperone::sql {

// What one call to analyse() shares between its statements and the bodies beneath them.
struct Context {
  const Reading& reading;
  const Names& names;
  int bodies = 0;              // looked into beneath this statement, against kBodiesMax
  std::size_t body_bytes = 0;  // and beneath the whole text, against kBodyBytesMax
  bool names_uncertain =
      false;  // an earlier statement of the text may have changed the search_path
  bool objects_moved = false;  // ... or gave something that exists another name
};

class Walker {
 public:
  Walker(Context& context, const Resolver& resolver, Findings& findings,
         std::set<std::string>& seen);
  // For a body found beneath `around`: it adds effects and objects, but no verb, bound or limit.
  // `from_catalogue`: somebody else wrote the body, so its bounds are not this statement's.
  Walker(Walker& around, const Resolver& resolver, bool from_catalogue);

  // One statement, whose own text is `text`: effects, objects and flags, and verb, bound and limit.
  void statement(const Node* node, std::string_view text);
  // A function called by its number, as the protocol's FunctionCall message does.
  void call_by_number(Oid function);
  // One expression that stands alone: a default, a check, a policy.
  void expression_alone(const Node* node, const Scope& scope) { expression(node, scope); }

 private:
  class Descent;

  // walk.cc
  void dispatch(const Node* node);
  void hidden_calls(const Node* node);
  bool query_statement(const Node* node);
  bool session_statement(const Node* node);
  bool server_statement(const Node* node);
  bool about_statement(const Node* node);
  void verb(std::string_view word);
  void stateless();
  bool enter();
  void leave() { --depth_; }
  void descend(const Node* node, const Scope& scope);

  // walk_expression.cc
  void expression(const Node* node, const Scope& scope);
  void expressions(const List* list, const Scope& scope);
  void column_reference(const ColumnRef* node, const Scope& scope);
  void operator_chain(const A_Expr* node, const Scope& scope);
  void sublink(const SubLink* node, const Scope& scope);
  void indirection(const A_Indirection* node, const Scope& scope);
  bool attribute_call(std::string_view name, bool no_column);
  void younger_spelling(const Node* node);

  // walk_call.cc
  void function_call(const FuncCall* node, const Scope& scope);
  void call(std::string_view schema, std::string_view name, const List* arguments);
  void call_builtin(std::string_view name, const Builtin& what, const List* arguments);
  void call_user(const CatalogueFunction& function);
  void call_by_oid(Oid function);
  void constant_argument(const Builtin& what, const List* arguments);
  void operator_name(const List* names);
  void operator_symbol(std::string_view symbol);
  void type_name(const TypeName* node);
  void type_used(const CatalogueType& type);
  void types_of_columns(const CatalogueRelation& relation);

  // walk_query.cc
  RowBound select(const SelectStmt* node, const Scope* outer);
  RowBound plain_select(const SelectStmt* node, const Scope* outer);
  RowBound query(const Node* node, const Scope* outer);
  void with_clause(const WithClause* node, WithNames& names, const Scope* outer);
  void from_item(const Node* node, Scope& scope);
  void from_relation(const RangeVar* node, Scope& scope, EffectSet effects);
  void from_join(const JoinExpr* node, Scope& scope);
  void join_condition(const Node* condition, const Scope& scope, std::size_t first);
  void from_list(const List* list, Scope& scope);
  void into_clause(const IntoClause* node);
  void locking(const List* clauses, const Scope& scope);
  void limit_of(const SelectStmt* node);

  // walk_bounds.cc
  bool bounds(const Node* condition, const Source* target, bool alone) const;
  Source changed_table(const RangeVar* node) const;
  RowBound bound_of(const UpdateStmt* node) const;
  RowBound bound_of(const DeleteStmt* node) const;
  RowBound bound_of(const MergeStmt* node) const;

  // walk_write.cc
  void insert(const InsertStmt* node, const Scope* outer);
  void update(const UpdateStmt* node, const Scope* outer);
  void remove(const DeleteStmt* node, const Scope* outer);
  void merge(const MergeStmt* node, const Scope* outer);
  Source target(const RangeVar* node, EffectSet effects, int events);
  void returning(const ReturningClause* node, Scope& scope);
  void written_columns(const List* targets, const Source& table, bool all_if_none);
  void changed(RowBound bound);

  // walk_relation.cc
  void touch(const RelationName& name, EffectSet effects, bool only, int events = 0);
  void touch_system(std::string_view name, EffectSet effects);
  void touch_relation(const CatalogueRelation& relation, EffectSet effects, bool only, int events,
                      int depth);
  void beneath_view(const CatalogueRelation& relation, EffectSet effects, int events);
  void updatable_view(const CatalogueRelation& relation, EffectSet effects, int events);
  void beneath_table(const CatalogueRelation& relation, EffectSet effects, int events, int depth);
  void default_values(const CatalogueRelation& relation);
  void run_triggers(const CatalogueRelation& relation, int events);
  void catalogue_text(std::string_view text, const CatalogueRelation* table, bool is_expression);

  // walk_body.cc
  void function_body(const CatalogueFunction& function);
  bool sql_text(std::string_view input, ParseMode mode);
  void plpgsql(std::string_view statement_text);
  void dynamic_sql(std::string_view expression_text);
  void guessed_sql(const std::string& guess);
  void create_function(const CreateFunctionStmt* node);
  void routine_body(const CreateFunctionStmt* node, std::string_view statement_text);
  void opaque_code();
  void do_block(const DoStmt* node);
  void run_procedure(const CallStmt* node);
  void stand_within(const Walker& around);
  bool may_enter_body(std::size_t bytes);
  bool first_visit(const std::string& body);

  // walk_session.cc
  void transaction(const TransactionStmt* node);
  void set_variable(const VariableSetStmt* node);
  void setting(std::string_view name, const List* values, bool is_reset);

  // walk_about.cc
  void explain(const ExplainStmt* node);
  void prepare(const PrepareStmt* node);
  void execute(const ExecuteStmt* node);
  void declare_cursor(const DeclareCursorStmt* node);
  void copy(const CopyStmt* node);
  void lock_tables(const LockStmt* node);
  void discard(const DiscardStmt* node);
  void maintain(const Node* node);
  void expressions_everywhere();

  // walk_define.cc, walk_drop.cc, walk_grant.cc
  bool create_statement(const Node* node);
  bool alter_statement(const Node* node);
  bool drop_statement(const Node* node);
  bool grant_statement(const Node* node);
  void grant_privileges(const GrantStmt* node);
  void grant_roles(const GrantRoleStmt* node);
  void roles(const List* list);
  void create_table(const CreateStmt* node, std::string_view verb);
  void create_table_as(const CreateTableAsStmt* node);
  void create_view(const ViewStmt* node);
  void create_index(const IndexStmt* node);
  void create_trigger(const CreateTrigStmt* node);
  void create_rule(const RuleStmt* node);
  void create_other(const Node* node);
  void define_from(const DefineStmt* node);
  void alter_table(const AlterTableStmt* node);
  void moved(const RangeVar* relation, const Node* object);
  void schema_moved(std::string_view schema);
  void altered_beside(const AlterTableCmd* command, const RelationName& table);
  void alter_reaches(const Node* node);
  void rename(const RenameStmt* rename);
  void move_to_schema(const AlterObjectSchemaStmt* move);
  void drop_objects(const DropStmt* node);
  void truncate(const TruncateStmt* node);
  void event_triggers();
  void ddl(std::string_view verb, EffectSet effects);
  void named(ObjectKind kind, const List* names, EffectSet effects);
  void named(ObjectKind kind, std::string_view name, EffectSet effects);
  void defined(ObjectKind kind, const RangeVar* relation, EffectSet effects);
  void existing(ObjectKind kind, const RangeVar* relation, EffectSet effects);
  void object_named(ObjectType type, const Node* name, EffectSet effects);

  std::string relation_name(const RangeVar* node);
  void known_object(ObjectKind kind, std::string_view schema, std::string_view name,
                    EffectSet effects);
  // walk_reach.cc
  void anything(EffectSet effects);
  std::vector<const CatalogueRelation*> relatives(const CatalogueRelation& from);
  void columns_of_relatives();
  void reach(const CatalogueRelation& relation, EffectSet effects);
  void reach_unknown(ObjectKind kind, EffectSet effects);
  void members(std::string_view schema, EffectSet effects, std::optional<ObjectKind> only);
  void published(const List* objects, bool all);

  void uncertain_name(std::string_view schema, std::string_view name);
  void uncertain_path(std::string_view schema, std::string_view name);

  Context& context_;
  const Resolver& resolver_;
  Findings& findings_;
  std::set<std::string>& seen_;  // bodies that were looked into: each once
  const WithNames* with_ = nullptr;
  std::string_view text_;
  const Resolver* caller_;  // the live search_path: functions without one of their own run under it
  const std::set<std::string>* variables_ =
      nullptr;          // of the code around: names that are no columns
  int body_depth_ = 0;  // how many of the catalogue's bodies this one lies beneath
  int code_depth_ = 0;  // code within code within ...
  bool inner_ = false;
  int depth_ = 0;
  EffectSet referred_ = Effect::kRead;  // what a table is subject to where only its name stands
};

// A table where the catalogue does not know it.
ObjectKind kind_of_relation(const CatalogueRelation* relation);
// "schema.name" of a list of String nodes, as written.
std::string joined_name(const List* names);
// The last part of such a list and, before it, the schema.
std::string_view last_name(const List* names);
std::string_view schema_name(const List* names);
// The kind of object, and the word for verbs, of PostgreSQL's ObjectType.
ObjectKind kind_of(ObjectType type);
std::string_view word_of(ObjectType type);
// A DefElem's value as text: "on", "off", a word or a number; "on" where it has none.
std::string option_text(const DefElem* option);

}  // namespace chaperone::sql
