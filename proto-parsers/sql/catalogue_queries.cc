#include "proto-parsers/sql/catalogue_queries.h"

// 16384 is PostgreSQL's FirstNormalObjectId: what lies below came with initdb. {x} stands for the
// condition that x lies in one of the buckets asked for, or for true.

namespace chaperone::sql {
namespace {

#define CHAPERONE_CATALOGUE "/* chaperone:catalogue */ "

constexpr CatalogueText kTexts[] = {
    {"relations", 7, Keyed::kRelation,
     "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.oid < 16384, "
     "coalesce(i.indrelid, 0) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
     "LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE n.nspname !~ '^pg_(toast|temp_)' "
     "AND {c.oid} ORDER BY c.oid"},
    {"columns", 5, Keyed::kRelation,
     "SELECT a.attrelid, a.attname, a.atttypid, a.attnotnull, a.attnum FROM pg_attribute a "
     "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
     "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'c') "
     "AND n.nspname !~ '^pg_(toast|temp_)' AND {a.attrelid} ORDER BY a.attrelid, a.attnum"},
    {"views", 2, Keyed::kRelation,
     "SELECT oid, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384 "
     "AND {oid} ORDER BY oid"},
    {"rules", 3, Keyed::kRelation,
     "SELECT ev_class, ev_type, pg_get_ruledef(oid) FROM pg_rewrite WHERE rulename <> '_RETURN' "
     "AND ev_enabled <> 'D' AND ev_class >= 16384 AND {ev_class} ORDER BY ev_class, oid"},
    {"triggers", 5, Keyed::kRelation,
     "SELECT tgrelid, tgname, tgtype, tgfoid, pg_get_triggerdef(oid) FROM pg_trigger "
     "WHERE NOT tgisinternal AND tgenabled <> 'D' AND {tgrelid} ORDER BY tgrelid, oid"},
    {"policies", 3, Keyed::kRelation,
     "SELECT polrelid, polcmd, pg_get_expr(polqual, polrelid) FROM pg_policy "
     "WHERE polqual IS NOT NULL AND {polrelid} "
     "UNION ALL SELECT polrelid, polcmd, pg_get_expr(polwithcheck, polrelid) FROM pg_policy "
     "WHERE polwithcheck IS NOT NULL AND {polrelid} ORDER BY 1, 2, 3"},
    {"write expressions", 3, Keyed::kRelation,
     "SELECT d.adrelid, a.attgenerated = '', pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d "
     "JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum "
     "WHERE d.adrelid >= 16384 AND {d.adrelid} "
     "UNION ALL SELECT conrelid, false, pg_get_expr(conbin, conrelid) FROM pg_constraint "
     "WHERE contype = 'c' AND conrelid >= 16384 AND {conrelid} "
     "UNION ALL SELECT indrelid, false, pg_get_expr(indexprs, indrelid) FROM pg_index "
     "WHERE indexprs IS NOT NULL AND indrelid >= 16384 AND {indrelid} "
     "UNION ALL SELECT indrelid, false, pg_get_expr(indpred, indrelid) FROM pg_index "
     "WHERE indpred IS NOT NULL AND indrelid >= 16384 AND {indrelid} "
     "UNION ALL SELECT partrelid, false, pg_get_expr(partexprs, partrelid) FROM "
     "pg_partitioned_table WHERE partexprs IS NOT NULL AND {partrelid} ORDER BY 1, 2, 3"},
    {"references", 4, Keyed::kRelation,
     "SELECT confrelid, conrelid, confdeltype, confupdtype FROM pg_constraint WHERE contype = 'f' "
     "AND {confrelid} ORDER BY confrelid, oid"},
    {"inheritance", 2, Keyed::kRelation,
     "SELECT inhparent, inhrelid FROM pg_inherits WHERE ({inhparent} OR {inhrelid}) ORDER BY 1, 2"},
    {"functions", 9, Keyed::kFunction,
     "SELECT p.oid, n.nspname, p.proname, l.lanname, p.prokind, p.provolatile, "
     "coalesce((SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid "
     "WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' "
     "AND d.refclassid = 'pg_extension'::regclass LIMIT 1), ''), "
     "CASE WHEN p.prokind IN ('f', 'p') AND l.lanname IN ('sql', 'plpgsql') "
     "THEN pg_get_functiondef(p.oid) ELSE '' END, "
     "coalesce((SELECT substr(s, 13) FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%' LIMIT "
     "1), '') "
     "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = "
     "p.prolang WHERE p.oid >= 16384 AND {p.oid} ORDER BY p.oid"},
    {"operators", 3, Keyed::kOperators,
     "SELECT n.nspname, o.oprname, o.oprcode::oid FROM pg_operator o "
     "JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid >= 16384 ORDER BY o.oid"},
    {"types", 5, Keyed::kType,
     "SELECT t.oid, n.nspname, t.typname, CASE WHEN t.typbasetype <> 0 THEN t.typbasetype "
     "ELSE coalesce((SELECT rngsubtype FROM pg_range WHERE rngtypid = t.oid), t.typelem) END, "
     "t.typrelid FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
     "WHERE (t.oid >= 16384 OR t.oid IN (SELECT unnest(ARRAY[castsource, casttarget]) FROM pg_cast "
     "WHERE castfunc >= 16384)) "
     "AND {t.oid} ORDER BY t.oid"},
    {"type functions", 2, Keyed::kType,
     "SELECT t.oid, f FROM pg_type t, unnest(ARRAY[t.typinput::oid, t.typoutput::oid, "
     "t.typreceive::oid, t.typsend::oid, t.typmodin::oid, t.typmodout::oid]) f "
     "WHERE f >= 16384 AND {t.oid} "
     "UNION SELECT r.rngtypid, f FROM pg_range r, unnest(ARRAY[r.rngcanonical::oid, "
     "r.rngsubdiff::oid]) f WHERE f >= 16384 AND {r.rngtypid} "
     "UNION SELECT t, p.amproc FROM pg_amproc p, unnest(ARRAY[p.amproclefttype, p.amprocrighttype]) t "
     "WHERE p.amproc >= 16384 AND {t} "
     "UNION SELECT t, o.oprcode FROM pg_amop a JOIN pg_operator o ON o.oid = a.amopopr, "
     "unnest(ARRAY[a.amoplefttype, a.amoprighttype]) t WHERE o.oprcode >= 16384 AND {t} "
     "UNION SELECT castsource, castfunc FROM pg_cast WHERE castfunc >= 16384 "
     "AND (castsource >= 16384 OR casttarget < 16384) AND {castsource} "
     "UNION SELECT casttarget, castfunc FROM pg_cast WHERE castfunc >= 16384 "
     "AND (casttarget >= 16384 OR castsource < 16384) AND {casttarget} ORDER BY 1, 2"},
    {"type expressions", 2, Keyed::kType,
     "SELECT contypid, pg_get_expr(conbin, 0) FROM pg_constraint WHERE contypid <> 0 "
     "AND conbin IS NOT NULL AND {contypid} "
     "UNION ALL SELECT oid, pg_get_expr(typdefaultbin, 0) FROM pg_type "
     "WHERE typdefaultbin IS NOT NULL AND {oid} ORDER BY 1, 2"},
    {"event triggers", 1, Keyed::kEventTriggers,
     "SELECT evtfoid FROM pg_event_trigger WHERE evtenabled <> 'D' ORDER BY 1"},
    {"schemas", 2, Keyed::kSchemas,
     "SELECT oid, nspname FROM pg_namespace WHERE oid >= 16384 AND nspname !~ '^pg_(toast|temp_)' "
     "ORDER BY oid"},
    // What no name shows: casts that are not asked for, and support of operator classes, both between
    // PostgreSQL's own types.
    {"everywhere", 1, Keyed::kEverywhere,
     "SELECT castfunc FROM pg_cast WHERE castfunc >= 16384 AND castcontext <> 'e' "
     "AND castsource < 16384 AND casttarget < 16384 "
     "UNION SELECT amproc FROM pg_amproc WHERE amproc >= 16384 AND amproclefttype < 16384 "
     "UNION SELECT o.oprcode FROM pg_amop a JOIN pg_operator o ON o.oid = a.amopopr "
     "WHERE o.oprcode >= 16384 AND a.amoplefttype < 16384 ORDER BY 1"},
};

// Which objects of one kind are asked for.
struct Asked {
  bool all = false;
  Buckets buckets;
};

Asked asked_of(Keyed keyed, const CatalogueChange& change) {
  if (change.all) return {true, {}};
  switch (keyed) {
    case Keyed::kRelation: return {false, change.relations};
    case Keyed::kFunction: return {change.all_functions, change.functions};
    case Keyed::kType: return {change.all_types, change.types};
    case Keyed::kOperators: return {change.operators, {}};
    case Keyed::kEverywhere: return {change.all_types, {}};
    case Keyed::kEventTriggers: return {change.event_triggers, {}};
    case Keyed::kSchemas: return {change.schemas, {}};
  }
  return {true, {}};
}

// "(x BETWEEN 16640 AND 16895 OR ...)": neighbouring buckets become one range.
std::string condition(std::string_view key, const Asked& asked) {
  if (asked.all) return "true";
  std::string text;
  for (auto at = asked.buckets.begin(); at != asked.buckets.end();) {
    std::uint64_t first = *at, last = *at;
    while (++at != asked.buckets.end() && *at == last + 1) ++last;
    text += text.empty() ? "(" : " OR ";
    text.append(key).append(" BETWEEN ").append(std::to_string(first << kBucketBits));
    text.append(" AND ").append(std::to_string(((last + 1) << kBucketBits) - 1));
  }
  return text + ")";
}

std::string with_keys(std::string_view text, const Asked& asked) {
  std::string made;
  for (std::size_t open; (open = text.find('{')) != std::string_view::npos;) {
    std::size_t close = text.find('}', open);
    made.append(text.substr(0, open));
    made.append(condition(text.substr(open + 1, close - open - 1), asked));
    text.remove_prefix(close + 1);
  }
  return made.append(text);
}

}  // namespace

std::span<const CatalogueText> catalogue_texts() { return kTexts; }

std::string_view catalogue_begin() {
  // pg_temp is named last, because it comes first where it is not named.
  return CHAPERONE_CATALOGUE
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog, "
      "pg_temp";
}

std::string_view catalogue_end() { return CHAPERONE_CATALOGUE "COMMIT"; }

std::vector<CatalogueQuery> catalogue_queries(int, const CatalogueChange& change) {
  std::vector<CatalogueQuery> queries;
  for (std::size_t i = 0; i < std::size(kTexts); ++i) {
    const Asked asked = asked_of(kTexts[i].keyed, change);
    if (!asked.all && asked.buckets.empty()) continue;
    std::string text = CHAPERONE_CATALOGUE + with_keys(kTexts[i].text, asked);
    queries.push_back({kTexts[i].name, std::move(text), kTexts[i].columns, i});
  }
  return queries;
}

}  // namespace chaperone::sql
