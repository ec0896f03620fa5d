#include "proto-parsers/sql/children.h"

#include "proto-parsers/sql/nodes.h"

// The generated tables call these names for each field; only those that hold nodes matter here.
#define OUT_TYPE(typename, typename_c) ChildVisitor&
#define OUT_NODE(typename, typename_c, typename_underscore, typename_upcase, typename_cast, \
                 fldname)                                                                   \
  _out##typename_c(out, reinterpret_cast<const typename_cast*>(node))
#define WRITE_INT_FIELD(...)
#define WRITE_UINT_FIELD(...)
#define WRITE_UINT64_FIELD(...)
#define WRITE_LONG_FIELD(...)
#define WRITE_CHAR_FIELD(...)
#define WRITE_ENUM_FIELD(...)
#define WRITE_FLOAT_FIELD(...)
#define WRITE_BOOL_FIELD(...)
#define WRITE_STRING_FIELD(...)
#define WRITE_BITMAPSET_FIELD(...)
#define WRITE_LIST_FIELD(msgtype, outname, outname_json, fldname) visit_list(out, node->fldname)
#define WRITE_NODE_FIELD(msgtype, outname, outname_json, fldname) \
  visit_one(out, reinterpret_cast<const Node*>(&node->fldname))
#define WRITE_NODE_PTR_FIELD(msgtype, outname, outname_json, fldname) \
  visit_one(out, reinterpret_cast<const Node*>(node->fldname))
#define WRITE_SPECIFIC_NODE_FIELD(msgtype, type, type_underscore, outname, outname_json, fldname) \
  visit_one(out, reinterpret_cast<const Node*>(&node->fldname))
#define WRITE_SPECIFIC_NODE_PTR_FIELD(msgtype, type, type_underscore, outname, outname_json, \
                                      fldname)                                               \
  visit_one(out, reinterpret_cast<const Node*>(node->fldname))

namespace chaperone::sql {
namespace {

void visit_list(ChildVisitor& visitor, const List* list);

void visit_one(ChildVisitor& visitor, const Node* node) {
  if (!node) return;
  if (node->type == T_List) {
    visit_list(visitor, reinterpret_cast<const List*>(node));
  } else {
    visitor.visit(node);
  }
}

void visit_list(ChildVisitor& visitor, const List* list) {
  if (!list || list->type != T_List) return;
  for (const Node* node : Nodes(list)) visit_one(visitor, node);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wunused-function"
void _outList(ChildVisitor& visitor, const List* node) { visit_list(visitor, node); }
void _outIntList(ChildVisitor&, const List*) {}
void _outOidList(ChildVisitor&, const List*) {}
void _outInteger(ChildVisitor&, const Integer*) {}
void _outBoolean(ChildVisitor&, const Boolean*) {}
void _outFloat(ChildVisitor&, const Float*) {}
void _outString(ChildVisitor&, const String*) {}
void _outBitString(ChildVisitor&, const BitString*) {}
void _outAConst(ChildVisitor&, const A_Const*) {}
#include "include/pg_query_outfuncs_defs.c"
#pragma GCC diagnostic pop

}  // namespace

bool visit_children(const Node* node, ChildVisitor& out) {
  switch (node->type) {
#include "include/pg_query_outfuncs_conds.c"
    default:
      return false;
  }
  return true;
}

}  // namespace chaperone::sql
