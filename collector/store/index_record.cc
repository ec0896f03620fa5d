// A record's row, its words, and what it changes on its session and writer.
#include <algorithm>

#include "audit/chain.h"
#include "audit/decoded.h"
#include "collector/store/index_statements.h"
#include "collector/store/query.h"

namespace chaperone::collector {

namespace {
using audit::DecodedRecord;
using audit::RecordKind;

// Each verb once, in order: "SELECT,DROP TABLE".
std::string verbs_of(const DecodedRecord& record) {
  constexpr std::size_t kVerbsMax = 16;
  std::vector<std::string_view> verbs;
  for (const auto& statement : record.statements) {
    bool known = std::find(verbs.begin(), verbs.end(), statement.verb) != verbs.end();
    if (!known && verbs.size() < kVerbsMax) verbs.push_back(statement.verb);
  }
  std::string joined;
  for (std::string_view verb : verbs) joined.append(joined.empty() ? "" : ",").append(verb);
  return joined;
}

// One name per line, with a line break before and behind each, so that whole names can be told.
std::string objects_of(const DecodedRecord& record) {
  std::string names = "\n";
  for (const auto& statement : record.statements) {
    for (const auto& object : statement.objects) names.append(object.name) += '\n';
    for (const auto& column : statement.columns) {
      names.append(column.table).append(".").append(column.name) += '\n';
    }
    for (std::string_view function : statement.functions) names.append(function) += '\n';
  }
  return names.size() == 1 ? std::string() : names;
}

// What a reader searches for: the statement, and of events the words that explain them.
std::string text_of(const DecodedRecord& record) {
  std::string text(record.text);
  for (std::string_view part : {record.event, record.detail}) {
    if (!part.empty()) text.append(text.empty() ? "" : " ").append(part);
  }
  return text;
}

// Which key signs from this record on, where the record says so.
std::optional<audit::PublicKey> signer_after(const DecodedRecord& record) {
  if (record.kind == RecordKind::kKeyChange) return record.next_key;
  if (record.kind == RecordKind::kCheckpoint) return record.key;
  return {};
}

// The operator's name for a pod's policy, which the chart puts beside its labels.
std::string_view policy_name(const DecodedRecord& record) {
  for (const auto& [key, value] : record.labels) {
    if (key == kPolicyLabel) return value;
  }
  return {};
}

Result<void> note_policy(Statement& set, Statement& say_who, std::int64_t writer,
                         const DecodedRecord& record) {
  say_who.bind(1, writer).bind(2, record.pod).bind(3, record.pod_namespace);
  say_who.bind(4, record.service_account).bind(5, record.node);
  if (auto said = say_who.run(); !said) return said;
  set.bind(1, writer).bind(2, policy_name(record)).bind(3, record.policy_revision);
  set.bind(4, record.policy_digest).bind(5, record.wall_ns);
  return set.run();
}

bool has_session(const DecodedRecord& record) { return record.session != audit::Id{}; }

// An outcome belongs to its command's row; anything else carries its own.
bool is_command(const DecodedRecord& record) { return record.kind == RecordKind::kCommand; }

std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }
std::int64_t number_or_zero(std::optional<std::uint64_t> value) {
  return as_signed(value.value_or(0));
}

template <class Enum>
std::optional<std::uint64_t> number_of(std::optional<Enum> value) {
  if (!value) return {};
  return static_cast<std::uint64_t>(*value);
}

Result<std::int64_t> session_id(Statement& add, Statement& find, std::int64_t writer,
                                const DecodedRecord& record) {
  add.bind(1, writer).bind(2, Bytes(record.session)).bind(3, record.wall_ns);
  add.bind(4, as_signed(record.sequence));
  if (auto added = add.run(); !added) return added.error();
  find.bind(1, Bytes(record.session)).bind(2, writer);
  auto row = find.step();
  if (!row) return row.error();
  std::int64_t id = find.number(0);
  find.reset();
  return id;
}

// "key<RS>value", with <US> before and behind each, so that whole labels can be told; those two
// control characters stand in no label, and where one does it counts as a blank.
std::string labels_of(const DecodedRecord& record) {
  std::string text;
  auto append = [&](std::string_view part, char end) {
    for (char c : part) text += c == kLabelMark || c == kLabelEquals ? ' ' : c;
    text += end;
  };
  for (const auto& [key, value] : record.labels) {
    if (text.empty()) text += kLabelMark;
    append(key, kLabelEquals);
    append(value, kLabelMark);
  }
  return text;
}

using Labels = std::optional<std::uint64_t>;  // a row of label_sets; none: no label

Result<Labels> labels_id(Statement& add, Statement& find, std::int64_t writer,
                         const DecodedRecord& record) {
  std::string text = labels_of(record);
  if (text.empty()) return Labels();
  add.bind(1, writer).bind(2, text);
  if (auto added = add.run(); !added) return added.error();
  find.bind(1, writer).bind(2, text);
  auto row = find.step();
  if (!row) return row.error();
  Labels id = static_cast<std::uint64_t>(find.number(0));
  find.reset();
  return id;
}

Result<void> describe_session(Statement& describe, std::int64_t id, const DecodedRecord& record,
                              Labels labels) {
  std::string_view protocol = record.protocol ? name_of(*record.protocol) : std::string_view();
  std::string target(record.target_name);
  if (target.empty()) target = record.target_address;
  describe.bind(1, id)
      .bind(2, record.pod)
      .bind(3, record.pod_namespace)
      .bind(4, record.service_account);
  describe.bind(5, record.principal).bind(6, record.resource).bind(7, target).bind(8, protocol);
  describe.bind(9, record.client_user)
      .bind(10, record.client_database)
      .bind(11, record.upstream_role);
  describe.bind(12, record.upstream_database).bind(13, record.application_name).bind(14, labels);
  return describe.run();
}

Result<void> advance_session(Statement& advance, std::int64_t id, const DecodedRecord& record) {
  bool decided = is_command(record) || record.kind == RecordKind::kConnectDenied;
  bool denied = decided && record.verdict == audit::Verdict::kDeny;
  bool failed =
      record.kind == RecordKind::kOutcome && record.status == audit::OutcomeStatus::kError;
  advance.bind(1, id).bind(2, record.wall_ns).bind(3, as_signed(record.sequence));
  advance.bind(4, std::int64_t{is_command(record)})
      .bind(5, std::int64_t{denied})
      .bind(6, std::int64_t{failed});
  advance.bind(7, record.kind == RecordKind::kOutcome ? number_or_zero(record.rows) : 0);
  advance.bind(8, std::int64_t{record.effects.bits()})
      .bind(9, static_cast<std::int64_t>(record.risk));
  return advance.run();
}

void bind_meaning(Statement& add, const DecodedRecord& record) {
  add.bind(11, record.pod).bind(12, record.pod_namespace).bind(13, record.service_account);
  add.bind(14, record.resource).bind(15, verbs_of(record));
  add.bind(16, std::int64_t{record.effects.bits()})
      .bind(17, static_cast<std::int64_t>(record.risk));
  add.bind(18, number_of(record.verdict)).bind(19, record.rule);
  add.bind(20, number_of(record.status)).bind(21, record.rows).bind(22, record.duration_ns);
  add.bind(23, record.sqlstate.empty() ? record.error_class : record.sqlstate);
}
}  // namespace

