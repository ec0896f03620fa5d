#include "proto-parsers/sql/catalogue_queries.h"

// 16384 is PostgreSQL's FirstNormalObjectId: what lies below came with initdb.

namespace chaperone::sql {
namespace {

#define CHAPERONE_CATALOGUE "/* chaperone:catalogue */ "

// Every row that a load reads has a version (xmin); their sum changes when any row does.
constexpr std::string_view kStamp = CHAPERONE_CATALOGUE
    "SELECT count(*) || ':' || coalesce(sum(hashtextextended(kind || ':' || id || ':' || version, "
    "0)), 0) FROM ("
    "SELECT 1, oid::text, xmin::text FROM pg_class WHERE oid >= 16384 "
    "UNION ALL SELECT 2, oid::text, xmin::text FROM pg_proc WHERE oid >= 16384 "
    "UNION ALL SELECT 3, oid::text, xmin::text FROM pg_type WHERE oid >= 16384 "
    "UNION ALL SELECT 4, oid::text, xmin::text FROM pg_rewrite WHERE oid >= 16384 "
    "UNION ALL SELECT 5, oid::text, xmin::text FROM pg_trigger WHERE true "
    "UNION ALL SELECT 6, oid::text, xmin::text FROM pg_policy WHERE true "
    "UNION ALL SELECT 7, oid::text, xmin::text FROM pg_constraint WHERE oid >= 16384 "
    "UNION ALL SELECT 8, oid::text, xmin::text FROM pg_attrdef WHERE true "
    "UNION ALL SELECT 9, oid::text, xmin::text FROM pg_operator WHERE oid >= 16384 "
    "UNION ALL SELECT 10, oid::text, xmin::text FROM pg_cast WHERE oid >= 16384 "
    "UNION ALL SELECT 11, oid::text, xmin::text FROM pg_event_trigger WHERE true "
    "UNION ALL SELECT 12, oid::text, xmin::text FROM pg_extension WHERE true "
    "UNION ALL SELECT 13, oid::text, xmin::text FROM pg_namespace WHERE true "
    "UNION ALL SELECT 14, indexrelid::text, xmin::text FROM pg_index WHERE indexrelid >= 16384 "
    "UNION ALL SELECT 20, attrelid || '.' || attnum, xmin::text FROM pg_attribute WHERE attrelid "
    ">= 16384 "
    "UNION ALL SELECT 21, inhparent || '.' || inhrelid, xmin::text FROM pg_inherits"
    ") rows (kind, id, version)";

constexpr CatalogueText kTexts[] = {
    {"relations", 6,
     CHAPERONE_CATALOGUE "SELECT c.oid, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.oid < "
                         "16384 FROM pg_class c "
                         "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ "
                         "'^pg_(toast|temp_)' ORDER BY c.oid"},
    {"columns", 4,
     CHAPERONE_CATALOGUE
     "SELECT a.attrelid, a.attname, a.atttypid, a.attnotnull FROM pg_attribute a "
     "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace "
     "WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'v', 'm', 'f', 'p', 'c') "
     "AND n.nspname !~ '^pg_(toast|temp_)' ORDER BY a.attrelid, a.attnum"},
    {"views", 2,
     CHAPERONE_CATALOGUE "SELECT oid, pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', "
                         "'m') AND oid >= 16384 ORDER BY oid"},
    {"rules", 3,
     CHAPERONE_CATALOGUE "SELECT ev_class, ev_type, pg_get_ruledef(oid) FROM pg_rewrite "
                         "WHERE rulename <> '_RETURN' AND ev_enabled <> 'D' AND ev_class >= 16384 "
                         "ORDER BY ev_class, oid"},
    {"triggers", 5,
     CHAPERONE_CATALOGUE
     "SELECT tgrelid, tgname, tgtype, tgfoid, pg_get_triggerdef(oid) FROM pg_trigger "
     "WHERE NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgrelid, oid"},
    {"policies", 3,
     CHAPERONE_CATALOGUE
     "SELECT polrelid, polcmd, pg_get_expr(polqual, polrelid) FROM pg_policy WHERE polqual IS NOT "
     "NULL "
     "UNION ALL SELECT polrelid, polcmd, pg_get_expr(polwithcheck, polrelid) FROM pg_policy "
     "WHERE polwithcheck IS NOT NULL ORDER BY 1, 2, 3"},
    {"write expressions", 3,
     CHAPERONE_CATALOGUE
     "SELECT d.adrelid, a.attgenerated = '', pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d "
     "JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid >= "
     "16384 "
     "UNION ALL SELECT conrelid, false, pg_get_expr(conbin, conrelid) FROM pg_constraint "
     "WHERE contype = 'c' AND conrelid >= 16384 "
     "UNION ALL SELECT indrelid, false, pg_get_expr(indexprs, indrelid) FROM pg_index "
     "WHERE indexprs IS NOT NULL AND indrelid >= 16384 "
     "UNION ALL SELECT indrelid, false, pg_get_expr(indpred, indrelid) FROM pg_index "
     "WHERE indpred IS NOT NULL AND indrelid >= 16384 "
     "UNION ALL SELECT partrelid, false, pg_get_expr(partexprs, partrelid) FROM "
     "pg_partitioned_table "
     "WHERE partexprs IS NOT NULL ORDER BY 1, 2, 3"},
    {"references", 4,
     CHAPERONE_CATALOGUE
     "SELECT confrelid, conrelid, confdeltype, confupdtype FROM pg_constraint WHERE contype = 'f' "
     "ORDER BY confrelid, oid"},
    {"inheritance", 2,
     CHAPERONE_CATALOGUE "SELECT inhparent, inhrelid FROM pg_inherits ORDER BY 1, 2"},
    {"functions", 9,
     CHAPERONE_CATALOGUE
     "SELECT p.oid, n.nspname, p.proname, l.lanname, p.prokind, p.provolatile, "
     "coalesce((SELECT e.extname FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid "
     "WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e' "
     "AND d.refclassid = 'pg_extension'::regclass LIMIT 1), ''), "
     "CASE WHEN p.prokind IN ('f', 'p') AND l.lanname IN ('sql', 'plpgsql') "
     "THEN pg_get_functiondef(p.oid) ELSE '' END, "
     "coalesce((SELECT substr(s, 13) FROM unnest(p.proconfig) s WHERE s LIKE 'search_path=%' LIMIT "
     "1), '') "
     "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = "
     "p.prolang "
     "WHERE p.oid >= 16384 ORDER BY p.oid"},
    {"operators", 3,
     CHAPERONE_CATALOGUE
     "SELECT n.nspname, o.oprname, o.oprcode::oid FROM pg_operator o "
     "JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE o.oid >= 16384 ORDER BY o.oid"},
    {"types", 5,
     CHAPERONE_CATALOGUE
     "SELECT t.oid, n.nspname, t.typname, CASE WHEN t.typbasetype <> 0 THEN t.typbasetype "
     "ELSE coalesce((SELECT rngsubtype FROM pg_range WHERE rngtypid = t.oid), t.typelem) END, "
     "t.typrelid "
     "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace WHERE t.oid >= 16384 OR EXISTS "
     "(SELECT FROM pg_cast WHERE castfunc >= 16384 AND castsource < 16384 AND casttarget < 16384 "
     "AND t.oid IN (castsource, casttarget)) ORDER BY t.oid"},
    {"type functions", 2,
     CHAPERONE_CATALOGUE "SELECT t.oid, f FROM pg_type t, unnest(ARRAY[t.typinput::oid, "
                         "t.typoutput::oid, t.typreceive::oid, "
                         "t.typsend::oid, t.typmodin::oid, t.typmodout::oid]) f WHERE f >= 16384 "
                         "UNION SELECT castsource, castfunc FROM pg_cast WHERE castfunc >= 16384 "
                         "AND (castsource >= 16384 OR casttarget < 16384) "
                         "UNION SELECT casttarget, castfunc FROM pg_cast WHERE castfunc >= 16384 "
                         "AND (casttarget >= 16384 OR castsource < 16384) ORDER BY 1, 2"},
    {"type expressions", 2,
     CHAPERONE_CATALOGUE "SELECT contypid, pg_get_expr(conbin, 0) FROM pg_constraint WHERE "
                         "contypid <> 0 AND conbin IS NOT NULL "
                         "UNION ALL SELECT oid, pg_get_expr(typdefaultbin, 0) FROM pg_type WHERE "
                         "typdefaultbin IS NOT NULL "
                         "ORDER BY 1, 2"},
    {"event triggers", 1,
     CHAPERONE_CATALOGUE "SELECT evtfoid FROM pg_event_trigger WHERE evtenabled <> 'D' ORDER BY 1"},
    {"stamp", 1, kStamp},
};

}  // namespace

std::span<const CatalogueText> catalogue_texts() { return kTexts; }

std::string_view catalogue_begin() {
  // pg_temp is named last, because it comes first where it is not named.
  return CHAPERONE_CATALOGUE
      "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = pg_catalog, "
      "pg_temp";
}

std::string_view catalogue_end() { return CHAPERONE_CATALOGUE "COMMIT"; }

std::vector<CatalogueQuery> catalogue_queries(int) {
  std::vector<CatalogueQuery> queries;
  for (const auto& text : kTexts)
    queries.push_back({text.name, std::string(text.text), text.columns});
  return queries;
}

std::string catalogue_stamp_query(int) { return std::string(kStamp); }

}  // namespace chaperone::sql
