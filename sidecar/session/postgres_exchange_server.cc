// Server to client: follow what is owed, record what came of it, keep our own replies back.

#include "proto-parsers/base/check.h"
#include "proto-parsers/base/limits.h"
#include "proto-parsers/postgres/encode.h"
#include "sidecar/session/postgres_exchange.h"
#include "sidecar/session/postgres_refusal.h"

namespace chaperone::session {

PostgresExchange::PostgresExchange(Ports& ports, Trail& trail, Scopes& scopes, spool::Spool& spool,
                                   MetricsSink& metrics, ServerSettings settings, ScopeFacts facts,
                                   bool read_only)
    : ports_(ports), trail_(trail), scopes_(scopes), spool_(spool), metrics_(metrics),
      settings_(std::move(settings)), facts_(std::move(facts)), read_only_(read_only) {
  rescope();
}

PostgresExchange::~PostgresExchange() = default;

void PostgresExchange::rescope() {
  facts_.reading = settings_.reading;
  names_.set_reading(facts_.reading);
  facts_.search_path = settings_.search_path;
  facts_.role = settings_.role;
  scope_ = scopes_.find(facts_);
}

void PostgresExchange::fail(std::string_view word, std::string_view detail) {
  if (std::exchange(failed_, true)) return;
  ports_.failed(word, detail);
}

bool PostgresExchange::at_rest_but_gate() const {
  return ledger_.idle() && !frontend_.mid_message() && !asking() && outbox_.empty() &&
         ledger_.status() == pg::TransactionStatus::kIdle;
}

bool PostgresExchange::at_rest() const { return at_rest_but_gate() && client_gate_.size() == 0; }

void PostgresExchange::on_server(Bytes fresh) {
  if (failed_) return;
  Bytes input = server_gate_.join(fresh);
  server_gate_.keep(input, pump_server(input));
  if (!failed_ && !blocked() && client_gate_.size() > 0) on_client({});
}

std::size_t PostgresExchange::pump_server(Bytes input) {
  std::size_t at = 0, span = 0;  // [span, at) goes to the client unchanged
  auto flush = [&] {
    if (at > span) ports_.to_client(input.subspan(span, at - span));
    span = at;
  };
  while (!failed_) {
    if (asking()) {
      flush();
      bool go_on = own_query_ ? feed_own_query(input, at) : feed_private_catalogue(input, at);
      span = at;  // what we asked for ourselves is never the client's
      if (!go_on) break;
      continue;
    }
    Step step = backend_.next(input.subspan(at));
    if (step.kind == StepKind::kNeedMore) break;
    if (step.kind == StepKind::kError) {
      fail("upstream_parse_error", backend_.error().reason);
      break;
    }
    bool forward = true;
    if (step.kind == StepKind::kStream) {
      if (ledger_.stream(backend_.stream_type()).fate == pg::Fate::kUnexpected) {
        fail("upstream_protocol", "rows that nobody asked for");
      }
    } else {
      forward = on_reply(backend_.event());
    }
    if (failed_) break;
    if (!forward) flush();
    at += step.consumed;
    if (forward) continue;
    span = at;
    if (!reply_.empty()) ports_.to_client(as_bytes(std::exchange(reply_, {})));
  }
  flush();
  return at;
}

// True when the message goes on to the client as it came; else `reply_` goes in its place.
bool PostgresExchange::on_reply(const pg::BackendMessage& message) {
  pg::Answer answer = ledger_.reply(message);
  if (answer.fate == pg::Fate::kUnexpected) {
    fail("upstream_protocol", "a reply that is not owed");
    return false;
  }
  if (answer.fate == pg::Fate::kAsync) {
    if (message.type == pg::BackendType::kParameterStatus) {
      on_parameter_status(message.text, message.value);
    }
    return true;
  }
  if (answer.entry && answer.entry->refused && answer.fate == pg::Fate::kError) {
    CHECK(!refusals_.empty());
    reply_ = std::move(refusals_.front());
    refusals_.erase(refusals_.begin());
  } else if (answer.entry && answer.entry->refused && answer.fate != pg::Fate::kReady) {
    fail("upstream_protocol", "the substitute of a refused command did not fail");
    return false;
  }
  if (Operation* known = answer.entry ? operation(answer.entry->operation) : nullptr) {
    pg::StreamCounts counts = backend_.take_counts();
    known->bytes_from_server += counts.row_bytes + counts.copy_bytes;
    known->rows += counts.rows;
    if (message.type == pg::BackendType::kCommandComplete && message.rows && counts.rows == 0) {
      known->rows += *message.rows;
    }
    if (answer.fate == pg::Fate::kError) known->sqlstate = message.fields.sqlstate();
  }
  // A COPY FROM STDIN has shown whether it wants data.
  bool answered = answer.entry && answer.entry->operation == copy_operation_ &&
                  (answer.fate == pg::Fate::kError || answer.entry->sent == pg::Sent::kExecute);
  if (answered || ledger_.copy() == pg::CopyState::kIn) await_copy_ = false;
  await_query_behind_barrier();
  bool ready = answer.fate == pg::Fate::kReady;
  while (const pg::Finished* finished = ledger_.pop_finished()) on_finished(*finished);
  // The server reads on to the Sync: whatever was waited for does not come before it.
  if (ledger_.skipping()) await_copy_ = await_ready_ = false;
  if (ready) return on_ready(message);
  return reply_.empty();
}

// Behind a Query that may change how text is read nothing is judged until it is answered. But for the
// data that it waits for: of that nothing is judged.
void PostgresExchange::await_query_behind_barrier() {
  const pg::LedgerEntry* owed = ledger_.next_owed();
  if (!group_barrier_ || !owed || owed->sent != pg::Sent::kQuery) return;
  await_ready_ = ledger_.copy() != pg::CopyState::kIn;
}

void PostgresExchange::on_parameter_status(std::string_view name, std::string_view value) {
  if (!settings_.on_parameter_status(name, value)) return;
  rescope();
}

// Everything sent so far is answered. True when this ReadyForQuery goes on as it is.
bool PostgresExchange::on_ready(const pg::BackendMessage& message) {
  await_copy_ = false;
  bool in_transaction = message.status != pg::TransactionStatus::kIdle;
  if (!in_transaction) {
    for (const auto& [name, portal] : names_.portals()) {
      if (!portal->executed) finish_operation(portal->operation, audit::OutcomeStatus::kSkipped);
    }
    if (ledger_.idle()) {
      names_.end_portals();
      // Bound, and never executed: their portals were replaced or closed.
      while (!operations_.empty()) {
        finish_operation(operations_.front().number, audit::OutcomeStatus::kSkipped);
      }
    }
    if (changed_in_transaction_) refresh_settings_ = true;
    if (private_catalogue_) refresh_catalogue_ = true;
    changed_in_transaction_ = false;
  }
  if (!ledger_.idle()) return true;  // a pipeline: more is owed, nothing unsettling is behind us
  // Within a CopyData whose COPY failed nothing of ours can be put: it is asked before the next
  // command is judged.
  if (settings_due() && !frontend_.mid_message()) {
    begin_settings_query();
    ready_owed_ = true;
    return false;  // its own ReadyForQuery comes when we have asked
  }
  await_ready_ = group_barrier_ = false;
  return true;
}

// Something may have changed how text is read, and the server can be asked.
bool PostgresExchange::settings_due() const {
  return (refresh_settings_ || refresh_catalogue_) && ledger_.idle() && !asking() &&
         outbox_.empty() && ledger_.status() != pg::TransactionStatus::kFailed;
}

void PostgresExchange::begin_settings_query() {
  refresh_settings_ = false;
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
  if (settings_reader_->prepared().size() > kPreparedStatementsMax ||
      settings_reader_->prepared_bytes() > kPreparedTextBytesMax) {
    fail("limit", "more statements are prepared than the sidecar allows");
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
  bool asked = own_query_->sqlstate().empty();
  own_query_.reset();
  std::unique_ptr<SettingsReader> reader = std::move(settings_reader_);
  if (!asked && status != pg::TransactionStatus::kFailed) {
    fail("settings", "the server did not tell how it reads statements now");
    return;
  }
  if (asked) {
    settings_ = reader->settings();
    if (read_only_ && !settings_.default_transaction_read_only) {
      fail("read_only", "the session is no longer read-only");
      return;
    }
    if (prepared_listed_) adopt_prepared(*reader);
    rescope();
  } else {
    refresh_settings_ = true;  // failed within the client's transaction: ask again when it ended
  }
  asked_status_ = status;
  bool refresh = std::exchange(refresh_catalogue_, false) && (facts_.catalogue || private_catalogue_);
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
  private_load_ = std::make_unique<CatalogueLoad>(nullptr, settings_.reading.server_version, true);
  std::string query = private_load_->next_query();
  ports_.to_server(as_bytes(query));
}

bool PostgresExchange::feed_private_catalogue(Bytes input, std::size_t& at) {
  std::size_t taken = 0;
  bool answered = private_load_->feed(input.subspan(at), taken);
  at += taken;
  std::string asides = private_load_->take_asides();
  if (!asides.empty()) ports_.to_client(as_bytes(asides));
  if (!answered) return false;
  std::string query = private_load_->next_query();
  if (!query.empty()) {
    ports_.to_server(as_bytes(query));
    return true;
  }
  asked_status_ = static_cast<pg::TransactionStatus>(private_load_->transaction_status());
  facts_.catalogue_missing = private_load_->failed();
  facts_.catalogue = private_load_->failed() ? nullptr : private_load_->catalogue();
  private_load_.reset();
  rescope();
  settled();
  return true;
}

// The server's list of prepared statements, judged anew where a text is not the one we knew.
void PostgresExchange::adopt_prepared(const SettingsReader& reader) {
  std::map<std::string, StatementPtr, std::less<>> statements;
  for (const auto& [name, text] : reader.prepared()) {
    StatementPtr known = names_.statement(name);
    if (!known || known->text != text) {
      known = std::make_shared<PreparedStatement>();
      known->text = text;
      known->judged = scope_->judge(text, &names_);
      known->scope = scope_;  // under which it was prepared
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

void PostgresExchange::on_finished(const pg::Finished& finished) {
  using pg::Outcome;
  const pg::LedgerEntry& entry = finished.entry;
  bool good = finished.outcome == Outcome::kDone || finished.outcome == Outcome::kSuspended;
  bool names = entry.sent == pg::Sent::kParse || entry.sent == pg::Sent::kBind ||
               entry.sent == pg::Sent::kClose;
  if (entry.refused) {
    // Skipped after an earlier error: its refusal is not told, and must not be the next one's.
    if (finished.outcome == Outcome::kSkipped && !refusals_.empty()) refusals_.erase(refusals_.begin());
    return;
  }
  if (names) names_.settle(good);
  if (entry.operation == 0 || (entry.sent == pg::Sent::kBind && good)) return;
  auto status = good ? audit::OutcomeStatus::kOk
                     : finished.outcome == Outcome::kFailed ? audit::OutcomeStatus::kError
                                                            : audit::OutcomeStatus::kSkipped;
  finish_operation(entry.operation, status);
}

PostgresExchange::Operation* PostgresExchange::operation(std::uint64_t number) {
  for (Operation& operation : operations_) {
    if (operation.number == number) return &operation;
  }
  return nullptr;
}

void PostgresExchange::finish_operation(std::uint64_t number, audit::OutcomeStatus status) {
  for (auto at = operations_.begin(); at != operations_.end(); ++at) {
    if (at->number != number) continue;
    audit::Outcome outcome;
    outcome.status = status;
    outcome.rows = at->rows;
    outcome.bytes_to_client = at->bytes_from_server;
    outcome.bytes_from_client = frontend_.copy_bytes() - at->copy_bytes_at_begin;
    outcome.sqlstate = at->sqlstate;
    std::uint64_t now_ns = mono_now_ns();
    outcome.duration_ns = now_ns - at->begun_ns;
    metrics_.upstream.add(*outcome.duration_ns);
    operations_.erase(at);
    auto written = trail_.outcome(number, outcome);
    if (!written.ok()) fail("spool", written.error().message);
    return;
  }
}

void PostgresExchange::settle_unknown() {
  while (!operations_.empty()) {
    finish_operation(operations_.front().number, audit::OutcomeStatus::kUnknown);
  }
}

}  // namespace chaperone::session
