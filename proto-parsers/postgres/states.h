#pragma once
// Which reply may follow which, for each message that was sent: one table (states.cc), read by the
// ledger and by nothing else. Sources: 55.2.2 to 55.2.6, and what postgres.c does.

#include <cstddef>
#include <cstdint>

#include "proto-parsers/postgres/messages.h"

namespace chaperone::pg {

// What was sent, as far as replies differ.
enum class Sent : std::uint8_t {
  kQuery,
  kParse,
  kBind,
  kDescribeStatement,
  kDescribePortal,
  kExecute,
  kClose,
  kSync,
  kFunctionCall,
};
inline constexpr std::size_t kSentKinds = 9;

// What one reply is to the entry that it answers.
enum class Fate : std::uint8_t {
  kAsync,       // notice, notification, parameter status, or the last word of a dying server
  kPart,        // a part of the answer, more follows
  kStatement,   // one statement is complete (CommandComplete, EmptyQueryResponse, PortalSuspended)
  kComplete,    // the one answer of Parse, Bind, Describe, Close; FunctionCall's value
  kError,       // ErrorResponse for this entry
  kReady,       // ReadyForQuery: all is answered up to here
  kUnexpected,  // not owed: the connection cannot be understood any further
};

// How far the answer to one message has come. Each kind of message begins at kStart.
enum class Phase : std::uint8_t {
  kStart,
  kRows,         // a RowDescription was seen (Query), or rows (Execute)
  kDescribed,    // Describe of a statement: ParameterDescription was seen
  kCopyIn,       // CopyInResponse was seen
  kCopyInDone,   // ... and the client's CopyDone or CopyFail was sent
  kCopyOut,      // CopyOutResponse was seen
  kCopyOutDone,  // ... and CopyDone
  kCopyBoth,     // CopyBothResponse was seen
  kFailed,       // an ErrorResponse was seen, ReadyForQuery is owed
  kAnswered,     // all but ReadyForQuery was seen (FunctionCall)
};
inline constexpr std::size_t kPhases = 10;

// One row of the table: in `phase`, the reply of type `reply` means `fate` and leads to `next`.
struct Transition {
  Sent sent;
  Phase phase;
  BackendType reply;
  Fate fate;
  Phase next;
};

// Null where the reply is not owed in that phase.
const Transition* transition(Sent sent, Phase phase, BackendType reply);

// Messages that the server sends whenever it likes.
bool is_asynchronous(BackendType type);

// Whether an ErrorResponse makes the server skip to the next Sync.
bool is_extended(Sent sent);

}  // namespace chaperone::pg
