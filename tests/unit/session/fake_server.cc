#include "tests/unit/session/fake_server.h"

#include <algorithm>
#include <utility>

#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"

namespace chaperone::session {
namespace {

using Type = pg::FrontendType;

std::deque<std::string> split(const std::string& text) {
  std::deque<std::string> statements;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.find("; ", at), text.size());
    statements.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return statements;
}

void append_row(std::string& out, std::initializer_list<std::string_view> values) {
  pg::MessageWriter row(out, pg::BackendType::kDataRow);
  row.count(values.size());
  for (std::string_view value : values) {
    row.u32(static_cast<std::uint32_t>(value.size())).bytes(as_bytes(value));
  }
}

void append_columns(std::string& out, std::size_t count) {
  pg::MessageWriter columns(out, pg::BackendType::kRowDescription);
  columns.count(count);
  for (std::size_t i = 0; i < count; ++i) {
    columns.text("c").u32(0).u16(0).u32(25).u16(0xffff).u32(0xffffffff).u16(0);
  }
}

}  // namespace

void FakeServer::take(Bytes bytes) {
  input_.append(as_text(bytes));
  std::size_t at = 0;
  while (!ended) {
    Step step = parser_.next(as_bytes(input_).subspan(at));
    if (step.kind == StepKind::kNeedMore) break;
    if (step.kind == StepKind::kError) {
      executed.push_back(kFramingLost);
      ended = true;
      break;
    }
    if (step.kind == StepKind::kStream) {
      if (copying_) copied += input_.substr(at, step.consumed);
    } else {
      message(parser_.event());
    }
    at += step.consumed;
  }
  input_.erase(0, at);
}

void FakeServer::message(const pg::FrontendMessage& message) {
  if (message.type == Type::kTerminate) {
    ended = true;
    return;
  }
  if (copying_) return copy_message(message);
  if (message.type == Type::kSync) {
    skipping_ = false;
    ready();
    return;
  }
  if (skipping_) return;
  switch (message.type) {
    case Type::kQuery: return query(std::string(message.text));
    case Type::kFunctionCall:
      executed.push_back("FUNCTION CALL oid");
      pg::MessageWriter(replies, pg::BackendType::kFunctionCallResponse).u32(0xffffffff);
      return ready();
    default: return extended(message);
  }
}

void FakeServer::extended(const pg::FrontendMessage& message) {
  std::string statement(message.statement), portal(message.portal);
  switch (message.type) {
    case Type::kParse:
      if (message.text.starts_with("!refused")) {
        error("42601", "syntax error");
      } else if (!statement.empty() && statements_.contains(statement)) {
        error("42P05", "prepared statement exists");
      } else {
        statements_[statement] = message.text;
        by_sql_.erase(statement);
        pg::append_empty(replies, pg::BackendType::kParseComplete);
        return;
      }
      break;
    case Type::kBind:
      if (statements_.contains(statement)) {
        portals_[portal] = statements_[statement];
        pg::append_empty(replies, pg::BackendType::kBindComplete);
        return;
      }
      error("26000", "no such statement");
      break;
    case Type::kDescribe:
      if (!message.of_portal) {
        pg::MessageWriter types(replies, pg::BackendType::kParameterDescription);
        types.count(parameter_types.size());
        for (std::uint32_t type : parameter_types) types.u32(type);
      }
      pg::append_empty(replies, pg::BackendType::kNoData);
      return;
    case Type::kClose:
      (message.of_portal ? portals_ : statements_).erase(message.of_portal ? portal : statement);
      pg::append_empty(replies, pg::BackendType::kCloseComplete);
      return;
    case Type::kExecute:
      if (!portals_.contains(portal)) error("34000", "no such portal");
      else if (run(portals_[portal], false)) return;
      break;
    default: return;
  }
  skipping_ = true;
}

void FakeServer::query(const std::string& text) {
  if (text.starts_with("/* chaperone:settings */")) {
    return settings(text.find("pg_prepared_statements") != std::string::npos);
  }
  rest_ = split(text);
  while (!rest_.empty()) {
    std::string statement = rest_.front();
    rest_.pop_front();
    if (!run(statement, true)) {
      rest_.clear();
      break;
    }
    if (copying_) {
      simple_copy_ = true;
      return;
    }
  }
  ready();
}

