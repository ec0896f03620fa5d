#pragma once
// Messages that Chaperone itself writes, appended to a string. REQUIRES everywhere: no zero byte in
// texts (they end at one on the wire); the encoder cuts a text at its first zero byte.

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/core/command.h"
#include "proto-parsers/postgres/messages.h"

namespace chaperone::pg {

// Fields of an error or notice (55.8); empty ones are left out, severity and sqlstate never are.
struct ErrorText {
  std::string_view severity = "ERROR";  // "FATAL" ends the connection; notices: "NOTICE", "WARNING"
  std::string_view sqlstate = {};            // five characters
  std::string_view message = {};
  std::string_view detail = {};
  std::string_view hint = {};
  std::string_view where = {};
  std::string_view schema = {};
  std::string_view table = {};
  std::string_view column = {};
  std::string_view constraint = {};
  std::uint32_t position = 0;  // 1-based character in the statement; 0: none
};

// ---- as the server, to the client
void append_error(std::string& out, const ErrorText& error);
void append_notice(std::string& out, const ErrorText& notice);
void append_ready_for_query(std::string& out, TransactionStatus status);
void append_authentication_ok(std::string& out);
void append_authentication_cleartext(std::string& out);
void append_authentication_md5(std::string& out, std::span<const std::uint8_t, 4> salt);
void append_authentication_sasl(std::string& out, std::span<const std::string_view> mechanisms);
void append_authentication_sasl_continue(std::string& out, Bytes data);
void append_authentication_sasl_final(std::string& out, Bytes data);
void append_parameter_status(std::string& out, std::string_view name, std::string_view value);
void append_backend_key_data(std::string& out, std::uint32_t pid, Bytes secret);
void append_negotiate_protocol_version(std::string& out, std::uint16_t newest_minor,
                                       std::span<const std::string_view> unknown_options);
void append_command_complete(std::string& out, std::string_view tag);
// ParseComplete, BindComplete, CloseComplete, NoData, EmptyQueryResponse, PortalSuspended,
// CopyDone.
void append_empty(std::string& out, BackendType type);

// ---- as the client, to the server
void append_query(std::string& out, std::string_view text);
void append_parse(std::string& out, std::string_view statement, std::string_view text,
                  std::span<const std::uint32_t> parameter_types = {});
// Text and binary values as Parameter::binary says; results all in one format.
void append_bind(std::string& out, std::string_view portal, std::string_view statement,
                 std::span<const Parameter> values, bool results_binary = false);
void append_describe(std::string& out, bool of_portal, std::string_view name);
void append_close(std::string& out, bool of_portal, std::string_view name);
void append_execute(std::string& out, std::string_view portal, std::int32_t max_rows = 0);
void append_sync(std::string& out);
void append_flush(std::string& out);
void append_copy_done(std::string& out);
void append_copy_fail(std::string& out, std::string_view reason);
void append_terminate(std::string& out);
void append_password(std::string& out, std::string_view password);
void append_sasl_initial_response(std::string& out, std::string_view mechanism, Bytes data);
void append_sasl_response(std::string& out, Bytes data);

// ---- what goes upstream in the place of a refused command
// A statement that no server version can parse: it fails outside a transaction, within one and
// within a failed one, changes nothing else, and leaves the server where a refusal should: client
// and server agree. The server's log shows it, and so says why.
inline constexpr std::string_view kRefusedStatement = "!refused by chaperone";
// For a refused Query (answered by ErrorResponse, ReadyForQuery).
void append_refused_query(std::string& out);
// For a refused Parse, Bind, Describe, Execute or Close (answered by ErrorResponse, then silence to
// the Sync). A Parse under a name of our own, so that the unnamed statement stays as it was.
void append_refused_extended(std::string& out);

}  // namespace chaperone::pg
