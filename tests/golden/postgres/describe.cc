#include "tests/golden/postgres/describe.h"

#include "tests/golden/postgres/transcript.h"

namespace chaperone::pg {

namespace {

std::string field(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + printable(value) + "\"";
}
std::string field(std::string_view name, std::uint64_t value) {
  return " " + std::string(name) + "=" + std::to_string(value);
}

std::string values_of(const FrontendMessage& message) {
  std::string out;
  Parameter value;
  for (ParameterReader values = message.values(); values.next(value);) {
    if (value.null) {
      out += " null";
    } else {
      out += field(value.binary ? "binary" : "text", as_text(value.value));
    }
  }
  out += field("result_formats", message.result_formats.count());
  for (std::size_t i = 0; i < message.result_formats.count(); ++i) {
    out += message.result_formats.binary(i) ? " binary" : " text";
  }
  return out;
}

std::string types_of(Bytes types) {
  std::string out;
  for (ByteReader reader(types); reader.size() > 0;) out += field("type", reader.take_u32());
  return out;
}

std::string columns_of(const BackendMessage& message) {
  std::string out;
  ColumnDescription column;
  for (ColumnReader columns = message.columns(); columns.next(column);) {
    out += field("column", column.name) + "/" + std::to_string(column.type);
    if (column.binary) out += "/binary";
  }
  return out;
}

std::string error_of(const ErrorFields& fields) {
  return field("severity", fields.severity()) + field("sqlstate", fields.sqlstate()) +
         field("message", fields.message());
}

}  // namespace

std::string describe(const StartupPacket& packet) {
  switch (packet.kind) {
    case StartupKind::kSslRequest:
      return "SSLRequest";
    case StartupKind::kGssRequest:
      return "GSSENCRequest";
    case StartupKind::kCancelRequest:
      return "CancelRequest" + field("secret_bytes", packet.cancel_secret.size());
    case StartupKind::kStartup:
      break;
  }
  std::string out = "StartupMessage 3." + std::to_string(packet.minor);
  for (const NameValue& parameter : packet.all()) out += field(parameter.name, parameter.value);
  return out;
}

std::string describe(const FrontendMessage& message) {
  std::string out(name_of(message.type));
  switch (message.type) {
    case FrontendType::kQuery:
    case FrontendType::kCopyFail:
      return out + field("text", message.text);
    case FrontendType::kParse:
      return out + field("statement", message.statement) + field("text", message.text) +
             types_of(message.parameter_types);
    case FrontendType::kBind:
      return out + field("portal", message.portal) + field("statement", message.statement) +
             values_of(message);
    case FrontendType::kDescribe:
    case FrontendType::kClose:
      return out + (message.of_portal ? field("portal", message.portal)
                                      : field("statement", message.statement));
    case FrontendType::kExecute:
      return out + field("portal", message.portal) + field("max_rows", message.max_rows);
    case FrontendType::kFunctionCall:
      return out + field("function", message.function) + values_of(message);
    case FrontendType::kPassword:
      return out + field("bytes", message.body.size());
    default:
      return out;
  }
}

std::string describe(const BackendMessage& message) {
  std::string out(name_of(message.type));
  switch (message.type) {
    case BackendType::kAuthentication:
      return out + field("code", static_cast<std::uint32_t>(message.authentication)) +
             field("bytes", message.data.size());
    case BackendType::kBackendKeyData:
      return out + field("secret_bytes", message.data.size());
    case BackendType::kCommandComplete:
      return out + field("tag", message.text) + (message.rows ? field("rows", *message.rows) : "");
    case BackendType::kCopyInResponse:
    case BackendType::kCopyOutResponse:
    case BackendType::kCopyBothResponse:
      return out + (message.binary ? " binary" : " text") + field("columns", message.count);
    case BackendType::kErrorResponse:
    case BackendType::kNoticeResponse:
      return out + error_of(message.fields);
    case BackendType::kFunctionCallResponse:
      return out + (message.null ? " null" : field("value", as_text(message.data)));
    case BackendType::kNegotiateProtocolVersion:
      return out + field("minor", message.number) + field("unknown", as_text(message.data));
    case BackendType::kNotificationResponse:
      return out + field("channel", message.text) + field("payload", message.value);
    case BackendType::kParameterDescription:
      return out + types_of(message.data);
    case BackendType::kParameterStatus:
      return out + field(message.text, message.value);
    case BackendType::kReadyForQuery:
      return out + " " + static_cast<char>(message.status);
    case BackendType::kRowDescription:
      return out + columns_of(message);
    default:
      return out;
  }
}

std::string describe(const Answer& answer) {
  static constexpr std::string_view kFates[] = {"async", "part",  "statement", "complete",
                                                "error", "ready", "UNEXPECTED"};
  std::string out = " -> ";
  if (answer.entry) out += "#" + std::to_string(answer.entry->operation) + " ";
  out += kFates[static_cast<int>(answer.fate)];
  if (answer.fate == Fate::kStatement) out += " " + std::to_string(answer.statement);
  return out;
}

std::string describe(const Finished& finished) {
  static constexpr std::string_view kOutcomes[] = {"pending", "done", "suspended", "failed",
                                                   "skipped"};
  return "#" + std::to_string(finished.entry.operation) + " " +
         std::string(kOutcomes[static_cast<int>(finished.outcome)]);
}

}  // namespace chaperone::pg
