#include "proto-parsers/postgres/states.h"

#include <array>
#include <iterator>

namespace chaperone::pg {

namespace {

using R = BackendType;

// clang-format off: a table, read by columns.
constexpr Transition kTable[] = {
    // A Query: any number of statements, each with rows, COPY or a tag alone; then ReadyForQuery.
    // A rule may add a second set of rows to one statement; the replication commands mix them all.
    {Sent::kQuery, Phase::kStart, R::kRowDescription, Fate::kPart, Phase::kRows},
    {Sent::kQuery, Phase::kStart, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kQuery, Phase::kStart, R::kEmptyQueryResponse, Fate::kStatement, Phase::kStart},
    {Sent::kQuery, Phase::kStart, R::kCopyInResponse, Fate::kPart, Phase::kCopyIn},
    {Sent::kQuery, Phase::kStart, R::kCopyOutResponse, Fate::kPart, Phase::kCopyOut},
    {Sent::kQuery, Phase::kStart, R::kCopyBothResponse, Fate::kPart, Phase::kCopyBoth},
    {Sent::kQuery, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kQuery, Phase::kStart, R::kReadyForQuery, Fate::kReady, Phase::kStart},
    {Sent::kQuery, Phase::kRows, R::kDataRow, Fate::kPart, Phase::kRows},
    {Sent::kQuery, Phase::kRows, R::kRowDescription, Fate::kPart, Phase::kRows},
    {Sent::kQuery, Phase::kRows, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kQuery, Phase::kRows, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kQuery, Phase::kCopyIn, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kQuery, Phase::kCopyIn, R::kErrorResponse, Fate::kError, Phase::kFailed},
  {Sent::kQuery, Phase::kCopyInDone, R::kCommandComplete, Fate::kStatement, Phase::kStart},
  {Sent::kQuery, Phase::kCopyInDone, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kQuery, Phase::kCopyOut, R::kCopyData, Fate::kPart, Phase::kCopyOut},
    {Sent::kQuery, Phase::kCopyOut, R::kCopyDone, Fate::kPart, Phase::kCopyOutDone},
    {Sent::kQuery, Phase::kCopyOut, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kQuery, Phase::kCopyOutDone, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kQuery, Phase::kCopyOutDone, R::kCopyOutResponse, Fate::kPart, Phase::kCopyOut},
    {Sent::kQuery, Phase::kCopyOutDone, R::kRowDescription, Fate::kPart, Phase::kRows},
    {Sent::kQuery, Phase::kCopyOutDone, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kQuery, Phase::kCopyBoth, R::kCopyData, Fate::kPart, Phase::kCopyBoth},
    {Sent::kQuery, Phase::kCopyBoth, R::kCopyDone, Fate::kPart, Phase::kCopyBoth},
    {Sent::kQuery, Phase::kCopyBoth, R::kRowDescription, Fate::kPart, Phase::kRows},
    {Sent::kQuery, Phase::kCopyBoth, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kQuery, Phase::kCopyBoth, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kQuery, Phase::kFailed, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kQuery, Phase::kFailed, R::kReadyForQuery, Fate::kReady, Phase::kStart},

    {Sent::kParse, Phase::kStart, R::kParseComplete, Fate::kComplete, Phase::kStart},
    {Sent::kParse, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},

    {Sent::kBind, Phase::kStart, R::kBindComplete, Fate::kComplete, Phase::kStart},
    {Sent::kBind, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},

    {Sent::kDescribeStatement, Phase::kStart, R::kParameterDescription, Fate::kPart,
     Phase::kDescribed},
    {Sent::kDescribeStatement, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kDescribeStatement, Phase::kDescribed, R::kRowDescription, Fate::kComplete,
     Phase::kStart},
    {Sent::kDescribeStatement, Phase::kDescribed, R::kNoData, Fate::kComplete, Phase::kStart},
    {Sent::kDescribeStatement, Phase::kDescribed, R::kErrorResponse, Fate::kError, Phase::kFailed},

    {Sent::kDescribePortal, Phase::kStart, R::kRowDescription, Fate::kComplete, Phase::kStart},
    {Sent::kDescribePortal, Phase::kStart, R::kNoData, Fate::kComplete, Phase::kStart},
    {Sent::kDescribePortal, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},

    // An Execute: rows without a description, COPY, or a tag; no ReadyForQuery of its own.
    {Sent::kExecute, Phase::kStart, R::kDataRow, Fate::kPart, Phase::kRows},
    {Sent::kExecute, Phase::kStart, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kExecute, Phase::kStart, R::kEmptyQueryResponse, Fate::kStatement, Phase::kStart},
    {Sent::kExecute, Phase::kStart, R::kPortalSuspended, Fate::kStatement, Phase::kStart},
    {Sent::kExecute, Phase::kStart, R::kCopyInResponse, Fate::kPart, Phase::kCopyIn},
    {Sent::kExecute, Phase::kStart, R::kCopyOutResponse, Fate::kPart, Phase::kCopyOut},
    {Sent::kExecute, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kExecute, Phase::kRows, R::kDataRow, Fate::kPart, Phase::kRows},
    {Sent::kExecute, Phase::kRows, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kExecute, Phase::kRows, R::kPortalSuspended, Fate::kStatement, Phase::kStart},
    {Sent::kExecute, Phase::kRows, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kExecute, Phase::kCopyIn, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kExecute, Phase::kCopyIn, R::kErrorResponse, Fate::kError, Phase::kFailed},
  {Sent::kExecute, Phase::kCopyInDone, R::kCommandComplete, Fate::kStatement, Phase::kStart},
  {Sent::kExecute, Phase::kCopyInDone, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kExecute, Phase::kCopyOut, R::kCopyData, Fate::kPart, Phase::kCopyOut},
    {Sent::kExecute, Phase::kCopyOut, R::kCopyDone, Fate::kPart, Phase::kCopyOutDone},
    {Sent::kExecute, Phase::kCopyOut, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kExecute, Phase::kCopyOutDone, R::kCommandComplete, Fate::kStatement, Phase::kStart},
    {Sent::kExecute, Phase::kCopyOutDone, R::kErrorResponse, Fate::kError, Phase::kFailed},

    {Sent::kClose, Phase::kStart, R::kCloseComplete, Fate::kComplete, Phase::kStart},
    {Sent::kClose, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},

    // A Sync commits, and that may fail (deferred constraints): then an error and ReadyForQuery.
    {Sent::kSync, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kSync, Phase::kStart, R::kReadyForQuery, Fate::kReady, Phase::kStart},
    {Sent::kSync, Phase::kFailed, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kSync, Phase::kFailed, R::kReadyForQuery, Fate::kReady, Phase::kStart},

    {Sent::kFunctionCall, Phase::kStart, R::kFunctionCallResponse, Fate::kComplete,
     Phase::kAnswered},
    {Sent::kFunctionCall, Phase::kStart, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kFunctionCall, Phase::kAnswered, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kFunctionCall, Phase::kAnswered, R::kReadyForQuery, Fate::kReady, Phase::kStart},
    {Sent::kFunctionCall, Phase::kFailed, R::kErrorResponse, Fate::kError, Phase::kFailed},
    {Sent::kFunctionCall, Phase::kFailed, R::kReadyForQuery, Fate::kReady, Phase::kStart},
};
// clang-format on

// The table by its first three columns: one load for each reply. 0 is "no row", n is row n - 1.
constexpr std::size_t kReplyCodes = 128;
constexpr std::size_t index_of(Sent sent, Phase phase, BackendType reply) {
  const std::size_t row =
      static_cast<std::size_t>(sent) * kPhases + static_cast<std::size_t>(phase);
  return row * kReplyCodes + static_cast<std::size_t>(reply);
}

constexpr auto kIndex = [] {
  static_assert(std::size(kTable) < 255);
  std::array<std::uint8_t, kSentKinds * kPhases * kReplyCodes> index{};
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    index[index_of(kTable[i].sent, kTable[i].phase, kTable[i].reply)] =
        static_cast<std::uint8_t>(i + 1);
  }
  return index;
}();

}  // namespace

const Transition* transition(Sent sent, Phase phase, BackendType reply) {
  if (static_cast<std::size_t>(reply) >= kReplyCodes) return nullptr;
  const std::uint8_t row = kIndex[index_of(sent, phase, reply)];
  return row == 0 ? nullptr : &kTable[row - 1];
}

bool is_asynchronous(BackendType type) {
  return type == BackendType::kNoticeResponse || type == BackendType::kNotificationResponse ||
         type == BackendType::kParameterStatus;
}

bool is_extended(Sent sent) {
  return sent != Sent::kQuery && sent != Sent::kSync && sent != Sent::kFunctionCall;
}

}  // namespace chaperone::pg
