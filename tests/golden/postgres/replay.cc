#include "tests/golden/postgres/replay.h"

#include <algorithm>

#include "tests/golden/postgres/describe.h"

namespace chaperone::pg {

namespace {

bool is_owed(const FrontendMessage& message, Sent& sent) {
  switch (message.type) {
    case FrontendType::kQuery:
      sent = Sent::kQuery;
      return true;
    case FrontendType::kParse:
      sent = Sent::kParse;
      return true;
    case FrontendType::kBind:
      sent = Sent::kBind;
      return true;
    case FrontendType::kExecute:
      sent = Sent::kExecute;
      return true;
    case FrontendType::kClose:
      sent = Sent::kClose;
      return true;
    case FrontendType::kSync:
      sent = Sent::kSync;
      return true;
    case FrontendType::kFunctionCall:
      sent = Sent::kFunctionCall;
      return true;
    case FrontendType::kDescribe:
      sent = message.of_portal ? Sent::kDescribePortal : Sent::kDescribeStatement;
      return true;
    default:
      return false;
  }
}

}  // namespace

std::vector<std::string> Replay::feed(const Flight& flight) {
  events_.clear();
  std::string& buffer = flight.from_client ? client_bytes_ : server_bytes_;
  for (std::size_t at = 0; at < flight.bytes.size(); at += piece_bytes_) {
    buffer.append(flight.bytes, at, piece_bytes_);
    while (true) {
      const Step step = next(flight.from_client);
      if (step.kind == StepKind::kNeedMore) break;
      if (step.kind == StepKind::kError) {
        const bool of_backend = !flight.from_client;
        const ParseError error = of_backend ? backend_.error()
                                 : started_ ? frontend_.error()
                                            : startup_.error();
        log(std::string("ERROR ") + error.reason);
        return events_;
      }
      if (step.kind == StepKind::kEvent) on_event(flight.from_client);
      if (step.kind == StepKind::kStream) on_stream(flight.from_client);
      buffer.erase(0, step.consumed);
    }
  }
  flush_stream();
  if (!buffer.empty()) log("rest of " + std::to_string(buffer.size()) + " bytes");
  return events_;
}

Step Replay::next(bool from_client) {
  const Bytes input = as_bytes(from_client ? client_bytes_ : server_bytes_);
  if (from_client) return started_ ? frontend_.next(input) : startup_.next(input);
  if (!raw_answer_) return backend_.next(input);
  return input.empty() ? Step{} : Step{StepKind::kEvent, 1};
}

void Replay::on_event(bool from_client) {
  flush_stream();
  if (!from_client) return on_backend();
  return started_ ? on_frontend() : on_startup();
}

void Replay::on_startup() {
  const StartupPacket& packet = startup_.event();
  log(describe(packet));
  started_ = packet.kind == StartupKind::kStartup;
  raw_answer_ = packet.kind == StartupKind::kSslRequest || packet.kind == StartupKind::kGssRequest;
}

void Replay::on_frontend() {
  const FrontendMessage& message = frontend_.event();
  const bool ends_copy =
      message.type == FrontendType::kCopyDone || message.type == FrontendType::kCopyFail;
  if (ends_copy) ledger_.copy_ended();
  Sent sent;
  if (!is_owed(message, sent)) return log(describe(message));
  log("#" + std::to_string(++operations_) + " " + describe(message));
  ledger_.sent({.sent = sent, .operation = operations_});
  log_finished();
}

void Replay::on_backend() {
  if (raw_answer_) {
    raw_answer_ = false;
    return log(std::string("answer ") + server_bytes_[0]);
  }
  const BackendMessage& message = backend_.event();
  if (!ready_) {
    log(describe(message));
    ready_ = message.type == BackendType::kReadyForQuery;
    if (message.type == BackendType::kAuthentication) frontend_.expect_password();
    return;
  }
  const Answer answer = ledger_.reply(message);
  log(describe(message) + describe(answer));
  log_finished();
}

void Replay::on_stream(bool from_client) {
  const std::string name(from_client ? "CopyData" : name_of(backend_.stream_type()));
  if (stream_ != name) flush_stream();
  if (!from_client) {
    const Answer answer = ledger_.stream(backend_.stream_type());
    if (answer.fate != Fate::kPart) log(name + describe(answer));
  }
  stream_ = name;
}

void Replay::flush_stream() {
  if (stream_.empty()) return;
  const StreamCounts counts = backend_.take_counts();
  std::string text = stream_;
  if (counts.rows > 0) text += " rows=" + std::to_string(counts.rows);
  if (counts.row_bytes > 0) text += " bytes=" + std::to_string(counts.row_bytes);
  if (counts.copies > 0) text += " messages=" + std::to_string(counts.copies);
  if (counts.copy_bytes > 0) text += " bytes=" + std::to_string(counts.copy_bytes);
  const std::uint64_t sent = frontend_.copy_bytes() - copy_bytes_;
  if (sent > 0) text += " from_client=" + std::to_string(sent);
  copy_bytes_ = frontend_.copy_bytes();
  stream_.clear();
  log(text);
}

void Replay::log_finished() {
  while (const Finished* done = ledger_.pop_finished()) log(describe(*done));
}

}  // namespace chaperone::pg
