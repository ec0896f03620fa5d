// What plain_answer() takes in one look is what the parser and the ledger find message by message.

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/ledger.h"
#include "tests/unit/postgres/framed.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

const std::string kColumn("\0\1a\0" "\0\0\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0", 22);

std::string message(char type) {
  switch (type) {
    case 'T': return framed('T', kColumn);
    case 'D': return framed('D', std::string("\0\1\0\0\0\1x", 7));
    case 'C': return framed('C', std::string("SELECT 1\0", 9));
    case 'Z': return framed('Z', "I");
    default: return framed(type, "");
  }
}

Ledger owing(std::string_view letters) {
  Ledger ledger;
  for (char letter : letters) {
    LedgerEntry entry;
    entry.sent = letter == 'Q'   ? Sent::kQuery
                 : letter == 'P' ? Sent::kParse
                 : letter == 'B' ? Sent::kBind
                 : letter == 'D' ? Sent::kDescribeStatement
                 : letter == 'd' ? Sent::kDescribePortal
                 : letter == 'E' ? Sent::kExecute
                                 : Sent::kSync;
    entry.operation = letter == 'Q' || letter == 'E' ? 7 : 0;
    ledger.sent(entry);
  }
  return ledger;
}

// By the long way: the rows, where everything owed was answered well.
std::optional<PlainAnswer> step_by_step(Ledger& ledger, Bytes bytes) {
  BackendParser parser;
  PlainAnswer found;
  while (!bytes.empty()) {
    Step step = parser.next(bytes);
    if (step.kind != StepKind::kEvent && step.kind != StepKind::kStream) return {};
    Fate fate = step.kind == StepKind::kStream ? ledger.stream(parser.stream_type()).fate
                                               : ledger.reply(parser.event()).fate;
    if (fate == Fate::kUnexpected || fate == Fate::kError || parser.mid_message()) return {};
    bytes = bytes.subspan(step.consumed);
  }
  if (!ledger.idle() || ledger.status() != TransactionStatus::kIdle) return {};
  found.rows = parser.counts().rows;
  found.row_bytes = parser.counts().row_bytes;
  while (const Finished* done = ledger.pop_finished()) {
    if (done->outcome != Outcome::kDone) return {};
    if (done->entry.operation != 0) found.operation = done->entry.operation;
    found.names += done->entry.sent == Sent::kParse || done->entry.sent == Sent::kBind;
  }
  return found;
}

void compare(const std::string& sent, const std::string& replies) {
  Ledger quick = owing(sent), slow = owing(sent);
  auto plain = quick.plain_answer(as_bytes(replies));
  if (!plain) return;
  INFO(sent);
  auto found = step_by_step(slow, as_bytes(replies));
  REQUIRE(found);
  CHECK(plain->operation == found->operation);
  CHECK(plain->rows == found->rows);
  CHECK(plain->row_bytes == found->row_bytes);
  CHECK(plain->names == found->names);
  quick.take_plain_answer();
  CHECK(quick.idle());
  CHECK(quick.depth() == 0);
  CHECK(quick.pop_finished() == nullptr);
  CHECK(quick.status() == slow.status());
}

std::string replies(std::string_view types) {
  std::string out;
  for (char type : types) out += message(type);
  return out;
}

const std::vector<std::string> kSent = {"Q",  "QQ", "PBES", "BES",  "PBdES", "BdES",
                                        "PES", "BS", "BE",   "PBS",  "BEES",  "BESS",
                                        "S",  "PDBES", "ES", "E",    "PBEPBES"};

TEST_CASE("a plain answer is what its messages say, in every order of them") {
  constexpr std::string_view kTypes = "12TDCZnIsEN";
  for (const std::string& sent : kSent) {
    std::vector<std::string> all = {""};
    for (std::size_t begin = 0, length = 0; length < 4; ++length) {
      std::size_t end = all.size();
      for (; begin < end; ++begin) {
        for (char type : kTypes) all.push_back(all[begin] + type);
      }
    }
    for (const std::string& types : all) compare(sent, replies(types));
    for (const char* types : {"12DCZ", "12DDDCZ", "12TDCZ", "2TDCZ", "2DCDCZ", "12DCZZ"}) {
      compare(sent, replies(types));
    }
  }
}

TEST_CASE("the common exchanges are plain, whole and to the byte") {
  for (auto [sent, types] : {std::pair("Q", "TDCZ"), {"PBES", "12DDCZ"}, {"BES", "2DCZ"},
                             {"BdES", "2TDCZ"}}) {
    std::string whole = replies(types);
    auto plain = owing(sent).plain_answer(as_bytes(whole));
    REQUIRE(plain);
    CHECK(plain->operation == 7);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      CHECK_FALSE(owing(sent).plain_answer(as_bytes(whole).first(size)));
    }
    CHECK_FALSE(owing(sent).plain_answer(as_bytes(whole + message('N'))));
    for (std::size_t at = 0; at < whole.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        std::string altered = whole;
        altered[at] = static_cast<char>(altered[at] ^ 1 << bit);
        compare(sent, altered);
      }
    }
  }
}

TEST_CASE("what is refused, begun or failed is never plain") {
  std::string good = replies("2DCZ");
  Ledger refused;
  for (Sent sent : {Sent::kBind, Sent::kExecute, Sent::kSync}) {
    refused.sent({.sent = sent, .refused = sent == Sent::kBind, .operation = 7});
  }
  CHECK_FALSE(refused.plain_answer(as_bytes(good)));
  Ledger begun = owing("BES");
  BackendMessage bound;
  bound.type = BackendType::kBindComplete;
  begun.reply(bound);
  CHECK_FALSE(begun.plain_answer(as_bytes(replies("DCZ"))));
  CHECK_FALSE(owing("").plain_answer(as_bytes(message('Z'))));
  std::string open = replies("2DC") + framed('Z', "T");
  CHECK_FALSE(owing("BES").plain_answer(as_bytes(open)));
}

}  // namespace
