#include "proto-parsers/sql/walker.h"

namespace chaperone::sql {

bool Walker::drop_statement(const Node* node) {
  switch (tag_of(node)) {
    case T_DropStmt:
      drop_objects(CHAPERONE_AS(DropStmt, node));
      return true;
    case T_TruncateStmt:
      truncate(CHAPERONE_AS(TruncateStmt, node));
      return true;
    case T_DropdbStmt:
      ddl("DROP DATABASE", Effect::kDrop | Effect::kAdmin);
      named(ObjectKind::kDatabase, view_of(CHAPERONE_AS(DropdbStmt, node)->dbname), Effect::kDrop);
      return true;
    case T_DropTableSpaceStmt:
      ddl("DROP TABLESPACE", Effect::kDrop | Effect::kAdmin);
      named(ObjectKind::kOther, view_of(CHAPERONE_AS(DropTableSpaceStmt, node)->tablespacename),
            Effect::kDrop);
      return true;
    case T_DropRoleStmt:
      ddl("DROP ROLE", Effect::kDrop | Effect::kGrant);
      for (const Node* one : Nodes(CHAPERONE_AS(DropRoleStmt, node)->roles)) {
        const auto* role = CHAPERONE_AS(RoleSpec, one);
        if (role && role->rolename)
          named(ObjectKind::kRole, view_of(role->rolename), Effect::kDrop);
      }
      return true;
    case T_DropOwnedStmt:
      ddl("DROP OWNED", Effect::kDrop | Effect::kGrant);
      roles(CHAPERONE_AS(DropOwnedStmt, node)->roles);
      anything(Effect::kDrop | Effect::kGrant);
      return true;
    case T_DropUserMappingStmt:
      ddl("DROP USER MAPPING", Effect::kDrop | Effect::kGrant);
      named(ObjectKind::kOther, view_of(CHAPERONE_AS(DropUserMappingStmt, node)->servername),
            Effect::kDrop);
      return true;
    case T_DropSubscriptionStmt:
      ddl("DROP SUBSCRIPTION", Effect::kDrop | Effect::kReplicate);
      named(ObjectKind::kPublication, view_of(CHAPERONE_AS(DropSubscriptionStmt, node)->subname),
            Effect::kDrop);
      return true;
    default:
      return false;
  }
}

void Walker::drop_objects(const DropStmt* node) {
  ddl("DROP " + std::string(word_of(node->removeType)), Effect::kDrop);
  if (node->removeType == OBJECT_POLICY) findings_.effect(Effect::kGrant);
  if (node->removeType == OBJECT_EXTENSION || node->removeType == OBJECT_EVENT_TRIGGER) {
    findings_.effect(Effect::kAdmin);
  }
  for (const Node* name : Nodes(node->objects)) object_named(node->removeType, name, Effect::kDrop);
  // An extension takes its members along.
  if (node->behavior == DROP_CASCADE || node->removeType == OBJECT_EXTENSION)
    anything(Effect::kDrop);
}

void Walker::truncate(const TruncateStmt* node) {
  verb("TRUNCATE");
  findings_.flags.leaves_session_state = false;
  for (const Node* one : Nodes(node->relations)) {
    if (const auto* range = CHAPERONE_AS(RangeVar, one)) {
      Source table = target(range, Effect::kDelete, kTriggerTruncate);
      if (node->behavior == DROP_CASCADE && !table.relation) anything(Effect::kDelete);
    }
  }
  if (!inner_) findings_.row_bound = RowBound::kUnbounded;
  changed(RowBound::kUnbounded);
}

}  // namespace chaperone::sql
