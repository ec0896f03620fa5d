#pragma once
// What the analyser looks up in a catalogue. Plain data, filled by CatalogueBuilder.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto-parsers/sql/catalogue_stamp.h"

namespace chaperone::sql {

using Oid = std::uint32_t;

// Keys point into the objects.
template <class T>
using ByName = std::unordered_map<std::string_view, T>;
// Objects are shared with the views before and after this one.
template <class T>
using Kept = std::vector<std::shared_ptr<const T>>;

// "schema.name", of which no two pairs give the same: a part that holds a dot or a quote is quoted.
std::string qualified_name(std::string_view schema, std::string_view name);

// Bits of pg_trigger.tgtype, as PostgreSQL numbers them.
inline constexpr int kTriggerInsert = 4, kTriggerDelete = 8, kTriggerUpdate = 16,
                     kTriggerTruncate = 32;

struct CatalogueColumn {
  std::string name;
  Oid type = 0;
  bool not_null = false;
  int number = 0;  // attnum
};

struct CatalogueTrigger {
  std::string name;
  int events = 0;  // kTrigger... bits
  Oid function = 0;
  std::string definition;  // CREATE TRIGGER ..., for its WHEN
};

struct CataloguePolicy {
  char command = '*';  // r, a, w, d or *
  std::string expression;
};

struct CatalogueRule {
  char event = 0;          // '1' select, '2' update, '3' insert, '4' delete
  std::string definition;  // CREATE RULE ...
};

// A foreign key, seen from the table it refers to.
struct CatalogueReference {
  Oid table = 0;                          // the table that refers
  char on_delete = 'a', on_update = 'a';  // pg_constraint's letters: a, r, c, n, d
};

struct CatalogueRelation {
  Oid oid = 0;
  std::string schema, name, qualified;
  std::size_t bytes = 0;
  char kind = 'r';  // pg_class.relkind
  bool row_security = false;
  Oid table = 0;         // of an index: what it indexes
  bool builtin = false;  // pg_catalog and information_schema: not looked beneath
  std::vector<CatalogueColumn> columns;
  std::string view;  // SELECT ..., for views and materialised views
  std::vector<CatalogueRule> rules;
  std::vector<CatalogueTrigger> triggers;
  std::vector<CataloguePolicy> policies;
  std::vector<std::string> defaults;           // run where a value is not given
  std::vector<std::string> write_expressions;  // generated columns, checks, indexes, keys
  std::vector<CatalogueReference> referenced_by;
  std::vector<Oid> children, parents;  // inheritance and partitions

  const std::string& full_name() const { return qualified; }
  const CatalogueColumn* column(std::string_view wanted) const {
    for (const auto& candidate : columns) {
      if (candidate.name == wanted) return &candidate;
    }
    return nullptr;
  }
};

struct CatalogueFunction {
  Oid oid = 0;
  std::string schema, name, qualified;
  std::size_t bytes = 0;
  std::string language;
  char kind = 'f';  // pg_proc.prokind
  char volatility = 'v';
  bool harmless = false;                 // C code of a known extension, see functions.h
  std::string definition;                // CREATE FUNCTION ..., for sql and plpgsql
  std::vector<std::string> search_path;  // its own setting; empty: the caller's

  const std::string& full_name() const { return qualified; }
};

struct CatalogueOperator {
  std::string schema, name;
  Oid function = 0;
};

struct CatalogueType {
  Oid oid = 0;
  std::string schema, name, qualified;
  std::size_t bytes = 0;
  Oid element = 0;                  // arrays and domains: what lies beneath
  Oid relation = 0;                 // composite types: their columns
  std::vector<std::string> checks;  // of a domain, with its default
  std::vector<Oid> functions;  // in, out, receive, send, and casts: those that are not built in
};

struct CatalogueData {
  CatalogueStamp stamp;
  std::size_t bytes = 0;

  Kept<CatalogueRelation> relations;
  Kept<CatalogueFunction> functions;  // those of users and extensions only
  Kept<CatalogueType> types;          // likewise
  Kept<CatalogueOperator> operators;  // likewise
  std::vector<Oid> event_trigger_functions;
  std::vector<Oid> functions_everywhere;  // that any expression may run without naming anything
  std::map<Oid, std::string> schemas;

  // Made by index().
  std::unordered_map<Oid, const CatalogueRelation*> relation_by_oid;
  std::unordered_map<Oid, const CatalogueFunction*> function_by_oid;
  std::unordered_map<Oid, const CatalogueType*> type_by_oid;
  ByName<const CatalogueRelation*> relation_by_name;                 // "schema.name"
  ByName<const CatalogueType*> type_by_name;                         // "schema.name"
  std::unordered_map<Oid, const CatalogueType*> row_type_by_relation;
  ByName<std::vector<const CatalogueFunction*>> functions_by_name;   // "name"
  ByName<std::vector<const CatalogueOperator*>> operators_by_name;  // "name"

  void index();
  const CatalogueRelation* relation(Oid oid) const { return found(relation_by_oid, oid); }
  const CatalogueFunction* function(Oid oid) const { return found(function_by_oid, oid); }
  const CatalogueType* type(Oid oid) const { return found(type_by_oid, oid); }
  const CatalogueRelation* relation(std::string_view qualified) const {
    return found(relation_by_name, qualified);
  }
  const CatalogueType* type(std::string_view qualified) const {
    return found(type_by_name, qualified);
  }

 private:
  template <class Map>
  static typename Map::mapped_type found(const Map& map, const typename Map::key_type& key) {
    auto at = map.find(key);
    return at == map.end() ? nullptr : at->second;
  }
};

}  // namespace chaperone::sql
