#include "proto-parsers/postgres/backend.h"

#include <algorithm>

#include "proto-parsers/postgres/backend_body.h"
#include "proto-parsers/postgres/framing.h"

namespace chaperone::pg {

namespace {

constexpr std::size_t kRowCountBytes = 2;

std::size_t limit_of(std::uint8_t type) {
  switch (static_cast<BackendType>(type)) {
    case BackendType::kDataRow:
    case BackendType::kFunctionCallResponse:
      return kRowBytesMax;
    default:
      return kReplyBytesMax;
  }
}

// So that a stray byte fails at once, and not after the length it seems to claim.
bool is_known(std::uint8_t type) {
  return name_of(static_cast<BackendType>(type)) != kUnknownMessageName;
}

// The frame of a message that streams: a row has at least its count of columns.
const char* check_stream_head(std::uint8_t type, std::size_t length) {
  if (length > kLargeMessageBytesMax) return "backend message: length above the server's own limit";
  const bool row = type == static_cast<std::uint8_t>(BackendType::kDataRow);
  const std::size_t least = row ? kLengthBytes + kRowCountBytes : kLengthBytes;
  return length < least ? "DataRow or CopyData: too short" : nullptr;
}

}  // namespace

bool BackendParser::streams(std::uint8_t type) const {
  if (type == static_cast<std::uint8_t>(BackendType::kCopyData)) return true;
  return type == static_cast<std::uint8_t>(BackendType::kDataRow) && row_mode_ == RowMode::kStream;
}

Step BackendParser::next(Bytes input) {
  if (error_.reason) return {StepKind::kError, 0};
  if (body_left_ > 0) {
    if (!input.empty()) return stream(input);
    wanted_ = 1;
    return {StepKind::kNeedMore, 0};
  }
  wanted_ = kHeadBytes;
  if (input.size() < kHeadBytes) return {StepKind::kNeedMore, 0};
  const std::size_t length = length_word(input);
  if (streams(input[0])) {
    if (const char* reason = check_stream_head(input[0], length)) return fail(reason);
    stream_type_ = static_cast<BackendType>(input[0]);
    return stream(input);
  }
  if (!is_known(input[0])) return fail("backend message: unknown type");
  if (length < kLengthBytes) return fail("backend message: length below 4");
  if (length > limit_of(input[0])) return fail("backend message: longer than a reply may be");
  if (input.size() < length + 1) {
    wanted_ = length + 1;
    return {StepKind::kNeedMore, 0};
  }
  return whole(input, length + 1);
}

// The hottest loop of a big result: one look at each row's head, none at its body.
Step BackendParser::stream(Bytes input) {
  const bool row = stream_type_ == BackendType::kDataRow;
  std::uint64_t& messages = row ? counts_.rows : counts_.copies;
  std::uint64_t& bytes = row ? counts_.row_bytes : counts_.copy_bytes;
  std::size_t at = 0;
  while (true) {
    const std::size_t size = std::min(body_left_, input.size() - at);
    at += size;
    bytes += size;
    body_left_ -= size;
    const Bytes rest = input.subspan(at);
    if (rest.size() < kHeadBytes || rest[0] != static_cast<std::uint8_t>(stream_type_)) break;
    const std::size_t length = length_word(rest);
    // A bad frame, and a row mode changed meanwhile, are the next step's business.
    if (!streams(rest[0]) || check_stream_head(rest[0], length)) break;
    ++messages;
    body_left_ = length - kLengthBytes;
    at += kHeadBytes;
  }
  return {StepKind::kStream, at};
}

Step BackendParser::whole(Bytes input, std::size_t size) {
  message_ = BackendMessage{};
  message_.type = static_cast<BackendType>(input[0]);
  message_.whole = input.first(size);
  message_.body = message_.whole.subspan(kHeadBytes);
  if (const char* reason = read_backend_body(message_)) return fail(reason);
  if (message_.type == BackendType::kDataRow) {
    ++counts_.rows;
    counts_.row_bytes += message_.body.size();
  }
  return {StepKind::kEvent, size};
}

StreamCounts BackendParser::take_counts() {
  const StreamCounts taken = counts_;
  counts_ = {};
  return taken;
}

Step BackendParser::fail(const char* reason) {
  error_.reason = reason;
  return {StepKind::kError, 0};
}

}  // namespace chaperone::pg
