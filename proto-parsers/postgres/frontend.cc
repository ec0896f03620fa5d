#include "proto-parsers/postgres/frontend.h"

#include <algorithm>
#include <utility>

#include "proto-parsers/base/check.h"
#include "proto-parsers/postgres/framing.h"
#include "proto-parsers/postgres/frontend_body.h"

namespace chaperone::pg {

namespace {

constexpr std::size_t kParseTypesBytesMax = 4 * 65535;

std::size_t server_limit(std::uint8_t type) {
  switch (static_cast<FrontendType>(type)) {
    case FrontendType::kQuery:
    case FrontendType::kParse:
    case FrontendType::kBind:
    case FrontendType::kFunctionCall:
    case FrontendType::kCopyData:
      return kLargeMessageBytesMax;
    case FrontendType::kPassword:
      return kPasswordBytesMax;
    case FrontendType::kClose:
    case FrontendType::kDescribe:
    case FrontendType::kExecute:
    case FrontendType::kFlush:
    case FrontendType::kSync:
    case FrontendType::kTerminate:
    case FrontendType::kCopyDone:
    case FrontendType::kCopyFail:
      return kSmallMessageBytesMax;
  }
  return 0;
}

bool is_copy_data(Bytes head) {
  if (head[0] != static_cast<std::uint8_t>(FrontendType::kCopyData)) return false;
  const std::size_t length = length_word(head);
  return length >= kLengthBytes && length <= kLargeMessageBytesMax;
}

}  // namespace

bool Formats::binary(std::size_t index) const {
  if (codes_.empty()) return false;
  const std::size_t at = count() == 1 ? 0 : index;
  CHECK(at < count());
  return codes_[2 * at + 1] == 1;
}

bool ParameterReader::next(Parameter& parameter) {
  if (index_ == count_) return false;
  const std::int32_t size = reader_.take_i32();
  parameter.null = size < 0;
  parameter.value = parameter.null ? Bytes{} : reader_.take(static_cast<std::size_t>(size));
  parameter.binary = formats_.binary(index_++);
  return reader_.ok();
}

Step FrontendParser::next(Bytes input) {
  if (error_.reason) return {StepKind::kError, 0};
  if (body_left_ > 0) {
    if (!input.empty()) return stream(input);
    wanted_ = 1;
    return {StepKind::kNeedMore, 0};
  }
  wanted_ = kHeadBytes;
  if (input.size() < kHeadBytes) return {StepKind::kNeedMore, 0};
  const std::size_t length = length_word(input);
  if (const char* reason = check_head(input[0], length)) return fail(reason);

  const auto type = static_cast<FrontendType>(input[0]);
  discard_ = false;
  if (type == FrontendType::kCopyData) return stream(input);
  const std::size_t size = length + 1;
  if (too_long(type, size)) return oversize(input, size);
  if (input.size() < size) {
    wanted_ = size;
    return std::exchange(giving_up_, false) ? oversize(input, size, true)
                                            : Step{StepKind::kNeedMore, 0};
  }
  giving_up_ = false;
  return whole(input, size);
}

const char* FrontendParser::check_head(std::uint8_t type, std::size_t length) const {
  const std::size_t limit = server_limit(type);
  if (limit == 0) return "frontend message: unknown type";
  if (type == static_cast<std::uint8_t>(FrontendType::kPassword) && !password_expected_) {
    return "PasswordMessage: none was asked for";
  }
  if (length < kLengthBytes) return "frontend message: length below 4";
  if (length > limit) return "frontend message: length above the server's own limit";
  return nullptr;
}

// Known from the head alone; a Parse whose frame fits but whose text does not is found in whole().
bool FrontendParser::too_long(FrontendType type, std::size_t size) const {
  switch (type) {
    case FrontendType::kQuery:
      return size > kHeadBytes + limits_.statement_bytes + 1;
    case FrontendType::kParse:
      return size > kHeadBytes + limits_.statement_bytes + kNamesBytesMax + kParseTypesBytesMax;
    case FrontendType::kBind:
    case FrontendType::kFunctionCall:
      return size > limits_.bind_bytes;
    default:
      return false;
  }
}

// Messages of the other types are never so long.
bool FrontendParser::give_up() {
  giving_up_ = body_left_ == 0 && wanted_ > kSmallMessageBytesMax + 1;
  return giving_up_;
}

Step FrontendParser::oversize(Bytes input, std::size_t size, bool given_up) {
  message_ = FrontendMessage{};
  message_.type = static_cast<FrontendType>(input[0]);
  message_.oversized = true;
  message_.given_up = given_up;
  message_.declared_bytes = size;
  message_.whole = input.first(kHeadBytes);
  body_left_ = size - kHeadBytes;
  discard_ = true;
  return {StepKind::kEvent, kHeadBytes};
}

Step FrontendParser::stream(Bytes input) {
  std::size_t at = 0;
  continued_ = body_left_ > 0;
  while (true) {
    const std::size_t size = std::min(body_left_, input.size() - at);
    at += size;
    body_left_ -= size;
    if (!discard_) copy_bytes_ += size;
    if (body_left_ > 0 || continued_) break;
    const Bytes rest = input.subspan(at);
    if (rest.size() < kHeadBytes || !is_copy_data(rest)) break;
    body_left_ = length_word(rest) - kLengthBytes;
    at += kHeadBytes;
  }
  return {StepKind::kStream, at};
}

Step FrontendParser::whole(Bytes input, std::size_t size) {
  message_ = FrontendMessage{};
  message_.type = static_cast<FrontendType>(input[0]);
  message_.declared_bytes = size;
  message_.whole = input.first(size);
  message_.body = message_.whole.subspan(kHeadBytes);
  if (const char* reason = read_frontend_body(message_)) return fail(reason);
  if (message_.type == FrontendType::kParse && message_.text.size() > limits_.statement_bytes) {
    return oversize(input, size);
  }
  if (message_.type == FrontendType::kPassword) password_expected_ = false;
  return {StepKind::kEvent, size};
}

Step FrontendParser::fail(const char* reason) {
  error_.reason = reason;
  return {StepKind::kError, 0};
}

}  // namespace chaperone::pg
