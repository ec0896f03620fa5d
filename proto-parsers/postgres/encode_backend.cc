#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"

namespace chaperone::pg {

namespace {

void append_fields(std::string& out, BackendType type, const ErrorText& error) {
  MessageWriter writer(out, type);
  const auto field = [&](char letter, std::string_view text) {
    writer.u8(static_cast<std::uint8_t>(letter)).text(text);
  };
  const auto optional = [&](char letter, std::string_view text) {
    if (!text.empty()) field(letter, text);
  };
  field('S', error.severity);
  field('V', error.severity);
  field('C', error.sqlstate);
  field('M', error.message);
  optional('D', error.detail);
  optional('H', error.hint);
  if (error.position > 0) field('P', std::to_string(error.position));
  optional('W', error.where);
  optional('s', error.schema);
  optional('t', error.table);
  optional('c', error.column);
  optional('n', error.constraint);
  writer.u8(0);
}

void append_authentication(std::string& out, AuthenticationCode code, Bytes data) {
  MessageWriter(out, BackendType::kAuthentication)
      .u32(static_cast<std::uint32_t>(code))
      .bytes(data);
}

}  // namespace

void append_error(std::string& out, const ErrorText& error) {
  append_fields(out, BackendType::kErrorResponse, error);
}

void append_notice(std::string& out, const ErrorText& notice) {
  append_fields(out, BackendType::kNoticeResponse, notice);
}

void append_ready_for_query(std::string& out, TransactionStatus status) {
  MessageWriter(out, BackendType::kReadyForQuery).u8(static_cast<std::uint8_t>(status));
}

void append_authentication_ok(std::string& out) {
  append_authentication(out, AuthenticationCode::kOk, {});
}

void append_authentication_cleartext(std::string& out) {
  append_authentication(out, AuthenticationCode::kCleartextPassword, {});
}

void append_authentication_md5(std::string& out, std::span<const std::uint8_t, 4> salt) {
  append_authentication(out, AuthenticationCode::kMd5Password, salt);
}

void append_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms) {
  MessageWriter writer(out, BackendType::kAuthentication);
  writer.u32(static_cast<std::uint32_t>(AuthenticationCode::kSasl));
  for (std::string_view mechanism : mechanisms) writer.text(mechanism);
  writer.u8(0);
}

void append_authentication_sasl_continue(std::string& out, Bytes data) {
  append_authentication(out, AuthenticationCode::kSaslContinue, data);
}

void append_authentication_sasl_final(std::string& out, Bytes data) {
  append_authentication(out, AuthenticationCode::kSaslFinal, data);
}

void append_parameter_status(std::string& out, std::string_view name, std::string_view value) {
  MessageWriter(out, BackendType::kParameterStatus).text(name).text(value);
}

void append_backend_key_data(std::string& out, std::uint32_t pid, Bytes secret) {
  MessageWriter(out, BackendType::kBackendKeyData).u32(pid).bytes(secret);
}

void append_negotiate_protocol_version(std::string& out, std::uint16_t newest_minor,
                                       std::span<const std::string_view> unknown_options) {
  MessageWriter writer(out, BackendType::kNegotiateProtocolVersion);
  // Major and minor, as PostgreSQL itself sends and libpq reads, though the manual says "minor".
  writer.u16(3).u16(newest_minor).u32(static_cast<std::uint32_t>(unknown_options.size()));
  for (std::string_view option : unknown_options) writer.text(option);
}

void append_command_complete(std::string& out, std::string_view tag) {
  MessageWriter(out, BackendType::kCommandComplete).text(tag);
}

void append_empty(std::string& out, BackendType type) { MessageWriter(out, type); }

}  // namespace chaperone::pg
