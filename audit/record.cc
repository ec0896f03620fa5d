#include "audit/record.h"

#include <array>
#include <bit>
#include <cstring>

#include "proto-parsers/base/check.h"

namespace chaperone::audit {
namespace {

constexpr std::array<std::string_view, kRecordKindMax + 1> kKinds = {
    "",      "writer_start",  "writer_stop",  "enrolled",       "checkpoint",   "heartbeat",
    "loss",  "policy_change", "config_error", "connect_denied", "session_open", "session_close",
    "login", "command",       "outcome",      "opaque_close",   "hold_asked",   "hold_decided",
    "key_change", "name"};
constexpr std::array<std::string_view, 3> kVerdicts = {"allow", "hold", "deny"};
constexpr std::array<std::string_view, 3> kDurabilities = {"process", "disk", "collector"};
constexpr std::array<std::string_view, 5> kStatuses = {"ok", "error", "refused", "skipped",
                                                       "unknown"};

constexpr std::size_t kFixedHeadBytes = 2 + 2 + 9 + 34 + 9 + 9;
constexpr std::size_t kSessionBytes = 18, kOperationBytes = 9;

std::uint8_t* put_le(std::uint8_t* out, std::uint8_t tag, std::uint64_t value) {
  *out++ = tag;
  static_assert(std::endian::native == std::endian::little);  // as it is in memory
  std::memcpy(out, &value, sizeof value);
  return out + sizeof value;
}

std::uint8_t* put_bytes(std::uint8_t* out, std::uint8_t tag, const void* from, std::size_t size) {
  *out++ = tag;
  *out++ = static_cast<std::uint8_t>(size);
  std::memcpy(out, from, size);
  return out + size;
}

// Sixteen bytes at once: twice for every record.
bool has_session(const RecordHead& head) {
  std::uint64_t words[2];
  static_assert(sizeof words == sizeof head.session);
  std::memcpy(words, head.session.data(), sizeof words);
  return (words[0] | words[1]) != 0;
}

}  // namespace

std::string_view name_of(RecordKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
std::string_view name_of(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }
std::string_view name_of(Durability d) { return kDurabilities[static_cast<std::size_t>(d)]; }
std::string_view name_of(OutcomeStatus s) { return kStatuses[static_cast<std::size_t>(s)]; }

std::optional<RecordKind> record_kind_from(std::string_view name) {
  for (std::size_t i = 1; i < kKinds.size(); ++i) {
    if (kKinds[i] == name) return static_cast<RecordKind>(i);
  }
  return std::nullopt;
}

std::size_t head_bytes(const RecordHead& head) {
  return kFixedHeadBytes + (!has_session(head) ? 0 : kSessionBytes) +
         (head.operation == 0 ? 0 : kOperationBytes);
}

// The tags are field << 3 | wire type, all below 128 and so one byte each.
void write_head(const RecordHead& head, std::uint64_t sequence, const Hash& previous,
                std::uint8_t* out) {
  CHECK(sequence >= 1);
  *out++ = 0x08;
  *out++ = kRecordVersion;
  *out++ = 0x10;
  *out++ = static_cast<std::uint8_t>(head.kind);
  out = put_le(out, 0x19, sequence);
  out = put_bytes(out, 0x22, previous.data(), previous.size());
  out = put_le(out, 0x29, static_cast<std::uint64_t>(head.wall_ns));
  out = put_le(out, 0x31, head.mono_ns);
  if (has_session(head)) out = put_bytes(out, 0x3A, head.session.data(), head.session.size());
  if (head.operation != 0) put_le(out, 0x41, head.operation);
}

}  // namespace chaperone::audit
