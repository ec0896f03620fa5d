#pragma once
// The seam that every wire protocol's parser follows. It is a concept and not a virtual class:
// a session knows its protocol, and the hot path should not pay for a call through a table.
//
// A parser turns the bytes of one direction of one connection into events. It does no I/O, keeps
// no clock, counts and logs nothing. A number from the wire is a claim and never an allocation
// size. After the first error it gives that error for ever.
//
//   Step next(Bytes input): looks at the front of `input`, which holds every byte not yet consumed.
//     kNeedMore   nothing whole is there; call again with more behind the same bytes
//     kEvent      one event stands in the parser's event(), `consumed` bytes long; its views are
//                 valid until `input` is released
//     kStream     `consumed` bytes are the body of something whose head was already given; they
//                 need no decision of their own
//     kError      error() says why; the connection cannot be understood any further

#include <cstddef>
#include <cstdint>

namespace chaperone {

enum class StepKind : std::uint8_t { kNeedMore, kEvent, kStream, kError };

struct Step {
  StepKind kind = StepKind::kNeedMore;
  std::size_t consumed = 0;  // from the front of input; 0 for kNeedMore and kError
};

// Why a parser gave up. `reason` is a constant with static lifetime and names the message and the
// rule that was broken ("Bind: parameter length beyond the message"); it never quotes the input.
struct ParseError {
  const char* reason = nullptr;
};

}  // namespace chaperone
