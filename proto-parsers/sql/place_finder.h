#pragma once
// The walk behind secret_places.h: goes through a tree from below, and says of every expression
// whether it names a secret, so that what stands beside it is taken.

#include <map>
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
  bool too_deep = false;
};

class PlaceFinder {
 public:
  PlaceFinder(const Resolver& resolver, const Reading& reading, const PreparedTexts* prepared)
      : resolver_(resolver), reading_(reading), prepared_(prepared) {}

  void statement(const Node* node) { examine(node); }
  FoundPlaces& found() { return found_; }

 private:
  class Examining;
  class Marking;

  // True if what the node gives is named as a secret is.
  bool examine(const Node* node);
  bool examine_node(const Node* node);
  bool examine_children(const Node* node);
  bool examine_list(const List* list);
  bool operation(const A_Expr* node);
  bool call(const FuncCall* node);
  bool sublink(const SubLink* node);
  bool alternatives(const List* list);
  bool cases(const CaseExpr* node);
  bool select(const SelectStmt* node);
  bool target(const ResTarget* node);
  void column(const ColumnDef* node);
  void pairs(const Node* names, const Node* values);

  // Statements that put values into columns (place_writes.cc).
  void insert(const InsertStmt* node);
  void update(const UpdateStmt* node);
  void merge(const MergeStmt* node);
  void merge_insert(const MergeWhenClause* clause);
  void assign(const List* targets);
  void renamed(const List* names, const Node* query);
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
  std::map<std::string, std::vector<std::uint16_t>, std::less<>> prepared_here_;
  std::string_view table_;  // that a statement writes to
  int depth_ = 0;
  std::size_t work_ = 0;  // rows looked at, of kWorkMax
  bool saw_column_ = false;  // what was marked comes from beneath a FROM
};

}  // namespace chaperone::sql
