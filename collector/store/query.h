#pragma once
// Reading the trail: filters as readers give them, pages by a cursor that stays valid while records
// come and go. A Query holds a read-only connection of its own and belongs to one thread at a time.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/crypto.h"
#include "collector/store/log.h"
#include "collector/store/sqlite.h"
#include "proto-parsers/core/effects.h"

namespace chaperone::collector {

// How the index writes a pod's labels down, "US key RS value US ...".
inline constexpr char kLabelMark = '\x1F', kLabelEquals = '\x1E';
// Beside a pod's own labels: which of the operator's policies it has.
inline constexpr std::string_view kPolicyLabel = "chaperone.dev/policy";
struct Label {
  std::string key;
  std::optional<std::string> value;  // none: any
};

// Empty or absent: does not narrow.
struct Filter {
  std::optional<std::int64_t> from_ns, to_ns;  // [from, to): of the record's own clock
  std::string pod, pod_namespace, service_account, resource, rule;
  std::string verb, object;  // whole words; an object also as "table.column"
  std::string text;          // all these words; "abc*" begins with abc
  EffectSet effects;         // any of these
  std::optional<Risk> risk_min;
  std::optional<std::int64_t> kinds;  // any of these: a bit for each kind of record
  std::optional<std::int64_t> verdict, status;
  std::vector<Label> labels;  // all of these
  std::optional<audit::Id> session, writer;
  std::optional<audit::Id> session_low, session_high;  // inclusive: for the beginning of an id
  std::optional<std::int64_t> operation;
};

struct Page {
  std::int64_t limit = 0;
  std::optional<std::int64_t> cursor;  // of the last record of the page before
  bool ascending = false;              // default: newest first
};

// A record's row: what the index adds to the record itself.
struct RecordRow {
  std::int64_t id = 0;
  std::int64_t sequence = 0;
  audit::Id writer{};
  std::int64_t received_ns = 0;
  std::optional<std::int64_t> status, rows, duration_ns;  // of a command: what its outcome said
  std::string error;
  LogPosition at;
  std::size_t bytes = 0;
};

struct SessionRow {
  std::int64_t id = 0;
  audit::Id writer{}, session{};
  std::string pod, pod_namespace, service_account, principal, resource, target, protocol,
      client_user, client_database, upstream_role, upstream_database, application, close_reason;
  std::int64_t first_ns = 0, last_ns = 0;
  std::optional<std::int64_t> closed_ns;
  std::int64_t commands = 0, denied = 0, failed = 0, rows = 0;
  EffectSet effects;
  Risk risk = Risk::kNone;
  bool refused = false;  // the connection itself was
  std::int64_t first_sequence = 0, last_sequence = 0;
};

struct WriterRow {
  std::int64_t id = 0;
  audit::Id writer{};
  std::string token, pod, pod_namespace, service_account, node, build;
  std::int64_t first_ns = 0, last_ns = 0, sequence = 0, records = 0, last_kind = 0;
  std::string keys;  // hexadecimal, separated by commas
};

// A pod with its policy, and the one that pods of its namespace and policy took up last.
struct FleetRow {
  std::int64_t id = 0;
  audit::Id writer{};
  std::string pod, pod_namespace, service_account, node, build, policy, revision, digest;
  std::int64_t policy_ns = 0, last_ns = 0;
  std::string current_revision, current_digest;
};

struct AlarmRow {
  std::int64_t id = 0;
  std::string kind;
  audit::Id writer{};
  std::int64_t sequence = 0;
  std::string detail, evidence;
  std::int64_t first_ns = 0, last_ns = 0, count = 0;
};

struct AccessRow {
  std::int64_t id = 0, at_ns = 0;
  std::string token, address, path, query;
  std::int64_t status = 0, items = 0;
};

// A run of one writer's records to export.
struct ExportRange {
  std::int64_t writer_id = 0;
  audit::Id writer{};
  std::int64_t first_sequence = 0, last_sequence = 0;
};

class Query {
 public:
  static Result<std::unique_ptr<Query>> open(const std::string& index_path,
                                             const std::string& log_dir);

  // Begins a search: statements end with an error when it takes longer than `ms`.
  void set_deadline_ms(std::uint64_t ms) { database_->set_deadline_ms(ms); }
  bool timed_out() const { return database_->timed_out(); }

  Result<std::vector<RecordRow>> records(const Filter& filter, const Page& page);
  Result<std::vector<SessionRow>> sessions(const Filter& filter, const Page& page);
  Result<std::vector<WriterRow>> writers(const Page& page);
  // Pods that have not stopped and were heard of since `since_ns`.
  Result<std::vector<FleetRow>> fleet(bool old_only, std::int64_t since_ns, const Page& page);
  Result<std::vector<AlarmRow>> alarms(const std::string& kind, const Page& page);
  Result<std::vector<AccessRow>> accesses(const Page& page);

  // The record's canonical bytes, checked.
  Result<std::string> record(const RecordRow& row);
  // By its place in the chain; an error if it is not (or no longer) here.
  Result<std::string> record_at(const audit::Id& writer, std::uint64_t sequence);

  // Records that lie in these bytes of the log, wholly or in part; at most `limit`.
  Result<std::vector<RecordRow>> records_in(const LogDamage& damage, std::uint64_t limit);

  // What must be exported to prove the records of the filter (session, writer or time): for each
  // writer the run from the first to the last of them and on to the checkpoint that covers it.
  Result<std::vector<ExportRange>> export_ranges(const Filter& filter);
  Result<std::string> enrolment_of(const audit::Id& writer, const audit::PublicKey& key);
  // Enrolment documents of a writer.
  Result<std::vector<std::string>> enrolments(std::int64_t writer_id);
  // Some of a range's rows in order, beginning behind `after_sequence`.
  Result<std::vector<RecordRow>> range_rows(const ExportRange& range, std::int64_t after_sequence,
                                            std::int64_t limit);

 private:
  Query(std::unique_ptr<Database> database, std::string log_dir)
      : database_(std::move(database)), log_(std::move(log_dir)) {}
  std::unique_ptr<Database> database_;
  LogReader log_;
};

// "words to find" as an FTS5 expression in which nothing of it is an operator; none if there is no
// word, or more than kSearchWordsMax.
std::optional<std::string> words_expression(std::string_view text);

}  // namespace chaperone::collector
