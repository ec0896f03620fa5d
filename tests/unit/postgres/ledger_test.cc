#include "proto-parsers/postgres/ledger.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "proto-parsers/postgres/encode.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

// A ledger that is driven by letters: what is sent, and what the server answers.
class Drive {
 public:
  Ledger ledger;

  // Q, P, B, D (statement), d (portal), E, C, S, F; each gets the next operation number.
  void send(std::string_view letters, bool refused = false) {
    for (char letter : letters) {
      ledger.sent({.sent = sent_of(letter), .refused = refused, .operation = ++operations_});
    }
  }
  // One reply by its type byte; its fate.
  Fate reply(char type, TransactionStatus status = TransactionStatus::kIdle) {
    BackendMessage message;
    message.type = static_cast<BackendType>(type);
    message.status = status;
    const Answer answer = ledger.reply(message);
    statement = answer.statement;
    return answer.fate;
  }
  // "1d 2f 3s ": operation and outcome (d done, f failed, s skipped, p suspended) of what finished.
  std::string finished() {
    std::string out;
    while (const Finished* done = ledger.pop_finished()) {
      out += std::to_string(done->entry.operation);
      out += "?dpfs"[static_cast<int>(done->outcome)];
      out += ' ';
    }
    return out;
  }
  std::uint32_t statement = 0;

 private:
  static Sent sent_of(char letter) {
    switch (letter) {
      case 'Q':
        return Sent::kQuery;
      case 'P':
        return Sent::kParse;
      case 'B':
        return Sent::kBind;
      case 'D':
        return Sent::kDescribeStatement;
      case 'd':
        return Sent::kDescribePortal;
      case 'E':
        return Sent::kExecute;
      case 'C':
        return Sent::kClose;
      case 'F':
        return Sent::kFunctionCall;
      default:
        return Sent::kSync;
    }
  }
  std::uint64_t operations_ = 0;
};

}  // namespace

TEST_CASE("ledger: a simple query of two statements") {
  Drive drive;
  drive.send("Q");
  CHECK(drive.reply('T') == Fate::kPart);
  CHECK(drive.ledger.stream(BackendType::kDataRow).fate == Fate::kPart);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.statement == 0);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.statement == 1);
  CHECK(drive.finished().empty());
  CHECK(drive.reply('Z', TransactionStatus::kInBlock) == Fate::kReady);
  CHECK(drive.finished() == "1d ");
  CHECK(drive.ledger.idle());
  CHECK(drive.ledger.status() == TransactionStatus::kInBlock);
}

TEST_CASE("ledger: a failed query is answered by ReadyForQuery all the same") {
  Drive drive;
  drive.send("QQ");
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.reply('C') == Fate::kUnexpected);
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "1f ");
  CHECK(drive.reply('I') == Fate::kStatement);
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "2d ");
}

TEST_CASE("ledger: the extended protocol, each message with its answer") {
  Drive drive;
  drive.send("PDBdECS");
  CHECK(drive.reply('1') == Fate::kComplete);
  CHECK(drive.reply('t') == Fate::kPart);
  CHECK(drive.reply('n') == Fate::kComplete);
  CHECK(drive.reply('2') == Fate::kComplete);
  CHECK(drive.reply('T') == Fate::kComplete);
  CHECK(drive.ledger.stream(BackendType::kDataRow).fate == Fate::kPart);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.reply('3') == Fate::kComplete);
  CHECK(drive.finished() == "1d 2d 3d 4d 5d 6d ");
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "7d ");
}

TEST_CASE("ledger: after an error all is skipped to the Sync") {
  Drive drive;
  drive.send("PBESPBES");
  CHECK(drive.reply('1') == Fate::kComplete);
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.finished() == "1d 2f 3s ");
  CHECK_FALSE(drive.ledger.skipping());
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "4d ");
  CHECK(drive.reply('1') == Fate::kComplete);
}

TEST_CASE("ledger: what is sent into the silence is skipped, a Query too") {
  Drive drive;
  drive.send("P");
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.ledger.skipping());
  drive.send("BEQF");
  CHECK(drive.finished() == "1f 2s 3s 4s 5s ");
  CHECK(drive.ledger.idle());
  drive.send("S");
  CHECK_FALSE(drive.ledger.skipping());
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "6d ");
}

TEST_CASE("ledger: an error in a Query starts no silence") {
  Drive drive;
  drive.send("QP");
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.reply('1') == Fate::kComplete);
  CHECK(drive.finished() == "1f 2d ");
}

TEST_CASE("ledger: a Sync may fail") {
  Drive drive;
  drive.send("S");
  CHECK(drive.reply('E') == Fate::kError);
  CHECK_FALSE(drive.ledger.skipping());
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "1f ");
}

TEST_CASE("ledger: a row limit suspends") {
  Drive drive;
  drive.send("EE");
  CHECK(drive.ledger.stream(BackendType::kDataRow).fate == Fate::kPart);
  CHECK(drive.reply('s') == Fate::kStatement);
  CHECK(drive.finished() == "1p ");
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.finished() == "2d ");
}

TEST_CASE("ledger: COPY in both protocols") {
  Drive drive;
  drive.send("Q");
  CHECK(drive.reply('G') == Fate::kPart);
  CHECK(drive.ledger.copy() == CopyState::kIn);
  CHECK(drive.ledger.stream(BackendType::kCopyData).fate == Fate::kUnexpected);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.ledger.copy() == CopyState::kNone);
  CHECK(drive.reply('H') == Fate::kPart);
  CHECK(drive.ledger.copy() == CopyState::kOut);
  CHECK(drive.ledger.stream(BackendType::kCopyData).fate == Fate::kPart);
  CHECK(drive.reply('C') == Fate::kUnexpected);
  CHECK(drive.reply('c') == Fate::kPart);
  CHECK(drive.ledger.stream(BackendType::kCopyData).fate == Fate::kUnexpected);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.reply('Z') == Fate::kReady);

  drive.send("E");
  CHECK(drive.reply('H') == Fate::kPart);
  CHECK(drive.reply('c') == Fate::kPart);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.finished() == "1d 2d ");
}

