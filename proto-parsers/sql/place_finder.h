#pragma once
// The walk behind secret_places.h: goes through a tree from below, and says of every expression
// whether it names a secret, so that what stands beside it is taken.

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "proto-parsers/sql/analyse.h"
#include "proto-parsers/sql/children.h"
#include "proto-parsers/sql/nodes.h"
#include "proto-parsers/sql/resolver.h"

namespace chaperone::sql {

// What was found, by offset in the text.
struct FoundPlaces {
  std::vector<std::size_t> constants;  // where a constant begins
  std::vector<std::size_t> announced;  // behind here the next string or number is one
  std::vector<std::uint16_t> parameters;
  std::vector<std::uint16_t> keyed;  // secrets if another value that is bound names one
  bool too_deep = false;
};

// The last part of a name; empty if it is none.
std::string_view last_of(const List* names);
// What a cast or an argument's name stands around.
const Node* bare(const Node* node);
// A constant that is a secret's name: the key of JSON, a path with one, the name of a setting.
bool is_key(const Node* node);

class PlaceFinder {
 public:
  PlaceFinder(const Resolver& resolver, const Reading& reading, const PreparedTexts* prepared)
      : resolver_(resolver), reading_(reading), prepared_(prepared) {}

  void statement(const Node* node) {
    aliases_.clear();
    examine(node);
  }
  FoundPlaces& found() { return found_; }

 private:
  class Examining;
  class Marking;

  // True if what the node gives is named as a secret is.
  bool examine(const Node* node);
  bool examine_node(const Node* node);
  bool statement_node(const Node* node);
  void beside(const Node* node);
  bool examine_children(const Node* node);
  bool examine_list(const List* list);
  bool operation(const A_Expr* node);
  bool call(const FuncCall* node);
  bool call_by_name(const FuncCall* node);
  bool dynamic_setting(const FuncCall* node);
  void follow_keys(const List* list);
  bool sublink(const SubLink* node);
  bool alternatives(const List* list);
  bool cases(const CaseExpr* node);
  bool select(const SelectStmt* node);
  bool target(const ResTarget* node);
  void column(const ColumnDef* node);
  void pairs(const Node* names, const Node* values);
  void alias(const Node* target);

  // Statements that put values into columns (place_writes.cc).
  void insert(const InsertStmt* node);
  void update(const UpdateStmt* node);
  void merge(const MergeStmt* node);
  void merge_insert(const MergeWhenClause* clause);
  void assign(const List* targets);
  void renamed(const List* names, const Node* query);
  bool gives_secret(const Node* query, std::size_t at) const;
  void keyed_rows(const std::vector<std::string>& names, const Node* query);
  void keyed_row(const std::vector<std::string>& names, const List* row);
  void keyed_targets(const List* targets, bool constant);
  void keyed(const Node* value);
  void set(const VariableSetStmt* node);
  void option(const DefElem* node);
  void prepare(const PrepareStmt* node);
  void execute(const ExecuteStmt* node);
  std::vector<std::string> columns_of(const RangeVar* relation) const;

  // Takes every constant and parameter beneath.
  void mark(const Node* node);
  void mark_node(const Node* node);
  void mark_list(const List* list);
  void mark_constant(const A_Const* node);
  // What a query gives as its column `at`.
  void mark_output(const Node* query, std::size_t at);
  void mark_sources(const List* from, const WithClause* with);

  const Resolver& resolver_;
  const Reading& reading_;
  const PreparedTexts* prepared_;
  FoundPlaces found_;
  std::unordered_set<const Node*> marked_;
  std::map<std::string, FoundPlaces, std::less<>> prepared_here_;
  std::set<std::string, std::less<>> aliases_;  // of outputs that are secrets
  std::string_view table_;  // that a statement writes to
  int depth_ = 0;
  std::size_t work_ = 0;  // rows looked at, of kWorkMax
  bool saw_column_ = false;  // what was marked comes from beneath a FROM
  bool saw_key_ = false;     // something was compared with a secret's name
};

}  // namespace chaperone::sql
