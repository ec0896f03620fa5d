#pragma once
// Every child of every node of a raw parse tree, by the tables that libpg_query generates from
// PostgreSQL's own node definitions: nothing beneath a node can be overlooked by forgetting a
// field.

struct Node;

namespace chaperone::sql {

class ChildVisitor {
 public:
  // `child` is never null. A List is visited element by element, not as a node.
  virtual void visit(const Node* child) = 0;

 protected:
  ~ChildVisitor() = default;
};

// False if the node is of a kind that the tables do not hold.
[[nodiscard]] bool visit_children(const Node* node, ChildVisitor& visitor);

}  // namespace chaperone::sql
