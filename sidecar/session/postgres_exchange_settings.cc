// What decides how text is read and names resolved: asked of the server, and taken over.

#include "sidecar/session/postgres_exchange.h"

#include "proto-parsers/base/limits.h"
#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/postgres_refusal.h"
#include "sidecar/session/text_encoding.h"

namespace chaperone::session {
namespace {

constexpr std::string_view kQueryCancelled = "57014";
// In a row: a client that cancels for ever, or allows statements no time, keeps itself waiting.
constexpr int kCancelledQuestionsMax = 8;

}  // namespace

void PostgresExchange::rescope() {
  facts_.reading = settings_.reading;
  names_.set_reading(facts_.reading);
  facts_.search_path = settings_.search_path;
  facts_.role = settings_.role;
  scope_ = scopes_.find(facts_);
}

void PostgresExchange::on_parameter_status(std::string_view name, std::string_view value) {
  if (!settings_.on_parameter_status(name, value)) return;
  rescope();
}

// Something may have changed how text is read, and the server can be asked. Not within a group that
// has no Sync yet, though all of it is answered: our question would end its transaction, and be
// skipped with the rest of it where it failed.
bool PostgresExchange::settings_due() const {
  return (refresh_settings_ || refresh_catalogue_) && ledger_.idle() && !group_open_ &&
         !ledger_.skipping() && !skip_to_sync_ && !asking() && outbox_.empty() &&
         ledger_.status() != pg::TransactionStatus::kFailed;
}

void PostgresExchange::begin_settings_query() {
  refresh_settings_ = false;
  owed_since_ns_ = mono_now_ns();
  bool prepared = std::exchange(names_uncertain_, false);
  prepared_listed_ = prepared;
  settings_reader_ = std::make_unique<SettingsReader>(settings_);
  OwnQuery::Observer observer;
  observer.on_row = [this](const Row& row) { settings_reader_->row(row); };
  observer.on_aside = [this](char type, Bytes message) {
    ports_.to_client(message);
    if (type != 'S') return;
    ByteReader reader(message.subspan(5));
    std::string_view name = reader.take_cstring();
    settings_.on_parameter_status(name, reader.take_cstring());
  };
  own_query_ = std::make_unique<OwnQuery>(std::move(observer));
  std::string out;
  pg::append_query(out, settings_query(prepared));
  ports_.to_server(as_bytes(out));
}

// False when the input is used up or the session has failed.
bool PostgresExchange::feed_own_query(Bytes input, std::size_t& at) {
  std::size_t taken = 0;
  OwnQuery::State state = own_query_->feed(input.subspan(at), taken);
  at += taken;
  if (settings_reader_->prepared().size() > limits_.prepared_statements ||
      settings_reader_->prepared_bytes() > kPreparedTextBytesMax) {
    fail("limit", over_limit(settings_reader_->prepared().size(),
                             "statements that code of the server prepared",
                             "limits.prepared_statements_max", limits_.prepared_statements));
    return false;
  }
  if (state == OwnQuery::State::kReading) return false;
  if (state == OwnQuery::State::kBroken) {
    fail("upstream_protocol", own_query_->broken_because());
    return false;
  }
  own_query_done();
  return !failed_;
}

void PostgresExchange::own_query_done() {
  auto status = static_cast<pg::TransactionStatus>(own_query_->transaction_status());
  std::string sqlstate = own_query_->sqlstate();
  bool asked = sqlstate.empty();
  own_query_.reset();
  std::unique_ptr<SettingsReader> reader = std::move(settings_reader_);
  // A cancel that the client meant for its own command came late and hit ours.
  bool cancelled = sqlstate == kQueryCancelled && status == pg::TransactionStatus::kIdle;
  if (cancelled && ++cancelled_questions_ <= kCancelledQuestionsMax) {
    names_uncertain_ = prepared_listed_;
    return begin_settings_query();
  }
  cancelled_questions_ = 0;
  if (!asked && status != pg::TransactionStatus::kFailed) {
    fail("settings", "the server did not tell how it reads statements now");
    return;
  }
  if (asked) {
    bool unseen = std::exchange(prepared_unseen_, false);
    settings_ = reader->settings();
    if (read_only_ && !settings_.default_transaction_read_only) {
      fail("read_only", "the session is no longer read-only");
      return;
    }
    if (!names_readable(settings_)) {
      fail("settings", kNamesUnreadable);
      return;
    }
    rescope();
    bool as_before = settings_.reading == uncertain_reading_;
    if (prepared_listed_) adopt_prepared(*reader, unseen || !as_before);
  } else {
    refresh_settings_ = true;  // failed within the client's transaction: ask again when it ended
  }
  asked_status_ = status;
  bool refresh = std::exchange(refresh_catalogue_, false) && facts_.catalogue_matters &&
                 (facts_.catalogue || private_catalogue_);
  if (refresh && status == pg::TransactionStatus::kInBlock) return begin_private_catalogue();
  if (refresh) {
    private_catalogue_ = false;
    await_catalogue_ = true;
    ports_.need_catalogue(true);
  }
  settled();
}

// All that had to be asked is known: the client gets its ReadyForQuery, and is judged again.
void PostgresExchange::settled() {
  await_ready_ = group_barrier_ = false;
  if (!std::exchange(ready_owed_, false)) return;
  std::string ready;
  pg::append_ready_for_query(ready, asked_status_);
  ports_.to_client(as_bytes(ready));
}

// Objects made in the open transaction are seen by this connection alone.
void PostgresExchange::begin_private_catalogue() {
  private_catalogue_ = true;
  owed_since_ns_ = mono_now_ns();
  private_load_ = std::make_unique<CatalogueLoad>(facts_.catalogue,
                                                  settings_.reading.server_version, true);
  std::string query = private_load_->next_queries();
  ports_.to_server(as_bytes(query));
}

bool PostgresExchange::feed_private_catalogue(Bytes input, std::size_t& at) {
  std::size_t taken = 0;
  bool answered = private_load_->feed(input.subspan(at), taken);
  at += taken;
  std::string asides = private_load_->take_asides();
  if (!asides.empty()) ports_.to_client(as_bytes(asides));
  if (!answered) return false;
  if (private_load_->broken()) {
    fail("upstream_protocol", private_load_->error());
    return false;
  }
  std::string query = private_load_->next_queries();
  if (!query.empty()) {
    ports_.to_server(as_bytes(query));
    return true;
  }
  asked_status_ = static_cast<pg::TransactionStatus>(private_load_->transaction_status());
  facts_.catalogue_missing = private_load_->failed();
  facts_.catalogue = private_load_->failed() ? nullptr : private_load_->catalogue();
  private_load_.reset();
  catalogue_confirmed_ = true;
  rescope();
  settled();
  return true;
}

// The server's list of prepared statements, judged anew where a text is not the one we knew.
// `unseen`: code that nobody read, or a change of the reading, stood between; what SQL prepared
// meanwhile may have been read otherwise than we read it now, wherever a backslash makes a difference.
void PostgresExchange::adopt_prepared(const SettingsReader& reader, bool unseen) {
  std::map<std::string, StatementPtr, std::less<>> statements;
  for (const auto& [name, listed] : reader.prepared()) {
    StatementPtr known = names_.statement(name);
    bool same = known && known->text == listed.text && known->by_sql == listed.by_sql;
    if (!same || (unseen && listed.by_sql)) {
      known = std::make_shared<PreparedStatement>();
      known->text = listed.text;
      known->by_sql = listed.by_sql;
      known->read_in_doubt = (unseen || !listed.by_sql) && listed.text.find('\\') != std::string::npos;
      known->read_in_doubt |= !text_is_utf8(settings_) && !is_ascii(listed.text);
      known->judged = scope_->judge(listed.text, &names_);
      known->scope = scope_;  // under which it was prepared, but for the doubt
    }
    statements.emplace(name, std::move(known));
  }
  // The unnamed statement is in no list.
  if (StatementPtr unnamed = names_.statement("")) statements.emplace("", std::move(unnamed));
  names_.replace_statements(std::move(statements));
}

void PostgresExchange::await_catalogue() {
  await_catalogue_ = true;
  ports_.need_catalogue(true);
}

void PostgresExchange::adopt_catalogue(std::shared_ptr<const sql::Catalogue> catalogue) {
  if (await_catalogue_ || private_catalogue_) return;  // ours is newer, or on its way
  facts_.catalogue_missing = catalogue == nullptr;
  facts_.catalogue = std::move(catalogue);
  rescope();
}

void PostgresExchange::on_catalogue(std::shared_ptr<const sql::Catalogue> catalogue) {
  if (failed_) return;
  await_catalogue_ = false;
  catalogue_confirmed_ = true;
  bool missing = catalogue == nullptr;
  if (private_catalogue_) return on_client({});  // the shared view knows less than our own
  if (catalogue != facts_.catalogue || missing != facts_.catalogue_missing) {
    facts_.catalogue = std::move(catalogue);
    facts_.catalogue_missing = missing;
    rescope();
  }
  on_client({});
}

void PostgresExchange::on_policy(std::shared_ptr<const policy::Policy> policy) {
  facts_.policy = std::move(policy);
  rescope();
}

}  // namespace chaperone::session
