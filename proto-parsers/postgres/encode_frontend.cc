#include "proto-parsers/postgres/encode.h"
#include "proto-parsers/postgres/writer.h"

namespace chaperone::pg {

namespace {

constexpr std::string_view kRefusedName = "chaperone_refused";

void append_target(std::string& out, FrontendType type, bool of_portal, std::string_view name) {
  MessageWriter(out, type).u8(of_portal ? 'P' : 'S').text(name);
}

}  // namespace

void append_query(std::string& out, std::string_view text) {
  MessageWriter(out, FrontendType::kQuery).text(text);
}

void append_parse(std::string& out, std::string_view statement, std::string_view text,
                  std::span<const std::uint32_t> parameter_types) {
  MessageWriter writer(out, FrontendType::kParse);
  writer.text(statement).text(text).count(parameter_types.size());
  for (std::uint32_t type : parameter_types) writer.u32(type);
}

void append_bind(std::string& out, std::string_view portal, std::string_view statement,
                 std::span<const Parameter> values, bool results_binary) {
  MessageWriter writer(out, FrontendType::kBind);
  writer.text(portal).text(statement).count(values.size());
  for (const Parameter& value : values) writer.u16(value.binary ? 1 : 0);
  writer.count(values.size());
  for (const Parameter& value : values) {
    writer.u32(value.null ? ~0u : static_cast<std::uint32_t>(value.value.size()));
    if (!value.null) writer.bytes(value.value);
  }
  writer.u16(1).u16(results_binary ? 1 : 0);
}

void append_describe(std::string& out, bool of_portal, std::string_view name) {
  append_target(out, FrontendType::kDescribe, of_portal, name);
}

void append_close(std::string& out, bool of_portal, std::string_view name) {
  append_target(out, FrontendType::kClose, of_portal, name);
}

void append_execute(std::string& out, std::string_view portal, std::int32_t max_rows) {
  MessageWriter(out, FrontendType::kExecute).text(portal).u32(static_cast<std::uint32_t>(max_rows));
}

void append_sync(std::string& out) { MessageWriter(out, FrontendType::kSync); }
void append_flush(std::string& out) { MessageWriter(out, FrontendType::kFlush); }
void append_copy_done(std::string& out) { MessageWriter(out, FrontendType::kCopyDone); }
void append_terminate(std::string& out) { MessageWriter(out, FrontendType::kTerminate); }

void append_copy_fail(std::string& out, std::string_view reason) {
  MessageWriter(out, FrontendType::kCopyFail).text(reason);
}

void append_password(std::string& out, std::string_view password) {
  MessageWriter(out, FrontendType::kPassword).text(password);
}

void append_sasl_initial_response(std::string& out, std::string_view mechanism, Bytes data) {
  MessageWriter(out, FrontendType::kPassword)
      .text(mechanism)
      .u32(static_cast<std::uint32_t>(data.size()))
      .bytes(data);
}

void append_sasl_response(std::string& out, Bytes data) {
  MessageWriter(out, FrontendType::kPassword).bytes(data);
}

void append_refused_query(std::string& out) { append_query(out, kRefusedStatement); }

void append_refused_extended(std::string& out) {
  append_parse(out, kRefusedName, kRefusedStatement);
}

}  // namespace chaperone::pg
