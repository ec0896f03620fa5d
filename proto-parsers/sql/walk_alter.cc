#include "proto-parsers/sql/walker.h"

namespace chaperone::sql {
namespace {

EffectSet effects_of(AlterTableType type) {
  switch (type) {
    case AT_DropColumn:
    case AT_DropConstraint:
    case AT_DropExpression:
    case AT_DropIdentity:
      return Effect::kDefine | Effect::kDrop;
    case AT_ChangeOwner:
    case AT_EnableRowSecurity:
    case AT_DisableRowSecurity:
    case AT_ForceRowSecurity:
    case AT_NoForceRowSecurity:
      return Effect::kDefine | Effect::kGrant;
    // A rewrite of every row.
    case AT_AlterColumnType:
      return Effect::kDefine | Effect::kWrite;
    default:
      return Effect::kDefine;
  }
}

struct AlterRow {
  NodeTag tag;
  std::string_view verb;
  EffectSet effects;
};

const AlterRow kAlters[] = {
    {T_AlterCollationStmt, "ALTER COLLATION", Effect::kDefine},
    {T_AlterTableSpaceOptionsStmt, "ALTER TABLESPACE", Effect::kDefine | Effect::kAdmin},
    {T_AlterTableMoveAllStmt, "ALTER TABLE", Effect::kDefine | Effect::kAdmin},
    {T_AlterExtensionStmt, "ALTER EXTENSION", Effect::kDefine | Effect::kAdmin | Effect::kRunCode},
    {T_AlterExtensionContentsStmt, "ALTER EXTENSION", Effect::kDefine | Effect::kAdmin},
    {T_AlterFdwStmt, "ALTER FOREIGN DATA WRAPPER",
     Effect::kDefine | Effect::kAdmin | Effect::kRunCode},
    {T_AlterForeignServerStmt, "ALTER SERVER", Effect::kDefine | Effect::kExport},
    {T_AlterUserMappingStmt, "ALTER USER MAPPING",
     Effect::kDefine | Effect::kExport | Effect::kGrant},
    {T_AlterEventTrigStmt, "ALTER EVENT TRIGGER", Effect::kDefine | Effect::kAdmin},
    {T_AlterOpFamilyStmt, "ALTER OPERATOR FAMILY",
     Effect::kDefine | Effect::kAdmin | Effect::kRunCode},
    {T_AlterStatsStmt, "ALTER STATISTICS", Effect::kDefine},
    {T_AlterOperatorStmt, "ALTER OPERATOR", Effect::kDefine},
    {T_AlterTypeStmt, "ALTER TYPE", Effect::kDefine},
    {T_AlterEnumStmt, "ALTER TYPE", Effect::kDefine},
    {T_AlterDatabaseStmt, "ALTER DATABASE", Effect::kDefine | Effect::kAdmin},
    {T_AlterDatabaseRefreshCollStmt, "ALTER DATABASE", Effect::kDefine | Effect::kAdmin},
    {T_AlterDatabaseSetStmt, "ALTER DATABASE", Effect::kDefine | Effect::kAdmin},
    {T_AlterObjectDependsStmt, "ALTER", Effect::kDefine},
    {T_AlterTSDictionaryStmt, "ALTER TEXT SEARCH DICTIONARY", Effect::kDefine},
    {T_AlterTSConfigurationStmt, "ALTER TEXT SEARCH CONFIGURATION", Effect::kDefine},
    {T_AlterPublicationStmt, "ALTER PUBLICATION", Effect::kDefine | Effect::kReplicate},
    {T_AlterSubscriptionStmt, "ALTER SUBSCRIPTION",
     Effect::kDefine | Effect::kReplicate | Effect::kImport},
};

// SECURITY DEFINER among its options changes what a call may do.
bool alters_security(const AlterFunctionStmt* alter) {
  for (const Node* one : Nodes(alter->actions)) {
    const auto* option = CHAPERONE_AS(DefElem, one);
    if (option && view_of(option->defname) == "security") return true;
  }
  return false;
}

}  // namespace

// Under another name it may be what a statement finds that waited for a lock and looks again: what
// lies beneath counts, as when a definition is made.
void Walker::moved(const RangeVar* relation, const Node* object) {
  if (relation) {
    RelationName name = resolver_.relation(view_of(relation->schemaname), view_of(relation->relname));
    bool view = name.relation && (name.relation->kind == 'v' || name.relation->kind == 'm');
    if (view) touch(name, Effect::kRead, true, 0);
  }
  const auto* routine = CHAPERONE_AS(ObjectWithArgs, object);
  if (!routine) return;
  for (const auto* function :
       resolver_.functions(schema_name(routine->objname), last_name(routine->objname))) {
    if (!function->harmless) function_body(*function);
  }
}

void Walker::schema_moved(std::string_view schema) {
  if (!resolver_.data()) return;
  for (const auto& relation : resolver_.data()->relations) {
    bool view = relation->kind == 'v' || relation->kind == 'm';
    if (view && relation->schema == schema) touch_relation(*relation, Effect::kRead, true, 0, 0);
  }
  for (const auto& function : resolver_.data()->functions) {
    if (!function->harmless && function->schema == schema) function_body(*function);
  }
}

void Walker::rename(const RenameStmt* rename) {
  bool column =
      rename->renameType == OBJECT_COLUMN || rename->renameType == OBJECT_TABCONSTRAINT;
  ObjectType type = column && rename->relationType != OBJECT_ACCESS_METHOD
                        ? rename->relationType
                        : rename->renameType;
  ddl("ALTER " + std::string(word_of(type)), Effect::kDefine);
  if (rename->relation) existing(kind_of(type), rename->relation, Effect::kDefine);
  if (rename->object) object_named(rename->renameType, rename->object, Effect::kDefine);
  if (!column) moved(rename->relation, rename->object);
  if (rename->renameType == OBJECT_SCHEMA) schema_moved(view_of(rename->subname));
  if (!rename->relation && !rename->object)
    named(kind_of(type), view_of(rename->subname), Effect::kDefine);
  // Members have another name afterwards, which the rules may not speak of.
  if (type == OBJECT_SCHEMA) members(view_of(rename->subname), Effect::kDefine, std::nullopt);
  if (rename->behavior == DROP_CASCADE) anything(Effect::kDefine);
}

void Walker::move_to_schema(const AlterObjectSchemaStmt* move) {
  ddl("ALTER " + std::string(word_of(move->objectType)), Effect::kDefine);
  if (move->relation) existing(kind_of(move->objectType), move->relation, Effect::kDefine);
  if (move->object) object_named(move->objectType, move->object, Effect::kDefine);
  moved(move->relation, move->object);
  if (move->objectType == OBJECT_EXTENSION) anything(Effect::kDefine);
  named(ObjectKind::kSchema, view_of(move->newschema), Effect::kDefine);
}

bool Walker::alter_statement(const Node* node) {
  switch (tag_of(node)) {
    case T_AlterTableStmt:
      alter_table(CHAPERONE_AS(AlterTableStmt, node));
      return true;
    case T_AlterSeqStmt:
      ddl("ALTER SEQUENCE", Effect::kDefine);
      existing(ObjectKind::kSequence, CHAPERONE_AS(AlterSeqStmt, node)->sequence, Effect::kDefine);
      return true;
    case T_RenameStmt:
      rename(CHAPERONE_AS(RenameStmt, node));
      return true;
    case T_AlterObjectSchemaStmt:
      move_to_schema(CHAPERONE_AS(AlterObjectSchemaStmt, node));
      return true;
    case T_AlterDomainStmt: {
      const auto* domain = CHAPERONE_AS(AlterDomainStmt, node);
      ddl("ALTER DOMAIN", Effect::kDefine);
      named(ObjectKind::kType, domain->typeName, Effect::kDefine);
      expression(domain->def, Scope{});
      return true;
    }
    case T_AlterFunctionStmt: {
      const auto* alter = CHAPERONE_AS(AlterFunctionStmt, node);
      ddl("ALTER FUNCTION", Effect::kDefine);
      object_named(OBJECT_FUNCTION, node_of(alter->func), Effect::kDefine);
      if (alters_security(alter)) findings_.effect(Effect::kGrant);
      return true;
    }
    case T_CommentStmt: {
      const auto* comment = CHAPERONE_AS(CommentStmt, node);
      ddl("COMMENT", Effect::kDefine);
      if (comment->object) object_named(comment->objtype, comment->object, Effect::kDefine);
      return true;
    }
    default:
      break;
  }
  for (const auto& row : kAlters) {
    if (row.tag != tag_of(node)) continue;
    ddl(row.verb, row.effects);
    if (const auto* extension = CHAPERONE_AS(AlterExtensionStmt, node)) {
      named(ObjectKind::kExtension, view_of(extension->extname), row.effects);
    } else if (const auto* database = CHAPERONE_AS(AlterDatabaseSetStmt, node)) {
      named(ObjectKind::kDatabase, view_of(database->dbname), row.effects);
    } else if (const auto* altered = CHAPERONE_AS(AlterDatabaseStmt, node)) {
      named(ObjectKind::kDatabase, view_of(altered->dbname), row.effects);
    } else if (const auto* type = CHAPERONE_AS(AlterTypeStmt, node)) {
      named(ObjectKind::kType, type->typeName, row.effects);
    } else if (const auto* values = CHAPERONE_AS(AlterEnumStmt, node)) {
      named(ObjectKind::kType, values->typeName, row.effects);
    } else if (const auto* server = CHAPERONE_AS(AlterForeignServerStmt, node)) {
      named(ObjectKind::kOther, view_of(server->servername), row.effects);
    } else if (const auto* publication = CHAPERONE_AS(AlterPublicationStmt, node)) {
      named(ObjectKind::kPublication, view_of(publication->pubname), row.effects);
    } else if (const auto* subscription = CHAPERONE_AS(AlterSubscriptionStmt, node)) {
      named(ObjectKind::kPublication, view_of(subscription->subname), row.effects);
    }
    alter_reaches(node);
    EffectSet saved = std::exchange(referred_, Effect::kDescribe);
    descend(node, Scope{});
    referred_ = saved;
    return true;
  }
  return false;
}

// What these say about objects beside their own.
void Walker::alter_reaches(const Node* node) {
  if (const auto* publication = CHAPERONE_AS(AlterPublicationStmt, node)) {
    published(publication->pubobjects, publication->for_all_tables);
  } else if (const auto* depends = CHAPERONE_AS(AlterObjectDependsStmt, node)) {
    if (depends->relation)
      existing(kind_of(depends->objectType), depends->relation, Effect::kDefine);
    if (depends->object) object_named(depends->objectType, depends->object, Effect::kDefine);
  } else if (const auto* contents = CHAPERONE_AS(AlterExtensionContentsStmt, node)) {
    named(ObjectKind::kExtension, view_of(contents->extname), Effect::kDefine);
    if (contents->object) object_named(contents->objtype, contents->object, Effect::kDefine);
  } else if (CHAPERONE_AS(AlterStatsStmt, node) || CHAPERONE_AS(AlterTableMoveAllStmt, node)) {
    anything(Effect::kDefine);
  }
}

// Other tables of the command: partitions, parents, and those whose foreign keys are made anew.
void Walker::altered_beside(const AlterTableCmd* command, const RelationName& table) {
  if (const auto* part = CHAPERONE_AS(PartitionCmd, command->def))
    existing(ObjectKind::kTable, part->name, Effect::kDefine);
  if (const auto* parent = CHAPERONE_AS(RangeVar, command->def))
    existing(ObjectKind::kTable, parent, Effect::kDefine);
  if (command->behavior == DROP_CASCADE) anything(effects_of(command->subtype));
  if (command->subtype != AT_AlterColumnType || !table.relation) return;
  for (const auto& reference : table.relation->referenced_by) {
    const auto* other = resolver_.data()->relation(reference.table);
    if (other) reach(*other, Effect::kDefine);
  }
}

void Walker::alter_table(const AlterTableStmt* node) {
  ddl("ALTER " + std::string(word_of(node->objtype)), Effect::kDefine);
  EffectSet saved = std::exchange(referred_, Effect::kLock);
  EffectSet effects = Effect::kDefine;
  RelationName table = resolver_.relation(view_of(node->relation->schemaname),
                                          view_of(node->relation->relname));
  auto relatives = table.relation ? this->relatives(*table.relation)
                                  : std::vector<const CatalogueRelation*>();
  for (const Node* one : Nodes(node->cmds)) {
    const auto* command = CHAPERONE_AS(AlterTableCmd, one);
    if (!command) continue;
    effects |= effects_of(command->subtype);
    expression(command->def, Scope{});
    bool column = command->name &&
                  (command->subtype == AT_DropColumn || command->subtype == AT_AlterColumnType);
    if (column) findings_.column(table.full, command->name, Effect::kWrite);
    for (const auto* relative : relatives) {
      if (column) findings_.column(relative->full_name(), command->name, Effect::kWrite);
    }
    altered_beside(command, table);
  }
  existing(kind_of(node->objtype), node->relation, effects);
  referred_ = saved;
}

}  // namespace chaperone::sql
