#include "proto-parsers/sql/catalogue_stamp.h"

#include <charconv>

#include "proto-parsers/sql/limits.h"

namespace chaperone::sql {
namespace {

enum class Part {
  kRelation,
  kFunction,
  kType,
  kSchemas,
  kOperators,
  kCasts,
  kEventTriggers,
  kExtensions
};

// Every kind of row that a load reads, with the object in whose bucket it counts. Rows that concern
// two relations (inheritance, foreign keys) count for both. 16384 is PostgreSQL's
// FirstNormalObjectId: what lies below came with initdb.
struct Kind {
  Part part;
  std::string_view object, rows;
};
constexpr Kind kKinds[] = {
    {Part::kRelation, "oid", "pg_class WHERE oid >= 16384"},
    {Part::kRelation, "attrelid", "pg_attribute WHERE attrelid >= 16384 AND attnum > 0"},
    {Part::kRelation, "ev_class", "pg_rewrite WHERE ev_class >= 16384"},
    {Part::kRelation, "tgrelid", "pg_trigger WHERE NOT tgisinternal"},
    {Part::kRelation, "polrelid", "pg_policy"},
    {Part::kRelation, "conrelid", "pg_constraint WHERE conrelid >= 16384"},
    {Part::kRelation, "confrelid", "pg_constraint WHERE contype = 'f'"},
    {Part::kRelation, "adrelid", "pg_attrdef"},
    {Part::kRelation, "indrelid", "pg_index WHERE indrelid >= 16384"},
    {Part::kRelation, "partrelid", "pg_partitioned_table"},
    {Part::kRelation, "inhrelid", "pg_inherits"},
    {Part::kRelation, "inhparent", "pg_inherits"},
    {Part::kFunction, "oid", "pg_proc WHERE oid >= 16384"},
    {Part::kType, "oid", "pg_type WHERE oid >= 16384"},
    {Part::kType, "contypid", "pg_constraint WHERE contypid <> 0"},
    {Part::kSchemas, "0", "pg_namespace"},
    {Part::kOperators, "0", "pg_operator WHERE oid >= 16384"},
    {Part::kCasts, "0", "pg_cast"},
    {Part::kCasts, "0", "pg_amproc WHERE oid >= 16384"},
    {Part::kCasts, "0", "pg_amop WHERE oid >= 16384"},
    {Part::kEventTriggers, "0", "pg_event_trigger"},
    {Part::kExtensions, "0", "pg_extension"},
};

// Beyond this many young rows each stamp spends more on them than on the rest.
constexpr std::size_t kYoungRowsMax = 4000;
// Stands in the place of a kind and bucket in the row that tells the horizon.
constexpr std::uint64_t kHorizonKey = 0xffffffff;
// Beyond this many buckets of one part everything is read: the queries would be lists of ranges.
constexpr std::size_t kBucketsMax = 64;

template <class T>
bool number_of(std::optional<std::string_view> text, T& value) {
  if (!text) return false;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  return error == std::errc() && end == text->data() + text->size();
}

void note(CatalogueChange& change, std::uint64_t key) {
  auto bucket = static_cast<Bucket>(key);
  std::size_t kind = key >> 32;
  if (kind >= std::size(kKinds)) {
    change.all = true;
    return;
  }
  switch (kKinds[kind].part) {
    case Part::kRelation: change.relations.insert(bucket); return;
    case Part::kFunction: change.functions.insert(bucket); return;
    case Part::kType: change.types.insert(bucket); return;
    case Part::kSchemas: change.schemas = true; return;
    case Part::kOperators: change.operators = true; return;
    case Part::kCasts: change.all_types = true; return;
    case Part::kEventTriggers: change.event_triggers = true; return;
    case Part::kExtensions: change.all_functions = true; return;
  }
}

std::string arm(std::size_t number, const Kind& kind) {
  std::string text = "SELECT (CAST(" + std::to_string(number) + " AS bigint) << 32) + bucket, ";
  text += "count(*), array_agg(CAST(ctid AS text) || CAST(xmin AS text)) FILTER (WHERE young)";
  text += " FROM (SELECT CAST(";
  text += kind.object;
  text += " AS bigint) >> " + std::to_string(kBucketBits) + " AS bucket, ctid, xmin, ";
  text += "age(xmin) <= (SELECT age FROM horizon) AS young FROM ";
  text += kind.rows;
  return text + ") AS objects GROUP BY bucket";
}

}  // namespace

CatalogueChange everything() {
  CatalogueChange change;
  change.all = true;
  return change;
}

Result<void> CatalogueStamp::add(std::span<const std::optional<std::string_view>> row) {
  std::uint64_t key = 0, count = 0;
  std::size_t young = 0;
  bool good = row.size() == kStampColumns && number_of(row[0], key) && number_of(row[1], count) &&
              number_of(row[2], young);
  if (!good) return Error{"catalogue: the stamp has not its form; is another program answering?"};
  if (key == kHorizonKey) {
    horizon_ = static_cast<std::uint32_t>(count);
    return {};
  }
  young_ += young;
  buckets_[key] = std::to_string(count) + " " + std::string(row[3].value_or(std::string_view()));
  return {};
}

CatalogueChange CatalogueStamp::since(const CatalogueStamp& older) const {
  if (!horizon_ || horizon_ != older.horizon_) return everything();
  CatalogueChange change;
  for (const auto& [key, held] : buckets_) {
    auto before = older.buckets_.find(key);
    if (before == older.buckets_.end() || before->second != held) note(change, key);
  }
  for (const auto& [key, held] : older.buckets_) {
    if (!buckets_.contains(key)) note(change, key);
  }
  for (const auto* buckets : {&change.relations, &change.functions, &change.types}) {
    if (buckets->size() > kBucketsMax) return everything();
  }
  return change.all ? everything() : change;
}

bool CatalogueStamp::worn() const { return young_ > kYoungRowsMax; }

std::string catalogue_stamp_query(int, std::optional<std::uint32_t> horizon) {
  std::string oldest = horizon ? "CAST('" + std::to_string(*horizon) + "' AS xid)"
                               : "CAST(CAST(txid_snapshot_xmin(txid_current_snapshot()) & "
                                 "4294967295 AS text) AS xid)";
  std::string query = "/* chaperone:catalogue */ WITH horizon AS MATERIALIZED (SELECT ";
  query += oldest + " AS made, age(" + oldest + ") AS age) SELECT " + std::to_string(kHorizonKey);
  query += ", CAST(CAST(made AS text) AS bigint), 0, '' FROM horizon UNION ALL ";
  // In an order of their own: that of a scan may be another next time.
  query += "SELECT key, count, coalesce(array_length(young, 1), 0), encode(sha256(convert_to((";
  query += "SELECT string_agg(one, ',' ORDER BY one) FROM unnest(young) AS one), 'UTF8')), 'hex') ";
  query += "FROM (";
  for (std::size_t i = 0; i < std::size(kKinds); ++i) {
    if (i > 0) query += " UNION ALL ";
    query += arm(i, kKinds[i]);
  }
  return query + ") AS counted (key, count, young)";
}

}  // namespace chaperone::sql
