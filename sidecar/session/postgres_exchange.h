#pragma once
// The open phase of a PostgreSQL session, without I/O: bytes of both sides in, decided bytes out.
//
// Client to server it gates: a message leaves when it was understood, decided and recorded, and its
// record is as durable as the decision asks. A refused command is replaced by a statement that is
// sure to fail, and the server's error by ours: so client and server agree on the transaction's
// state in every mode of the protocol, because the server itself was in it (proto-parsers/postgres/
// encode.h).
//
// Server to client it follows: the ledger knows what is owed, outcomes are recorded, replies to the
// sidecar's own queries stay here.
//
// Whoever holds the streams implements Ports and calls in. Calls into Ports may not call back.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/frontend.h"
#include "proto-parsers/postgres/ledger.h"
#include "sidecar/session/catalogue_load.h"
#include "sidecar/session/gate.h"
#include "sidecar/session/judge.h"
#include "sidecar/session/metrics_sink.h"
#include "sidecar/session/operations.h"
#include "sidecar/session/own_query.h"
#include "sidecar/session/prepared_names.h"
#include "sidecar/session/server_settings.h"
#include "sidecar/session/trail.h"

namespace chaperone::session {

// The operator's `limits`, each at most the constant of base/limits.h that is its default.
struct ExchangeLimits {
  pg::FrontendLimits frontend = {};
  std::size_t pipeline_depth = kPipelineDepthMax;  // messages under way
  std::size_t prepared_statements = kPreparedStatementsMax;
  std::size_t held_bytes = kHeldBytesMax;  // of all sessions together, see give_up_message()
};

class PostgresExchange {
 public:
  class Ports {
   public:
    virtual ~Ports() = default;
    virtual void to_client(Bytes bytes) = 0;
    virtual void to_server(Bytes bytes) = 0;
    // Nothing of the client's passes until on_durable() (the spool has reached `position`).
    virtual void need_durable(spool::Position position, policy::Durability durability) = 0;
    // ... until on_catalogue(). `changed`: known to be stale, not only perhaps.
    virtual void need_catalogue(bool changed) = 0;
    // The session cannot go on: `word` for the record, `detail` for people. Called once.
    virtual void failed(std::string_view word, std::string_view detail) = 0;
    // A command was refused, and recorded as such. For people who ask why.
    virtual void refused(const policy::Decision& decision, const Judged& judged) = 0;
    // The client said Terminate. It goes upstream only where something is still owed: a connection
    // at rest may serve another session.
    virtual void terminated() = 0;
  };

  // `read_only`: the second fence is up, no statement may lower it.
  PostgresExchange(Ports& ports, Trail& trail, Scopes& scopes, spool::Spool& spool,
                   MetricsSink& metrics, ServerSettings settings, ScopeFacts facts, bool read_only,
                   ExchangeLimits limits = {});
  ~PostgresExchange();

  void on_client(Bytes fresh);
  void on_server(Bytes fresh);
  void on_durable();
  // The first statement waits for a catalogue, which Ports is asked for.
  void await_catalogue();
  void on_catalogue(std::shared_ptr<const sql::Catalogue> catalogue);
  // The view was replaced by somebody else's doing: from here on it counts.
  void adopt_catalogue(std::shared_ptr<const sql::Catalogue> catalogue);
  void on_policy(std::shared_ptr<const policy::Policy> policy);
  // The server takes no more for now; and again.
  void on_server_congested(bool congested);

  // Client bytes wait here: the session stops reading from the client meanwhile.
  bool holds_client() const { return blocked() || client_gate_.size() > 0; }
  bool client_blocked() const { return blocked(); }
  // Nothing is owed and no transaction is open: the session may end without hurting anyone.
  bool at_rest() const;
  // What of the client's is held here: messages that are not whole, wait, or are not durable yet.
  std::size_t held_bytes() const { return client_gate_.size() + outbox_.size(); }
  // All sessions together hold more than the operator allows: of a command that is half here no
  // more is kept, and it is refused. `seen`: what they hold.
  void give_up_message(std::size_t seen);
  // Neither a reply nor an answer of our own is owed: the client has the word, in a transaction or
  // not.
  bool owes_nothing() const {
    return ledger_.idle() && !asking() && !await_catalogue_ && outbox_.empty();
  }
  // Since when (mono_now_ns()) the server has been at the command whose last reply is owed next,
  // whatever bytes passed since; nothing where none is owed. In a pipeline it begins when the one
  // before it ended.
  std::optional<std::uint64_t> owed_since_ns() const;
  bool in_transaction() const { return ledger_.status() != pg::TransactionStatus::kIdle; }
  // As the session began: see ScopeFacts.
  bool catalogue_matters() const { return facts_.catalogue_matters; }
  // Every statement so far left no session state: the connection may serve another session.
  bool stateless() const { return stateless_ && at_rest(); }
  // What was in flight gets its outcome `unknown`; call once, when the streams are gone.
  void settle_unknown();

