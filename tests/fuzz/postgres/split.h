#pragma once
// Feeds bytes to a parser in pieces and keeps what it said, so that two splits can be compared.

#include <algorithm>
#include <string>

#include "proto-parsers/base/bytes.h"
#include "proto-parsers/base/check.h"
#include "proto-parsers/core/parser.h"

namespace chaperone::fuzz {

// `say(step)` is called for each event; what it returns is compared. Streams are joined.
template <class Parser, class Say>
std::string parse_in_pieces(Parser& parser, Bytes input, std::size_t piece_bytes, Say say) {
  std::string log;
  std::size_t streamed = 0;
  const auto end_stream = [&] {
    if (streamed > 0) log += "stream " + std::to_string(streamed) + "\n";
    streamed = 0;
  };
  std::size_t start = 0;
  for (std::size_t end = 0; end < input.size();) {
    end = end + std::min(piece_bytes, input.size() - end);
    while (true) {
      const Bytes rest = input.subspan(start, end - start);
      const Step step = parser.next(rest);
      CHECK(step.consumed <= rest.size());
      if (step.kind == StepKind::kNeedMore) break;
      if (step.kind == StepKind::kError) {
        end_stream();
        CHECK(parser.error().reason != nullptr);
        return log + parser.error().reason;
      }
      CHECK(step.consumed > 0);
      if (step.kind == StepKind::kStream) {
        streamed += step.consumed;
      } else {
        end_stream();
        log += say(step) + "\n";
      }
      start += step.consumed;
    }
  }
  end_stream();
  return log;
}

}  // namespace chaperone::fuzz
