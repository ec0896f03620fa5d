#pragma once
// Every bound on what a peer may make us hold or do, in one place, with its reason. Where a user
// may want another value, the configuration overrides it (docs/limits.md); these are the defaults.

#include <cstddef>

namespace chaperone {

// One read buffer per loop, shared by all its connections: 64 KiB costs 3 reads per 100 KB body
// where 16 KiB costs 8, and nothing per idle connection.
inline constexpr std::size_t kReadBufferBytes = 64 * 1024;

// What a decision needs must be whole before it is made, so it is held here: a statement's text,
// a Bind's parameters. PostgreSQL itself would take 1 GB; agents' statements are far smaller.
inline constexpr std::size_t kStatementBytesMax = 1024 * 1024;
inline constexpr std::size_t kBindBytesMax = 16 * 1024 * 1024;

// Of all of a loop's connections together, for commands that are half here or wait for the server
// to read them: a few of the longest, and a quarter of what the injector gives the sidecar.
inline constexpr std::size_t kHeldBytesMax = 64 * 1024 * 1024;

// PostgreSQL's own bound on a startup packet (MAX_STARTUP_PACKET_LENGTH).
inline constexpr std::size_t kStartupBytesMax = 10000;

// Bytes waiting for a slow peer before we stop reading from the other side.
inline constexpr std::size_t kWriteQueueBytesMax = 256 * 1024;

// Commands sent upstream whose replies are still to come. A deeper pipeline waits unread.
inline constexpr std::size_t kPipelineDepthMax = 1024;

// Prepared statements and portals remembered for one session; PostgreSQL has no bound.
inline constexpr std::size_t kPreparedStatementsMax = 10000;
inline constexpr std::size_t kPreparedTextBytesMax = 16 * 1024 * 1024;

}  // namespace chaperone