bool FakeServer::run(const std::string& statement, bool described) {
  auto begins = [&](std::string_view word) { return statement.starts_with(word); };
  if (begins("!refused")) return error("42601", "syntax error"), false;
  if (status == 'E' && !begins("ROLLBACK") && !begins("COMMIT")) {
    return error("25P02", "transaction is aborted"), false;
  }
  executed.push_back(statement);
  if (begins("SELECT 1/0")) return error("22012", "division by zero"), false;
  if (begins("COPY") && statement.find("FROM STDIN") != std::string::npos) {
    copying_ = true;
    simple_copy_ = false;
    pg::MessageWriter(replies, pg::BackendType::kCopyInResponse).u8(0).count(0);
    return true;
  }
  if (begins("SET standard_conforming_strings")) {
    standard_conforming_strings = statement.find("off") == std::string::npos;
    pg::append_parameter_status(replies, "standard_conforming_strings",
                                standard_conforming_strings ? "on" : "off");
  }
  if (begins("SET client_encoding TO ")) encoding = statement.substr(23);
  if (begins("SET search_path TO ")) search_path = statement.substr(19);
  if (search_path == "U&'\\00e9'") search_path = "\xe9";
  if (begins("PREPARE ")) {
    std::string name = statement.substr(8, statement.find(" AS") - 8);
    statements_[name] = statement;
    by_sql_.insert(name);
  }
  if (begins("DEALLOCATE ")) statements_.erase(statement.substr(11));
  if (begins("BEGIN")) status = 'T';
  if (begins("COMMIT") || begins("ROLLBACK")) status = 'I';
  if (begins("SELECT")) {
    if (described) append_columns(replies, 1);
    append_row(replies, {"value"});
    complete("SELECT 1");
  } else {
    complete(statement.substr(0, statement.find(' ')));
  }
  return true;
}

void FakeServer::settings(bool prepared) {
  ++settings_asked;
  if (settings_cancelled > 0) {
    --settings_cancelled;
    error("57014", "canceling statement due to user request");
    return ready();
  }
  if (settings_fail || status == 'E') {
    error("25P02", "cannot be told");
    return ready();
  }
  append_columns(replies, 3);
  append_row(replies, {"role", "app", ""});
  append_row(replies, {"standard_conforming_strings", standard_conforming_strings ? "on" : "off", ""});
  append_row(replies, {"client_encoding", encoding, ""});
  append_row(replies, {"transaction_read_only", "off", ""});
  append_row(replies, {"default_transaction_read_only", default_transaction_read_only ? "on" : "off", ""});
  append_row(replies, {"schema", search_path, ""});
  for (const auto& [name, text] : statements_) {
    if (!prepared || name.empty()) continue;
    append_row(replies, {by_sql_.contains(name) ? "prepared by sql" : "prepared", name, text});
  }
  complete("SELECT 6");
  ready();
}

void FakeServer::copy_message(const pg::FrontendMessage& message) {
  if (message.type == Type::kSync || message.type == Type::kFlush) return;
  copying_ = false;
  if (message.type == Type::kCopyDone) {
    complete("COPY 1");
  } else if (message.type == Type::kCopyFail) {
    error("57014", "COPY failed");
    skipping_ = !simple_copy_;
    rest_.clear();
  } else {
    executed.push_back(kWithinCopy);
    ended = true;
    return;
  }
  if (!std::exchange(simple_copy_, false)) return;
  while (!rest_.empty()) {
    std::string statement = rest_.front();
    rest_.pop_front();
    if (!run(statement, true)) rest_.clear();
    if (copying_) {
      simple_copy_ = true;
      return;
    }
  }
  ready();
}

void FakeServer::fail_copy() {
  copying_ = false;
  rest_.clear();
  error("22P04", "bad copy data");
  if (std::exchange(simple_copy_, false)) ready();
  else skipping_ = true;
}

void FakeServer::error(std::string_view sqlstate, std::string_view text) {
  pg::ErrorText error;
  error.sqlstate = sqlstate;
  error.message = text;
  pg::append_error(replies, error);
  if (status == 'T') status = 'E';
}

void FakeServer::ready() {
  pg::append_ready_for_query(replies, static_cast<pg::TransactionStatus>(status));
}

void FakeServer::complete(std::string_view tag) { pg::append_command_complete(replies, tag); }

}  // namespace chaperone::session
