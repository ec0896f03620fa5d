// Any bytes of a server, in both row modes, and any answers to the ledger: no crash, the same
// events at every split, and a ledger that never loses count.
#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/ledger.h"
#include "tests/fuzz/postgres/split.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

std::string say(const BackendMessage& message, const Step& step) {
  CHECK(message.whole.size() == step.consumed);
  std::string out(1, static_cast<char>(message.type));
  out.append(message.text).append("|").append(message.value).append("|");
  out.append(message.fields.message()).append(message.fields.sqlstate());
  if (message.type == BackendType::kRowDescription) {
    ColumnDescription column;
    std::size_t columns = 0;
    for (ColumnReader reader = message.columns(); reader.next(column); ++columns) {
      out.append(column.name).append(std::to_string(column.type));
    }
    CHECK(columns == message.count);
  }
  if (message.type == BackendType::kDataRow) {
    Bytes value;
    bool null = false;
    std::size_t values = 0;
    for (ValueReader reader = message.values(); reader.next(value, null); ++values) {
      out += null ? "null" : as_text(value);
    }
    CHECK(values == message.count);
  }
  return out;
}

std::string parse(Bytes input, std::size_t piece_bytes, RowMode mode) {
  BackendParser parser;
  parser.set_row_mode(mode);
  std::string log = fuzz::parse_in_pieces(
      parser, input, piece_bytes, [&](const Step& step) { return say(parser.event(), step); });
  const StreamCounts counts = parser.counts();
  return log + std::to_string(counts.rows) + "," + std::to_string(counts.row_bytes) + "," +
         std::to_string(counts.copies) + "," + std::to_string(counts.copy_bytes);
}

// What was sent is made up from the input's own bytes; every entry must come out once, in order.
void drive_ledger(Bytes input) {
  Ledger ledger;
  BackendParser parser;
  std::uint64_t sent = 0, popped = 0;
  for (std::size_t at = 0; at < input.size();) {
    if (!ledger.full() && input[at] % 3 != 0) {
      const auto kind = static_cast<Sent>(input[at] % kSentKinds);
      ledger.sent({.sent = kind, .refused = input[at] > 250, .operation = ++sent});
    }
    const Step step = parser.next(input.subspan(at));
    if (step.consumed == 0) break;
    const Answer answer = step.kind == StepKind::kEvent ? ledger.reply(parser.event())
                                                        : ledger.stream(parser.stream_type());
    while (const Finished* done = ledger.pop_finished()) {
      CHECK(done->entry.operation == ++popped);
      CHECK(done->outcome != Outcome::kPending);
    }
    CHECK(ledger.depth() == sent - popped);
    if (answer.fate == Fate::kUnexpected) break;
    at += step.consumed;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes input(data, size);
  for (RowMode mode : {RowMode::kStream, RowMode::kEvents}) {
    const std::string whole = parse(input, SIZE_MAX, mode);
    CHECK(parse(input, 1, mode) == whole);
    CHECK(parse(input, 7, mode) == whole);
  }
  drive_ledger(input);
  return 0;
}