Result<void> Index::apply_record(LogPosition at, LogPosition next, const LogEntry& entry) {
  auto record = audit::decode_record(entry.body);
  if (!record)
    return {};  // verified before it was appended; an older reader may not know all kinds
  auto writer = writer_id(entry.writer, "", entry.received_ns);
  if (!writer) return writer.error();

  std::optional<std::uint64_t> session;
  if (has_session(*record)) {
    auto id = session_id(statements_->add_session, statements_->find_session, *writer, *record);
    if (!id) return id.error();
    session = static_cast<std::uint64_t>(*id);
  }
  auto labels =
      labels_id(statements_->add_labels, statements_->find_labels, *writer, *record);
  if (!labels) return labels.error();
  std::string text = text_of(*record), objects = objects_of(*record);
  Statement& add = statements_->add_record;
  add.bind(1, *writer).bind(2, as_signed(record->sequence)).bind(3, as_signed(at.file));
  add.bind(4, as_signed(at.offset)).bind(5, as_signed(next.offset - at.offset));
  add.bind(6, static_cast<std::int64_t>(record->kind))
      .bind(7, record->wall_ns)
      .bind(8, entry.received_ns);
  add.bind(9, session).bind(10, as_signed(record->operation));
  bind_meaning(add, *record);
  add.bind(24, text).bind(25, objects).bind(26, *labels);
  if (auto added = add.run(); !added) return added;
  if (database_->changes() == 0) return {};  // this sequence is there already
  last_record_id_ = database_->last_id();

  if (!text.empty() || !objects.empty()) {
    Statement& words = statements_->add_words;
    words.bind(1, last_record_id_).bind(2, text).bind(3, objects);
    if (auto added = words.run(); !added) return added;
  }
  Statement& advance = statements_->advance_writer;
  advance.bind(1, *writer)
      .bind(2, as_signed(record->sequence))
      .bind(3, Bytes(audit::sha256(entry.body)));
  advance.bind(4, entry.received_ns)
      .bind(5, static_cast<std::int64_t>(record->kind))
      .bind(6, record->build);
  if (auto key = signer_after(*record))
    advance.bind(7, Bytes(*key));
  else
    advance.bind_null(7);
  if (auto advanced = advance.run(); !advanced) return advanced;
  if (record->kind == RecordKind::kPolicyChange) {
    auto noted =
        note_policy(statements_->set_policy, statements_->say_who, *writer, *record);
    if (!noted) return noted;
  }
  return session ? apply_to_session(static_cast<std::int64_t>(*session), *record, *labels)
                 : Result<void>();
}

Result<void> Index::apply_to_session(std::int64_t id, const audit::DecodedRecord& record,
                                     std::optional<std::uint64_t> labels) {
  bool refused = record.kind == RecordKind::kConnectDenied;
  bool describes = !record.resource.empty() || !record.client_user.empty() || refused;
  if (describes && !is_command(record)) {
    auto described = describe_session(statements_->describe_session, id, record, labels);
    if (!described) return described;
  }
  if (refused) {
    Statement& refuse = statements_->refuse_session;
    refuse.bind(1, id).bind(2, record.wall_ns).bind(3, record.event);
    if (auto done = refuse.run(); !done) return done;
  }
  if (auto advanced = advance_session(statements_->advance_session, id, record); !advanced)
    return advanced;
  if (record.kind == RecordKind::kOutcome) {
    Statement& outcome = statements_->set_outcome;
    outcome.bind(1, id).bind(2, as_signed(record.operation)).bind(3, number_of(record.status));
    outcome.bind(4, record.rows).bind(5, record.duration_ns);
    outcome.bind(6, record.sqlstate.empty() ? record.error_class : record.sqlstate);
    if (auto set = outcome.run(); !set) return set;
  }
  if (record.kind == RecordKind::kSessionClose || record.kind == RecordKind::kOpaqueClose) {
    Statement& close = statements_->close_session;
    close.bind(1, id).bind(2, record.wall_ns).bind(3, record.event);
    return close.run();
  }
  return {};
}

}  // namespace chaperone::collector
