#include "proto-parsers/sql/walker.h"

// How far a definition reaches beyond what it names: partitions and inheritance, the table of an
// index, the members of a schema; and where nothing tells how far, any object.

namespace chaperone::sql {
namespace {

// What is done to an index changes its table, but does not take it away.
EffectSet on_table_of(EffectSet effects) {
  if (!effects.has(Effect::kDrop)) return effects;
  return EffectSet::from_bits(effects.bits() & ~EffectSet(Effect::kDrop).bits()) | Effect::kDefine;
}

bool is_of(ObjectKind kind, const CatalogueRelation& relation) {
  ObjectKind is = kind_of_relation(&relation);
  return kind == is || (kind == ObjectKind::kTable && is == ObjectKind::kView);
}

}  // namespace

ObjectKind kind_of_relation(const CatalogueRelation* relation) {
  if (!relation) return ObjectKind::kTable;
  switch (relation->kind) {
    case 'v':
    case 'm':
      return ObjectKind::kView;
    case 'S':
      return ObjectKind::kSequence;
    case 'i':
    case 'I':
      return ObjectKind::kIndex;
    case 'c':
      return ObjectKind::kType;
    default:
      return ObjectKind::kTable;
  }
}

void Walker::anything(EffectSet effects) {
  Object any = any_object(effects);
  findings_.object(any.kind, std::move(any.name), effects);
}

// Descendants of `from` with all their ancestors: what is in a partition is in the whole.
std::vector<const CatalogueRelation*> Walker::relatives(const CatalogueRelation& from) {
  std::vector<const CatalogueRelation*> found = {&from};
  std::set<Oid> known = {from.oid};
  auto add = [&](Oid oid) {
    const auto* relation = resolver_.data()->relation(oid);
    if (relation && findings_.work() && known.insert(oid).second) found.push_back(relation);
  };
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (Oid child : found[i]->children) add(child);
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (Oid parent : found[i]->parents) add(parent);
  }
  return found;
}

// What is read or written in a partition's column is so in the whole's, and the other way round.
void Walker::columns_of_relatives() {
  if (!resolver_.data() || findings_.columns().empty()) return;
  for (const auto& relation : resolver_.data()->relations) {
    if (relation->children.empty() && relation->parents.empty()) continue;
    const std::string name = relation->full_name();
    std::vector<std::pair<std::string, EffectSet>> found;
    const auto& columns = findings_.columns();
    for (auto at = columns.lower_bound({name, {}}); at != columns.end() && at->first.first == name; ++at) {
      found.push_back({at->first.second, at->second});
    }
    if (found.empty()) continue;
    for (const auto* one : relatives(*relation)) {
      if (!findings_.has_object(kind_of_relation(one), one->full_name())) continue;  // ONLY
      for (const auto& [column, effects] : found) findings_.column(one->full_name(), column, effects);
    }
  }
}

// A definition of one relation is one of all its relatives, under the kinds that they have.
void Walker::reach(const CatalogueRelation& relation, EffectSet effects) {
  for (const auto* one : relatives(relation)) {
    findings_.object(kind_of_relation(one), one->full_name(), effects);
    const auto* table = one->table != 0 ? resolver_.data()->relation(one->table) : nullptr;
    if (table) reach(*table, on_table_of(effects));
  }
}

// An index whose table is not known belongs to any; its name alone says nothing.
void Walker::reach_unknown(ObjectKind kind, EffectSet effects) {
  if (kind == ObjectKind::kIndex) anything(on_table_of(effects));
}

void Walker::members(std::string_view schema, EffectSet effects, std::optional<ObjectKind> only) {
  const auto* data = resolver_.data();
  if (!data || schema.empty()) return anything(effects);
  bool known = schema == "public";
  for (const auto& [oid, name] : data->schemas) known = known || name == schema;
  for (const auto& relation : data->relations) {
    if (relation->schema != schema || !findings_.work()) continue;
    known = true;
    if (!only || is_of(*only, *relation)) reach(*relation, effects);
  }
  if (!only || *only == ObjectKind::kFunction) {
    for (const auto& function : data->functions) {
      if (function->schema == schema)
        findings_.object(ObjectKind::kFunction, function->full_name(), effects);
    }
  }
  if (!only) {
    for (const auto& type : data->types) {
      if (type->schema == schema)
        findings_.object(ObjectKind::kType, type->qualified, effects);
    }
  }
  if (!known) anything(effects);
}

// FOR TABLE ..., FOR TABLES IN SCHEMA ...; `all` is FOR ALL TABLES.
void Walker::published(const List* objects, bool all) {
  if (all) anything(Effect::kDefine);
  for (const Node* one : Nodes(objects)) {
    const auto* spec = CHAPERONE_AS(PublicationObjSpec, one);
    if (!spec) continue;
    if (spec->pubtable) {
      existing(ObjectKind::kTable, spec->pubtable->relation, Effect::kDefine);
    } else if (spec->pubobjtype == PUBLICATIONOBJ_TABLES_IN_SCHEMA) {
      members(view_of(spec->name), Effect::kDefine, ObjectKind::kTable);
    } else {
      anything(Effect::kDefine);
    }
  }
}

}  // namespace chaperone::sql
