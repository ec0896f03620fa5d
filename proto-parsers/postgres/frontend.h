#pragma once
// What a client sends after its startup packet (55.2.2 to 55.2.7, 55.7): each message whole before
// it is an event, because a decision needs it whole; CopyData alone streams.

#include <cstdint>
#include <string_view>

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/core/command.h"
#include "proto-parsers/core/parser.h"
#include "proto-parsers/postgres/limits.h"
#include "proto-parsers/postgres/messages.h"

namespace chaperone::pg {

// Format codes of Bind and FunctionCall: none given means text for all, one means that for all.
class Formats {
 public:
  Formats() = default;
  explicit Formats(Bytes codes) : codes_(codes) {}
  std::size_t count() const { return codes_.size() / 2; }
  // Of the item at `index`. REQUIRES: count() is 0, 1 or more than index.
  bool binary(std::size_t index) const;

 private:
  Bytes codes_;  // two bytes each, checked to be 0 or 1
};

// The values of a Bind or FunctionCall, one after the other, without allocation.
//   for (ParameterReader values = message.values(); values.next(parameter);) ...
class ParameterReader {
 public:
  ParameterReader(Bytes values, std::size_t count, Formats formats)
      : reader_(values), count_(count), formats_(formats) {}
  std::size_t count() const { return count_; }
  // False at the end. Sets value, null and binary; leaves type 0 (the statement knows it).
  bool next(Parameter& parameter);

 private:
  ByteReader reader_;
  std::size_t count_;
  std::size_t index_ = 0;
  Formats formats_;
};

// One message. All views are cut from `whole`. Which fields are set depends on the type:
//   kQuery         text
//   kParse         statement (the name), text, parameter_types
//   kBind          portal, statement, values(), result_formats
//   kDescribe      of_portal and portal, or statement
//   kClose         likewise
//   kExecute       portal, max_rows (0: all; negative is given as 0, as the server takes it)
//   kFunctionCall  function, values(), result_formats (one code)
//   kCopyFail      text (the client's reason)
//   kPassword      body
//   kCopyDone, kFlush, kSync, kTerminate   nothing
struct FrontendMessage {
  FrontendType type = FrontendType::kSync;

  // The message was longer than this parser holds. Only type and declared_bytes are set, `whole` is
  // the 5 bytes of head, and its body follows as kStream steps with discard() true: refuse it, and
  // pass on neither head nor body. Occurs for kQuery, kParse, kBind and kFunctionCall.
  bool oversized = false;
  bool given_up = false;           // ... because there was no room to wait for the rest of it
  std::size_t declared_bytes = 0;  // of the whole message, type byte included

  Bytes whole;  // type byte, length, body: what goes upstream unchanged
  Bytes body;

  std::string_view statement;
  std::string_view portal;
  std::string_view text;
  bool of_portal = false;
  std::int32_t max_rows = 0;
  std::uint32_t function = 0;  // OID
  std::size_t parameter_type_count = 0;
  Bytes parameter_types;  // four bytes each: a ByteReader gives them by take_u32()
  std::size_t value_count = 0;
  Bytes value_bytes;  // length words and values, checked
  Formats value_formats;
  Formats result_formats;

  ParameterReader values() const { return {value_bytes, value_count, value_formats}; }
};

struct FrontendLimits {
  std::size_t statement_bytes = kStatementBytesMax;  // text of Query and Parse
  std::size_t bind_bytes = kBindBytesMax;            // a whole Bind or FunctionCall
};

// Checks every length, count, terminator and trailing byte as the server's pqformat.c does. What
// the server would answer with an error of its own but keep the connection for (bad format codes,
// bytes behind the last field) is kError here: no client of good faith sends it. Not checked,
// because it is the server's to say: encodings (a zero byte in a text value included).
class FrontendParser {
 public:
  explicit FrontendParser(FrontendLimits limits = {}) : limits_(limits) {}

  // As core/parser.h. kStream covers CopyData (heads and bodies, many messages in one step), or the
  // body of an oversized message. An event that is not consumed is given again; kStream and an
  // oversized event must be consumed.
  Step next(Bytes input);
  const FrontendMessage& event() const { return message_; }
  ParseError error() const { return error_; }

  // Of the last kStream step: these bytes belong to an oversized message and go nowhere.
  bool discard() const { return discard_; }
  // Of the last kStream step: it is more of a CopyData whose beginning was in an earlier step, and
  // nothing behind that message. It must go where the beginning went, whatever became of the COPY
  // meanwhile: else the server takes what follows for the rest, and reads on where nobody judged.
  bool continued() const { return continued_; }
  // The last step ended within a message whose rest will stream: nothing else can be put between.
  bool mid_message() const { return body_left_ > 0; }
  // After kNeedMore: bytes that the message at the front of the input has in all (never above the
  // limits), or 5 where its head is not there yet.
  std::size_t wanted() const { return wanted_; }

  // After kNeedMore for a statement or values of which the length is known: the next step takes the
  // message as an oversized one, `given_up`, whatever the limits say. False where nothing of the
  // kind is awaited.
  bool give_up();

  // A password message is an error unless one is expected; it is expected once.
  void expect_password() { password_expected_ = true; }

  std::uint64_t copy_bytes() const { return copy_bytes_; }  // payload of CopyData so far

 private:
  Step stream(Bytes input);
  Step whole(Bytes input, std::size_t size);
  Step oversize(Bytes input, std::size_t size, bool given_up = false);
  Step fail(const char* reason);
  const char* check_head(std::uint8_t type, std::size_t length) const;
  bool too_long(FrontendType type, std::size_t size) const;

  FrontendLimits limits_;
  FrontendMessage message_;
  ParseError error_;
  std::size_t body_left_ = 0;
  std::size_t wanted_ = 5;
  std::uint64_t copy_bytes_ = 0;
  bool discard_ = false;
  bool continued_ = false;
  bool password_expected_ = false;
  bool giving_up_ = false;
};

}  // namespace chaperone::pg
