#include "sidecar/session/catalogue_load.h"

#include "proto-parsers/postgres/encode.h"

namespace chaperone::session {
namespace {

// pg_temp is named because it would come first unnamed: a temporary "pg_class" is not the catalogue.
// What the client allows its own statements in time does not end ours, and its transaction with it.
constexpr std::string_view kSavepoint =
    "/* chaperone:catalogue */ SAVEPOINT chaperone_catalogue; "
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL statement_timeout = 0";
constexpr std::string_view kSavepointEnd =
    "/* chaperone:catalogue */ ROLLBACK TO SAVEPOINT chaperone_catalogue; "
    "RELEASE SAVEPOINT chaperone_catalogue";

}  // namespace

CatalogueLoad::CatalogueLoad(std::shared_ptr<const sql::Catalogue> known, int server_version,
                             bool in_transaction)
    : known_(std::move(known)),
      queries_(sql::catalogue_queries(server_version)),
      stamp_query_(sql::catalogue_stamp_query(server_version)),
      in_transaction_(in_transaction) {}

std::string CatalogueLoad::next_query() {
  std::string_view text;
  switch (stage_) {
    case Stage::kBegin: text = in_transaction_ ? kSavepoint : sql::catalogue_begin(); break;
    case Stage::kStamp: text = stamp_query_; break;
    case Stage::kQueries: text = queries_[next_].text; break;
    case Stage::kEnd: text = in_transaction_ ? kSavepointEnd : sql::catalogue_end(); break;
    case Stage::kDone: return {};
  }
  OwnQuery::Observer observer;
  observer.on_row = [this](const Row& row) { on_row(row); };
  observer.on_aside = [this](char, Bytes message) { asides_.append(as_text(message)); };
  query_ = std::make_unique<OwnQuery>(std::move(observer));
  std::string out;
  pg::append_query(out, text);
  return out;
}

void CatalogueLoad::on_row(const Row& row) {
  if (stage_ == Stage::kStamp && row.size() == 1 && row[0]) stamp_ = *row[0];
  if (stage_ != Stage::kQueries || !error_.empty()) return;
  Result<void> added = builder_.add(next_, row);
  if (!added.ok()) error_ = added.error().message;
}

bool CatalogueLoad::feed(Bytes input, std::size_t& taken) {
  OwnQuery::State state = query_->feed(input, taken);
  if (state == OwnQuery::State::kReading) return false;
  if (state == OwnQuery::State::kBroken) {
    error_ = query_->broken_because();
    stage_ = Stage::kDone;
    return true;
  }
  status_ = query_->transaction_status();
  if (!query_->sqlstate().empty() && error_.empty()) {
    error_ = "the server refused a catalogue query (SQLSTATE " + query_->sqlstate() + ")";
  }
  answered();
  return true;
}

void CatalogueLoad::answered() {
  switch (stage_) {
    case Stage::kBegin: stage_ = error_.empty() ? Stage::kStamp : Stage::kEnd; return;
    case Stage::kStamp:
      unchanged_ = known_ && !stamp_.empty() && stamp_ == known_->stamp();
      stage_ = error_.empty() && !unchanged_ && !queries_.empty() ? Stage::kQueries : Stage::kEnd;
      return;
    case Stage::kQueries:
      if (++next_ == queries_.size() || !error_.empty()) stage_ = Stage::kEnd;
      return;
    case Stage::kEnd: finish(); return;
    case Stage::kDone: return;
  }
}

void CatalogueLoad::finish() {
  stage_ = Stage::kDone;
  if (!error_.empty()) return;
  if (unchanged_) {
    result_ = known_;
    return;
  }
  auto built = builder_.finish();
  if (built.ok()) result_ = *std::move(built);
  else error_ = built.error().message;
}

}  // namespace chaperone::session
