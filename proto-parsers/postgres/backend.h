#pragma once
// What a server sends (55.2.2 to 55.2.8, 55.7). Rows and COPY data stream, many at a step; all else
// is an event, whole.

#include <cstdint>
#include <optional>
#include <string_view>

#include "proto-parsers/base/byte_reader.h"
#include "proto-parsers/base/bytes.h"
#include "proto-parsers/core/parser.h"
#include "proto-parsers/postgres/limits.h"
#include "proto-parsers/postgres/messages.h"

namespace chaperone::pg {

// Fields of ErrorResponse and NoticeResponse (55.8), found by their letter: 'S' severity, 'V' the
// same untranslated, 'C' SQLSTATE, 'M' message, 'D' detail, 'H' hint, 'P' position, ...
class ErrorFields {
 public:
  ErrorFields() = default;
  explicit ErrorFields(Bytes fields) : fields_(fields) {}
  // The field's text; empty where it was not sent.
  std::string_view get(char letter) const;
  std::string_view sqlstate() const { return get('C'); }
  std::string_view message() const { return get('M'); }
  // 'V' where the server is new enough to send it, else 'S' (which is translated).
  std::string_view severity() const;

 private:
  Bytes fields_;
};

struct ColumnDescription {
  std::string_view name;
  std::uint32_t table = 0;   // OID, 0 where it is no table's column
  std::uint16_t column = 0;  // attribute number in that table
  std::uint32_t type = 0;    // OID
  std::int16_t type_size = 0;
  std::int32_t type_modifier = 0;
  bool binary = false;
};

// The columns of a RowDescription, in order, without allocation.
class ColumnReader {
 public:
  explicit ColumnReader(Bytes columns) : reader_(columns) {}
  bool next(ColumnDescription& column);  // false at the end

 private:
  ByteReader reader_;
};

// The values of a DataRow, in order (row mode kEvents only).
class ValueReader {
 public:
  explicit ValueReader(Bytes values) : reader_(values) {}
  bool next(Bytes& value, bool& null);  // false at the end

 private:
  ByteReader reader_;
};

// One message. All views are cut from `whole`. Which fields are set depends on the type:
//   kAuthentication            authentication, data (salt, mechanisms or SASL data)
//   kBackendKeyData            number (pid), data (secret: kCancelKeyBytesMin..Max bytes)
//   kCommandComplete           text (tag), rows
//   kCopyIn/Out/BothResponse   binary (the overall format), count, data (formats, two bytes each)
//   kDataRow (mode kEvents)    count, data (for a ValueReader)
//   kErrorResponse, kNoticeResponse   fields
//   kFunctionCallResponse      null, data
//   kNegotiateProtocolVersion  number (newest minor), count, data (zero-ended option names)
//   kNotificationResponse      number (pid), text (channel), value (payload)
//   kParameterDescription      count, data (four bytes each: OIDs)
//   kParameterStatus           text (name), value
//   kReadyForQuery             status
//   kRowDescription            count, data (for a ColumnReader)
//   all others                 nothing
struct BackendMessage {
  BackendType type = BackendType::kReadyForQuery;
  Bytes whole;  // type byte, length, body
  Bytes body;

  std::string_view text;
  std::string_view value;
  Bytes data;
  std::uint32_t number = 0;
  std::size_t count = 0;
  std::optional<std::uint64_t> rows;  // the tag's last number, where the tag has one
  AuthenticationCode authentication = AuthenticationCode::kOk;
  TransactionStatus status = TransactionStatus::kIdle;
  bool binary = false;
  bool null = false;
  ErrorFields fields;

  ColumnReader columns() const { return ColumnReader(data); }
  ValueReader values() const { return ValueReader(data); }
};

// kStream: DataRow passes unread but for its frame. kEvents: each DataRow is an event, checked to
// its last byte and at most kRowBytesMax long (for masking).
enum class RowMode : std::uint8_t { kStream, kEvents };

// What streamed since the counts were last taken. A row counts when its first byte has passed.
struct StreamCounts {
  std::uint64_t rows = 0;        // DataRow messages
  std::uint64_t row_bytes = 0;   // their bodies, without the frame's 5 bytes
  std::uint64_t copies = 0;      // CopyData messages (one need not be one row)
  std::uint64_t copy_bytes = 0;  // their payload
};

class BackendParser {
 public:
  // As core/parser.h. A kStream step covers DataRow or CopyData messages, never both: whole ones,
  // and the beginning or the end of one.
  Step next(Bytes input);
  const BackendMessage& event() const { return message_; }
  ParseError error() const { return error_; }

  BackendType stream_type() const { return stream_type_; }  // of the last kStream step
  // The last step ended within a streamed message: nothing else can be put between.
  bool mid_message() const { return body_left_ > 0; }
  // After kNeedMore: as FrontendParser::wanted().
  std::size_t wanted() const { return wanted_; }

  // Takes effect at the next message.
  void set_row_mode(RowMode mode) { row_mode_ = mode; }

  const StreamCounts& counts() const { return counts_; }
  StreamCounts take_counts();  // and starts again at zero

 private:
  bool streams(std::uint8_t type) const;
  Step stream(Bytes input);
  Step whole(Bytes input, std::size_t size);
  Step fail(const char* reason);

  BackendMessage message_;
  ParseError error_;
  StreamCounts counts_;
  std::size_t body_left_ = 0;
  std::size_t wanted_ = 5;
  BackendType stream_type_ = BackendType::kDataRow;
  RowMode row_mode_ = RowMode::kStream;
};

}  // namespace chaperone::pg
