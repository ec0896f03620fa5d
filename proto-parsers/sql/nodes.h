#pragma once
// PostgreSQL's raw parse tree, for the files of this room that walk it. Include it after the
// standard headers and our own: PostgreSQL redefines printf and its kin, which is undone below.
//
// A walk only reads: no function of PostgreSQL's that can raise an error (palloc included) may be
// called from C++, because such an error is a longjmp over C++ frames.

#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
// clang-format off: postgres.h must be first
extern "C" {
#include "postgres.h"
#include "pg_query.h"
#include "pg_query_internal.h"
#include "nodes/parsenodes.h"
#include "nodes/primnodes.h"
#include "nodes/value.h"
}
// clang-format on
#pragma GCC diagnostic pop
#undef printf
#undef fprintf
#undef sprintf
#undef snprintf
#undef vprintf
#undef vfprintf
#undef vsprintf
#undef vsnprintf
#undef strerror
#undef strerror_r
#undef DEBUG
#undef Min
#undef Max
#undef Abs
#undef foreach

namespace chaperone::sql {

// The elements of a PostgreSQL list of pointers; a null list has none.
class Nodes {
 public:
  explicit Nodes(const List* list) : list_(list) {}
  class iterator {
   public:
    explicit iterator(const ListCell* cell) : cell_(cell) {}
    const Node* operator*() const { return static_cast<const Node*>(cell_->ptr_value); }
    iterator& operator++() {
      ++cell_;
      return *this;
    }
    bool operator!=(const iterator& other) const { return cell_ != other.cell_; }

   private:
    const ListCell* cell_;
  };
  std::size_t size() const { return list_ ? static_cast<std::size_t>(list_->length) : 0; }
  bool empty() const { return size() == 0; }
  const Node* operator[](std::size_t i) const {
    return static_cast<const Node*>(list_->elements[i].ptr_value);
  }
  iterator begin() const { return iterator(list_ ? list_->elements : nullptr); }
  iterator end() const { return iterator(list_ ? list_->elements + list_->length : nullptr); }

 private:
  const List* list_;
};

inline NodeTag tag_of(const Node* node) { return node ? node->type : T_Invalid; }

// The node as T if its tag is `tag`, else null.
template <class T>
const T* as(const Node* node, NodeTag tag) {
  return node && node->type == tag ? reinterpret_cast<const T*>(node) : nullptr;
}
#define CHAPERONE_AS(Type, node) (::chaperone::sql::as<Type>((node), T_##Type))

template <class T>
const Node* node_of(const T* typed) {
  return reinterpret_cast<const Node*>(typed);
}

inline std::string_view view_of(const char* text) {
  return text ? std::string_view(text) : std::string_view();
}

// A String node's value; empty for anything else.
inline std::string_view text_of(const Node* node) {
  const auto* string = CHAPERONE_AS(String, node);
  return string ? view_of(string->sval) : std::string_view();
}

// A constant string's value (A_Const or String node); null text if it is something else.
inline std::string_view constant_text(const Node* node) {
  if (const auto* constant = CHAPERONE_AS(A_Const, node)) {
    if (!constant->isnull && constant->val.node.type == T_String) {
      return view_of(constant->val.sval.sval);
    }
    return {};
  }
  return text_of(node);
}

// The part of the text that a statement stands in; all of it for a node that is no RawStmt.
inline std::string_view own_text(std::string_view text, const Node* node) {
  const auto* raw = CHAPERONE_AS(RawStmt, node);
  std::size_t begin = raw && raw->stmt_location > 0 ? static_cast<std::size_t>(raw->stmt_location) : 0;
  if (!raw || begin > text.size()) return text;
  auto rest = text.substr(begin);
  return raw->stmt_len > 0 ? rest.substr(0, static_cast<std::size_t>(raw->stmt_len)) : rest;
}

}  // namespace chaperone::sql
