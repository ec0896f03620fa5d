#include "proto-parsers/postgres/frontend_body.h"

#include "proto-parsers/base/byte_reader.h"

namespace chaperone::pg {

namespace {

// Two bytes each, 0 (text) or 1 (binary), as exec_bind_message accepts.
bool take_formats(ByteReader& reader, Formats& formats) {
  const Bytes codes = reader.take(std::size_t{2} * reader.take_u16());
  for (std::size_t i = 0; i + 1 < codes.size(); i += 2) {
    if (codes[i] != 0 || codes[i + 1] > 1) return false;
  }
  formats = Formats(codes);
  return true;
}

// Walks the values once, so that a ParameterReader over them cannot fail later.
const char* take_values(ByteReader& reader, FrontendMessage& message) {
  message.value_count = reader.take_u16();
  const std::size_t formats = message.value_formats.count();
  if (reader.ok() && formats > 1 && formats != message.value_count) {
    return "parameter formats: their number is not that of the parameters";
  }
  const std::size_t before = reader.size();
  ByteReader values = reader;
  for (std::size_t i = 0; i < message.value_count && values.ok(); ++i) {
    const std::int32_t size = values.take_i32();
    if (size < -1) return "parameter: length below -1";
    if (size > 0) values.take(static_cast<std::size_t>(size));
  }
  if (!values.ok()) return "parameter: beyond the message";
  message.value_bytes = reader.take(before - values.size());
  return nullptr;
}

const char* read_query(FrontendMessage& message) {
  ByteReader reader(message.body);
  message.text = reader.take_cstring();
  return reader.at_end() ? nullptr : "Query: not one string and nothing else";
}

const char* read_parse(FrontendMessage& message) {
  ByteReader reader(message.body);
  message.statement = reader.take_cstring();
  message.text = reader.take_cstring();
  message.parameter_type_count = reader.take_u16();
  message.parameter_types = reader.take(4 * message.parameter_type_count);
  return reader.at_end() ? nullptr : "Parse: fields do not fill the message exactly";
}

const char* read_bind(FrontendMessage& message) {
  ByteReader reader(message.body);
  message.portal = reader.take_cstring();
  message.statement = reader.take_cstring();
  if (!take_formats(reader, message.value_formats)) return "Bind: unknown parameter format";
  if (const char* reason = take_values(reader, message)) return reason;
  if (!take_formats(reader, message.result_formats)) return "Bind: unknown result format";
  return reader.at_end() ? nullptr : "Bind: fields do not fill the message exactly";
}

const char* read_function_call(FrontendMessage& message) {
  ByteReader reader(message.body);
  message.function = reader.take_u32();
  if (!take_formats(reader, message.value_formats)) return "FunctionCall: unknown argument format";
  if (const char* reason = take_values(reader, message)) return reason;
  const Bytes result = reader.take(2);
  if (!reader.at_end()) return "FunctionCall: fields do not fill the message exactly";
  if (result[0] != 0 || result[1] > 1) return "FunctionCall: unknown result format";
  message.result_formats = Formats(result);
  return nullptr;
}

// Describe and Close: 'S' or 'P', then a name.
const char* read_target(FrontendMessage& message) {
  ByteReader reader(message.body);
  const std::uint8_t kind = reader.take_u8();
  const std::string_view name = reader.take_cstring();
  if (!reader.at_end()) return "Describe or Close: not one byte and one string";
  if (kind != 'S' && kind != 'P') return "Describe or Close: neither statement nor portal";
  message.of_portal = kind == 'P';
  (message.of_portal ? message.portal : message.statement) = name;
  return nullptr;
}

const char* read_execute(FrontendMessage& message) {
  ByteReader reader(message.body);
  message.portal = reader.take_cstring();
  const std::int32_t rows = reader.take_i32();
  message.max_rows = rows < 0 ? 0 : rows;
  return reader.at_end() ? nullptr : "Execute: not one string and one number";
}

const char* read_copy_fail(FrontendMessage& message) {
  ByteReader reader(message.body);
  message.text = reader.take_cstring();
  return reader.at_end() ? nullptr : "CopyFail: not one string and nothing else";
}

}  // namespace

const char* read_frontend_body(FrontendMessage& message) {
  switch (message.type) {
    case FrontendType::kQuery:
      return read_query(message);
    case FrontendType::kParse:
      return read_parse(message);
    case FrontendType::kBind:
      return read_bind(message);
    case FrontendType::kDescribe:
    case FrontendType::kClose:
      return read_target(message);
    case FrontendType::kExecute:
      return read_execute(message);
    case FrontendType::kFunctionCall:
      return read_function_call(message);
    case FrontendType::kCopyFail:
      return read_copy_fail(message);
    case FrontendType::kPassword:
      return nullptr;
    case FrontendType::kCopyDone:
    case FrontendType::kFlush:
    case FrontendType::kSync:
    case FrontendType::kTerminate:
      return message.body.empty() ? nullptr : "frontend message: a body where none belongs";
    case FrontendType::kCopyData:
      break;
  }
  return "frontend message: unknown type";
}

}  // namespace chaperone::pg
