#include "proto-parsers/sql/walker.h"

// How PostgreSQL's ways of naming things become Objects.

namespace chaperone::sql {
namespace {

struct TypeRow {
  ObjectType type;
  ObjectKind kind;
  std::string_view word;
};

constexpr TypeRow kTypes[] = {
    {OBJECT_ACCESS_METHOD, ObjectKind::kOther, "ACCESS METHOD"},
    {OBJECT_AGGREGATE, ObjectKind::kFunction, "AGGREGATE"},
    {OBJECT_AMOP, ObjectKind::kOther, "OPERATOR FAMILY"},
    {OBJECT_AMPROC, ObjectKind::kOther, "OPERATOR FAMILY"},
    {OBJECT_ATTRIBUTE, ObjectKind::kType, "TYPE"},
    {OBJECT_CAST, ObjectKind::kOther, "CAST"},
    {OBJECT_COLUMN, ObjectKind::kTable, "TABLE"},
    {OBJECT_COLLATION, ObjectKind::kOther, "COLLATION"},
    {OBJECT_CONVERSION, ObjectKind::kOther, "CONVERSION"},
    {OBJECT_DATABASE, ObjectKind::kDatabase, "DATABASE"},
    {OBJECT_DOMAIN, ObjectKind::kType, "DOMAIN"},
    {OBJECT_DOMCONSTRAINT, ObjectKind::kType, "DOMAIN"},
    {OBJECT_EVENT_TRIGGER, ObjectKind::kTrigger, "EVENT TRIGGER"},
    {OBJECT_EXTENSION, ObjectKind::kExtension, "EXTENSION"},
    {OBJECT_FDW, ObjectKind::kOther, "FOREIGN DATA WRAPPER"},
    {OBJECT_FOREIGN_SERVER, ObjectKind::kOther, "SERVER"},
    {OBJECT_FOREIGN_TABLE, ObjectKind::kTable, "FOREIGN TABLE"},
    {OBJECT_FUNCTION, ObjectKind::kFunction, "FUNCTION"},
    {OBJECT_INDEX, ObjectKind::kIndex, "INDEX"},
    {OBJECT_LANGUAGE, ObjectKind::kOther, "LANGUAGE"},
    {OBJECT_LARGEOBJECT, ObjectKind::kLargeObject, "LARGE OBJECT"},
    {OBJECT_MATVIEW, ObjectKind::kView, "MATERIALIZED VIEW"},
    {OBJECT_OPCLASS, ObjectKind::kOther, "OPERATOR CLASS"},
    {OBJECT_OPERATOR, ObjectKind::kOther, "OPERATOR"},
    {OBJECT_OPFAMILY, ObjectKind::kOther, "OPERATOR FAMILY"},
    {OBJECT_POLICY, ObjectKind::kOther, "POLICY"},
    {OBJECT_PROCEDURE, ObjectKind::kFunction, "PROCEDURE"},
    {OBJECT_PUBLICATION, ObjectKind::kPublication, "PUBLICATION"},
    {OBJECT_ROLE, ObjectKind::kRole, "ROLE"},
    {OBJECT_ROUTINE, ObjectKind::kFunction, "ROUTINE"},
    {OBJECT_RULE, ObjectKind::kRule, "RULE"},
    {OBJECT_SCHEMA, ObjectKind::kSchema, "SCHEMA"},
    {OBJECT_SEQUENCE, ObjectKind::kSequence, "SEQUENCE"},
    {OBJECT_SUBSCRIPTION, ObjectKind::kPublication, "SUBSCRIPTION"},
    {OBJECT_STATISTIC_EXT, ObjectKind::kOther, "STATISTICS"},
    {OBJECT_TABCONSTRAINT, ObjectKind::kTable, "TABLE"},
    {OBJECT_TABLE, ObjectKind::kTable, "TABLE"},
    {OBJECT_TABLESPACE, ObjectKind::kOther, "TABLESPACE"},
    {OBJECT_TRANSFORM, ObjectKind::kOther, "TRANSFORM"},
    {OBJECT_TRIGGER, ObjectKind::kTrigger, "TRIGGER"},
    {OBJECT_TSCONFIGURATION, ObjectKind::kOther, "TEXT SEARCH CONFIGURATION"},
    {OBJECT_TSDICTIONARY, ObjectKind::kOther, "TEXT SEARCH DICTIONARY"},
    {OBJECT_TSPARSER, ObjectKind::kOther, "TEXT SEARCH PARSER"},
    {OBJECT_TSTEMPLATE, ObjectKind::kOther, "TEXT SEARCH TEMPLATE"},
    {OBJECT_TYPE, ObjectKind::kType, "TYPE"},
    {OBJECT_USER_MAPPING, ObjectKind::kOther, "USER MAPPING"},
    {OBJECT_VIEW, ObjectKind::kView, "VIEW"},
};

const TypeRow* row_of(ObjectType type) {
  for (const auto& row : kTypes) {
    if (row.type == type) return &row;
  }
  return nullptr;
}

bool is_relation_kind(ObjectKind kind) {
  return kind == ObjectKind::kTable || kind == ObjectKind::kView || kind == ObjectKind::kSequence ||
         kind == ObjectKind::kIndex;
}

}  // namespace

ObjectKind kind_of(ObjectType type) {
  const auto* row = row_of(type);
  return row ? row->kind : ObjectKind::kOther;
}

std::string_view word_of(ObjectType type) {
  const auto* row = row_of(type);
  return row ? row->word : "OBJECT";
}

std::string joined_name(const List* names) {
  std::string joined;
  for (const Node* part : Nodes(names)) {
    if (!joined.empty()) joined += '.';
    joined += text_of(part);
  }
  return joined;
}

std::string_view last_name(const List* names) {
  Nodes parts(names);
  return parts.empty() ? std::string_view() : text_of(parts[parts.size() - 1]);
}

std::string_view schema_name(const List* names) {
  Nodes parts(names);
  return parts.size() < 2 ? std::string_view() : text_of(parts[parts.size() - 2]);
}

void Walker::ddl(std::string_view word, EffectSet effects) {
  verb(word);
  findings_.effect(effects);
  findings_.flags.changes_catalogue = true;
  findings_.flags.leaves_session_state = false;
  event_triggers();
}

// Event triggers run their functions on whatever is defined or dropped.
void Walker::event_triggers() {
  if (!resolver_.data()) return;
  for (Oid function : resolver_.data()->event_trigger_functions) call_by_oid(function);
}

void Walker::named(ObjectKind kind, std::string_view name, EffectSet effects) {
  findings_.object(kind, std::string(name), effects);
}

void Walker::named(ObjectKind kind, const List* names, EffectSet effects) {
  if (is_relation_kind(kind)) {
    uncertain_path(schema_name(names), last_name(names));
    known_object(kind, schema_name(names), last_name(names), effects);
  } else {
    findings_.object(kind, joined_name(names), effects);
  }
}

void Walker::defined(ObjectKind kind, const RangeVar* relation, EffectSet effects) {
  if (!relation) return findings_.effect(effects);
  bool temporary =
      relation->relpersistence == 't' || view_of(relation->schemaname).starts_with("pg_temp");
  if (temporary) {
    findings_.flags.leaves_session_state = true;
    return findings_.object(kind, "pg_temp." + std::string(view_of(relation->relname)), effects);
  }
  findings_.object(
      kind, resolver_.created(view_of(relation->schemaname), view_of(relation->relname)), effects);
}

void Walker::existing(ObjectKind kind, const RangeVar* relation, EffectSet effects) {
  if (!relation) return;
  uncertain_path(view_of(relation->schemaname), view_of(relation->relname));
  known_object(kind, view_of(relation->schemaname), view_of(relation->relname), effects);
}

// The name as DROP, COMMENT, RENAME and the like give it: a list, a string, a type, a signature.
void Walker::object_named(ObjectType type, const Node* name, EffectSet effects) {
  ObjectKind kind = kind_of(type);
  if (const auto* signature = CHAPERONE_AS(ObjectWithArgs, name)) {
    auto schema = schema_name(signature->objname);
    auto last = last_name(signature->objname);
    auto found = resolver_.functions(schema, last);
    return named(kind, found.empty() ? joined_name(signature->objname) : found[0]->full_name(),
                 effects);
  }
  if (const auto* type_node = CHAPERONE_AS(TypeName, name)) {
    const auto* known = resolver_.type(schema_name(type_node->names), last_name(type_node->names));
    return named(kind, known ? known->schema + "." + known->name : joined_name(type_node->names),
                 effects);
  }
  const auto* list = CHAPERONE_AS(List, name);
  if (!list) return named(kind, text_of(name), effects);
  Nodes parts(list);
  if (type == OBJECT_TRIGGER || type == OBJECT_RULE || type == OBJECT_POLICY ||
      type == OBJECT_COLUMN || type == OBJECT_TABCONSTRAINT) {
    // (schema, table, name): the table is touched too.
    std::size_t table = parts.size() < 2 ? 0 : parts.size() - 2;
    auto found = resolver_.relation(table > 0 ? text_of(parts[table - 1]) : std::string_view(),
                                    parts.empty() ? std::string_view() : text_of(parts[table]));
    std::vector<std::string> tables = {found.full};
    for (const auto* other : found.others) tables.push_back(other->full_name());
    for (const auto& full : tables) {
      findings_.object(ObjectKind::kTable, full, Effect::kDefine);
      if (type == OBJECT_COLUMN || type == OBJECT_TABCONSTRAINT) continue;
      findings_.object(kind, full + "." + std::string(last_name(list)), effects);
    }
    return;
  }
  if (type == OBJECT_STATISTIC_EXT) anything(Effect::kDefine);  // of a table that it does not name
  // Types come as (TypeName, ...), casts and transforms as pairs.
  if (!parts.empty() && tag_of(parts[0]) == T_TypeName)
    return object_named(type, parts[0], effects);
  named(kind, list, effects);
}

}  // namespace chaperone::sql
