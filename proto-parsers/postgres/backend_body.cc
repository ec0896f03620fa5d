#include "proto-parsers/postgres/backend_body.h"

#include <charconv>

#include "proto-parsers/base/byte_reader.h"

namespace chaperone::pg {

namespace {

using Message = BackendMessage;

constexpr std::size_t kColumnBytes = 18;  // of a column's description, behind its name

const char* read_nothing(Message& m) {
  return m.body.empty() ? nullptr : "backend message: a body where none belongs";
}

const char* read_authentication(Message& m) {
  ByteReader reader(m.body);
  const std::uint32_t code = reader.take_u32();
  m.data = reader.take_rest();
  m.authentication = static_cast<AuthenticationCode>(code);
  if (!reader.ok()) return "Authentication: no code";
  switch (m.authentication) {
    case AuthenticationCode::kOk:
    case AuthenticationCode::kKerberosV5:
    case AuthenticationCode::kCleartextPassword:
    case AuthenticationCode::kGss:
    case AuthenticationCode::kSspi:
      return m.data.empty() ? nullptr : "Authentication: bytes behind the code";
    case AuthenticationCode::kMd5Password:
      return m.data.size() == 4 ? nullptr : "Authentication: a salt that is not 4 bytes";
    case AuthenticationCode::kGssContinue:
    case AuthenticationCode::kSasl:
    case AuthenticationCode::kSaslContinue:
    case AuthenticationCode::kSaslFinal:
      return nullptr;
  }
  return "Authentication: unknown code";
}

const char* read_key_data(Message& m) {
  ByteReader reader(m.body);
  m.number = reader.take_u32();
  m.data = reader.take_rest();
  const bool fits = m.data.size() >= kCancelKeyBytesMin && m.data.size() <= kCancelKeyBytesMax;
  return reader.ok() && fits ? nullptr : "BackendKeyData: no pid, or a secret of unknown length";
}

std::optional<std::uint64_t> rows_of(std::string_view tag) {
  const std::size_t space = tag.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const char* end = tag.data() + tag.size();
  std::uint64_t rows = 0;
  const auto [stop, error] = std::from_chars(tag.data() + space + 1, end, rows);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return rows;
}

const char* read_command_complete(Message& m) {
  ByteReader reader(m.body);
  m.text = reader.take_cstring();
  m.rows = rows_of(m.text);
  return reader.at_end() ? nullptr : "CommandComplete: not one string and nothing else";
}

const char* read_copy_response(Message& m) {
  ByteReader reader(m.body);
  const std::uint8_t format = reader.take_u8();
  m.count = reader.take_u16();
  m.data = reader.take(2 * m.count);
  m.binary = format == 1;
  return reader.at_end() && format <= 1 ? nullptr : "Copy response: fields do not fill the message";
}

const char* read_row(Message& m) {
  ByteReader reader(m.body);
  m.count = reader.take_u16();
  m.data = reader.take_rest();
  ByteReader values(m.data);
  for (std::size_t i = 0; i < m.count && values.ok(); ++i) {
    const std::int32_t size = values.take_i32();
    if (size < -1) return "DataRow: value length below -1";
    if (size > 0) values.take(static_cast<std::size_t>(size));
  }
  return reader.ok() && values.at_end() ? nullptr : "DataRow: values do not fill the message";
}

const char* read_fields(Message& m) {
  ByteReader reader(m.body);
  while (reader.ok() && reader.take_u8() != 0) reader.take_cstring();
  if (!reader.at_end()) return "ErrorResponse or NoticeResponse: fields do not fill the message";
  m.fields = ErrorFields(m.body);
  return nullptr;
}

const char* read_function_result(Message& m) {
  ByteReader reader(m.body);
  const std::int32_t size = reader.take_i32();
  m.null = size == -1;
  if (size > 0) m.data = reader.take(static_cast<std::size_t>(size));
  return size >= -1 && reader.at_end() ? nullptr : "FunctionCallResponse: length does not fit";
}

const char* read_negotiation(Message& m) {
  ByteReader reader(m.body);
  m.number = reader.take_u32() & 0xffff;  // servers send the minor alone, or major and minor
  m.count = reader.take_u32();
  m.data = reader.take_rest();
  ByteReader names(m.data);
  for (std::size_t i = 0; i < m.count && names.ok(); ++i) names.take_cstring();
  return reader.ok() && names.at_end() ? nullptr : "NegotiateProtocolVersion: options do not fit";
}

const char* read_notification(Message& m) {
  ByteReader reader(m.body);
  m.number = reader.take_u32();
  m.text = reader.take_cstring();
  m.value = reader.take_cstring();
  return reader.at_end() ? nullptr : "NotificationResponse: fields do not fill the message";
}

const char* read_parameter_types(Message& m) {
  ByteReader reader(m.body);
  m.count = reader.take_u16();
  m.data = reader.take(4 * m.count);
  return reader.at_end() ? nullptr : "ParameterDescription: fields do not fill the message";
}

const char* read_parameter_status(Message& m) {
  ByteReader reader(m.body);
  m.text = reader.take_cstring();
  m.value = reader.take_cstring();
  return reader.at_end() ? nullptr : "ParameterStatus: not two strings and nothing else";
}

const char* read_ready(Message& m) {
  if (m.body.size() != 1) return "ReadyForQuery: not one byte";
  m.status = static_cast<TransactionStatus>(m.body[0]);
  switch (m.status) {
    case TransactionStatus::kIdle:
    case TransactionStatus::kInBlock:
    case TransactionStatus::kFailed:
      return nullptr;
  }
  return "ReadyForQuery: unknown transaction status";
}

const char* read_row_description(Message& m) {
  ByteReader reader(m.body);
  m.count = reader.take_u16();
  m.data = reader.take_rest();
  ByteReader columns(m.data);
  for (std::size_t i = 0; i < m.count && columns.ok(); ++i) {
    columns.take_cstring();
    columns.take(kColumnBytes);
  }
  return reader.ok() && columns.at_end() ? nullptr : "RowDescription: columns do not fit";
}

}  // namespace

std::string_view ErrorFields::get(char letter) const {
  ByteReader reader(fields_);
  while (reader.ok()) {
    const std::uint8_t code = reader.take_u8();
    if (code == 0) break;
    const std::string_view text = reader.take_cstring();
    if (code == static_cast<std::uint8_t>(letter)) return text;
  }
  return {};
}

std::string_view ErrorFields::severity() const {
  const std::string_view untranslated = get('V');
  return untranslated.empty() ? get('S') : untranslated;
}

bool ColumnReader::next(ColumnDescription& column) {
  if (reader_.size() == 0) return false;
  column.name = reader_.take_cstring();
  column.table = reader_.take_u32();
  column.column = reader_.take_u16();
  column.type = reader_.take_u32();
  column.type_size = reader_.take_i16();
  column.type_modifier = reader_.take_i32();
  column.binary = reader_.take_u16() == 1;
  return reader_.ok();
}

bool ValueReader::next(Bytes& value, bool& null) {
  if (reader_.size() == 0) return false;
  const std::int32_t size = reader_.take_i32();
  null = size < 0;
  value = null ? Bytes{} : reader_.take(static_cast<std::size_t>(size));
  return reader_.ok();
}

const char* read_backend_body(BackendMessage& message) {
  switch (message.type) {
    case BackendType::kAuthentication:
      return read_authentication(message);
    case BackendType::kBackendKeyData:
      return read_key_data(message);
    case BackendType::kCommandComplete:
      return read_command_complete(message);
    case BackendType::kCopyBothResponse:
    case BackendType::kCopyInResponse:
    case BackendType::kCopyOutResponse:
      return read_copy_response(message);
    case BackendType::kDataRow:
      return read_row(message);
    case BackendType::kErrorResponse:
    case BackendType::kNoticeResponse:
      return read_fields(message);
    case BackendType::kFunctionCallResponse:
      return read_function_result(message);
    case BackendType::kNegotiateProtocolVersion:
      return read_negotiation(message);
    case BackendType::kNotificationResponse:
      return read_notification(message);
    case BackendType::kParameterDescription:
      return read_parameter_types(message);
    case BackendType::kParameterStatus:
      return read_parameter_status(message);
    case BackendType::kReadyForQuery:
      return read_ready(message);
    case BackendType::kRowDescription:
      return read_row_description(message);
    case BackendType::kBindComplete:
    case BackendType::kCloseComplete:
    case BackendType::kCopyDone:
    case BackendType::kEmptyQueryResponse:
    case BackendType::kNoData:
    case BackendType::kParseComplete:
    case BackendType::kPortalSuspended:
      return read_nothing(message);
    case BackendType::kCopyData:
      break;
  }
  return "backend message: unknown type";
}

}  // namespace chaperone::pg
