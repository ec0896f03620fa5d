// The payloads of log entries: writing and reading sit together.
#include <optional>

#include "audit/frame.h"
#include "collector/store/log.h"

namespace chaperone::collector {

namespace {
void append_i64(std::string& out, std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value);
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(bits >> (8 * i) & 0xff));
}

std::optional<std::int64_t> take_i64(Bytes& bytes) {
  if (bytes.size() < 8) return {};
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits |= static_cast<std::uint64_t>(bytes[i]) << (8 * i);
  bytes = bytes.subspan(8);
  return static_cast<std::int64_t>(bits);
}

std::optional<std::uint64_t> take_u64(Bytes& bytes) {
  auto value = take_i64(bytes);
  if (!value) return {};
  return static_cast<std::uint64_t>(*value);
}

bool parse_torn(Bytes rest, LogEntry& entry) {
  auto file = take_u64(rest), offset = take_u64(rest);
  entry.torn_at = {file.value_or(0), offset.value_or(0)};
  return offset.has_value();
}

bool parse_record(Bytes rest, LogEntry& entry) {
  if (rest.size() < entry.writer.size()) return false;
  std::copy_n(rest.begin(), entry.writer.size(), entry.writer.begin());
  rest = rest.subspan(entry.writer.size());
  auto received = take_i64(rest);
  entry.received_ns = received.value_or(0);
  entry.body = rest;
  return received.has_value();
}

bool parse_enrolment(Bytes rest, LogEntry& entry) {
  if (rest.empty() || rest.size() < 1u + rest[0]) return false;
  entry.token = as_text(rest.subspan(1, rest[0]));
  rest = rest.subspan(1u + rest[0]);
  auto received = take_i64(rest);
  entry.received_ns = received.value_or(0);
  entry.body = rest;
  return received.has_value();
}
}  // namespace

std::optional<LogEntry> parse_log_entry(Bytes payload) {
  if (payload.empty()) return {};
  LogEntry entry;
  entry.tag = static_cast<LogTag>(payload[0]);
  Bytes rest = payload.subspan(1);
  entry.body = rest;
  switch (entry.tag) {
    case LogTag::kRecord:
      return parse_record(rest, entry) ? std::optional(entry) : std::nullopt;
    case LogTag::kEnrolment:
      return parse_enrolment(rest, entry) ? std::optional(entry) : std::nullopt;
    case LogTag::kAlarm:
    case LogTag::kAccess:
      return entry;
    case LogTag::kTorn:
      return parse_torn(rest, entry) ? std::optional(entry) : std::nullopt;
  }
  return {};
}

bool is_log_tag(std::uint8_t byte) {
  return std::string_view("RELAT").find(static_cast<char>(byte)) != std::string_view::npos;
}

void append_log_record(std::string& out, const audit::Id& writer, std::int64_t received_ns,
                       Bytes record) {
  std::string payload(1, static_cast<char>(LogTag::kRecord));
  payload += as_text(writer);
  append_i64(payload, received_ns);
  payload += as_text(record);
  audit::append_frame(out, as_bytes(payload));
}

void append_log_enrolment(std::string& out, std::string_view token, std::int64_t received_ns,
                          Bytes document) {
  CHECK(token.size() < 256);
  std::string payload(1, static_cast<char>(LogTag::kEnrolment));
  payload.push_back(static_cast<char>(token.size()));
  payload += token;
  append_i64(payload, received_ns);
  payload += as_text(document);
  audit::append_frame(out, as_bytes(payload));
}

void append_log_json(std::string& out, LogTag tag, std::string_view json) {
  std::string payload(1, static_cast<char>(tag));
  payload += json;
  audit::append_frame(out, as_bytes(payload));
}

void append_log_torn(std::string& out, LogPosition at) {
  std::string payload(1, static_cast<char>(LogTag::kTorn));
  append_i64(payload, static_cast<std::int64_t>(at.file));
  append_i64(payload, static_cast<std::int64_t>(at.offset));
  audit::append_frame(out, as_bytes(payload));
}

}  // namespace chaperone::collector