  std::uint64_t operation_count() const { return operations_begun_; }

 private:
  enum class Action { kForward, kSwallow, kWait };

  // client side (postgres_exchange_{client,commands,extended,judge,record,refuse}.cc)
  bool blocked() const;
  bool full() const { return ledger_.depth() >= limits_.pipeline_depth; }
  bool at_rest_but_gate() const;
  std::size_t pump_client(Bytes input);
  Action on_message(const pg::FrontendMessage& message);
  Action on_query(const pg::FrontendMessage& message);
  Action on_parse(const pg::FrontendMessage& message);
  Action on_bind(const pg::FrontendMessage& message);
  Action on_execute(const pg::FrontendMessage& message);
  Action on_describe(const pg::FrontendMessage& message);
  Action on_close(const pg::FrontendMessage& message);
  Action on_function_call(const pg::FrontendMessage& message);
  Action on_sync(const pg::FrontendMessage& message);
  Action on_copy_message(const pg::FrontendMessage& message);
  void await_query_behind_barrier();
  void await_next_copy();
  void end_group();
  bool outlives_transaction(const Meaning& meaning) const;
  Action on_stream_bytes();
  Action refuse(pg::Sent sent, std::string_view text, const Judged* judged,
                const policy::Decision& decision, std::string_view sqlstate);
  Action refuse_unjudged(pg::Sent sent, std::string_view sqlstate, std::string_view reason,
                         std::string_view hint);
  Action refuse_oversized(const pg::FrontendMessage& message);
  Action refuse_prepared(pg::Sent sent, std::size_t more, std::string_view text,
                         const Judged* judged);
  Action refuse_bind(const PreparedStatement& statement, const policy::Decision* decision);
  Action refuse_unrecorded(pg::Sent sent);
  Action put_refusal(pg::Sent sent, std::uint64_t operation, const Judged& known,
                     const policy::Decision& decision, std::string_view sqlstate);
  Action refuse_behind_barrier(pg::Sent sent);
  Action refuse_read_otherwise();
  bool room_for_parse(std::size_t text_bytes) const;
  bool prepared_fit(std::size_t more, std::size_t bytes) const;
  bool prepares_too_much(const Judged& judged, std::string_view text) const;
  static std::size_t prepared_by(const Meaning& meaning);
  StatementPtr prepare(const pg::FrontendMessage& message, Action& action);
  bool judge_portal(Portal& portal, Action& action);
  JudgedPtr judge(pg::Sent sent, std::string_view text, Action& action);
  JudgedPtr judge_call(std::uint32_t function, Action& action);
  bool missed(const Judged& judged) const;
  Action await_fresh_catalogue(pg::Sent sent);
  void hide_unreadable_values();
  policy::Decision decide(const Judged& judged, std::string_view text,
                          std::span<const Parameter> parameters) const;
  bool record(std::uint64_t operation, const Judged& judged, const policy::Decision& decision,
              std::string_view text, std::span<const Parameter> parameters);
  bool record_parse();
  bool record_taken_parse();
  bool recorded(const Result<spool::Position>& position, policy::Durability durability);
  void begin_operation(std::uint64_t number);
  // `executed`: the operation that runs it now, 0 where it is only planned.
  void note_effects(const Judged& judged, std::uint64_t executed);
  void owe(pg::Sent sent, std::uint64_t operation, bool refused = false);
  void emit(Bytes bytes);

