// What parsing and the ledger cost for each message, on recorded conversations: prints
// nanoseconds of processor time.
//
//   bench_postgres_parse [ROUNDS]
//
// Login is left out; each flight is fed as one piece, as a socket would give it.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>

#include "proto-parsers/postgres/backend.h"
#include "proto-parsers/postgres/frontend.h"
#include "proto-parsers/postgres/ledger.h"
#include "tests/bench/postgres/conversation.h"

using namespace chaperone;
using namespace chaperone::pg;

namespace {

struct Cost {
  double nanoseconds = 0;
  std::uint64_t messages = 0;
  double each() const { return messages ? nanoseconds / static_cast<double>(messages) : 0; }
};

// Processor time, which other work on the machine does not lengthen.
double since(std::clock_t start) {
  return static_cast<double>(std::clock() - start) * (1e9 / CLOCKS_PER_SEC);
}

// Parses alone, no ledger.
template <class Parser>
Cost parse(const std::vector<std::string>& flights, int rounds) {
  Cost cost;
  Parser parser;
  const auto start = std::clock();
  for (int round = 0; round < rounds; ++round) {
    for (const std::string& flight : flights) {
      for (std::size_t at = 0; at < flight.size();) {
        const Step step = parser.next(as_bytes(flight).subspan(at));
        if (step.consumed == 0) std::abort();
        at += step.consumed;
        ++cost.messages;
      }
    }
  }
  cost.nanoseconds = since(start);
  return cost;
}

Sent sent_of(const FrontendMessage& message) {
  switch (message.type) {
    case FrontendType::kQuery:
      return Sent::kQuery;
    case FrontendType::kParse:
      return Sent::kParse;
    case FrontendType::kBind:
      return Sent::kBind;
    case FrontendType::kDescribe:
      return message.of_portal ? Sent::kDescribePortal : Sent::kDescribeStatement;
    case FrontendType::kExecute:
      return Sent::kExecute;
    case FrontendType::kClose:
      return Sent::kClose;
    default:
      return Sent::kSync;
  }
}

// Both parsers and the ledger, flight by flight.
Cost exchange(const std::vector<Turn>& turns, int rounds) {
  Cost cost;
  FrontendParser frontend;
  BackendParser backend;
  Ledger ledger;
  const auto start = std::clock();
  for (int round = 0; round < rounds; ++round) {
    for (const Turn& turn : turns) {
      for (std::size_t at = 0; at < turn.bytes.size();) {
        const Bytes rest = as_bytes(turn.bytes).subspan(at);
        const Step step = turn.from_client ? frontend.next(rest) : backend.next(rest);
        if (step.consumed == 0) std::abort();
        at += step.consumed;
        ++cost.messages;
        if (turn.from_client) {
          ledger.sent({.sent = sent_of(frontend.event()), .operation = cost.messages});
        } else {
          const Answer answer = step.kind == StepKind::kEvent
                                    ? ledger.reply(backend.event())
                                    : ledger.stream(backend.stream_type());
          if (answer.fate == Fate::kUnexpected) std::abort();
          while (ledger.pop_finished()) continue;
        }
      }
    }
  }
  cost.nanoseconds = since(start);
  return cost;
}

// Rows of one size, read 64 KiB at a time: nanoseconds for each row.
double stream_rows(std::size_t row_bytes) {
  constexpr std::size_t kReads = 20000;
  std::string rows;
  while (rows.size() < (std::size_t{1} << 20)) {
    rows.append("D");
    for (int shift = 24; shift >= 0; shift -= 8) {
      rows.push_back(static_cast<char>((row_bytes - 1) >> shift));
    }
    rows.append(row_bytes - 5, 'x');
  }
  BackendParser parser;
  const auto start = std::clock();
  std::size_t at = 0;
  for (std::size_t i = 0; i < kReads; ++i) {
    const std::size_t size = std::min<std::size_t>(65536, rows.size() - at);
    at += parser.next(as_bytes(rows).subspan(at, size)).consumed;
    if (rows.size() - at < 5 || at == rows.size()) at = 0;
  }
  return since(start) / static_cast<double>(parser.counts().rows);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 200000;
  const char* root = std::getenv("CHAPERONE_SOURCE_DIR");
  const std::filesystem::path golden =
      std::filesystem::path(root ? root : ".") / "tests/golden/postgres";
  std::printf("%-18s %12s %12s %14s %16s\n", "conversation", "frontend ns", "backend ns",
              "exchange ns", "exchange ns/turn");
  for (const char* name : {"pgbench_simple", "pgbench_extended", "pgbench_prepared"}) {
    const std::vector<Turn> turns = read_conversation((golden / name).string() + ".golden");
    const Cost both = exchange(turns, rounds);
    const double each_round = both.nanoseconds / rounds;
    std::printf("%-18s %12.1f %12.1f %14.1f %16.1f\n", name,
                parse<FrontendParser>(bytes_of(turns, true), rounds).each(),
                parse<BackendParser>(bytes_of(turns, false), rounds).each(), both.each(),
                each_round / (static_cast<double>(turns.size()) / 2));
  }
  for (std::size_t size : {30, 100, 1000}) {
    std::printf("rows of %zu bytes: %.2f ns each\n", size, stream_rows(size));
  }
  return 0;
}