TEST_CASE("ledger: the server swallows a Sync during COPY FROM STDIN") {
  Drive drive;
  drive.send("ES");
  CHECK(drive.reply('G') == Fate::kPart);
  drive.send("S");  // by a client that could not know
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.finished() == "1d 2s 3s ");
  CHECK(drive.reply('Z') == Fate::kUnexpected);
  drive.send("S");
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "4d ");
}

TEST_CASE("ledger: a Sync behind CopyDone is answered") {
  Drive drive;
  drive.ledger.copy_ended();  // no COPY: ignored
  drive.send("E");
  CHECK(drive.reply('G') == Fate::kPart);
  drive.ledger.copy_ended();
  CHECK(drive.ledger.copy() == CopyState::kNone);
  drive.send("S");
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "1d 2d ");

  drive.send("Q");
  CHECK(drive.reply('G') == Fate::kPart);
  drive.ledger.copy_ended();
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.reply('G') == Fate::kPart);  // a second COPY in the same Query
  CHECK(drive.ledger.copy() == CopyState::kIn);
  drive.ledger.copy_ended();
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "3f ");
}

TEST_CASE("ledger: anything but a Sync behind COPY FROM STDIN breaks the connection") {
  Drive drive;
  drive.send("EP");
  CHECK(drive.reply('G') == Fate::kUnexpected);
}

TEST_CASE("ledger: COPY FROM STDIN that fails in the extended protocol waits for a Sync") {
  Drive drive;
  drive.send("E");
  CHECK(drive.reply('G') == Fate::kPart);
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.ledger.skipping());
  drive.send("S");
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "1f 2d ");
}

TEST_CASE("ledger: COPY both ways, as replication uses it") {
  Drive drive;
  drive.send("Q");
  CHECK(drive.reply('W') == Fate::kPart);
  CHECK(drive.ledger.copy() == CopyState::kBoth);
  CHECK(drive.ledger.stream(BackendType::kCopyData).fate == Fate::kPart);
  CHECK(drive.reply('c') == Fate::kPart);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.reply('C') == Fate::kStatement);
  CHECK(drive.reply('Z') == Fate::kReady);
}

TEST_CASE("ledger: a function call has a value, then ReadyForQuery") {
  Drive drive;
  drive.send("FF");
  CHECK(drive.reply('V') == Fate::kComplete);
  CHECK(drive.finished().empty());
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.reply('V') == Fate::kUnexpected);
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "1d 2f ");
}

TEST_CASE("ledger: a refused command may only fail") {
  Drive drive;
  drive.send("Q", true);
  CHECK(drive.reply('C') == Fate::kUnexpected);
  CHECK(drive.reply('Z') == Fate::kUnexpected);
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.reply('Z') == Fate::kReady);
  CHECK(drive.finished() == "1f ");

  drive.send("E", true);
  CHECK(drive.ledger.stream(BackendType::kDataRow).fate == Fate::kUnexpected);
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.finished() == "2f ");
}

TEST_CASE("ledger: a refused command behind an error is skipped like any other") {
  Drive drive;
  drive.send("P");
  drive.send("E", true);
  drive.send("S");
  CHECK(drive.reply('E') == Fate::kError);
  CHECK(drive.finished() == "1f 2s ");
}

TEST_CASE("ledger: what was not asked for is unexpected, but for what may come at any time") {
  Drive drive;
  for (char type : std::string_view("123CDEGHITVWZcdnstRKv")) {
    CAPTURE(type);
    CHECK(drive.reply(type) == Fate::kUnexpected);
  }
  for (char type : std::string_view("NAS")) CHECK(drive.reply(type) == Fate::kAsync);
  drive.send("Q");
  for (char type : std::string_view("NAS")) CHECK(drive.reply(type) == Fate::kAsync);
}

TEST_CASE("ledger: a dying server speaks unasked") {
  std::string bytes;
  append_error(bytes, {.severity = "FATAL", .sqlstate = "57P01", .message = "shutting down"});
  BackendParser parser;
  REQUIRE(parser.next(as_bytes(bytes)).kind == StepKind::kEvent);
  Ledger ledger;
  CHECK(ledger.reply(parser.event()).fate == Fate::kAsync);
  ledger.sent({.sent = Sent::kBind});
  CHECK(ledger.reply(parser.event()).fate == Fate::kError);
}

TEST_CASE("ledger: the queue is bounded and keeps its order") {
  Drive drive;
  drive.send("Q");
  std::string expected;
  for (std::size_t i = 1; i < kPipelineDepthMax; ++i) drive.send("P");
  CHECK(drive.ledger.full());
  CHECK(drive.ledger.depth() == kPipelineDepthMax);
  drive.reply('I');
  drive.reply('Z');
  CHECK(drive.finished() == "1d ");
  CHECK_FALSE(drive.ledger.full());
  for (std::size_t i = 1; i < kPipelineDepthMax; ++i) {
    CHECK(drive.reply('1') == Fate::kComplete);
    expected += std::to_string(i + 1) + "d ";
  }
  CHECK(drive.finished() == expected);
}
