#pragma once
// Bounds of the PostgreSQL room that no other room needs; the shared ones stand in base/limits.h.

#include <cstddef>

#include "proto-parsers/base/limits.h"

namespace chaperone::pg {

// The server's own bounds on a length word (PQ_LARGE_MESSAGE_LIMIT, PQ_SMALL_MESSAGE_LIMIT): it
// ends the connection of a client that claims more, so a longer claim cannot be honest.
inline constexpr std::size_t kLargeMessageBytesMax = 0x3ffffffe;
inline constexpr std::size_t kSmallMessageBytesMax = 10000;

// Names of statements and portals beside a statement's text or a Bind's values. The server keeps 63
// bytes of an identifier but any length of a statement's name; drivers use under 100.
inline constexpr std::size_t kNamesBytesMax = 2 * kSmallMessageBytesMax;

// A password is at most 1000 characters in the server's own tools; SASL messages are under 1024.
inline constexpr std::size_t kPasswordBytesMax = 8 * 1024;

// Distinct parameters in a startup packet: libpq sends under 10, pgjdbc under 12.
inline constexpr std::size_t kStartupParametersMax = 64;

// Secret key of a cancel request: 4 bytes in 3.0, up to 256 in 3.2.
inline constexpr std::size_t kCancelKeyBytesMin = 4;
inline constexpr std::size_t kCancelKeyBytesMax = 256;

// A reply that is read whole. The widest row description (1664 columns with names of 63 bytes)
// takes 134 KiB; an error may quote a value or an inner query, so there is room for one.
inline constexpr std::size_t kReplyBytesMax = 4 * 1024 * 1024;

// Result of a FunctionCall, and a row where rows are read whole (masking): as much as a Bind.
inline constexpr std::size_t kRowBytesMax = kBindBytesMax;

static_assert(kReplyBytesMax >= 1024 * 1024,
              "an error may quote a statement of kStatementBytesMax");
static_assert(kBindBytesMax < kLargeMessageBytesMax);

}  // namespace chaperone::pg
