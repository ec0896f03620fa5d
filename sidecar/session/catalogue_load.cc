#include "sidecar/session/catalogue_load.h"

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/postgres/encode.h"

namespace chaperone::session {
namespace {

// pg_temp is named because it would come first unnamed: a temporary "pg_class" is not the catalogue.
// Names come as UTF-8, whatever the client reads.
// What the client allows its own statements in time does not end ours, and its transaction with it.
constexpr std::string_view kSavepoint =
    "/* chaperone:catalogue */ SAVEPOINT chaperone_catalogue; "
    "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL statement_timeout = 0; "
    "SET LOCAL client_encoding = 'UTF8'";
constexpr std::string_view kSavepointEnd =
    "/* chaperone:catalogue */ ROLLBACK TO SAVEPOINT chaperone_catalogue; "
    "RELEASE SAVEPOINT chaperone_catalogue";

// What we set is told (search_path from PostgreSQL 18 on), and told again when it is taken back.
bool of_own_doing(Bytes message) {
  constexpr std::size_t kHeaderBytes = 5;
  ByteReader reader(message.subspan(kHeaderBytes));
  std::string_view name = reader.take_cstring();
  return message[0] == 'S' && (name == "client_encoding" || name == "search_path");
}

}  // namespace

CatalogueLoad::CatalogueLoad(std::shared_ptr<const sql::Catalogue> known, int server_version,
                             bool in_transaction)
    : known_(std::move(known)), server_version_(server_version), in_transaction_(in_transaction) {
  begin(!known_ || !known_->stamp().horizon());
}

void CatalogueLoad::begin(bool everything) {
  builder_.reset();
  stamp_ = new_stamp_ = {};
  ask(Kind::kOwn, std::string(in_transaction_ ? kSavepoint : sql::catalogue_begin()));
  auto horizon = everything ? std::nullopt : known_->stamp().horizon();
  ask(Kind::kStamp, sql::catalogue_stamp_query(server_version_, horizon));
  stage_ = Stage::kStamp;
  if (!everything) return;
  known_.reset();
  ask_sections();
}

void CatalogueLoad::ask(Kind kind, std::string text, std::size_t section) {
  batch_.push_back({kind, section, std::move(text)});
}

void CatalogueLoad::ask_sections() {
  sql::CatalogueChange change = known_ ? stamp_.since(known_->stamp()) : sql::everything();
  for (auto& query : sql::catalogue_queries(server_version_, change)) {
    ask(Kind::kSection, std::move(query.text), query.section);
  }
  // In a client's transaction the horizon stays: its own rows are young anyway.
  if (known_ && stamp_.worn() && !in_transaction_) {
    ask(Kind::kNewStamp, sql::catalogue_stamp_query(server_version_, std::nullopt));
  }
  builder_ = std::make_unique<sql::CatalogueBuilder>(known_, std::move(change));
  ask_end();
}

void CatalogueLoad::ask_end() {
  ask(Kind::kOwn, std::string(in_transaction_ ? kSavepointEnd : sql::catalogue_end()));
  stage_ = Stage::kEnd;
}

std::string CatalogueLoad::next_queries() {
  std::string out;
  for (const Ask& one : batch_) pg::append_query(out, one.text);
  return out;
}

void CatalogueLoad::on_row(const Row& row) {
  if (!error_.empty()) return;
  const Ask& asked = batch_[next_];
  Result<void> added;
  if (asked.kind == Kind::kStamp) added = stamp_.add(row);
  if (asked.kind == Kind::kNewStamp) added = new_stamp_.add(row);
  if (asked.kind == Kind::kSection) added = builder_->add(asked.section, row);
  if (!added.ok()) error_ = added.error().message;
}

bool CatalogueLoad::feed(Bytes input, std::size_t& taken) {
  taken = 0;
  while (next_ < batch_.size()) {
    if (!query_) {
      OwnQuery::Observer observer;
      observer.on_row = [this](const Row& row) { on_row(row); };
      observer.on_aside = [this](char, Bytes message) {
        if (!of_own_doing(message)) asides_.append(as_text(message));
      };
      query_ = std::make_unique<OwnQuery>(std::move(observer));
    }
    std::size_t of_query = 0;
    OwnQuery::State state = query_->feed(input.subspan(taken), of_query);
    taken += of_query;
    if (state == OwnQuery::State::kReading) return false;
    if (state == OwnQuery::State::kBroken) {
      error_ = query_->broken_because();
      broken_ = true;
      batch_.clear();
      stage_ = Stage::kDone;
      return true;
    }
    answered(*std::exchange(query_, nullptr));
  }
  batch_answered();
  return true;
}

void CatalogueLoad::answered(const OwnQuery& query) {
  ++next_;
  status_ = query.transaction_status();
  if (!query.sqlstate().empty() && error_.empty()) {
    error_ = "the server refused a catalogue query (SQLSTATE " + query.sqlstate() + ")";
  }
}

void CatalogueLoad::batch_answered() {
  batch_.clear();
  next_ = 0;
  if (stage_ == Stage::kEnd) return finish();
  bool unchanged = known_ && stamp_.known() && stamp_.since(known_->stamp()) == sql::CatalogueChange{};
  unchanged || !error_.empty() ? ask_end() : ask_sections();
}

void CatalogueLoad::finish() {
  stage_ = Stage::kDone;
  if (!error_.empty()) return;
  if (!builder_) {
    result_ = known_;
    return;
  }
  if (builder_->renames()) return begin(true);
  auto built = builder_->finish(new_stamp_.known() ? std::move(new_stamp_) : std::move(stamp_));
  if (built.ok()) result_ = *std::move(built);
  else error_ = built.error().message;
}

}  // namespace chaperone::session
