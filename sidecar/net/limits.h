#pragma once
// Bounds of the I/O room. What a user may change is in proto-parsers/base/limits.h.

#include <cstddef>
#include <cstdint>

#include "proto-parsers/base/limits.h"

namespace chaperone::net {

// More than this waiting in one stream's write queue ends the stream: it is what one gated command
// may be (kBindBytesMax) and a good deal more than any pause leaves behind.
inline constexpr std::size_t kWriteQueueBytesHard = 2 * kBindBytesMax;

// The kernel's listen queue; the packet filter counts each user's dials well below it, so that SYN
// cookies, whose packets have no owner, are never needed.
inline constexpr int kListenBacklog = 4096;

// A peer that vanished without a word (a node that died, a firewall that forgot) is asked for after
// so long a silence, and given up when it does not answer: no session waits for it for ever.
inline constexpr unsigned kKeepAliveIdleSeconds = 60;

// Accepted per wake-up before other connections get their turn.
inline constexpr int kAcceptsPerWake = 64;

// Full reads of one connection before others get their turn.
inline constexpr int kReadsInARow = 8;

// Reads of up to this size wait for the end of the loop's turn (net/turn.h); longer ones are streams
// of data, where nothing is gained by it. So are the writes that wait for it.
inline constexpr std::size_t kTurnPartBytesMax = 4096;
// Room left in the read buffer for one more read, and all that is kept to be sent.
inline constexpr std::size_t kTurnRoomMin = 16 * 1024;
inline constexpr std::size_t kTurnKeptBytesMax = 32 * 1024;

// Deadlines of sessions are looked at this often; nothing is armed per message or connection.
inline constexpr std::uint64_t kSweepPeriodMs = 250;

// Ciphertext kept for a TLS stream whose reader paused: one read of the loop.
inline constexpr std::size_t kTlsPendingBytesMax = kReadBufferBytes;

// Leaf certificates held ready by the pod's CA. An agent may ask for any name: the oldest goes.
inline constexpr std::size_t kLeavesMax = 256;

// A leaf lives a day at most and is issued anew when an hour is left.
inline constexpr std::int64_t kLeafLifeSeconds = 24 * 3600;
inline constexpr std::int64_t kLeafRenewSeconds = 3600;

// Names in one leaf: what one resource of the policy lists for one address.
inline constexpr std::size_t kLeafNamesMax = 32;

// TLS sessions remembered towards upstream servers, one per server and name.
inline constexpr std::size_t kTlsSessionsMax = 256;

// PEM files that we read: a bundle of public roots is some 250 KiB.
inline constexpr std::size_t kPemBytesMax = 4 * 1024 * 1024;

// A change seen by a file watch is reported once it has been quiet for so long, and looked for by
// polling this often where the kernel's notices do not come (some network file systems).
inline constexpr std::uint64_t kFileQuietMs = 100;
inline constexpr std::uint64_t kFileBusyMs = 1000;
inline constexpr std::uint64_t kFilePollMs = 10'000;
// Who writes a file in place has so long to close it; then it is taken as it stands, since a
// program that keeps it open for ever must not keep a new policy from being read.
inline constexpr std::uint64_t kFileWriterMs = 60'000;

}  // namespace chaperone::net
