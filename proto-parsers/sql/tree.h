#pragma once
// The raw parse tree of one text, by PostgreSQL's own grammar. Owns the memory that the tree lies
// in. Trees of one thread nest (a function body is parsed while its caller's tree is walked) and
// end in reverse order; a Tree never leaves the thread that made it.

#include <cstdint>
#include <string>
#include <string_view>

#include "proto-parsers/sql/analyse.h"

struct List;
struct MemoryContextData;

namespace chaperone::sql {

// How PL/pgSQL's parts are spelled; the numbers are PL/pgSQL's own (RawParseMode).
enum class ParseMode : std::uint8_t {
  kStatements = 0,
  kTypeName = 1,
  kExpression = 2,
  kAssign1 = 3,
  kAssign2 = 4,
  kAssign3 = 5,
};

class Tree {
 public:
  Tree(std::string_view text, const Reading& reading, ParseMode mode = ParseMode::kStatements);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  // RawStmt nodes, in order. Null for an empty text or one that did not parse.
  const List* statements() const { return statements_; }
  bool ok() const { return error_.empty(); }
  // PostgreSQL's words, which may quote the text's first odd token.
  const std::string& error() const { return error_; }

 private:
  MemoryContextData* context_ = nullptr;
  const List* statements_ = nullptr;
  std::string error_;
};

}  // namespace chaperone::sql