  // server side (postgres_exchange_{server,settings}.cc)
  std::size_t pump_server(Bytes input);
  bool feed_own_query(Bytes input, std::size_t& at);
  std::uint64_t next_operation() { return ++operations_begun_; }
  bool on_reply(const pg::BackendMessage& message);
  bool on_plain_answer(Bytes input);
  bool on_ready(pg::TransactionStatus status);
  void on_parameter_status(std::string_view name, std::string_view value);
  void on_described(const pg::BackendMessage& message);
  void on_finished(const pg::Finished& finished);
  void finish_operation(std::uint64_t number, audit::OutcomeStatus status);
  // A query of our own is on its way.
  bool asking() const { return own_query_ || private_load_; }
  bool settings_due() const;
  void begin_settings_query();
  void adopt_prepared(const SettingsReader& reader, bool unseen);
  void begin_private_catalogue();
  bool feed_private_catalogue(Bytes input, std::size_t& at);
  void settled();
  void own_query_done();
  void rescope();
  void fail(std::string_view word, std::string_view detail);

  Ports& ports_;
  Trail& trail_;
  Scopes& scopes_;
  spool::Spool& spool_;
  MetricsSink& metrics_;

  const ExchangeLimits limits_;
  pg::FrontendParser frontend_{limits_.frontend};
  pg::BackendParser backend_;
  pg::Ledger ledger_;
  Gate client_gate_, server_gate_;

  ServerSettings settings_;
  ScopeFacts facts_;
  std::shared_ptr<Scope> scope_;
  PreparedNames names_;
  std::vector<StatementPtr> described_;  // a queue: whose Describe is owed; null where none is known
  Operations operations_;
  std::vector<std::string> refusals_;  // encoded errors for the refused entries in the ledger
  std::unique_ptr<OwnQuery> own_query_;
  std::unique_ptr<SettingsReader> settings_reader_;
  std::unique_ptr<CatalogueLoad> private_load_;

  std::string outbox_;                 // decided bytes whose records are not durable yet
  spool::Position outbox_position_;
  policy::Durability outbox_durability_ = policy::Durability::kProcess;

  // A Parse whose record may yet be its Bind's (both in one read).
  struct UnrecordedParse {
    JudgedPtr judged;
    std::string_view name;
    std::string_view text;
  };
  std::optional<UnrecordedParse> unrecorded_parse_;
  std::string unrecorded_because_;     // why the last record found no place

  std::string replacement_;            // goes in the place of the message just swallowed
  std::string reply_;                  // goes to the client in the place of the server's
  std::string trailing_;               // goes behind everything of this pump
  std::vector<Parameter> parameters_;  // scratch

  std::uint64_t operations_begun_ = 0;
  std::uint64_t copy_operation_ = 0;   // whose first reply await_copy_ waits for
  std::uint64_t now_ns_ = 0;           // read once per pump
  std::size_t held_seen_ = 0;          // when a message was given up
  std::uint64_t owed_since_ns_ = 0;    // of use while something is owed

  bool read_only_ = false;
  bool stateless_ = true;
  bool failed_ = false;
  bool terminated_ = false;            // the client said so: nothing behind it is read
  bool skip_to_sync_ = false;          // after a refusal in the extended protocol, as the server does
  bool group_open_ = false;            // extended messages were sent, and no Sync behind them
  bool group_barrier_ = false;         // a statement of this group may change how text is read
  PortalPtr barrier_portal_;           // whose Bind raised it, until its Execute
  bool await_ready_ = false;           // ... and its Sync or Query was sent
  bool await_names_ = false;           // what a name means hangs on a Sync that is not answered
  bool await_copy_ = false;  // a COPY FROM STDIN was, or may be, sent: its first reply tells
  bool await_catalogue_ = false;
  bool catalogue_confirmed_ = false;   // it was just reloaded: a name that is missing is missing
  bool server_congested_ = false;
  bool refresh_settings_ = false;      // ask the server at its next ReadyForQuery
  bool refresh_catalogue_ = false;
  bool changed_in_transaction_ = false;  // its end may change settings back
  bool names_uncertain_ = false;       // statements may have been prepared in SQL
  bool prepared_unseen_ = false;       // ... by code that was not read
  sql::Reading uncertain_reading_;     // as it was when the first of these was sent
  int cancelled_questions_ = 0;
  bool prepared_listed_ = false;
  pg::TransactionStatus asked_status_ = pg::TransactionStatus::kIdle;
  bool private_catalogue_ = false;     // the view holds objects of the open transaction
  bool ready_owed_ = false;            // a ReadyForQuery was kept back while we ask
  bool copy_data_leaves_ = false;      // the CopyData that is passing goes to the server
};

}  // namespace chaperone::session
