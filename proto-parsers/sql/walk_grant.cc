#include "proto-parsers/sql/lexer.h"
#include "proto-parsers/sql/walker.h"

// Who may do what: roles, privileges, ownership, policies, labels.

namespace chaperone::sql {
namespace {

std::string_view name_of_role(const RoleSpec* role) {
  if (!role) return {};
  switch (role->roletype) {
    case ROLESPEC_CSTRING:
      return view_of(role->rolename);
    case ROLESPEC_PUBLIC:
      return "public";
    case ROLESPEC_SESSION_USER:
      return "session_user";
    default:
      return "current_user";
  }
}

}  // namespace

void Walker::roles(const List* list) {
  for (const Node* one : Nodes(list)) {
    const auto* role = CHAPERONE_AS(RoleSpec, one);
    if (role) named(ObjectKind::kRole, name_of_role(role), Effect::kGrant);
  }
}

void Walker::grant_privileges(const GrantStmt* node) {
  ddl(node->is_grant ? "GRANT" : "REVOKE", Effect::kGrant);
  bool in_schema = node->targtype == ACL_TARGET_ALL_IN_SCHEMA;
  ObjectType type = in_schema ? OBJECT_SCHEMA : node->objtype;
  for (const Node* one : Nodes(node->objects)) {
    if (const auto* range = CHAPERONE_AS(RangeVar, one)) {
      existing(kind_of(node->objtype), range, Effect::kGrant);
    } else {
      object_named(type, one, Effect::kGrant);
      if (in_schema) members(text_of(one), Effect::kGrant, kind_of(node->objtype));
    }
  }
  roles(node->grantees);
}

void Walker::grant_roles(const GrantRoleStmt* node) {
  ddl(node->is_grant ? "GRANT ROLE" : "REVOKE ROLE", Effect::kGrant);
  for (const Node* one : Nodes(node->granted_roles)) {
    const auto* role = CHAPERONE_AS(AccessPriv, one);
    if (role) named(ObjectKind::kRole, view_of(role->priv_name), Effect::kGrant);
  }
  roles(node->grantee_roles);
}

bool Walker::grant_statement(const Node* node) {
  constexpr Effect kGrant = Effect::kGrant;
  switch (tag_of(node)) {
    case T_GrantStmt:
      grant_privileges(CHAPERONE_AS(GrantStmt, node));
      return true;
    case T_GrantRoleStmt:
      grant_roles(CHAPERONE_AS(GrantRoleStmt, node));
      return true;
    case T_CreateRoleStmt:
      ddl("CREATE ROLE", kGrant | Effect::kDefine);
      named(ObjectKind::kRole, view_of(CHAPERONE_AS(CreateRoleStmt, node)->role), kGrant);
      return true;
    case T_AlterRoleStmt:
      ddl("ALTER ROLE", kGrant);
      named(ObjectKind::kRole, name_of_role(CHAPERONE_AS(AlterRoleStmt, node)->role), kGrant);
      return true;
    case T_AlterRoleSetStmt: {
      const auto* alter = CHAPERONE_AS(AlterRoleSetStmt, node);
      ddl("ALTER ROLE", kGrant);
      named(ObjectKind::kRole, alter->role ? name_of_role(alter->role) : "*", kGrant);
      if (alter->setstmt && alter->setstmt->name)
        named(ObjectKind::kSetting, folded(alter->setstmt->name), kGrant);
      return true;
    }
    case T_AlterDefaultPrivilegesStmt:
      ddl("ALTER DEFAULT PRIVILEGES", kGrant);
      anything(kGrant);
      return true;
    case T_ReassignOwnedStmt:
      ddl("REASSIGN OWNED", kGrant);
      roles(CHAPERONE_AS(ReassignOwnedStmt, node)->roles);
      anything(kGrant);
      return true;
    case T_AlterOwnerStmt: {
      const auto* owner = CHAPERONE_AS(AlterOwnerStmt, node);
      ddl("ALTER " + std::string(word_of(owner->objectType)), kGrant);
      if (owner->relation) existing(kind_of(owner->objectType), owner->relation, kGrant);
      if (owner->object) object_named(owner->objectType, owner->object, kGrant);
      if (owner->objectType == OBJECT_SCHEMA) members(text_of(owner->object), kGrant, std::nullopt);
      named(ObjectKind::kRole, name_of_role(owner->newowner), kGrant);
      return true;
    }
    case T_SecLabelStmt:
      ddl("SECURITY LABEL", kGrant);
      object_named(CHAPERONE_AS(SecLabelStmt, node)->objtype,
                   CHAPERONE_AS(SecLabelStmt, node)->object, kGrant);
      return true;
    case T_CreatePolicyStmt:
    case T_AlterPolicyStmt: {
      const auto* create = CHAPERONE_AS(CreatePolicyStmt, node);
      const auto* alter = CHAPERONE_AS(AlterPolicyStmt, node);
      ddl(create ? "CREATE POLICY" : "ALTER POLICY", kGrant | Effect::kDefine);
      existing(ObjectKind::kTable, create ? create->table : alter->table, kGrant);
      Scope scope;
      expression(create ? create->qual : alter->qual, scope);
      expression(create ? create->with_check : alter->with_check, scope);
      return true;
    }
    default:
      return false;
  }
}

}  // namespace chaperone::sql
