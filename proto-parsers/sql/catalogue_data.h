#pragma once
// What the analyser looks up in a catalogue. Plain data, filled by CatalogueBuilder.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "proto-parsers/base/check.h"

namespace chaperone::sql {

using Oid = std::uint32_t;

// Looked up by string_view without making a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
template <class T>
using ByName = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

// Bits of pg_trigger.tgtype, as PostgreSQL numbers them.
inline constexpr int kTriggerInsert = 4, kTriggerDelete = 8, kTriggerUpdate = 16,
                     kTriggerTruncate = 32;

struct CatalogueColumn {
  std::string name;
  Oid type = 0;
  bool not_null = false;
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
  std::string schema, name;
  char kind = 'r';  // pg_class.relkind
  bool row_security = false;
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

  std::string full_name() const { return schema + "." + name; }
  const CatalogueColumn* column(std::string_view wanted) const {
    for (const auto& candidate : columns) {
      if (candidate.name == wanted) return &candidate;
    }
    return nullptr;
  }
};

struct CatalogueFunction {
  Oid oid = 0;
  std::string schema, name;
  std::string language;
  char kind = 'f';  // pg_proc.prokind
  char volatility = 'v';
  bool harmless = false;                 // C code of a known extension, see functions.h
  std::string definition;                // CREATE FUNCTION ..., for sql and plpgsql
  std::vector<std::string> search_path;  // its own setting; empty: the caller's

  std::string full_name() const { return schema + "." + name; }
};

struct CatalogueOperator {
  std::string schema, name;
  Oid function = 0;
};

struct CatalogueType {
  Oid oid = 0;
  std::string schema, name;
  Oid element = 0;                  // arrays and domains: what lies beneath
  Oid relation = 0;                 // composite types: their columns
  std::vector<std::string> checks;  // of a domain, with its default
  std::vector<Oid> functions;  // in, out, receive, send, and casts: those that are not built in
};

struct CatalogueData {
  std::string stamp;
  std::uint64_t digest = 0;
  std::size_t bytes = 0;

  std::vector<CatalogueRelation> relations;
  std::vector<CatalogueFunction> functions;  // those of users and extensions only
  std::vector<CatalogueOperator> operators;  // likewise
  std::vector<CatalogueType> types;          // likewise
  std::vector<Oid> event_trigger_functions;

  // Indexes into the vectors, made by finish().
  std::unordered_map<Oid, std::uint32_t> relation_by_oid, function_by_oid, type_by_oid;
  ByName<std::uint32_t> relation_by_name;                // "schema.name"
  ByName<std::vector<std::uint32_t>> functions_by_name;  // "name"
  ByName<std::vector<std::uint32_t>> operators_by_name;  // "name"
  ByName<std::uint32_t> type_by_name;                    // "schema.name"

  const CatalogueRelation* relation(Oid oid) const {
    auto found = relation_by_oid.find(oid);
    return found == relation_by_oid.end() ? nullptr : &relations[found->second];
  }
  const CatalogueFunction* function(Oid oid) const {
    auto found = function_by_oid.find(oid);
    return found == function_by_oid.end() ? nullptr : &functions[found->second];
  }
  const CatalogueType* type(Oid oid) const {
    auto found = type_by_oid.find(oid);
    return found == type_by_oid.end() ? nullptr : &types[found->second];
  }
};

}  // namespace chaperone::sql
