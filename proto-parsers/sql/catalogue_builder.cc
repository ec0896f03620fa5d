#include <algorithm>

#include "proto-parsers/base/check.h"
#include "proto-parsers/sql/catalogue.h"
#include "proto-parsers/sql/catalogue_data.h"
#include "proto-parsers/sql/catalogue_queries.h"
#include "proto-parsers/sql/catalogue_rows.h"
#include "proto-parsers/sql/limits.h"

namespace chaperone::sql {
namespace {

constexpr std::string_view kTooMany =
    "catalogue: the database has too many objects to be held; it is served without one";

// The known objects that were not asked for again, and those that were read, by number.
template <class T>
Kept<T> joined(const Kept<T>& known, bool all, const Buckets& asked,
               const std::unordered_map<Oid, std::shared_ptr<T>>& fresh) {
  Kept<T> objects;
  objects.reserve(known.size() + fresh.size());
  for (const auto& object : known) {
    bool kept = !all && !asked.contains(object->oid >> kBucketBits);
    if (kept && !fresh.contains(object->oid)) objects.push_back(object);
  }
  for (const auto& [oid, object] : fresh) objects.push_back(object);
  std::sort(objects.begin(), objects.end(),
            [](const auto& a, const auto& b) { return a->oid < b->oid; });
  return objects;
}

template <class T>
bool any_renamed(const std::unordered_map<Oid, const T*>& known,
                 const std::unordered_map<Oid, std::shared_ptr<T>>& fresh) {
  return std::any_of(fresh.begin(), fresh.end(), [&](const auto& object) {
    auto before = known.find(object.first);
    return before != known.end() && before->second->qualified != object.second->qualified;
  });
}

bool columns_renamed(const CatalogueRelation& before, const CatalogueRelation& after) {
  return std::any_of(after.columns.begin(), after.columns.end(), [&](const auto& column) {
    auto old = std::find_if(before.columns.begin(), before.columns.end(),
                            [&](const auto& one) { return one.number == column.number; });
    return old != before.columns.end() && old->name != column.name;
  });
}

}  // namespace

struct CatalogueBuilder::State {
  std::shared_ptr<const Catalogue> known;
  CatalogueChange change;
  FreshObjects fresh;
  std::size_t bytes = 0, rows = 0;
};

CatalogueBuilder::CatalogueBuilder(std::shared_ptr<const Catalogue> known, CatalogueChange change)
    : state_(std::make_unique<State>()) {
  CHECK(known || change.all);
  if (!change.all) state_->known = std::move(known);
  state_->change = std::move(change);
}

CatalogueBuilder::~CatalogueBuilder() = default;

Result<void> CatalogueBuilder::add(std::size_t section, CatalogueRow row) {
  auto texts = catalogue_texts();
  if (!state_ || section >= texts.size() || row.size() != texts[section].columns) {
    return Error{
        "catalogue: a row does not have the form of its query; is another program answering?"};
  }
  for (const auto& value : row) state_->bytes += sizeof(std::string) + (value ? value->size() : 0);
  if (state_->bytes > kCatalogueBytesMax || ++state_->rows > kCatalogueRowsMax) {
    return Error{std::string(kTooMany)};
  }
  read_catalogue_row(state_->fresh, section, row);
  return {};
}

bool CatalogueBuilder::renames() const {
  if (!state_ || !state_->known) return false;
  const auto& known = state_->known->data();
  const auto& fresh = state_->fresh;
  for (const auto& [oid, name] : fresh.schemas) {
    auto before = known.schemas.find(oid);
    if (before != known.schemas.end() && before->second != name) return true;
  }
  for (const auto& [oid, relation] : fresh.relations) {
    const auto* before = known.relation(oid);
    if (before && columns_renamed(*before, *relation)) return true;
  }
  return any_renamed(known.relation_by_oid, fresh.relations) ||
         any_renamed(known.function_by_oid, fresh.functions) ||
         any_renamed(known.type_by_oid, fresh.types);
}

Result<std::shared_ptr<const Catalogue>> CatalogueBuilder::finish(CatalogueStamp stamp) {
  if (!state_) return Error{"catalogue: already built"};
  auto state = std::move(state_);
  static const CatalogueData kNothing;
  const auto& known = state->known ? state->known->data() : kNothing;
  const auto& change = state->change;
  auto& fresh = state->fresh;
  auto data = std::make_unique<CatalogueData>();
  data->stamp = std::move(stamp);
  data->relations = joined(known.relations, change.all, change.relations, fresh.relations);
  data->functions = joined(known.functions, change.all || change.all_functions, change.functions,
                           fresh.functions);
  data->types = joined(known.types, change.all || change.all_types, change.types, fresh.types);
  bool operators = change.all || change.operators;
  data->operators = operators ? std::move(fresh.operators) : known.operators;
  bool event_triggers = change.all || change.event_triggers;
  data->event_trigger_functions =
      event_triggers ? std::move(fresh.event_trigger_functions) : known.event_trigger_functions;
  bool everywhere = change.all || change.all_types;
  data->functions_everywhere =
      everywhere ? std::move(fresh.functions_everywhere) : known.functions_everywhere;
  data->schemas = change.all || change.schemas ? std::move(fresh.schemas) : known.schemas;
  data->index();
  if (data->bytes > kCatalogueBytesMax) return Error{std::string(kTooMany)};
  return std::make_shared<const Catalogue>(std::move(data));
}

}  // namespace chaperone::sql
